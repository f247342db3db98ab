"""Where an insight's lines stand and how they came to be there."""

from __future__ import annotations

from datetime import datetime

import msgspec


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The lines around an insight, from `first_line` (from 1) on, and the last commit of its own.

    `function` is the name of the function that they are of; "" where they are in none. `commit` is
    "" where the lines are not committed yet; `at` is aware.
    """

    function: str = ""
    first_line: int = 1
    text: str = ""
    commit: str = ""
    subject: str = ""
    at: datetime | None = None
    is_committed: bool = True
