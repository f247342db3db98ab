"""What is left of several answers, as if it had been one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from daydreamd.insights.judgement import Sifted


def joined(several: Sequence[Sifted]) -> Sifted:
    """All claims in the order of the answers, under keys that are unique among them.

    What was said again in one answer is not addressed, whatever the others left out.
    """
    if len(several) == 1:
        return several[0]
    gone = [{item.id for item in one.addressed} for one in several]
    addressed = set.intersection(*gone) if gone else set()
    items = {item.id: item for one in several for item in (*one.still_open, *one.addressed)}
    return Sifted(
        session_id=several[0].session_id if several else "",
        proposed=sum(one.proposed for one in several),
        claims=tuple(
            msgspec.structs.replace(claim, key=f"{number}.{claim.key}")
            for number, one in enumerate(several)
            for claim in one.claims
        ),
        recurring=tuple({item.id: item for one in several for item in one.recurring}.values()),
        still_open=tuple(item for name, item in items.items() if name not in addressed),
        addressed=tuple(item for name, item in items.items() if name in addressed),
        dropped=tuple(drop for one in several for drop in one.dropped),
    )
