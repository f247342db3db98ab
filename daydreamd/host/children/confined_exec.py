"""The program that confines itself and then becomes another (see `confinement`).

Run as `python -I -S confined_exec.py --NAME=VALUE… -- PROGRAM…`. Every start of a confined program
pays for this one, so it uses no more of the standard library than it must, and nothing of ours.
Whatever cannot be had is told in one line on stderr: `daydreamd-confinement: CODE: …`.
"""
# ruff: noqa: PTH112, PTH118, PTH123
# Reason: importing pathlib would take longer than all the rest.

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_CAPABILITIES_V3 = 0x20080522
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH, _RULE_PORT = 1, 2
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL_DEV = (
    1 << bit for bit in (0, 1, 2, 3, 14, 15)
)
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_CONNECT_TCP = 1 << 1
_SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_libc = ctypes.CDLL(None, use_errno=True)


def landlock_abi() -> int:
    """The version of this kernel's Landlock; 0 where there is none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_long(0), ctypes.c_long(1))))


def main(words: list[str]) -> None:
    """Confine this process as the words say, then become the program after `--`."""
    cut = words.index("--")
    asked: dict[str, list[str]] = {}
    for word in words[:cut]:
        name, _, value = word.partition("=")
        asked.setdefault(name, []).append(value)
    _libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != int(asked["--parent"][0]):
        sys.exit(125)  # our parent died before it could take us along
    _yield_to_others(int(asked["--nice"][0]), int(asked["--oom"][0]))
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        _say(f"no-new-privs-failed: {os.strerror(ctypes.get_errno())}")
    program = words[cut + 1 :]
    # Sought before the walls go up: the search imports, and Python may lie outside of them.
    path = _find(program[0])
    if "--landlock" in asked:
        _drop_capabilities()
        _restrict(asked, landlock_abi())
    try:
        os.execv(path, program)  # noqa: S606 - a list, and no shell is wanted
    except OSError as error:
        _say(f"exec-failed: cannot start {program[0]}: {error.strerror}")
        sys.exit(127)


def _drop_capabilities() -> None:
    """Root keeps its files and loses its powers, CAP_PERFMON above all: it looks past Landlock."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
    if _libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        _say(f"capabilities-kept: {os.strerror(ctypes.get_errno())}")


def _find(name: str) -> str:
    places = () if "/" in name else os.get_exec_path()
    paths = (os.path.join(place, name) for place in places)
    return next((path for path in paths if os.access(path, os.X_OK)), name)


def _yield_to_others(nice: int, oom_score_adj: int) -> None:
    try:
        os.nice(nice)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(oom_score_adj))
    except OSError as error:  # refused to some users and in some sandboxes; it is a courtesy
        _say(f"priority-kept: {error.strerror}")


def _restrict(asked: dict[str, list[str]], abi: int) -> None:
    if abi == 0:
        _say("no-landlock: the kernel has none; files and connections are not confined")
        return
    files = _rights_of(abi)
    ports = "--tcp" in asked and abi >= 4
    if "--tcp" in asked and not ports:
        _say(f"no-landlock-tcp: ABI {abi} has no rules for it; connections are not confined")
    handled = (files, _CONNECT_TCP if ports else 0, _SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS)
    length = 1 if abi < 4 else 2 if abi < 6 else 3  # older kernels refuse fields they do not know
    attributes = (ctypes.c_uint64 * length)(*handled[:length])
    rules = _syscall(_CREATE_RULESET, attributes, ctypes.sizeof(attributes), 0)
    for path in asked.get("--read", ()):
        _allow_path(rules, path, _READ & files)
    for path in asked.get("--write", ()):
        _allow_path(rules, path, files & ~_EXECUTE)
    for port in asked.get("--port", ()) if ports else ():
        _syscall(_ADD_RULE, rules, _RULE_PORT, (ctypes.c_uint64 * 2)(_CONNECT_TCP, int(port)), 0)
    _syscall(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _rights_of(abi: int) -> int:
    """All rights over files that this ABI knows: 13 at first, then REFER, TRUNCATE, IOCTL_DEV."""
    known = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
    return (1 << known) - 1


def _allow_path(rules: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not there on this machine, or not for us
    try:
        if not os.path.isdir(path):
            rights &= _ON_FILES
        # struct landlock_path_beneath_attr is packed: 8 bytes of rights, 4 of descriptor
        rule = rights.to_bytes(8, sys.byteorder) + fd.to_bytes(4, sys.byteorder)
        _syscall(_ADD_RULE, rules, _RULE_PATH, rule, 0)
    finally:
        os.close(fd)


def _syscall(number: int, *arguments: object) -> int:
    words = (ctypes.c_long(a) if isinstance(a, int) else a for a in arguments)
    result = int(_libc.syscall(number, *words))
    if result < 0:
        # Half a confinement must not pass for a whole one.
        _say(f"landlock-failed: {os.strerror(ctypes.get_errno())}")
        sys.exit(126)
    return result


def _say(text: str) -> None:
    sys.stderr.write(f"daydreamd-confinement: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
