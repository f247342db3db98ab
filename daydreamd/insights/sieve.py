"""The sieve: proposals held against code, workspace and what was said before, one by one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from daydreamd.insights.code_shape import mark_of
from daydreamd.insights.disproving.disproof import disprove
from daydreamd.insights.disproving.grounds import Disproof, Grounds
from daydreamd.insights.novelty import find_known
from daydreamd.insights.verification import Checked, Reason
from daydreamd.insights.workspace_search import Search
from daydreamd.records.answer import Proposal
from daydreamd.records.insight import AnyInsight, InsightItem
from daydreamd.text import one_line


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that is not kept, and why; `decided_by` is what decided, where something did."""

    reason: Reason
    title: str
    path: str
    line: int
    decided_by: str = ""


class Sieve:
    """Puts proposals where they belong, one after the other.

    `claims` are those that hold and are new, `recurring` what was said again, by its id.
    """

    def __init__(self, known: Sequence[AnyInsight], search: Search) -> None:
        self._known = known
        self._search = search
        self.claims: list[Checked] = []
        self.recurring: dict[str, AnyInsight] = {}
        self.dropped: list[Dropped] = []

    def take(self, proposal: Proposal, result: Checked | Reason) -> None:
        refusal = Disproof(result) if isinstance(result, Reason) else self._sift(result)
        if refusal is not None:
            self.dropped.append(drop(proposal, *refusal))

    def _sift(self, claim: Checked) -> Disproof | None:
        grounds = Grounds(claim, self._search)
        if disproof := disprove(grounds):
            return disproof
        found = msgspec.structs.replace(
            claim,
            function=grounds.function_name,
            searches=grounds.searches,
            mark=mark_of(grounds.function_whole, grounds.path) if grounds.function else "",
        )
        reason = self._place(found)
        return Disproof(reason) if reason else None

    def says(self, item: InsightItem) -> bool:
        """Whether a claim of this session, or what is known, says what `item` says."""
        return any(find_known(claim, [item]) for claim in self.claims) or any(
            (known.title, known.evidence) == (item.title, item.evidence) for known in self._known
        )

    def _place(self, checked: Checked) -> Reason | None:
        before = find_known(checked, self._known)
        if before is not None and before.status == "dismissed":
            return Reason.DISMISSED
        if before is not None:
            self.recurring[before.id] = before
            return Reason.SAID_BEFORE
        if find_known(checked, [as_item(claim) for claim in self.claims]):
            return Reason.SAID_BEFORE
        self.claims.append(msgspec.structs.replace(checked, key=str(len(self.claims))))
        return None


def drop(proposal: Proposal, reason: Reason, decided_by: str = "") -> Dropped:
    """A proposal that is not kept."""
    path = one_line(proposal.path, limit=200)
    return Dropped(
        reason=reason, title=proposal.title, path=path, line=proposal.line, decided_by=decided_by
    )


def as_item(claim: Checked) -> InsightItem:
    """The insight that a claim would be; it has no id yet."""
    proposal = claim.proposal
    return InsightItem(
        id="",
        workspace=claim.workspace,
        title=proposal.title,
        body=proposal.body,
        category=proposal.category,
        evidence=(claim.evidence,),
        grounded=True,
        function=claim.function,
        mark=claim.mark,
    )
