"""Idle spells of agent processes: how long each lasted, and how it ended. From these it is learned.

Kept in a small file of the state directory, the newest last. A spell that did not end with its
process at work again says only that it lasted at least so long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from daydreamd.errors import FileError
from daydreamd.host.files.access import write_atomically
from daydreamd.host.files.json_files import read_json

FILE_NAME: Final = "idle_spells.json"
SHORTEST_SECONDS: Final = 600.0
"""Shorter spells are pauses for thought; two looks are five minutes apart."""
MOST_KEPT: Final = 4_000
_MAX_BYTES: Final = 1 << 20

End = Literal["came back", "ended", "gone", "not seen", "reboot", "still idle"]


class Spell(msgspec.Struct, frozen=True, array_like=True):
    """An idle spell. `alone`: it had no terminal, and nobody of those who started it lived.

    `ended` is by daydreamd, `gone` by itself; `not seen` is a gap in the watch.
    """

    kind: str
    alone: bool
    seconds: float
    end: End

    @property
    def came_back(self) -> bool:
        return self.end == "came back"


def read_spells(state: Path | None) -> list[Spell]:
    """What was kept; nothing where it cannot be read, for then nothing is known."""
    if state is None:
        return []
    try:
        return read_json(state / FILE_NAME, list[Spell], max_bytes=_MAX_BYTES)
    except FileError:
        return []


async def keep_spells(state: Path, spells: Sequence[Spell]) -> None:
    """Add those that are long enough to say something; the oldest beyond the limit are dropped."""
    long = worth_keeping(spells)
    if long:
        kept = [*read_spells(state), *long][-MOST_KEPT:]
        await write_atomically(state / FILE_NAME, msgspec.json.encode(kept))


def worth_keeping(spells: Iterable[Spell]) -> list[Spell]:
    """Those that lasted longer than a pause."""
    return [
        msgspec.structs.replace(spell, seconds=round(spell.seconds))
        for spell in spells
        if spell.seconds >= SHORTEST_SECONDS
    ]
