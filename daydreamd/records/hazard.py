"""What will hurt if nobody looks: told once when it appears, and once when it is over."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

HazardKind = Literal["disk", "lock", "port", "output"]


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """`subject` with `kind` tells one from another; `what` is a sentence, `advice` what to do."""

    kind: HazardKind
    subject: str
    what: str
    advice: str
    since: datetime
