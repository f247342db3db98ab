"""A terminal window for programs that draw: it reads all they write and answers what they ask."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
from collections.abc import Iterator
from typing import Final

_ROWS, _COLUMNS = 40, 120
# Where the cursor is, and what kind of terminal this is: without an answer some give up.
_ANSWERS: Final = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;4c"}
_LONGEST_QUESTION: Final = max(map(len, _ANSWERS))


class Window:
    """Between opening and `close`, `device` is a terminal that somebody looks at."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        termios.tcsetwinsize(self._slave, (_ROWS, _COLUMNS))
        self.device = os.ttyname(self._slave)
        self._closing = os.eventfd(0)
        self._is_open = True
        self._reader = threading.Thread(target=self._read, name=f"window {self.device}")
        self._reader.start()

    def close(self) -> None:
        """As a window is closed: whoever runs in it is hung up on."""
        if not self._is_open:
            return
        self._is_open = False
        os.eventfd_write(self._closing, 1)
        self._reader.join()
        for fd in (self._master, self._slave, self._closing):
            os.close(fd)

    def _read(self) -> None:
        before = b""
        while self._closing not in select.select([self._master, self._closing], [], [])[0]:
            drawn = before + os.read(self._master, 1 << 16)
            for question, answer in _ANSWERS.items():
                if question in drawn:
                    os.write(self._master, answer)
            # A question may come in two pieces, but is answered once.
            tail = drawn[1 - _LONGEST_QUESTION :]
            before = b"" if any(question in tail for question in _ANSWERS) else tail


@contextlib.contextmanager
def open_window() -> Iterator[Window]:
    window = Window()
    try:
        yield window
    finally:
        window.close()
