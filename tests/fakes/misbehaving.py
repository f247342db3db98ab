"""Programs that do what children do at their worst: `python misbehaving.py DEED [ARGUMENT…]`.

Where a deed makes more processes, their pids go to the file named last, one a line, before anything
else happens, so that a test knows whom to look for.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FOREVER = 600


def sleep_on():
    while True:
        time.sleep(FOREVER)


def ignore_term():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def note(path, pid=None):
    with Path(path).open("a") as file:
        file.write(f"{pid or os.getpid()}\n")


def await_notes(path, count):
    while not Path(path).exists() or len(Path(path).read_text().splitlines()) < count:
        time.sleep(0.01)


def stubborn(path):
    """Ignores SIGTERM."""
    ignore_term()
    note(path)
    sleep_on()


def polite(path):
    """Cleans up on SIGTERM: says so in the file, and ends its own child by itself."""
    child = subprocess.Popen([sys.executable, __file__, "stubborn", path + ".child"])
    await_notes(path + ".child", 1)

    def clean_up(*_):
        child.kill()
        child.wait()
        note(path + ".clean")
        sys.exit(0)

    signal.signal(signal.SIGTERM, clean_up)
    note(path)
    while True:
        time.sleep(0.05)


def escapes(path, *, then="stay"):
    """Three grandchildren in sessions of their own that ignore SIGTERM, one without environment."""
    ignore_term()
    for number in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                argv = [sys.executable, "-S", __file__, "stubborn", path]
                os.execve(sys.executable, argv, {} if number == 0 else dict(os.environ))
            os._exit(0)
        os.wait()
    await_notes(path, 3)
    print("escaped", flush=True)
    if then == "stay":
        sleep_on()


def escapes_and_leaves(path):
    """As above, and then ends well."""
    escapes(path, then="leave")


def holds_stdout(path):
    """Ends well at once; a child of it keeps stdout open."""
    print("done", flush=True)
    subprocess.Popen([sys.executable, __file__, "stubborn", path])
    await_notes(path, 1)


def floods(count):
    """Prints so many bytes."""
    block, left = b"x" * (1 << 16), int(count)
    while left > 0:
        left -= os.write(1, block[:left])


def never_reads():
    """Does not read its stdin, and ends well after a moment."""
    time.sleep(0.3)
    print("did not read")


def stops_itself(path):
    """As if somebody had typed Ctrl-Z."""
    note(path)
    os.kill(os.getpid(), signal.SIGSTOP)
    sleep_on()


def headless(path):
    """Its first thread ends; the others go on, and it looks like a zombie."""
    import ctypes
    import threading

    def go_on():
        note(path)
        sleep_on()

    threading.Thread(target=go_on).start()
    await_notes(path, 1)
    ctypes.CDLL(None).pthread_exit(None)


def hog(count, seconds="0"):
    """Takes so many bytes of memory, a piece at a time, and keeps them for so long."""
    kept = []
    for _ in range(int(count) >> 20):
        kept.append(b"x" * (1 << 20))
        time.sleep(0.001)
    print(f"took {len(kept)} MiB", flush=True)
    time.sleep(float(seconds))


def respawns(path):
    """Starts its child again whenever it dies, and ignores SIGTERM."""
    ignore_term()
    while True:
        child = os.fork()
        if child == 0:
            note(path)
            sleep_on()
        os.waitpid(child, 0)


def breeds(path):
    """Has one child after the other, at most 2,000, and all ignore SIGTERM."""
    ignore_term()
    for _ in range(2_000):
        if os.fork() == 0:
            note(path)
            sleep_on()
    sleep_on()


def runs_away(path):
    """Is somebody else every moment: forks, and goes on as its child."""
    note(path)
    while True:
        if os.fork():
            os._exit(0)
        if os.getppid() == 1:
            os._exit(1)  # nobody adopts it: a test went wrong, so be no nuisance


def fork_bomb(count, path):
    """Processes that ignore SIGTERM and fork whenever there are fewer than so many."""
    ignore_term()
    while True:
        note(path)
        if len(Path(path).read_text().splitlines()) >= int(count):
            sleep_on()
        os.fork()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
