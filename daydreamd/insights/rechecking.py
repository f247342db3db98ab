"""What was said before, looked at again: where it stands now, and whether it has been addressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from daydreamd.insights.disproving.disproof import disprove
from daydreamd.insights.disproving.grounds import Grounds
from daydreamd.insights.quoting import find_quote
from daydreamd.insights.relocation import CurrentText, RenamedTo, Whereabouts, relocate
from daydreamd.insights.verification import Checked, Reason
from daydreamd.insights.workspace_search import Search
from daydreamd.records.answer import Proposal
from daydreamd.records.insight import AnyInsight
from daydreamd.records.workspace import Excerpt

IsAddressed = Callable[[AnyInsight], bool | None]
"""Whether the code as it is now is no longer what an insight says; None where nobody can tell."""

OPEN: Final = frozenset({"new", "open"})
STANDING: Final = OPEN | {"accepted"}
_MOST_KNOWN: Final = 500
_MENDED: Final = frozenset({Reason.IN_USE, Reason.TESTED, Reason.IS_THERE})


class Rechecked(msgspec.Struct, frozen=True, kw_only=True):
    """The known insights of these workspaces, each where it stands now.

    `moved` are those whose place is another; `changed` are the ids of those whose lines are others
    or have got new neighbours, and `mended` of those that somebody who looked says are addressed.
    """

    known: tuple[AnyInsight, ...] = ()
    moved: tuple[AnyInsight, ...] = ()
    changed: frozenset[str] = frozenset()
    mended: frozenset[str] = frozenset()


def recheck(
    known: Sequence[AnyInsight],
    *,
    current: CurrentText,
    search: Search,
    renamed: RenamedTo | None = None,
    is_addressed: IsAddressed | None = None,
) -> Rechecked:
    """Find all that is known again. `renamed` asks git, and `is_addressed` who can judge."""
    recent = known[-_MOST_KNOWN:]
    found = [relocate(item, current, search, renamed) for item in recent]
    changed: set[str] = set()
    mended: set[str] = set()
    for place in found:
        if place.item.status not in STANDING:
            continue
        said = is_addressed(place.item) if is_addressed and _is_in_doubt(place) else None
        if said or _is_disproved(place, current, search):
            mended.add(place.item.id)
        if said is not False and (_is_in_doubt(place) or place.item.id in mended):
            changed.add(place.item.id)
    before = {item.id: item for item in recent}
    moved = [
        place.item
        for place in found
        if place.state == "there" and place.item.evidence != before[place.item.id].evidence
    ]
    older = tuple(known[: len(known) - len(recent)])
    return Rechecked(
        known=older + tuple(place.item for place in found),
        moved=tuple(moved),
        changed=frozenset(changed),
        mended=frozenset(mended),
    )


def _is_in_doubt(place: Whereabouts) -> bool:
    return place.state in ("changed", "near")


def _is_disproved(place: Whereabouts, current: CurrentText, search: Search) -> bool:
    """Whether what is claimed can now be shown to be false, by what came elsewhere."""
    item = place.item
    if place.state == "changed" or not item.evidence:
        return False
    evidence = item.evidence[0]
    text = current(item.workspace, evidence.path)
    if not text or not any(find_quote(evidence.quote, [text])):
        return False
    claim = Checked(
        proposal=Proposal(title=item.title, body=item.body, path=evidence.path),
        workspace=item.workspace,
        evidence=evidence,
        page=Excerpt(workspace=item.workspace, path=evidence.path, text=text),
        quoted=(evidence.line, evidence.end_line),
        function=item.function,
    )
    disproof = disprove(Grounds(claim, search))
    return disproof is not None and disproof.reason in _MENDED
