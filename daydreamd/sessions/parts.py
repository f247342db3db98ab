"""Which parts of the sessions fail, since when, and what to do about it.

A session has parts that fail by themselves: every workspace, the model, and what it answers. None
takes the rest along, so none is a failed session; each is kept here until it is seen to work again.
Pure: what was found goes in, what fails comes out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from daydreamd.records.events import Emitter
from daydreamd.records.failing import FailingPart, say_since
from daydreamd.records.workspace import Workspace

if TYPE_CHECKING:
    from daydreamd.sessions.findings import Findings

_MODEL: Final = "model"
_ANSWER: Final = "answer"
_ADVICE: Final = {
    _MODEL: "start it, or name one that is there (`daydreamd doctor` tells what it needs)",
    _ANSWER: "`daydreamd once --again` asks again now; else try another model (model.name)",
    "workspace": "bring it back, or take it out of [[workspaces]] (see `daydreamd check`)",
}


def failing_after(
    before: Sequence[FailingPart], found: Findings, workspaces: Sequence[Workspace], now: datetime
) -> tuple[FailingPart, ...]:
    """What fails after a session that was to look at `workspaces` and came to `found`.

    What failed before keeps its moment; what the session did not come to stays as it was.
    """
    known = {part.key: part for part in before}
    for key, name, reason in _seen(found, workspaces):
        if reason is None:
            known.pop(key, None)
            continue
        since = known[key].since if key in known else now
        kind = key.partition(" ")[0]
        known[key] = FailingPart(
            key=key, name=name, since=since, reason=reason, advice=_ADVICE[kind]
        )
    return tuple(known.values())


def only_of(
    parts: Sequence[FailingPart], workspaces: Sequence[Workspace]
) -> tuple[FailingPart, ...]:
    """Without the parts of other workspaces than these."""
    keys = {_MODEL, _ANSWER, *map(_key, workspaces)}
    return tuple(part for part in parts if part.key in keys)


def tell_parts(
    before: Sequence[FailingPart], after: Sequence[FailingPart], emitter: Emitter
) -> None:
    """Warn of each that fails, and say of which that is over."""
    for part in after:
        facts = {"reason": part.reason, "since": say_since(part), "do": part.advice}
        emitter.notice("warning", "part fails", part=part.name, **facts)
    failing = {part.key for part in after}
    for part in before:
        if part.key not in failing:
            emitter.notice("info", "part works again", part=part.name, since=say_since(part))


def failing_paths(parts: Sequence[FailingPart]) -> set[str]:
    """The paths of the workspaces among them."""
    split = (part.key.partition(" ") for part in parts)
    return {path for kind, _, path in split if kind == "workspace"}


def _seen(
    found: Findings, workspaces: Sequence[Workspace]
) -> Iterator[tuple[str, str, str | None]]:
    """Each part that the session came to, as key, name, and why it failed, if it did."""
    if found.readiness is not None:
        yield _MODEL, _MODEL, None if found.model else found.readiness.model.reason
    if (reflection := found.reflection) is not None and (reflection.text or reflection.failure):
        yield _ANSWER, "answer of the model", reflection.failure
    if found.context is None:
        return
    for workspace in workspaces:
        reason = found.context.missing.get(workspace.name)
        yield _key(workspace), f"workspace {workspace.name}", reason


def _key(workspace: Workspace) -> str:
    return f"workspace {workspace.path}"
