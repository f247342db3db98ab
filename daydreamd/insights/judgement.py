"""The judge: of what a model proposed, what is true of the code, new, and worth keeping.

Pure but for the files it may look into to see whether old insights were addressed. Every proposal
that is not kept is counted with its reason. Nothing is recorded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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
from daydreamd.records.insight import AnyInsight, InsightItem
from daydreamd.records.workspace import Excerpt
from daydreamd.text import one_line

_OPEN = frozenset({"new", "open"})
_STANDING = _OPEN | {"accepted"}


class Dropped(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that is not kept, and why."""

    reason: Reason
    title: str
    path: str
    line: int


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
    """Judge a model's answer. Never raises, whatever `answer` is.

    `current` tells what a file holds now (`from_workspaces`); without it only the excerpts tell.
    `taken` are ids in use besides those of `known`.
    """
    proposals = read_answer(answer)
    standing = [item for item in known if item.status in _STANDING]
    current = current or from_excerpts(excerpts)
    sorting = _Sorting(known, {*taken, *(item.id for item in known)}, max_new)
    for proposal in proposals:
        sorting.take(proposal, verify(proposal, excerpts))
    gone = {item.id for item in standing if is_addressed(item, current)} - sorting.recurring.keys()
    return Judgement(
        session_id=session_id,
        proposed=len(proposals),
        new=tuple(sorting.new),
        recurring=tuple(sorting.recurring.values()),
        still_open=tuple(item for item in standing if item.id not in gone),
        addressed=tuple(item for item in standing if item.id in gone and item.status in _OPEN),
        dropped=tuple(sorting.dropped),
    )


class _Sorting:
    """Puts checked proposals where they belong, one after the other."""

    def __init__(self, known: Sequence[AnyInsight], taken: set[str], max_new: int) -> None:
        self._known = known
        self._taken = taken
        self._max_new = max_new
        self.new: list[InsightItem] = []
        self.recurring: dict[str, AnyInsight] = {}
        self.dropped: list[Dropped] = []

    def take(self, proposal: Proposal, result: Checked | Reason) -> None:
        reason = result if isinstance(result, Reason) else self._place(result)
        if reason is not None:
            path = one_line(proposal.path, limit=200)
            self.dropped.append(
                Dropped(reason=reason, title=proposal.title, path=path, line=proposal.line)
            )

    def _place(self, checked: Checked) -> Reason | None:
        before = find_known(checked, (*self._known, *self.new))
        if before is not None:
            if before.status == "dismissed":
                return Reason.DISMISSED
            if all(before is not item for item in self.new):
                self.recurring[before.id] = before
            return Reason.SAID_BEFORE
        if len(self.new) >= self._max_new:
            return Reason.TOO_MANY
        name = short_id(checked, self._taken)
        self._taken.add(name)
        self.new.append(_item(checked, name))
        return None


def _item(checked: Checked, name: str) -> InsightItem:
    proposal = checked.proposal
    return InsightItem(
        id=name,
        workspace=checked.workspace,
        title=proposal.title,
        body=proposal.body,
        category=proposal.category,
        evidence=(checked.evidence,),
        grounded=True,
    )
