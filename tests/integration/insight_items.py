"""An insight as a session would record it."""

from __future__ import annotations

from daydreamd.records.insight import Evidence, InsightItem


def an_item(title: str = "The retry loop hides time-outs", name: str = "a3f") -> InsightItem:
    evidence = Evidence(path="payments/client.py", line=88, end_line=97, quote="except Exception:")
    return InsightItem(
        id=name, workspace="shop", title=title, body="…", category="quality",
        evidence=(evidence,), grounded=True,
    )  # fmt: skip
