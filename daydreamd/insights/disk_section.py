"""What agents hold on the disk, in sentences, each with a place or a setting; or nothing.

Said where it is much, grows quickly, or is about to go; a few megabytes are no news.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from daydreamd.records.disk import DiskUse, KindUse, Vanishing
from daydreamd.units import say_count, say_duration, say_path, say_size

_MUCH_BYTES: Final = 256 << 20
_QUICK_BYTES: Final = 64 << 20
"""Growth a day from which a kind is told, however little there is of it."""
_MOST_KINDS: Final = 8


def disk_lines(use: DiskUse | None) -> list[str]:
    """The lines, the most urgent last; none where there is nothing worth one."""
    if use is None:
        return []
    kinds = [_kind(one) for one in use.kinds if _is_told(one)][:_MOST_KINDS]
    total = [_total(use)] if kinds else []
    return [*total, *kinds, *_dead_outputs(use), *_vanishing(use.vanishing)]


def say_total(use: DiskUse | None) -> str:
    """All in a few words, for the line of a phase: `agents hold 31.2 GiB on disk`."""
    if use is None or not any(_is_told(kind) for kind in use.kinds):
        return ""
    return f"agents hold {_size(use.bytes, use.complete)} on disk"


def _is_told(kind: KindUse) -> bool:
    return kind.bytes >= _MUCH_BYTES or abs(kind.daily_bytes or 0) >= _QUICK_BYTES


def _total(use: DiskUse) -> str:
    daily = [kind.daily_bytes for kind in use.kinds if kind.daily_bytes is not None]
    return f"agents hold {_size(use.bytes, use.complete)} in all" + _growth(sum(daily))


def _kind(kind: KindUse) -> str:
    said = f"{kind.kind}: {_size(kind.bytes, kind.complete)} in {say_count(kind.files, 'file')}"
    if kind.node_modules_bytes:
        said += f", {say_size(kind.node_modules_bytes)} of it node_modules"
    if kind.in_memory:
        said += ", in memory (tmpfs)"
    said += _growth(kind.daily_bytes or 0)
    return said + (f" · {say_path(Path(kind.place))}" if kind.place else "")


def _growth(daily: float) -> str:
    if abs(daily) < _QUICK_BYTES:
        return ""
    return f", {say_size(abs(daily))} {'more' if daily > 0 else 'less'} a day"


def _size(size: int, complete: bool) -> str:
    return say_size(size) if complete else f"at least {say_size(size)}"


def _dead_outputs(use: DiskUse) -> list[str]:
    if not use.dead_outputs:
        return []
    many = say_count(use.dead_outputs, "output")
    size = say_size(use.dead_output_bytes)
    setting = "cleanup.outputs.enabled = true removes such"
    return [f"{many} of sessions that are over: {size} · {setting}"]


def _vanishing(gone: Vanishing | None) -> list[str]:
    if gone is None or gone.archived >= gone.count:
        return []
    left = gone.count - gone.archived
    many = say_count(left, "transcript")
    within = say_duration(gone.within_days * 86_400)
    period = say_duration(gone.period_days * 86_400)
    what = f"Claude Code deletes {many} within {within} (it keeps them for {period}, {gone.source})"
    return [f"{what} · cleanup.transcripts.archive = true keeps them"]
