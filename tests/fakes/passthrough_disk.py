"""A disk of its own over FUSE that shows a directory; stopped with SIGSTOP it hangs, for as long.

`passthrough_disk.py DIRECTORY`: what lies in the directory is shown in its place. Files can be read
and written, not made or removed. Nothing is cached, so that every look asks this program
(linux/fuse.h, protocol 7.31).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path

_LOOKUP, _FORGET, _GETATTR, _READLINK, _OPEN, _READ, _WRITE = 1, 2, 3, 5, 14, 15, 16
_STATFS, _RELEASE, _FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR = 17, 18, 25, 26, 27, 28, 29
_INTERRUPT, _BATCH_FORGET = 36, 42
_UNANSWERED = (_FORGET, _INTERRUPT, _BATCH_FORGET)
_HEADER = struct.Struct("<IIQQIIII")
_LARGEST = 1 << 17
_ROOT = 1


class Disk:
    """One mounted disk. Nodes are numbered as they are looked up."""

    def __init__(self, below: int) -> None:
        self._below = below
        self._paths = [b"", b"."]
        self._answers: dict[int, Callable[[int, bytes], bytes]] = {
            _INIT: self._init,
            _LOOKUP: self._lookup,
            _GETATTR: lambda node, _: struct.pack("<QII", 0, 0, 0) + self._attributes(node),
            _READLINK: lambda node, _: bytes(Path(os.fsdecode(self._path(node))).readlink()),
            _OPEN: self._open,
            _READ: self._read,
            _WRITE: self._write,
            _RELEASE: self._release,
            _FLUSH: lambda *_: b"",
            _STATFS: self._statfs,
            _OPENDIR: lambda *_: struct.pack("<QII", 0, 0, 0),
            _READDIR: self._readdir,
            _RELEASEDIR: lambda *_: b"",
        }

    def serve(self, channel: int) -> None:
        """Answer requests until the disk is unmounted."""
        while True:
            try:
                request = os.read(channel, _LARGEST + 4096)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno in (errno.ENOENT, errno.EINTR):  # the request was taken back
                    continue
                raise
            _, opcode, unique, node, *_ = _HEADER.unpack_from(request)
            if opcode in _UNANSWERED:
                continue
            fault, answer = self._answer(opcode, node, request[_HEADER.size :])
            try:
                os.write(channel, struct.pack("<IiQ", 16 + len(answer), -fault, unique) + answer)
            except FileNotFoundError:  # nobody waits for it any more
                continue

    def _answer(self, opcode: int, node: int, body: bytes) -> tuple[int, bytes]:
        if opcode not in self._answers:
            return errno.ENOSYS, b""
        try:
            return 0, self._answers[opcode](node, body)
        except OSError as error:
            return error.errno or errno.EIO, b""

    def _path(self, node: int) -> bytes:
        return b"/proc/self/fd/%d/%b" % (self._below, self._paths[node])

    def _attributes(self, node: int) -> bytes:
        facts = os.lstat(self._path(node))
        times = [facts.st_atime_ns, facts.st_mtime_ns, facts.st_ctime_ns]
        return struct.pack(
            "<6Q10I",
            facts.st_ino, facts.st_size, facts.st_blocks, *(time // 10**9 for time in times),
            *(time % 10**9 for time in times), facts.st_mode, facts.st_nlink, facts.st_uid,
            facts.st_gid, 0, 4096, 0,
        )  # fmt: skip

    @staticmethod
    def _init(*_: object) -> bytes:
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 16, 0, 12, 10, 1 << 16, 1, 0, 0, 0)

    def _lookup(self, node: int, name: bytes) -> bytes:
        path = b"%b/%b" % (self._paths[node], name.rstrip(b"\0"))
        if path not in self._paths:
            os.lstat(b"/proc/self/fd/%d/%b" % (self._below, path))
            self._paths.append(path)
        found = self._paths.index(path)
        return struct.pack("<QQQQII", found, 0, 0, 0, 0, 0) + self._attributes(found)

    def _open(self, node: int, body: bytes) -> bytes:
        flags = struct.unpack_from("<I", body)[0] & os.O_ACCMODE
        return struct.pack("<QII", os.open(self._path(node), flags | os.O_NOFOLLOW), 0, 0)

    @staticmethod
    def _read(_: int, body: bytes) -> bytes:
        file, offset, size = struct.unpack_from("<QQI", body)
        return os.pread(file, size, offset)

    @staticmethod
    def _write(_: int, body: bytes) -> bytes:
        file, offset, size = struct.unpack_from("<QQI", body)
        return struct.pack("<II", os.pwrite(file, body[40 : 40 + size], offset), 0)

    @staticmethod
    def _release(_: int, body: bytes) -> bytes:
        os.close(struct.unpack_from("<Q", body)[0])
        return b""

    def _statfs(self, *_: object) -> bytes:
        facts = os.fstatvfs(self._below)
        room = (facts.f_blocks, facts.f_bfree, facts.f_bavail, facts.f_files, facts.f_ffree)
        return struct.pack("<5Q4I24x", *room, facts.f_bsize, facts.f_namemax, facts.f_frsize, 0)

    def _readdir(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        entries = b""
        names = sorted(os.listdir(self._path(node)))  # noqa: PTH208 - names as bytes
        for number, name in enumerate(names, start=1):
            facts = os.lstat(b"%b/%b" % (self._path(node), name))
            kind = stat.S_IFMT(facts.st_mode) >> 12
            entry = struct.pack("<QQII", facts.st_ino, number, len(name), kind) + name
            entry += bytes(-len(entry) % 8)
            if number > offset:
                if len(entries) + len(entry) > size:
                    break
                entries += entry
        return entries


def main(directory: str) -> None:
    device = Path("/dev/fuse")
    if not device.exists():  # a machine of namespaces has a /dev of its own
        os.mknod(device, stat.S_IFCHR | 0o600, os.makedev(10, 229))
    below = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    channel = os.open(device, os.O_RDWR)
    options = f"fd={channel},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"disk", os.fsencode(directory), b"fuse.disk", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), directory)
    Disk(below).serve(channel)


if __name__ == "__main__":
    main(*sys.argv[1:])
