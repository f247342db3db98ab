"""What agents hold on the disk, by kind, and what of it is about to change."""

from __future__ import annotations

import msgspec


class KindUse(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one kind. Not `complete`: there is at least so much.

    `finished`: all of it was gone through; `missed` are the entries that are another user's, closed
    to us, or on another file system. `grown_bytes` since `since_seconds` ago, None where nothing is
    known of before; `node_modules_bytes` are part of `bytes`. `in_memory`: on a tmpfs, which is
    memory.
    """

    kind: str
    place: str = ""
    bytes: int
    files: int
    finished: bool
    missed: int = 0
    grown_bytes: int | None = None
    since_seconds: float | None = None
    node_modules_bytes: int = 0
    in_memory: bool = False

    @property
    def complete(self) -> bool:
        return self.finished and not self.missed

    @property
    def daily_bytes(self) -> float | None:
        """Growth a day; None where it was not watched for an hour."""
        if self.grown_bytes is None or self.since_seconds is None or self.since_seconds < 3_600:
            return None
        return self.grown_bytes / self.since_seconds * 86_400


class Vanishing(msgspec.Struct, frozen=True, kw_only=True):
    """Transcripts that Claude Code will delete within `within_days`, after `period_days`.

    `archived` of them are kept by us; `source` says where the period was read.
    """

    count: int
    bytes: int
    period_days: float
    within_days: float
    source: str
    archived: int = 0


class DiskUse(msgspec.Struct, frozen=True, kw_only=True):
    """All kinds, the largest first, and the dead outputs that the settings only report."""

    kinds: tuple[KindUse, ...] = ()
    dead_outputs: int = 0
    dead_output_bytes: int = 0
    vanishing: Vanishing | None = None
    seconds: float = 0.0

    def with_vanishing(self, vanishing: Vanishing | None) -> DiskUse:
        return msgspec.structs.replace(self, vanishing=vanishing)

    @property
    def bytes(self) -> int:
        return sum(kind.bytes for kind in self.kinds)

    @property
    def complete(self) -> bool:
        return all(kind.complete for kind in self.kinds)


class KnownUse(msgspec.Struct, frozen=True):
    """An earlier, finished count of one kind; `at` in seconds since the epoch."""

    at: float
    bytes: int
