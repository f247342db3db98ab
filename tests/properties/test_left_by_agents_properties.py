"""Whatever an agent left is ended only with the whole proof."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from daydreamd.agents.marks import MARKS, started_by
from daydreamd.agents.nameless import LeftProcess, living_agent
from daydreamd.cleanup.decision import ProcessFacts, Rule, decide
from daydreamd.cleanup.owners import Owner

KINDS = ("claude", "codex", "gemini", "an agent")
LEFT = st.builds(
    LeftProcess,
    by=st.lists(st.sampled_from(KINDS), min_size=1, unique=True).map(tuple),
    cwd_is_gone=st.sampled_from([True, False, None]),
    agent=st.sampled_from([0, 7]),
    by_design=st.sampled_from(["", "it is a daemon by design"]),
)
MARKED = {mark.decode().rstrip("=") for mark in MARKS}
AGENTS = st.dictionaries(
    st.integers(2, 99), st.tuples(st.sampled_from(KINDS[:3]), st.integers(0, 99))
)


@given(
    LEFT, st.booleans(), st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(["nobody", "client"])
)
def test_it_goes_only_with_the_whole_proof(
    left: LeftProcess, ends: bool, age: float, idle: float, owner: str
) -> None:
    rule = Rule("left_by_agents", ends, 86_400, 21_600)
    facts = ProcessFacts(
        pid=9, start_ticks=1, rule=rule.name, command="x", age_seconds=age, idle_seconds=idle,
        owner=Owner(owner, "it was seen"), never=left.never, proof=left.proof,
    )  # fmt: skip
    whole = left.cwd_is_gone is True and not left.agent and not left.by_design
    old = age >= rule.max_age and idle >= rule.idle_for
    expected = whole and ends and old and owner == "nobody"
    assert (decide(facts, rule).word == "kill") is expected


@given(LEFT, st.integers(0, 99), AGENTS)
def test_only_an_agent_that_began_before_speaks_for_it(
    left: LeftProcess, began: int, agents: dict[int, tuple[str, int]]
) -> None:
    pid = living_agent(left, began, agents)
    fitting = {
        one
        for one, (kind, start) in agents.items()
        if start <= began and {kind, "an agent"} & {*left.by}
    }
    assert pid in fitting if fitting else pid == 0


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,20}", fullmatch=True), st.text(max_size=5)))
def test_an_environment_without_a_mark_is_nobodys(environ: dict[str, str]) -> None:
    for name in ("CLAUDE_CODE_USE_BEDROCK", "CODEX_HOME", "GEMINI_API_KEY", "OPENCODE_CONFIG"):
        environ[name] = "1"
    assume(not environ.keys() & MARKED)
    assert started_by(environ) == ()
    for mark in MARKED:
        assert len(started_by(environ | {mark: "1"})) == 1
        assert started_by(environ | {mark: ""}) == ()
