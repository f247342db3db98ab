"""The door: one claim, held against all that can be known of the code without a model."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from daydreamd.insights.disproving.empty_claims import disprove_empty
from daydreamd.insights.disproving.grounds import Disproof, Grounds
from daydreamd.insights.disproving.handled_claims import disprove_condition, disprove_unhandled
from daydreamd.insights.disproving.misplaced_claims import disprove_names, disprove_place
from daydreamd.insights.disproving.missing_claims import disprove_missing
from daydreamd.insights.disproving.unused_claims import disprove_untested, disprove_unused
from daydreamd.insights.disproving.value_claims import disprove_value
from daydreamd.insights.verification import Reason

_FROM_OUTSIDE: Final = re.compile(
    r"\b(?:user[- ](?:input|controlled|supplied|provided)|untrusted|attackers?|malicious|"
    r"tainted)\b",
    re.IGNORECASE,
)
_ENVIRONMENT: Final = re.compile(
    r"\bos\.(?:environ|getenv)|\bgetenv\(|\bprocess\.env\b|\bENV\[|\bos\.Getenv\(|\benv::var|"
    r"\bSystem\.getenv"
)
_SECRET: Final = re.compile(
    r"\bhard-?coded (?:\w+ )?(?:password|secret|credential|token|api key|key)s?|\b(?:password|"
    r"secret|credential|token)s? (?:is|are) hard-?coded",
    re.IGNORECASE,
)


def _disprove_shape(grounds: Grounds) -> Disproof | None:
    """Shapes of false alarms that are known: the environment as an attacker, tests as source."""
    said = grounds.claim.said
    if _FROM_OUTSIDE.search(said) and _ENVIRONMENT.search(grounds.cited):
        return Disproof(Reason.GENERIC, "the environment is the owner's own")
    if grounds.is_test and _SECRET.search(said):
        return Disproof(Reason.GENERIC, "made up for a test")
    return None


_DISPROVERS: Final[tuple[Callable[[Grounds], Disproof | None], ...]] = (
    disprove_empty,
    _disprove_shape,
    disprove_unused,
    disprove_untested,
    disprove_missing,
    disprove_unhandled,
    disprove_condition,
    disprove_value,
    disprove_place,
    disprove_names,
)


def disprove(grounds: Grounds) -> Disproof | None:
    """What shows a claim to be false or empty; None where nothing does."""
    return next(filter(None, (disprover(grounds) for disprover in _DISPROVERS)), None)
