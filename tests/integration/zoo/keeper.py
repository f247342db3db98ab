"""Keeps a zoo of real processes that look like agents, and like what is none.

Every animal is a compiled program (or the real node, Python, tail or tmux) that was put where its
kind lives, started so that it is nobody's child of ours, and carries the zoo's mark so that none
escapes. Nothing here knows what the code under test makes of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import anyio

from daydreamd.errors import HostError
from daydreamd.host.processes import (
    Identity,
    Signals,
    age_seconds,
    marked,
    memory_bytes,
    read_argv,
    read_environ,
    read_exe,
    read_stat,
    send,
)

T = TypeVar("T")

_SOURCE = Path(__file__).with_name("specimen.c")
_SEPARATOR = "\x1f"
_PATIENCE_SECONDS = 20.0
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Zoo:
    """A zoo in a directory of its own. `home` is the HOME of all animals."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.home = directory / "home"
        self.home.mkdir(parents=True)
        self.mark = secrets.token_hex(8)
        self.specimen = directory / "specimen"
        subprocess.run(["cc", "-O1", "-o", self.specimen, _SOURCE], check=True)
        self._terminals: list[int] = []
        self._count = 0
        self._marks: dict[int, str] = {}

    def put(self, path: str) -> Path:
        """The specimen, at a path below the zoo's home."""
        place = self.home / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(self.specimen, place)
        return place

    def write(self, path: str, text: str) -> Path:
        """A file below the zoo's home."""
        place = self.home / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def release(
        self,
        program: Path | str,
        *arguments: str,
        name: str | None = None,
        detach: str = "setsid",
        child: Sequence[Path | str] = (),
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        cwd: Path | None = None,
        becomes: Path | str | None = None,
        **wishes: str,
    ) -> int:
        """Start a process that is no child of ours; its pid. `child` is started by it.

        A program that executes another one `becomes` that. `wishes` go to the specimen
        (`do="burn"` is ZOO_DO=burn), or in capitals into the environment.
        """
        pidfile = self._pidfile()
        argv = [str(program), name or str(program), *arguments]
        env = self._environment(pidfile, wishes)
        env["ZOO_DETACH"] = detach
        if child:
            env["ZOO_RUN"] = _SEPARATOR.join([str(child[0]), *map(str, child)])
            env["ZOO_RUN_PIDFILE"] = f"{pidfile}.child"
        env["ZOO_EXEC"] = _SEPARATOR.join(argv)
        subprocess.run(
            [self.specimen], env=env, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL,
            cwd=cwd or self.home, check=True,
        )  # fmt: skip
        return self._await_start(pidfile, becomes or program)

    def child_of(self, pid: int) -> int:
        """The child that an animal was told to start."""
        return int(await_text(Path(self._environ(pid)["ZOO_RUN_PIDFILE"])))

    def inmate_of(self, pid: int) -> int:
        """The specimen that a real program (a shell) has started."""
        return int(await_text(Path(self._environ(pid)["ZOO_PIDFILE"])))

    def terminal(self) -> str:
        """A new terminal that stays open; its device."""
        master, slave = os.openpty()
        self._terminals.append(master)
        name = os.ttyname(slave)
        os.close(slave)
        return name

    def close_terminal(self) -> None:
        """Close the terminal that was opened last, as a terminal window is closed."""
        os.close(self._terminals.pop())

    def tmux(
        self,
        program: Path | str,
        *arguments: str,
        becomes: Path | str | None = None,
        **wishes: str,
    ) -> int:
        """A program in a real, detached tmux of its own."""
        pidfile = self._pidfile()
        env = self._environment(pidfile, wishes)
        argv = [
            "tmux", "-S", str(self.directory / f"tmux-{pidfile.name}"), "-f", "/dev/null",
            "new-session", "-d", "-x", "120", "-y", "40", str(program), *arguments,
        ]  # fmt: skip
        subprocess.run(argv, env=env, check=True, stdin=subprocess.DEVNULL, cwd=self.home)
        return self._await_start(pidfile, becomes or program)

    def band(self, pid: int) -> list[Identity]:
        """Every process that lives and descends from what was started with this one."""
        band = set(marked("ZOO_ANIMAL", self._marks[pid]))
        return [one for one in self.animals() if one in band]

    def settle(self, seconds: float) -> None:
        """Wait until every animal is older than this, and has done with starting."""
        while True:
            ages = [age_seconds(identity.start_ticks) for identity in self.animals()]
            if all(age > seconds for age in ages):
                return
            time.sleep(0.1)

    def animals(self) -> list[Identity]:
        """Every process of this zoo that lives."""
        return [identity for identity in marked("ZOO", self.mark) if _lives(identity.pid)]

    def memory(self) -> dict[Identity, int]:
        """Bytes of each that lives: its share of what it has together with others (PSS)."""
        return {one: memory_bytes(one.pid) or 0 for one in self.animals()}

    def close(self) -> None:
        """End them all."""
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while (left := self.animals()) and time.monotonic() < give_up:
            for identity in left:
                with contextlib.suppress(HostError):
                    send(identity, Signals.SIGKILL, even_after_exec=True)
            time.sleep(0.02)
        while self._terminals:
            self.close_terminal()
        assert not left, f"escaped: {left}"

    def _environment(self, pidfile: Path, wishes: dict[str, str]) -> dict[str, str]:
        env = {
            "PATH": _SYSTEM_PATH, "HOME": str(self.home), "LANG": "C.UTF-8", "ZOO": self.mark,
            "ZOO_PIDFILE": str(pidfile), "ZOO_ANIMAL": pidfile.name,
        }  # fmt: skip
        for name, value in wishes.items():
            env[name if name.isupper() else f"ZOO_{name.upper()}"] = value
        return env

    def _environ(self, pid: int) -> dict[str, str]:
        environ = read_environ(pid)
        assert environ is not None
        return environ

    def _pidfile(self) -> Path:
        self._count += 1
        return self.directory / f"pid-{self._count}"

    def _is_specimen(self, program: Path | str) -> bool:
        return Path(program).stat().st_size == self.specimen.stat().st_size

    def _await_start(self, pidfile: Path, program: Path | str) -> int:
        if self._is_specimen(program):
            pid = int(await_text(pidfile))
        else:
            pid = self._await_marked(pidfile.name, str(program))
        self._marks[pid] = pidfile.name
        return pid

    def _await_marked(self, animal: str, program: str) -> int:
        """The pid of a program that cannot tell us; it has to have become that program."""
        exe = os.path.realpath(program)

        def look() -> int | None:
            marks = {*marked("ZOO_ANIMAL", animal)} & {*marked("ZOO", self.mark)}
            return next((one.pid for one in marks if read_exe(one.pid) == exe), None)

        return await_answer(look, f"{program} did not start")


@contextlib.contextmanager
def open_zoo(directory: Path) -> Iterator[Zoo]:
    """A zoo that is empty when it closes."""
    zoo = Zoo(directory)
    try:
        yield zoo
    finally:
        zoo.close()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something about other processes."""
    with anyio.fail_after(_PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - they tell nobody
            await anyio.sleep(0.02)


def await_text(path: Path, holds: Callable[[str], object] = bool) -> str:
    """The text of a file that another program makes, once it `holds`."""

    def look() -> str | None:
        text = path.read_text() if path.exists() else None
        return text.strip() if text is not None and holds(text) else None

    return await_answer(look, f"{path} was not written")


def await_file(path: Path) -> None:
    """Wait until another program has made it."""
    await_text(path, lambda _: True)


def await_answer(ask: Callable[[], T | None], failure: str) -> T:
    """The first answer about processes that tell nobody of themselves."""
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.005)
    raise AssertionError(failure)


def _lives(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and stat.state not in "ZX" and bool(read_argv(pid) or read_exe(pid))
