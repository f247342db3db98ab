"""What has to stay open as long as a zoo is, and the program that is used by odd routes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.integration.zoo.animals import NATIVE, PYTHON, Animal
from tests.integration.zoo.keeper import Zoo, await_text

_USED = Path(__file__).with_name("oddly_used.py")


class Keeper:
    """What has to stay open as long as the zoo is."""

    def __init__(self, zoo: Zoo, stack: contextlib.ExitStack) -> None:
        self.zoo, self._stack = zoo, stack
        self.claude = zoo.put(NATIVE)
        self.code = zoo.put("share/code/code")
        self._count = 0
        self.ready = Path()

    def open(self, path: Path, flags: int) -> int:
        fd = os.open(path, flags)
        self._stack.callback(os.close, fd)
        return fd

    def new_socket(
        self, *, family: int = socket.AF_UNIX, kind: int = socket.SOCK_STREAM
    ) -> socket.socket:
        return self._stack.enter_context(socket.socket(family, kind))

    def listener(self, address: object, family: int = socket.AF_UNIX) -> socket.socket:
        server = self.new_socket(family=family)
        server.bind(address)
        server.listen()
        return server

    def end_later(self, process: subprocess.Popen[bytes]) -> None:
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)

    def afterwards(self, act: Callable[[], object]) -> None:
        self._stack.callback(act)

    def keep(self, thing: Any) -> None:
        """Close it with all the rest."""
        self._stack.callback(thing.close)

    def accept(self, server: socket.socket) -> None:
        self._stack.enter_context(server.accept()[0])

    def release(self, *arguments: str, **wishes: object) -> int:
        return self.zoo.release(self.claude, *arguments, **wishes)

    def fill(self, *groups: Callable[[Keeper], Iterator[Animal]]) -> Iterator[Animal]:
        """Let the animals of each group loose."""
        for group in groups:
            yield from group(self)

    def release_used(self, route: str, *what: object, below: bool = False) -> tuple[int, str]:
        """Start the program that is used by a route, as an agent or below one.

        Its pid, or that of the agent above it, and what it says once it is ready.
        """
        place = "src/oddly_used.py" if below else ".venv-aider/bin/aider"
        self.ready = self.place("ready")
        script = self.zoo.write(place, _USED.read_text())
        command = (PYTHON, *map(str, (script, route, self.ready, *what)))
        pid = self.release(child=command) if below else self.zoo.release(*command)
        return pid, await_text(self.ready)

    def place(self, name: str) -> Path:
        """A path of that name which nothing has yet."""
        self._count += 1
        return self.zoo.directory / f"{name}-{self._count}"

    def giving(self, *fds: int) -> str:
        """A unix socket at which these descriptors are handed over, once."""
        place = str(self.place("giver"))
        server = self.listener(place)
        copies = [os.dup(fd) for fd in fds]

        def give() -> None:
            taker, _ = server.accept()
            with server, taker:
                socket.send_fds(taker, [b"x"], copies)
            for fd in copies:
                os.close(fd)

        threading.Thread(target=give, daemon=True).start()
        return place

    def of_a_pair(self) -> str:
        """One end of a pair is handed over, the other is ours."""
        ours, theirs = socket.socketpair()
        self.keep(ours)
        with theirs:
            return self.giving(theirs.fileno())


def may_trace() -> bool:
    """Whether the kernel lets somebody watch a process that is no child of his."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    return os.geteuid() == 0 or not scope.exists() or scope.read_text().strip() == "0"
