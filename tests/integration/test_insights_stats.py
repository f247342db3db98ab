"""What became of all that was proposed, and a rule that its owner keeps dismissing."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from daydreamd.history.store import open_history
from daydreamd.insights.judgement import Sifted, settle
from daydreamd.insights.rule_findings import silenced, take_in
from daydreamd.records.candidate import Candidate
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.insight import KnownInsight
from daydreamd.records.insight_stats import ProposalFate
from tests.integration.insight_items import an_item
from tests.integration.world import World, git

AT = datetime(2026, 11, 22, 18, 46, tzinfo=UTC)
SWALLOWS = "\n\ndef f(x):\n    try:\n        save(x)\n    except Exception:\n        pass\n"


@pytest.fixture
async def history(tmp_path):
    async with open_history(tmp_path / "history.db") as opened:
        yield opened


def of_rule(name, number):
    item = an_item(f"finding {number} of {name}", f"{number:03x}")
    return msgspec.structs.replace(item, source=name, key=f"{name}{number}")


async def keep(history, items=(), **more):
    session = DaydreamSession.begin(Trigger.TIMER)
    await history.open_session(session)
    return await history.record_insights(
        session.session_id, items, paths={"shop": "/src/shop"}, **more
    )


async def test_what_was_kept_refuted_accepted_and_dismissed_is_counted(history):
    fates = [
        ProposalFate(source="model", reason="misquoted", title="t", path="a.py", line=1),
        ProposalFate(source="model", reason="misquoted", title="u", path="a.py", line=1),
        ProposalFate(source="ruff F821", reason="over the limit", title="v", path="a.py", line=1),
    ]
    kept = await keep(
        history,
        [an_item(), of_rule("ruff F821", 1), of_rule("typos", 2)],
        fates=fates,
        model="qwen",
    )
    await history.set_insight_status(kept[0].id, "accepted")
    await history.set_insight_status(kept[2].id, "dismissed")
    await keep(history, addressed=[kept[1].id])
    stats = await history.insight_stats()
    assert (stats.proposed, stats.kept, stats.accepted, stats.dismissed) == (6, 3, 1, 1)
    assert stats.refuted == {"misquoted": 2, "over the limit": 1}
    assert stats.changed_within_14_days == 1
    assert stats.by_model["qwen"].proposed == 3
    assert stats.by_rule["ruff F821"].changed_within_14_days == 1
    assert stats.by_rule["typos"].dismissed == 1


async def test_a_rule_whose_findings_are_dismissed_goes_silent_and_one_acted_on_does_not(history):
    for rule in ("ruff B006", "ruff F821"):
        kept = await keep(history, [of_rule(rule, number) for number in range(3)])
        for one in kept:
            await history.set_insight_status(one.id, "dismissed")
    kept = await keep(history, [of_rule("ruff F821", number) for number in range(3, 6)])
    for one in kept:
        await history.set_insight_status(one.id, "accepted")
    assert silenced(await history.counts_by_rule()) == {"ruff B006"}


def a_candidate(number, **fields):
    said = {"source": "typos", "path": "a.py", "line": number, "end_line": number, "title": "t"}
    return Candidate(
        **{"key": f"k{number}", "body": "b", "quote": f"line {number} of it"} | said | fields
    )


def taken(*candidates, known=(), silent=(), most=3):
    facts = {"shop": WorkspaceFacts(name="shop", candidates=candidates)}
    return take_in(Sifted(), facts, known=known, silent=silent, most=most)


def known_as(status, key):
    return KnownInsight(
        **{name: getattr(an_item(), name) for name in ("title", "body", "category", "evidence")},
        id="abc", workspace="shop", grounded=True, status=status, source="typos", key=key,
        workspace_path="/src/shop", first_seen=AT, last_seen=AT, times_seen=1, first_session="s",
        last_session="s",
    )  # fmt: skip


def test_findings_are_taken_up_to_the_limit_those_first_that_break_something():
    found = [a_candidate(1), a_candidate(2, category="bug"), a_candidate(3), a_candidate(4)]
    sifted = taken(*found, most=3)
    assert [claim.evidence.line for claim in sifted.claims] == [2, 1, 3]
    assert sifted.proposed == 3


def test_a_finding_that_was_said_before_is_open_still_and_one_dismissed_stays_away():
    said = taken(a_candidate(1), known=[known_as("open", "k1")])
    assert (said.claims, [one.id for one in said.recurring]) == ((), ["abc"])
    dismissed = taken(a_candidate(1), known=[known_as("dismissed", "k1")])
    assert (dismissed.claims, dismissed.recurring) == ((), ())


def test_a_silent_rule_is_not_heard():
    assert taken(a_candidate(1), silent={"typos"}).claims == ()


def test_what_is_kept_of_a_finding_names_its_rule_and_its_key():
    (item,) = settle(taken(a_candidate(1)), max_new=3).new
    assert (item.source, item.key, item.evidence[0].verified) == ("typos", "k1", True)


def test_without_a_model_a_session_tells_what_the_rules_found_and_says_it_once(tmp_path):
    world = World(tmp_path)
    git(world.workspace, "checkout", "-q", "client.py")
    (world.workspace / "client.py").write_text(
        (world.workspace / "client.py").read_text() + SWALLOWS
    )
    nowhere = {"DAYDREAMD_MODEL__BASE_URL": "http://127.0.0.1:9", "DAYDREAMD_CLEANUP__ENABLED": "0"}
    first = json.loads(world.run("once", "--json", **nowhere).stdout)
    found = {one["source"]: one for one in first["insight_items"]}
    assert found["swallowed error"]["evidence"][0]["path"] == "client.py"
    page = world.report.read_text()
    assert "thrown away" in page
    assert "in `f`, not committed yet" in page
    second = json.loads(world.run("once", "--json", **nowhere).stdout)
    assert "swallowed error" not in {one["source"] for one in second["insight_items"]}
    assert "## Still open" in world.report.read_text()
    stats = json.loads(world.run("insights", "stats", "--json").stdout)
    assert stats["by_rule"]["swallowed error"]["kept"] == 1
    assert set(stats) == {
        "proposed", "refuted", "kept", "accepted", "dismissed", "changed_within_14_days",
        "by_model", "by_rule",
    }  # fmt: skip
