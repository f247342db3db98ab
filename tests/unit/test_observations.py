"""Facts before prose: exact, with evidence, and unshaken by missing parts."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from daydreamd.insights.observations import observe, sparkline
from daydreamd.records.facts import WorkspaceFacts

NOW = datetime(2026, 11, 22, 22, 43, tzinfo=UTC)
SHOP = {
    "name": "shop",
    "git": {
        "head": "4be1f02aa", "branch": "main", "upstream": "origin/main", "ahead": 3, "behind": 1,
        "dirty": {
            "files": 3, "staged": 0, "unstaged": 2, "untracked": 1, "conflicted": 0,
            "oldest_at": (NOW - timedelta(days=4)).isoformat(), "oldest_path": "cart/price.py",
        },
        "stashes": 2, "state": None, "last_commit_at": NOW.isoformat(),
        "stale_branches": ["spike", "old", "older", "oldest", "dead"],
    },
    "complexity": {
        "files": 214, "code": 31_000,
        "hotspots": [
            {"path": "api.py", "code": 90, "complexity": 90, "commits": 2, "churn": 10},
            {"path": "checkout.py", "code": 300, "complexity": 61, "commits": 41, "churn": 900},
            {"path": "calm.py", "code": 300, "complexity": 900, "commits": 0, "churn": 0},
        ],
    },
    "markers": {
        "todo": 41, "fixme": 3, "hack": 0, "added_7d": 4, "removed_7d": 1,
        "newest": [{"path": "x.py", "line": 3, "kind": "TODO", "text": "TODO: mend", "at": None}],
    },
    "activity": {
        "weeks": [
            {"week": f"2026-10-{20 + n}", "commits": commits, "added": 1, "deleted": 0}
            for n, commits in enumerate([5, 9, 5, 11, 12])
        ],
        "commits_7d": 12, "files_7d": [],
    },
}  # fmt: skip


def facts(analysis):
    return {seen.kind: seen for seen in observe({"shop": typed(analysis)}, now=NOW)}


def typed(analysis):
    return msgspec.convert(analysis, WorkspaceFacts)


def with_git(**git):
    return {"git": {"dirty": {}, **git}}


def test_each_fact_is_one_exact_sentence():
    assert [seen.text for seen in observe({"shop": typed(SHOP)}, now=NOW)] == [
        "3 files uncommitted, the oldest for 4 d: cart/price.py",
        "3 commits not pushed, 1 commit behind (origin/main)",
        "2 stashes put aside and easily forgotten",
        "12 commits this week, 7.5 a week in the four weeks before",
        "the hottest file is checkout.py: 41 commits in 90 d, complexity 61; then api.py",
        "41 TODO, 3 FIXME, 4 new and 1 gone this week; the newest: x.py:3 TODO: mend",
        "5 branches without a commit in 90 d: spike, old, older and 2 more",
    ]


def test_every_fact_has_evidence_and_cells():
    for seen in observe({"shop": typed(SHOP)}, now=NOW):
        assert seen.evidence
        assert seen.label
        assert seen.now
        assert seen.workspace == "shop"
    seen = facts(SHOP)
    assert seen["uncommitted"].evidence == "cart/price.py"
    assert seen["hottest"].evidence == "checkout.py:1"
    assert seen["markers"].evidence == "x.py:3"
    assert (seen["commits"].before, seen["commits"].spark) == ("7.5 a week", "▄▆▄▇█")


def test_what_is_half_done_comes_first():
    analysis = with_git(branch="fix", state="rebase") | SHOP
    analysis["git"] = SHOP["git"] | {"branch": "fix", "state": "rebase"}
    analysis["git"]["dirty"] = {"files": 2, "conflicted": 2}
    seen = observe({"shop": typed(analysis)}, now=NOW)
    assert seen[0].text == "a rebase is under way on fix, 2 files in conflict"
    assert seen[1].text == "2 files uncommitted"


def test_a_quiet_workspace_says_since_when():
    analysis = with_git(last_commit_at="2026-10-01T12:00:00Z", head="4be1f02aa11bb")
    assert facts(analysis)["commits"].text == "no commit for 52 d 10 h"
    assert facts(analysis)["commits"].evidence == "git log -1 4be1f02aa11b"
    assert facts(with_git(last_commit_at=(NOW - timedelta(days=1)).isoformat())) == {}


def test_the_hottest_file_is_named_with_its_heat_and_those_that_follow():
    spots = [
        {"path": "b.py", "complexity": 5, "commits": 5},
        {"path": "a.py", "complexity": 9, "commits": 9},
        {"path": "calm.py", "complexity": 90, "commits": 0},
    ]
    hottest = facts({"complexity": {"hotspots": spots}})["hottest"]
    assert hottest.now == "a.py: 9 commits in 90 d, complexity 9"
    assert hottest.text.endswith("; then b.py")


@pytest.mark.parametrize(
    "analysis",
    [
        {},
        {"git": None, "complexity": None, "markers": None, "activity": None},
        {"git": {"dirty": None, "ahead": None, "behind": None, "stale_branches": []}},
        {"git": {"dirty": {}, "state": ""}},
        {"complexity": {"hotspots": []}},
        {"markers": {"newest": []}},
        {"activity": {"weeks": [], "commits_7d": 0}},
    ],
)
def test_missing_parts_cost_only_themselves(analysis):
    assert (
        observe({"shop": typed(analysis), "good": typed(with_git(stashes=1))}, now=NOW)[-1].kind
        == "stashes"
    )


def test_times_in_the_future_are_no_age():
    later = (NOW + timedelta(days=1)).isoformat()
    analysis = with_git(last_commit_at=later)
    analysis["git"]["dirty"] = {"files": 1, "unstaged": 1, "oldest_at": later, "oldest_path": "a"}
    assert facts(analysis)["uncommitted"].text == "1 file uncommitted"


def test_names_of_others_are_harmless():
    analysis = with_git(state="merge", branch="\x1b[31mred\nline\u202e")
    assert facts(analysis)["unfinished"].text == "a merge is under way on red line"


def test_workspaces_keep_their_order():
    seen = observe({"b": typed(with_git(stashes=1)), "a": typed(with_git(stashes=2))}, now=NOW)
    assert [observation.workspace for observation in seen] == ["b", "a"]


def test_a_sparkline_is_as_high_as_its_largest_value():
    assert sparkline([0, 1, 2, 4]) == "▁▃▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
    assert sparkline([-3, 7]) == "▁█"


def test_what_a_filter_hides_is_said():
    analysis = {"git": {"dirty": {"files": 0, "unknown": 2}}}
    assert facts(analysis)["uncommitted"].text == "2 files behind a filter, perhaps changed"
    both = {"git": {"dirty": {"files": 1, "unstaged": 1, "unknown": 2}}}
    assert facts(both)["uncommitted"].text == "1 file uncommitted"
