"""What became of all that was proposed, counted: by reason, by model, by rule."""

from __future__ import annotations

from typing import Final

import msgspec

MODEL: Final = "model"
"""The source of what a model proposed; any other source is a rule."""
_OFTEN_ENOUGH: Final = 3
_LONG_ENOUGH: Final = 12


class SourceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the proposals of one model or one rule.

    `kept` reached the reader; `changed_within_14_days` are those whose lines have changed so soon.
    """

    proposed: int = 0
    kept: int = 0
    accepted: int = 0
    dismissed: int = 0
    changed_within_14_days: int = 0

    @property
    def pays(self) -> bool:
        """Whether it is worth its reader's time, as far as is known.

        It is not where findings are dismissed and hardly any acted on, or very many left alone.
        """
        acted_on = self.accepted + self.changed_within_14_days
        if self.kept >= _LONG_ENOUGH and not acted_on:
            return False
        return self.dismissed < _OFTEN_ENOUGH or self.dismissed <= 2 * acted_on


class InsightStats(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of the whole history; `refuted` tells why proposals were not kept."""

    proposed: int = 0
    refuted: dict[str, int] = {}
    kept: int = 0
    accepted: int = 0
    dismissed: int = 0
    changed_within_14_days: int = 0
    by_model: dict[str, SourceCounts] = {}
    by_rule: dict[str, SourceCounts] = {}


class ProposalFate(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal that was not kept, and the reason, as people read it after a number."""

    source: str
    reason: str
    title: str
    path: str
    line: int
