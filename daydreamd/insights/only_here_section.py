"""The section "Only on this disk": what may be lost, and what may go, each with its command.

Facts only, taken from what context found; nothing to say gives no section. What was judged safe is
told after what is not, and of what a reflog knows only the unique.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.only_here import OnlyHere
from daydreamd.text import code, markdown, one_line
from daydreamd.units import say_count, say_duration, say_size

_MAX_ROWS: Final = 30
_MAX_SAFE: Final = 10
_NAMES: Final = {
    "branch": "branch",
    "worktree": "worktree",
    "stash": "stash",
    "detached": "detached HEAD",
    "uncommitted": "uncommitted",
    "untracked": "untracked",
    "reflog": "only in the reflog",
}
_ORDER: Final = {"unique": 0, "unknown": 1, "safe": 2}


class OnlyHereRow(NamedTuple):
    """A row: `what`, `since` and `why` are plain text, the others are commands or blank."""

    what: str
    since: str
    why: str
    keep: str
    remove: str


class OnlyHereSection(NamedTuple):
    """The rows to be shown, and how many more there are."""

    rows: tuple[OnlyHereRow, ...]
    more: int


def only_here_section(workspaces: Mapping[str, WorkspaceFacts]) -> OnlyHereSection:
    """What is to be told; a repository that several workspaces share is told once."""
    told: dict[tuple[str, str, str], tuple[str, OnlyHere]] = {}
    for name, facts in workspaces.items():
        for entry in _worth_telling(facts.only_here or ()):
            told.setdefault((entry.kind, entry.path, entry.name), (name, entry))
    ordered = sorted(told.values(), key=lambda pair: _urgency(pair[1]))
    safe = [pair for pair in ordered if pair[1].verdict == "safe"][:_MAX_SAFE]
    open_ = [pair for pair in ordered if pair[1].verdict != "safe"][: _MAX_ROWS - len(safe)]
    rows = tuple(_row(name, entry) for name, entry in (*open_, *safe))
    return OnlyHereSection(rows, len(ordered) - len(rows))


def _urgency(entry: OnlyHere) -> tuple[int, int]:
    return _ORDER[entry.verdict], -(entry.age_seconds or 0)


def _worth_telling(entries: tuple[OnlyHere, ...]) -> Iterator[OnlyHere]:
    trees = [one for one in entries if one.kind == "worktree" and one.verdict != "safe"]
    in_trees = {one.path for one in trees}
    names = {one.name for one in entries if one.kind == "worktree"}
    alone = _stands_alone(entries)
    for one in entries:
        if one.kind == "branch" and one.name in names:
            continue  # its work tree says it
        if one.kind in ("uncommitted", "untracked", "detached") and one.path in in_trees:
            continue
        if one.kind == "reflog" and one.verdict != "unique":
            continue
        if one.verdict == "safe" and one.remove is None:
            continue
        if alone and one.kind == "branch" and one.verdict != "safe" and one is not alone:
            continue  # all of the repository is only here, which is said once
        yield one


def _stands_alone(entries: tuple[OnlyHere, ...]) -> OnlyHere | None:
    """The entry which says that all of a repository is only here."""
    ending = "all of it is only here"
    return next(
        (one for one in entries if one.kind == "branch" and one.proof.endswith(ending)), None
    )


def _row(workspace: str, entry: OnlyHere) -> OnlyHereRow:
    what = f"{workspace}, {_NAMES[entry.kind]} {entry.name}"
    if entry.commits:
        what += f", {say_count(entry.commits, 'commit')}"
    if entry.bytes:
        what += f", {say_size(entry.bytes)}"
    why = entry.proof + (f"; made by {entry.agent}" if entry.agent else "")
    since = say_duration(entry.age_seconds) if entry.age_seconds is not None else ""
    remove = entry.remove or "look yourself"
    return OnlyHereRow(what, since, why, entry.keep or "", remove)


def cells(row: OnlyHereRow) -> str:
    """A row as Markdown, harmless whatever the names are."""
    shown = [markdown(one_line(text, limit=300)) for text in row[:3]]
    commands = [_command(text) for text in row[3:]]
    return f"| {' | '.join([*shown, *commands])} |"


def _command(text: str) -> str:
    """A command is shown whole or not at all: a part of one does something else."""
    if not text or text == "look yourself":
        return text
    return code(text) if text.isprintable() and len(text) < 1_500 else "look yourself"
