"""A program that is used by an odd route: `oddly_used.py ROUTE READY [WHAT…]`.

It stands where an agent lies, or below one. READY is written once the route is open, with what
others have to know to come there.
"""

import ctypes
import fcntl
import mmap
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

_CLONE_FILES = 0x400
_UDP_LITE = 136
_IO_URING_SETUP, _IO_URING_REGISTER, _REGISTER_FILES = 425, 427, 2
_EXIT_THREAD = {"x86_64": 60, "aarch64": 93}

libc = ctypes.CDLL(None, use_errno=True)
kept = []


def ready(word=""):
    place = Path(sys.argv[2] + ".new")
    place.write_text(f"{word}\n")
    place.rename(sys.argv[2])


def handed(path):
    """The descriptors that somebody hands over at a unix socket."""
    with socket.socket(socket.AF_UNIX) as giver:
        giver.connect(path)
        return socket.recv_fds(giver, 1, 8)[1]


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def on_a_thread(act):
    """Do it on a second thread, which then stays."""
    done = threading.Event()

    def run():
        act()
        done.set()
        while True:
            time.sleep(1000)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, done


def keeps(path):
    kept.extend(handed(path))


def thread_table(path):
    def take():
        checked(libc.unshare(_CLONE_FILES))
        kept.extend(handed(path))

    on_a_thread(take)[1].wait()


def without_first_thread(path):
    """The first thread ends: what the process has open is only seen at the others."""

    def take():
        kept.extend(handed(path))
        stat = Path(f"/proc/{os.getpid()}/stat")
        while not stat.read_text().rpartition(") ")[2].startswith("Z"):
            time.sleep(0.01)
        ready()

    on_a_thread(take)
    libc.syscall(_EXIT_THREAD[os.uname().machine], 0)


def thread():
    return on_a_thread(lambda: None)[0].native_id


def opens(*paths):
    kept.extend(os.open(path, os.O_RDWR | os.O_NOCTTY) for path in paths)


def own_terminal():
    kept.extend(os.openpty())


def awaits_writers(path):
    os.mkfifo(path)
    kept.append(os.open(path, os.O_RDWR))


def message_queue(name):
    # Of one small message: what a killed run leaves behind does not fill the user's quota.
    size = (ctypes.c_long * 8)(0, 1, 8)
    kept.append(checked(libc.mq_open(name.encode(), os.O_RDWR | os.O_CREAT, 0o600, size)))


def memory(path):
    (fd,) = handed(path)
    kept.append(mmap.mmap(fd, 4096))
    os.close(fd)


def memory_of_its_own():
    kept.append(mmap.mmap(-1, 4096))
    if not os.fork():
        signal.pause()


def awaits_lock(path):
    kept.append(os.open(path, os.O_WRONLY | os.O_CREAT))
    ready()
    fcntl.flock(kept[0], fcntl.LOCK_EX)


def one_client():
    """Serve the first that comes, and nobody after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ready(server.getsockname()[1])
        kept.append(server.accept())
    return "served"


def has_a_queue(own=""):
    """Serve nobody, so that who comes waits; with `own` it comes itself."""
    server = socket.create_server(("127.0.0.1", 0))
    kept.append(server)
    if own:
        kept.append(socket.create_connection(server.getsockname()))
    return server.getsockname()[1]


def datagrams(port):
    own = socket.socket(type=socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    own.connect(("127.0.0.1", int(port)))
    kept.append(own)
    return own.getsockname()[1]


def udp_lite():
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, _UDP_LITE)
    own.bind(("127.0.0.1", 0))
    kept.append(own)


def went_to(port):
    kept.append(socket.create_connection(("127.0.0.1", int(port))))


def ring(path):
    """A connection that is held by an io_uring alone."""
    own = checked(libc.syscall(_IO_URING_SETUP, 8, ctypes.create_string_buffer(120)))
    fds = handed(path)
    held = (ctypes.c_int * len(fds))(*fds)
    checked(libc.syscall(_IO_URING_REGISTER, own, _REGISTER_FILES, held, len(fds)))
    for fd in fds:
        os.close(fd)


ready(globals()[sys.argv[1]](*sys.argv[3:]) or "")
while True:
    signal.pause()
