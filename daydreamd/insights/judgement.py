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

from daydreamd.insights.novelty import from_excerpts, short_id
from daydreamd.insights.proposals import read_answer
from daydreamd.insights.rechecking import OPEN, STANDING, IsAddressed, recheck
from daydreamd.insights.relocation import CurrentText, RenamedTo, relocate
from daydreamd.insights.sieve import Dropped, Sieve, as_item, drop
from daydreamd.insights.verification import Checked, Reason, verify
from daydreamd.insights.workspace_search import Search, search_excerpts
from daydreamd.records.insight import AnyInsight, InsightItem, RefusedClaim, Survived
from daydreamd.records.workspace import Excerpt
from daydreamd.text import one_line

_MOST_WAITING = 12


class Sifted(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of an answer once it was held against the code and against what is known.

    `claims` are new and in the order of the answer, most important first. `recurring` were said
    again; `still_open` are all that stand as before, those included; `addressed` cite lines that
    have changed since, and `mended` are the ids of those of which that is more than a guess.
    `moved` stand elsewhere now, and `waiting` were over the limit in an earlier session.
    """

    session_id: str = ""
    proposed: int = 0
    claims: tuple[Checked, ...] = ()
    recurring: tuple[AnyInsight, ...] = ()
    still_open: tuple[AnyInsight, ...] = ()
    addressed: tuple[AnyInsight, ...] = ()
    mended: frozenset[str] = frozenset()
    moved: tuple[AnyInsight, ...] = ()
    waiting: tuple[InsightItem, ...] = ()
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
    def falls(self) -> bool:
        """Whether the claim is not to be kept."""

    @property
    def looks(self) -> int: ...

    @property
    def holds(self) -> int: ...

    def reason(self) -> str:
        """In a few words: `refuted by two of three looks`."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an answer.

    `new` is to be recorded, and `waiting` to be kept for the next session: it was over the limit.
    `recurring` were said again just now; `still_open` are all that stand as before, those included;
    `addressed` cite lines that have changed since, and `mended` are the ids of those of which that
    is more than a guess. `moved` stand elsewhere now. `silenced` says which rules are not heard.
    """

    session_id: str = ""
    proposed: int = 0
    new: tuple[InsightItem, ...] = ()
    waiting: tuple[InsightItem, ...] = ()
    recurring: tuple[AnyInsight, ...] = ()
    still_open: tuple[AnyInsight, ...] = ()
    addressed: tuple[AnyInsight, ...] = ()
    mended: frozenset[str] = frozenset()
    moved: tuple[AnyInsight, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    silenced: tuple[str, ...] = ()

    def summary(self) -> str:
        """`7 proposed, 3 kept: 2 cited lines that do not exist, 1 said before, 1 misquoted`."""
        if not self.proposed:
            return "the answer proposed nothing"
        kept = f"{self.proposed} proposed, {len(self.new) or 'none'} kept"
        return f"{kept}: {self.reasons()}" if self.dropped else kept

    def refused(self) -> list[RefusedClaim]:
        """What is not kept, as the session remembers it."""
        return [
            RefusedClaim(
                title=one.title,
                path=one.path,
                line=one.line,
                reason=one.reason.value,
                decided_by=one_line(one.decided_by, limit=200),
            )
            for one in self.dropped
        ]

    def reasons(self) -> str:
        """`2 cited lines that do not exist, 1 misquoted`, most frequent first."""
        counts = Counter(one.reason for one in self.dropped)
        return ", ".join(f"{count} {reason}" for reason, count in counts.most_common())


def sift(  # noqa: PLR0913 - whom it may ask; all but the answer and its pages have defaults
    answer: str,
    *,
    excerpts: Sequence[Excerpt],
    search: Search | None = None,
    known: Sequence[AnyInsight] = (),
    session_id: str = "",
    current: CurrentText | None = None,
    renamed: RenamedTo | None = None,
    is_addressed: IsAddressed | None = None,
    waiting: Sequence[InsightItem] = (),
) -> Sifted:
    """Hold a model's answer against the code and what is known. Never raises, whatever it is.

    `search` looks through the workspaces, and `current` tells what a file holds now
    (`from_workspaces`); without them only the excerpts tell. `renamed` asks git where a file lies
    now, `is_addressed` whoever can judge that of lines that have changed. `waiting` were over the
    limit in an earlier session; those whose lines still stand come along.
    """
    proposals = read_answer(answer)
    search = search or search_excerpts(excerpts)
    current = current or from_excerpts(excerpts)
    seen = recheck(
        known,
        current=current,
        search=search,
        renamed=renamed,
        is_addressed=is_addressed,
    )
    sieve = Sieve(seen.known, search)
    for proposal in proposals:
        sieve.take(proposal, verify(proposal, excerpts))
    gone = seen.changed - sieve.recurring.keys()
    standing = [item for item in seen.known if item.status in STANDING]
    return Sifted(
        session_id=session_id,
        proposed=len(proposals),
        claims=tuple(sieve.claims),
        recurring=tuple(sieve.recurring.values()),
        still_open=tuple(item for item in standing if item.id not in gone),
        addressed=tuple(item for item in standing if item.id in gone and item.status in OPEN),
        mended=seen.mended & gone,
        moved=seen.moved,
        waiting=tuple(
            place.item
            for place in (relocate(item, current, search, renamed) for item in waiting)
            if place.state in ("there", "unknown") and not sieve.says(place.item)
        ),
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

    A claim without a verdict is as good as it was. What was waiting comes after the first claim of
    this session. `taken` are ids that are in use.
    """
    said = {verdict.key: verdict for verdict in verdicts}
    used = set(taken)
    dropped = list(sifted.dropped)
    kept: list[InsightItem] = []
    for claim in sifted.claims:
        verdict = said.get(claim.key)
        if verdict is not None and verdict.falls:
            reason = Reason.REFUTED if verdict.says == "refuted" else Reason.UNSETTLED
            refuted = drop(claim.proposal, reason, verdict.reason())
            dropped.append(msgspec.structs.replace(refuted, source=claim.source))
        else:
            kept.append(_item(claim, verdict, used))
    ranked = [*kept[:1], *sifted.waiting, *kept[1:]]
    for item in ranked[max_new:]:
        dropped += [_over_the_limit(item)] if item in kept else []
    return Judgement(
        session_id=sifted.session_id,
        proposed=sifted.proposed,
        new=tuple(ranked[:max_new]),
        # A rule finds again what it has found.
        waiting=tuple(item for item in ranked[max_new:] if not item.key)[:_MOST_WAITING],
        recurring=sifted.recurring,
        still_open=sifted.still_open,
        addressed=sifted.addressed,
        mended=sifted.mended,
        moved=sifted.moved,
        dropped=tuple(dropped),
    )


def _over_the_limit(item: InsightItem) -> Dropped:
    evidence = item.evidence[0]
    return Dropped(
        reason=Reason.TOO_MANY,
        title=item.title,
        path=evidence.path,
        line=evidence.line,
        source=item.source,
    )


def _item(claim: Checked, verdict: SaidOfClaim | None, used: set[str]) -> InsightItem:
    """The insight that a claim has become, under an id that it puts among those `used`."""
    name = short_id(claim, used)
    used.add(name)
    looks, holds = (verdict.looks, verdict.holds) if verdict else (0, 0)
    survived = Survived(searches=claim.searches, looks=looks, holds=holds)
    return msgspec.structs.replace(as_item(claim), id=name, survived=survived)
