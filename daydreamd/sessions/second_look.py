"""Between the proposals and the report: which claims are looked at again, and what follows.

Joins three rooms that do not know each other: reflection asks, the judge of insights sifts and
settles, and a search of the workspaces brings what may refute a claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from daydreamd.host.threads import in_spare_thread
from daydreamd.records.claims import Claim, ClaimVerdict, Passage, Says, SettledClaim, ShownLine
from daydreamd.sessions.passages import CodeSearch, with_passages
from daydreamd.text import one_line

if TYPE_CHECKING:
    from daydreamd.insights.judgement import Judgement, Sifted
    from daydreamd.insights.verification import Checked
    from daydreamd.reflection.reflecting import Answered, Reflection
    from daydreamd.sessions.findings import Recalled
    from daydreamd.sessions.recollection import Recollection

_MOST_CLAIMS: Final = 9
"""Claims of a session that are looked at again: three of each of three workspaces."""
_NEAR_LINES: Final = 3


class SecondLook:
    """The second look at what one session's models have said."""

    def __init__(self, recollection: Recollection, recalled: Recalled, session_id: str) -> None:
        self._recollection = recollection
        self._recalled = recalled
        self._session_id = session_id
        self._sifted: Sifted | None = None
        self._claims: dict[str, Claim] = {}

    async def claims_of(self, answers: Sequence[Answered]) -> Sequence[Claim]:
        """The claims of these answers that stand so far, with what may refute them."""
        sifted = await self._recollection.sift(answers, self._recalled, self._session_id)
        self._sifted = in_turn(sifted, answers)
        chosen = self._sifted.claims[:_MOST_CLAIMS]
        search = self._recollection.search(answers)
        claims = await in_spare_thread(partial(_with_code, chosen, answers, search))
        self._claims = {claim.key: claim for claim in claims}
        return claims

    async def judgement(self, reflection: Reflection | None, *, max_new: int) -> Judgement:
        """What is kept, once all that was said of the claims is known."""
        if self._sifted is None:  # there was no second look, or no time to begin one
            answers = reflection.answers if reflection else ()
            self._sifted = in_turn(
                await self._recollection.sift(answers, self._recalled, self._session_id), answers
            )
        verdicts = reflection.verdicts if reflection else ()
        sifted = ranked(self._sifted, verdicts)
        return await self._recollection.settle(sifted, verdicts, max_new=max_new)

    def settled(self, verdicts: Sequence[ClaimVerdict]) -> list[SettledClaim]:
        """Each claim that was to be looked at, and what came of it, for the session's record."""
        found = ((self._claims.get(verdict.key), verdict) for verdict in verdicts)
        return [_settled(claim, verdict) for claim, verdict in found if claim is not None]


def ranked(sifted: Sifted, verdicts: Sequence[ClaimVerdict]) -> Sifted:
    """The claims that were borne out before those of which nobody could tell."""
    held = {verdict.key for verdict in verdicts if verdict.says is Says.HOLDS}
    claims = sorted(sifted.claims, key=lambda claim: claim.key not in held)
    return msgspec.structs.replace(sifted, claims=tuple(claims))


def in_turn(sifted: Sifted, answers: Sequence[Answered]) -> Sifted:
    """What several models say first and once, then the first claims of all workspaces, and so on.

    A model names what it holds most important first.
    """
    kept: list[Checked] = []
    agreeing: Counter[str] = Counter()
    for claim in sifted.claims:
        same = next((one for one in kept if _same_lines(one, claim)), None)
        if same is None or proposer_of(same, answers) == proposer_of(claim, answers):
            kept.append(claim)
        else:
            agreeing[same.key] += 1
    seen: Counter[str] = Counter()
    places: dict[str, int] = {}
    for claim in kept:
        places[claim.key] = seen[claim.workspace]
        seen[claim.workspace] += 1
    kept.sort(key=lambda claim: (-agreeing[claim.key], places[claim.key]))
    return msgspec.structs.replace(sifted, claims=tuple(kept))


def _same_lines(one: Checked, other: Checked) -> bool:
    a, b = one.evidence, other.evidence
    near = a.line - _NEAR_LINES <= b.end_line and b.line <= a.end_line + _NEAR_LINES
    return (one.workspace, a.path) == (other.workspace, b.path) and near


def proposer_of(claim: Checked, answers: Sequence[Answered]) -> str:
    """The model that said it: keys begin with the number of the answer where there are several."""
    number, dot, _ = claim.key.partition(".")
    if dot and number.isdecimal() and int(number) < len(answers):
        return answers[int(number)].model
    return answers[0].model if len(answers) == 1 else ""


def _with_code(
    chosen: Sequence[Checked], answers: Sequence[Answered], search: CodeSearch
) -> list[Claim]:
    return [
        with_passages(_as_claim(one, answers), search, shown=_shown(one, answers)) for one in chosen
    ]


def _as_claim(checked: Checked, answers: Sequence[Answered]) -> Claim:
    return Claim(
        key=checked.key,
        workspace=checked.workspace,
        title=checked.proposal.title,
        body=checked.proposal.body,
        path=checked.evidence.path,
        line=checked.evidence.line,
        end_line=checked.evidence.end_line,
        proposed_by=proposer_of(checked, answers),
    )


def _shown(checked: Checked, answers: Sequence[Answered]) -> Passage:
    """What its model saw of the lines in question: all there is where the file cannot be read."""
    evidence = checked.evidence
    for answer in answers:
        for one in answer.excerpts:
            last = one.first_line + one.text.count("\n")
            is_it = (one.workspace, one.path) == (checked.workspace, evidence.path)
            if is_it and one.first_line <= evidence.line <= last:
                return Passage(
                    kind="function", path=one.path, text=one.text, first_line=one.first_line
                )
    return Passage(
        kind="function", path=evidence.path, text=evidence.quote, first_line=evidence.line
    )


def _settled(claim: Claim, verdict: ClaimVerdict) -> SettledClaim:
    decided_by = verdict.decided_by
    if decided_by is not None:
        text = one_line(decided_by.text, limit=200)
        decided_by = ShownLine(path=decided_by.path, line=decided_by.line, text=text)
    return SettledClaim(
        workspace=claim.workspace,
        title=one_line(claim.title, limit=200),
        path=claim.path,
        line=claim.line,
        says=verdict.says,
        reason=verdict.reason(),
        looks=verdict.looks,
        holds=verdict.holds,
        decided_by=decided_by,
    )
