"""What one prompt of a reflection is about, who is asked, and what was answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from daydreamd.records.claims import Claim
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.composition import Material


@dataclass(frozen=True)
class Portion:
    """A workspace's share of a reflection. With no names, the model of the session is asked.

    All of `proposers` propose. `refuter` judges what they say; without one, each is judged by the
    next proposer, which is itself where there is no other.
    """

    material: Material
    proposers: tuple[str, ...] = ()
    refuter: str = ""

    @property
    def workspaces(self) -> list[str]:
        """The names of what it is about."""
        return list(self.material.workspace_analysis)

    def judge_of(self, proposer: str) -> str:
        """Who judges what this model has proposed."""
        if self.refuter:
            return self.refuter
        if proposer not in self.proposers:
            return proposer
        return self.proposers[(self.proposers.index(proposer) + 1) % len(self.proposers)]


@dataclass(frozen=True)
class Answered:
    """One model's answer about one portion: `text` is the answer and nothing else.

    `excerpts` are those that the model saw, as it saw them: the only text it may cite.
    """

    text: str
    excerpts: tuple[Excerpt, ...]
    model: str = ""
    is_partial: bool = False


ClaimsOf = Callable[[Sequence[Answered]], Awaitable[Sequence[Claim]]]
"""The claims of these answers that are worth a second look, the most important first."""
