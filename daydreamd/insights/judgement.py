"""The judge: of what a model proposed, what is true of the code, new, and worth keeping.

It has two doors. `sift` keeps the claims whose citation holds and that nothing in the workspace
refutes; between the doors others may look at each claim again; `settle` makes of what they said the
judgement that is recorded and told. Pure but for the files it may look into. Every proposal that is
not kept is counted with its reason. Nothing is recorded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from daydreamd.insights.novelty import (
    CurrentText,
    find_known,
    from_excerpts,
    is_addressed,
    short_id,
)
from daydreamd.insights.proposals import read_answer
from daydreamd.insights.verification import Checked, Reason, verify
from daydreamd.records.answer import Proposal
from daydreamd.records.insight import AnyInsight, InsightItem, Survived
from daydreamd.records.workspace import Excerpt
from daydreamd.text import one_line

_OPEN = frozenset({"new", "open"})
_STANDING = _OPEN | {"accepted"}


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that is not kept, and why; `decided_by` is what decided, where something did."""

    reason: Reason
    title: str
    path: str
    line: int
    decided_by: str = ""


class Sifted(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an answer once it was held against the code and against what is known.

    `claims` are new and in the order of the answer, most important first. `recurring` were said
    again; `still_open` are all that stand as before, those included; `addressed` cite lines that
    have changed since.
    """

    session_id: str = ""
    proposed: int = 0
    claims: tuple[Checked, ...] = ()
    recurring: tuple[AnyInsight, ...] = ()
    still_open: tuple[AnyInsight, ...] = ()
    addressed: tuple[AnyInsight, ...] = ()
    dropped: tuple[Dropped, ...] = ()


class SaidOfClaim(Protocol):
    """What somebody who looked at a claim again says of it.

    `says` is `holds`, `refuted` or `cannot tell`; `holds` of `looks` looks bore it out.
    """

    @property
    def key(self) -> str:
        """The `key` of the claim."""

    @property
    def says(self) -> str: ...

    @property
    def looks(self) -> int: ...

    @property
    def holds(self) -> int: ...

    def reason(self) -> str:
        """In a few words: `refuted by two of three looks`."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer.

    `new` is to be recorded. `recurring` were said again just now; `still_open` are all that stand
    as before, those included; `addressed` cite lines that have changed since.
    """

    session_id: str = ""
    proposed: int = 0
    new: tuple[InsightItem, ...] = ()
    recurring: tuple[AnyInsight, ...] = ()
    still_open: tuple[AnyInsight, ...] = ()
    addressed: tuple[AnyInsight, ...] = ()
    dropped: tuple[Dropped, ...] = ()

    def summary(self) -> str:
        """`7 proposed, 3 kept: 2 cited lines that do not exist, 1 said before, 1 misquoted`."""
        if not self.proposed:
            return "the answer proposed nothing"
        kept = f"{self.proposed} proposed, {len(self.new) or 'none'} kept"
        return f"{kept}: {self.reasons()}" if self.dropped else kept

    def reasons(self) -> str:
        """`2 cited lines that do not exist, 1 misquoted`, most frequent first."""
        counts = Counter(drop.reason for drop in self.dropped)
        return ", ".join(f"{count} {reason}" for reason, count in counts.most_common())


def judge(
    answer: str,
    *,
    excerpts: Sequence[Excerpt],
    known: Sequence[AnyInsight] = (),
    max_new: int,
    session_id: str = "",
    current: CurrentText | None = None,
    taken: Sequence[str] = (),
) -> Judgement:
    """Both doors at once, where nobody looks at the claims again."""
    sifted = sift(answer, excerpts=excerpts, known=known, session_id=session_id, current=current)
    return settle(sifted, max_new=max_new, taken=(*taken, *(item.id for item in known)))


def sift(
    answer: str,
    *,
    excerpts: Sequence[Excerpt],
    known: Sequence[AnyInsight] = (),
    session_id: str = "",
    current: CurrentText | None = None,
) -> Sifted:
    """Hold a model's answer against the code and what is known. Never raises, whatever it is.

    `current` tells what a file holds now (`from_workspaces`); without it only the excerpts tell.
    """
    proposals = read_answer(answer)
    standing = [item for item in known if item.status in _STANDING]
    current = current or from_excerpts(excerpts)
    sieve = _Sieve(known)
    for proposal in proposals:
        sieve.take(proposal, verify(proposal, excerpts))
    gone = {item.id for item in standing if is_addressed(item, current)} - sieve.recurring.keys()
    return Sifted(
        session_id=session_id,
        proposed=len(proposals),
        claims=tuple(sieve.claims),
        recurring=tuple(sieve.recurring.values()),
        still_open=tuple(item for item in standing if item.id not in gone),
        addressed=tuple(item for item in standing if item.id in gone and item.status in _OPEN),
        dropped=tuple(sieve.dropped),
    )


def settle(
    sifted: Sifted,
    *,
    verdicts: Iterable[SaidOfClaim] = (),
    max_new: int,
    taken: Iterable[str] = (),
) -> Judgement:
    """What is kept of the claims after `verdicts` on some of them, at most `max_new`.

    A claim without a verdict is as good as it was. `taken` are ids that are in use.
    """
    said = {verdict.key: verdict for verdict in verdicts}
    used = set(taken)
    new: list[InsightItem] = []
    dropped = list(sifted.dropped)
    for claim in sifted.claims:
        verdict = said.get(claim.key)
        if verdict is not None and verdict.says == "refuted":
            dropped.append(_dropped(claim.proposal, Reason.REFUTED, verdict.reason()))
        elif len(new) >= max_new:
            dropped.append(_dropped(claim.proposal, Reason.TOO_MANY))
        else:
            new.append(_item(claim, verdict, used))
    return Judgement(
        session_id=sifted.session_id,
        proposed=sifted.proposed,
        new=tuple(new),
        recurring=sifted.recurring,
        still_open=sifted.still_open,
        addressed=sifted.addressed,
        dropped=tuple(dropped),
    )


class _Sieve:
    """Puts checked proposals where they belong, one after the other."""

    def __init__(self, known: Sequence[AnyInsight]) -> None:
        self._known = known
        self.claims: list[Checked] = []
        self.recurring: dict[str, AnyInsight] = {}
        self.dropped: list[Dropped] = []

    def take(self, proposal: Proposal, result: Checked | Reason) -> None:
        reason = result if isinstance(result, Reason) else self._place(result)
        if reason is not None:
            self.dropped.append(_dropped(proposal, reason))

    def _place(self, checked: Checked) -> Reason | None:
        before = find_known(checked, self._known)
        if before is not None and before.status == "dismissed":
            return Reason.DISMISSED
        if before is not None:
            self.recurring[before.id] = before
            return Reason.SAID_BEFORE
        if find_known(checked, [_as_item(claim) for claim in self.claims]):
            return Reason.SAID_BEFORE
        self.claims.append(msgspec.structs.replace(checked, key=str(len(self.claims))))
        return None


def _dropped(proposal: Proposal, reason: Reason, decided_by: str = "") -> Dropped:
    path = one_line(proposal.path, limit=200)
    return Dropped(
        reason=reason, title=proposal.title, path=path, line=proposal.line, decided_by=decided_by
    )


def _item(claim: Checked, verdict: SaidOfClaim | None, used: set[str]) -> InsightItem:
    """The insight that a claim has become, under an id that it puts among those `used`."""
    name = short_id(claim, used)
    used.add(name)
    looks, holds = (verdict.looks, verdict.holds) if verdict else (0, 0)
    survived = Survived(searches=claim.searches, looks=looks, holds=holds)
    return msgspec.structs.replace(_as_item(claim), id=name, survived=survived)


def _as_item(claim: Checked) -> InsightItem:
    proposal = claim.proposal
    return InsightItem(
        id="",
        workspace=claim.workspace,
        title=proposal.title,
        body=proposal.body,
        category=proposal.category,
        evidence=(claim.evidence,),
        grounded=True,
    )
