"""How a model, and what it is shown, do on the faults of a workspace's own history."""

from __future__ import annotations

import msgspec


class PastFault(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that was mended soon: `lines` (from 1) of `path`, as they stood at `night`.

    `came` and `fixed` are commits; `night` is the commit that was checked out the night after,
    `at` that night in seconds since 1970. `subject` is the fix's.
    """

    came: str
    fixed: str
    night: str
    at: int
    path: str
    lines: tuple[int, ...]
    subject: str


class FaultOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one fault. `named` is None where no model was asked.

    `wrongly_refuted` counts claims that named the fault and were not kept; `wrongly_kept` those
    that were kept though their lines stood unchanged two weeks later.
    """

    fault: PastFault
    shown: bool
    prompt_tokens: int = 0
    named: bool | None = None
    kept: int = 0
    wrongly_kept: int = 0
    wrongly_refuted: int = 0
    failure: str | None = None


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """All of them together, as `eval --json` prints it."""

    workspace: str
    model: str | None = None
    faults: int = 0
    shown: int = 0
    named: int | None = None
    kept: int = 0
    wrongly_kept: int = 0
    wrongly_refuted: int = 0
    failed: int = 0
    outcomes: tuple[FaultOutcome, ...] = ()


def sum_up(workspace: str, model: str | None, outcomes: tuple[FaultOutcome, ...]) -> Evaluation:
    """The sums of single outcomes."""
    asked = [one for one in outcomes if one.named is not None]
    return Evaluation(
        workspace=workspace,
        model=model,
        faults=len(outcomes),
        shown=sum(one.shown for one in outcomes),
        named=sum(bool(one.named) for one in asked) if model else None,
        kept=sum(one.kept for one in asked),
        wrongly_kept=sum(one.wrongly_kept for one in asked),
        wrongly_refuted=sum(one.wrongly_refuted for one in asked),
        failed=sum(one.failure is not None for one in outcomes),
        outcomes=outcomes,
    )
