"""Claims whose truth is known, made from the code that a session is about.

Of each changed line two claims come: the same statement about the changed code, where it is true,
and about the code as it is, where it is false. A judge that goes by the tone of a claim, or says
the same to all, gets half of them wrong. Where the code at hand has too few lines to change, lines
of our own stand in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from daydreamd.records.claims import Claim, KnownClaim, Passage
from daydreamd.reflection.refuting.mutations import Mutation, mutations
from daydreamd.reflection.refuting.own_lines import OWN_LINES

_BEFORE: Final = 8
_AFTER: Final = 6
_MOST_LINES: Final = 4_000


def known_claims(
    passages: Sequence[Passage], count: int, *, rng: random.Random
) -> list[KnownClaim]:
    """At most `count` claims, true and false ones mixed, those about `passages` before ours.

    As many true ones as false ones are among any even number of them from the front.
    """
    found = list(islice(_pairs(passages, rng), (count + 1) // 2))
    if missing := (count + 1) // 2 - len(found):
        found += islice(_pairs(OWN_LINES, rng), missing)
    claims: list[KnownClaim] = []
    for pair in found:
        claims += rng.sample(pair, 2)
    return claims[:count]


def _pairs(
    passages: Sequence[Passage], rng: random.Random
) -> Iterator[tuple[KnownClaim, KnownClaim]]:
    """A true and a false claim of each line that can be changed; kinds of change in turn."""
    by_kind: dict[str, list[tuple[Passage, int, Mutation]]] = {}
    seen: set[str] = set()
    for passage in passages:
        for at, line in enumerate(passage.text.split("\n")[:_MOST_LINES]):
            for mutation in mutations(line, passage.path):
                if mutation.title not in seen:  # the same line twice is no second witness
                    seen.add(mutation.title)
                    kind = mutation.title.split("`")[0] + mutation.title.split("`")[-1]
                    by_kind.setdefault(kind, []).append((passage, at, mutation))
    kinds = [rng.sample(places, len(places)) for places in by_kind.values()]
    rng.shuffle(kinds)
    while kinds := [places for places in kinds if places]:
        for places in kinds:
            yield _pair(*places.pop())


def _pair(passage: Passage, at: int, mutation: Mutation) -> tuple[KnownClaim, KnownClaim]:
    lines = passage.text.split("\n")
    changed = [*lines[:at], mutation.line, *lines[at + 1 :]]
    return (
        KnownClaim(claim=_claim(passage, at, mutation, changed, "true"), is_true=True),
        KnownClaim(claim=_claim(passage, at, mutation, lines, "false"), is_true=False),
    )


def _claim(passage: Passage, at: int, mutation: Mutation, lines: list[str], truth: str) -> Claim:
    first = max(0, at - _BEFORE)
    number = passage.first_line + at
    shown = Passage(
        kind="function",
        path=passage.path,
        first_line=passage.first_line + first,
        text="\n".join(lines[first : at + _AFTER + 1]),
    )
    return Claim(
        key=f"known {truth} {passage.path}:{number} {mutation.title}",
        workspace="",
        title=mutation.title,
        body=mutation.body,
        path=passage.path,
        line=number,
        end_line=number,
        passages=(shown,),
    )
