"""The screen of `daydreamd eval`: a line for each fault, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from daydreamd.records.trial_results import Evaluation, FaultOutcome
from daydreamd.text import one_line
from daydreamd.units import say_count


def say_evaluation(evaluation: Evaluation) -> Iterator[str]:
    """Each fault with what came of it, then the sums."""
    if not evaluation.faults:
        yield "No fault was mended within two weeks of its coming: there is nothing to try on."
        return
    for outcome in evaluation.outcomes:
        yield _line(outcome)
    faults = say_count(evaluation.faults, "fault")
    yield f"\n{evaluation.shown} of {faults} shown" + _named(evaluation)
    if evaluation.named is not None:
        yield (
            f"{say_count(evaluation.kept, 'claim')} kept, {evaluation.wrongly_kept} of lines that "
            f"stood unchanged two weeks later; {evaluation.wrongly_refuted} refuted wrongly"
        )
    if evaluation.failed:
        failed = say_count(evaluation.failed, "fault")
        yield f"{failed} could not be tried; the same command goes on."


def _named(evaluation: Evaluation) -> str:
    if evaluation.named is None:
        return ", no model asked (--model names one)"
    return f", {evaluation.named} named by {one_line(evaluation.model or '', limit=60)}"


def _line(outcome: FaultOutcome) -> str:
    fault = outcome.fault
    day = f"{datetime.fromtimestamp(fault.at, UTC):%Y-%m-%d}"
    if outcome.failure:
        said = one_line(f"failed: {outcome.failure}", limit=60)
    else:
        said = "shown" if outcome.shown else "not shown"
        said += "" if outcome.named is None else ", named" if outcome.named else ", not named"
    place = one_line(f"{fault.path}:{fault.lines[0]}", limit=44)
    return f" {day}  {said:<16}  {place}  {one_line(fault.subject, limit=60)}"
