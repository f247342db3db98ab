"""Insights in the history: counted when said again, gone once dismissed, found by their id."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from daydreamd.errors import HistoryError
from daydreamd.history.store import open_history
from daydreamd.records.insight import Survived
from tests.integration.insight_items import an_item


async def test_insights_said_again_are_counted_and_opened(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        (first,) = await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        assert await history.record_insights("s2", [], paths={}, recurring=[first.id]) == []
        (known,) = await history.known_insights("/w/shop")
        assert (known.status, known.times_seen) == ("open", 2)
        assert (known.first_session, known.last_session) == ("s1", "s2")
        assert known.first_seen < known.last_seen
        assert known.evidence == first.evidence
        assert await history.known_insights("/w/other") == []


async def test_an_insight_whose_lines_changed_is_addressed_and_opens_when_seen_again(
    tmp_path: Path,
) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        await history.record_insights("s2", [], paths={}, addressed={"a3f": "4be1f02"})
        known = await history.insight("a3")
        assert (known.status, known.addressed_by) == ("addressed", "4be1f02")
        await history.record_insights("s3", [], paths={}, recurring=["a3f"])
        assert (await history.insight("a3f")).status == "open"


async def test_a_dismissed_insight_stays_dismissed(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        await history.record_insights("s1", [an_item()], paths={"shop": "/w/shop"})
        assert (await history.set_insight_status("a3f", "dismissed")).status == "dismissed"
        await history.record_insights("s2", [], paths={}, recurring=["a3f"], addressed=["a3f"])
        assert (await history.insight("a3f")).status == "dismissed"
        with pytest.raises(HistoryError, match="write one of"):
            await history.set_insight_status("a3f", "gone")


async def test_ids_are_short_unique_and_found_by_their_beginning(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        items = [an_item(title=f"Number {n}", name="") for n in range(300)]
        stored = await history.record_insights("s1", items, paths={"shop": "/w/shop"})
        ids = [item.id for item in stored]
        assert len(set(ids)) == 300
        assert set(map(len, ids)) <= {3, 4, 5}
        for item in stored:
            assert (await history.insight(item.id)).title == item.title
        (again,) = await history.record_insights("s2", [an_item(name=ids[0])], paths={})
        assert again.id not in ids
        with pytest.raises(HistoryError, match="write more of it"):
            await history.insight(
                next(i for i in "0123456789abcdef" if sum(x[0] == i for x in ids) > 1)
            )
        with pytest.raises(HistoryError, match="cannot find insight 'zzz'"):
            await history.insight("zzz")
        with pytest.raises(HistoryError, match="cannot find insight '%'"):
            await history.insight("%")


async def test_insights_are_searched(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        items = [an_item(), an_item(title="Two price formats", name="b07")]
        await history.record_insights("s1", items, paths={"shop": "/w/shop"})
        await history.set_insight_status("b07", "accepted")
        assert [i.id for i in await history.insights(search="PRICE")] == ["b07"]
        assert [i.id for i in await history.insights(status="standing")] == ["a3f"]
        assert [i.id for i in await history.insights(status="accepted")] == ["b07"]


async def test_what_is_over_the_limit_waits_for_the_next_session(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        paths = {"shop": "/w/shop", "api": "/w/api"}
        waiting = [an_item(title="First"), an_item(title="Second")]
        await history.record_insights("s1", [], paths=paths, waiting=waiting)
        assert await history.waiting_claims("/w/shop") == waiting
        assert await history.waiting_claims("/w/api") == []
        await history.record_insights("s2", [], paths={"api": "/w/api"}, waiting=[])
        assert await history.waiting_claims("/w/shop") == waiting, "another workspace's session"
        await history.record_insights("s3", waiting[:1], paths=paths, waiting=waiting[1:])
        assert await history.waiting_claims("/w/shop") == waiting[1:]
        assert await history.insights(search="Second") == [], "it has not been told yet"


async def test_an_insight_keeps_what_it_is_about_and_where_that_lies_now(tmp_path: Path) -> None:
    async with open_history(tmp_path / "history.db") as history:
        item = replace(an_item(), function="Client.charge", survived=Survived(searches=2))
        await history.record_insights("s1", [item], paths={"shop": "/w/shop"})
        (known,) = await history.known_insights("/w/shop")
        assert (known.function, known.survived) == ("Client.charge", Survived(searches=2))
        moved = replace(known, evidence=(replace(known.evidence[0], path="pay/client.py"),))
        await history.record_insights("s2", [], paths={}, moved=[moved])
        (after,) = await history.known_insights("/w/shop")
        assert after.evidence == moved.evidence
        assert (after.title, after.status, after.times_seen) == (known.title, "new", 1)
