"""Whether a Claude session is meant to live without a terminal: in the background, or from afar.

By its command line, by its registry entry, and by the roster of its background daemon, which names
the sessions that `claude agents` can still come back to.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from daydreamd.errors import FileError
from daydreamd.host.files.disks import ask_disk
from daydreamd.host.files.json_files import read_json

_OPTIONS: Final = (
    "--remote-control", "--rc", "--sdk-url", "--bg", "--background", "--spare-ready", "--teleport",
    "--channels", "--dangerously-load-development-channels",
)  # fmt: skip
_COMMANDS: Final = ("remote-control", "rc", "daemon", "bg", "--bg-pty-host", "--bg-spare")
_MOST_VALUES: Final = 20_000


def remote_session(argv: tuple[str, ...], config: Path | None, pid: int, start_ticks: int) -> str:
    """Why it lives without a terminal, in a few words; "" where nothing says so.

    OSError or FileError where the roster is there and cannot be read.
    """
    for word in argv[1:]:
        if word.partition("=")[0] in _OPTIONS or word.startswith("--bg-"):
            return f"meant to outlive its terminal: it was started with {word.partition('=')[0]}"
    command = next((word for word in _after_script(argv) if not word.startswith("-")), "")
    if command in _COMMANDS:
        return f"meant to outlive its terminal: it was started as `{command}`"
    roster = config / "daemon" / "roster.json" if config else None
    if roster and ask_disk(roster, partial(_is_on_the_roster, roster, pid, start_ticks)):
        return "Claude's background daemon has it on its roster"
    return ""


def scheduled_work(cwd: str, pid: int) -> str:
    """Whether it has scheduled work of its own, which it does hours after anybody was there.

    The lock beside the tasks bears the pid of the session that is to do them. OSError or
    FileError where it is there and cannot be read, or where the directory is not known.
    """
    if not cwd:
        raise FileError("its working directory cannot be read")
    path = Path(cwd, ".claude", "scheduled_tasks.lock")
    lock = ask_disk(path, partial(_read_document, path, max_bytes=1 << 16))
    is_its_own = isinstance(lock, dict) and lock.get("pid") == pid
    return f"it has scheduled work, as {path} says" if is_its_own else ""


def _after_script(argv: tuple[str, ...]) -> tuple[str, ...]:
    """What the program itself was given: behind `node cli.js`, or behind its own name."""
    words = argv[1:]
    is_script = bool(words) and words[0].endswith((".js", ".cjs", ".mjs"))
    return words[1:] if is_script else words


def _is_on_the_roster(path: Path, pid: int, start_ticks: int) -> bool:
    roster = _read_document(path, max_bytes=4 << 20)
    return any(
        str(entry.get("pid")) == str(pid)
        and str(entry.get("procStart", start_ticks)) == str(start_ticks)
        for entry in _objects(roster)
    )


def _read_document(path: Path, *, max_bytes: int) -> object:
    """The JSON in a regular file; None where there is no such file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
    except (FileNotFoundError, NotADirectoryError):
        return None
    return read_json(path, object, max_bytes=max_bytes)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document, however it is nested; so many at most."""
    waiting, left = [value], _MOST_VALUES
    while waiting and left:
        value, left = waiting.pop(), left - 1
        if isinstance(value, dict):
            yield value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
