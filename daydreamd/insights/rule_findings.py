"""What rules found, taken in beside what a model proposed: under the same limit, never twice.

A candidate is true by construction and cites the lines that its rule has read, so it needs no
check; whether it was said before is asked by its key. A rule that does not pay is not heard.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from daydreamd.insights.judgement import Sifted
from daydreamd.insights.novelty import find_known
from daydreamd.insights.verification import Checked
from daydreamd.records.answer import Proposal
from daydreamd.records.candidate import Candidate
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.insight import AnyInsight, Evidence
from daydreamd.records.insight_stats import SourceCounts
from daydreamd.records.workspace import Excerpt
from daydreamd.text import visible

_FIRST: Final = "bug"


def take_in(
    sifted: Sifted,
    workspaces: Mapping[str, WorkspaceFacts],
    *,
    known: Sequence[AnyInsight],
    silent: Collection[str] = (),
    most: int,
) -> Sifted:
    """`sifted` with at most `most` new findings of rules among its claims.

    Those that break something come before what the model claims, the others after it.
    """
    claims = [claim for name, facts in workspaces.items() for claim in _claims(name, facts, silent)]
    new: list[Checked] = []
    said = {item.key: item for item in known if item.key}
    recurring: dict[str, AnyInsight] = {item.id: item for item in sifted.recurring}
    for claim in claims:
        before = said.get(claim.key) or _said_by_a_model(claim, known)
        if before is None:
            new.append(claim)
        elif before.status != "dismissed":
            recurring[before.id] = before
    chosen = [claim for claim in new if not _is_among(claim, sifted.claims)][:most]
    first = [claim for claim in chosen if claim.proposal.category == _FIRST]
    rest = [claim for claim in chosen if claim.proposal.category != _FIRST]
    standing = recurring.keys() & {item.id for item in sifted.addressed}
    return msgspec.structs.replace(
        sifted,
        proposed=sifted.proposed + len(chosen),
        claims=(*first, *sifted.claims, *rest),
        recurring=tuple(recurring.values()),
        still_open=(
            *sifted.still_open,
            *(item for item in sifted.addressed if item.id in standing),
        ),
        addressed=tuple(item for item in sifted.addressed if item.id not in standing),
    )


def silenced(counts: Mapping[str, SourceCounts]) -> frozenset[str]:
    """The rules whose findings were dismissed, and hardly ever acted on."""
    return frozenset(rule for rule, one in counts.items() if not one.pays)


def say_silenced(rules: Iterable[str], counts: Mapping[str, SourceCounts]) -> Iterator[str]:
    """A sentence for each rule that is silent from now on."""
    for rule in sorted(rules):
        one = counts.get(rule, SourceCounts())
        acted_on = one.accepted + one.changed_within_14_days
        yield (
            f"The rule `{rule}` is silent from now on: of {one.kept} findings you dismissed "
            f"{one.dismissed} and acted on {acted_on}. Accepting one brings it back."
        )


def _claims(workspace: str, facts: WorkspaceFacts, silent: Collection[str]) -> Iterator[Checked]:
    commit = (facts.git.head if facts.git else None) or ""
    for candidate in facts.candidates:
        if candidate.source not in silent:
            yield _claim(workspace, candidate, commit)


def _claim(workspace: str, candidate: Candidate, commit: str) -> Checked:
    quote = visible(candidate.quote)
    return Checked(
        proposal=Proposal(
            title=candidate.title,
            body=candidate.body,
            category=candidate.category,
            path=candidate.path,
            line=candidate.line,
            end_line=candidate.end_line,
            quote=quote,
        ),
        workspace=workspace,
        evidence=Evidence(
            path=candidate.path,
            line=candidate.line,
            end_line=candidate.end_line,
            quote=quote,
            commit=commit,
            verified=True,
        ),
        page=Excerpt(
            workspace=workspace,
            path=candidate.path,
            text=quote,
            first_line=candidate.line,
            commit=commit,
        ),
        quoted=(candidate.line, candidate.end_line),
        key=candidate.key,
        source=candidate.source,
    )


def _said_by_a_model(claim: Checked, known: Iterable[AnyInsight]) -> AnyInsight | None:
    """What a model has said of the same lines; among rules only the key tells."""
    return find_known(claim, (item for item in known if not item.key))


def _is_among(claim: Checked, claims: Iterable[Checked]) -> bool:
    """Whether the model claims something of the very lines that the rule speaks of."""
    return any(
        one.workspace == claim.workspace
        and one.evidence.path == claim.evidence.path
        and one.evidence.line <= claim.evidence.line <= one.evidence.end_line
        and one.proposal.category == claim.proposal.category
        for one in claims
    )
