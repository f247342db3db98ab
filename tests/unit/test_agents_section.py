"""What is told of the agents: the section of the report, and what a model is told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from daydreamd.insights.agents_section import agents_section, first_look
from daydreamd.insights.report import Report, render
from daydreamd.records.agent_session import (
    AgentClaim,
    AgentCommand,
    AgentSession,
    AgentSummary,
    summarize,
)
from daydreamd.records.model_choice import ModelChoice
from daydreamd.sessions.agent_work import observed_of

AT = datetime(2026, 11, 24, 2, 14, tzinfo=UTC)
FALSE = AgentClaim(
    kind="tests", text="All 212 tests pass.", transcript="/t.jsonl", line=4118,
    verdict="contradicted", against="`pytest` ended with exit code 1 (/t.jsonl:4100)",
)  # fmt: skip
SESSION = AgentSession(
    id="0a1b", agent="claude", workspace="/src/api", start=AT, end=AT + timedelta(minutes=86),
    prompts=18, files_edited=("/src/api/a.py", "/src/api/b.py"), todos_open=1, claims=(FALSE,),
    commands=tuple(AgentCommand(command="pytest -q", exit_code=1) for _ in range(2)),
)  # fmt: skip
SUMMARY = summarize(SESSION)
LOCAL = ModelChoice(provider="ollama", name="qwen", base_url="http://127.0.0.1:11434")


def test_the_section_tells_what_was_done_and_what_does_not_hold() -> None:
    section = agents_section([SUMMARY])
    assert section.startswith("## Your agents\n\n- api, claude ")
    assert "(18 prompts, 2 files edited, 1 to-do left open):" in section
    assert "said **“All 212 tests pass.”** (transcript line 4,118); `pytest` ended" in section
    assert "`pytest -q` failed more than once." in section
    assert "`daydreamd agents show 0a1b`" in section


def test_what_is_contradicted_comes_first() -> None:
    quiet = msgspec.structs.replace(SUMMARY, id="9", told=(), workspace="/src/shop")
    section = agents_section([quiet, SUMMARY])
    assert section.index("api, claude") < section.index("shop, claude")
    assert first_look([quiet, SUMMARY]).startswith("claude said “All 212 tests pass” in api")


def test_who_changed_nothing_is_left_out() -> None:
    idle = AgentSummary(id="9", agent="codex", workspace="/w", start=AT, end=AT, prompts=1)
    assert agents_section([idle]) == ""
    page = render(Report(session_id="s", at=AT, workspaces=("api",), agents=[idle]))
    assert "Your agents" not in page


def test_the_report_has_the_section() -> None:
    page = render(Report(session_id="s", at=AT, workspaces=("api",), agents=[SUMMARY], tidied="x"))
    assert page.index("## Your agents") < page.index("## Tidied up")


def test_hostile_words_stay_words() -> None:
    evil = msgspec.structs.replace(
        FALSE, text="# <script>\x1b[2J [x](http://e) | `a`", against="| *"
    )
    hostile = msgspec.structs.replace(SUMMARY, told=(evil,), workspace="/w/\x1b[31m*a*\n# b")
    section = agents_section([hostile])
    assert "\x1b" not in section
    assert "<script>" not in section
    assert "[x](" not in section
    assert section.count("\n#") == 0


def test_a_model_on_this_machine_is_told_what_was_worked_on_and_what_failed_twice() -> None:
    lines = observed_of([SUMMARY], "/src/api", LOCAL)
    assert lines[0] == "claude edited 2 files in a session lately"
    assert "`pytest -q`, which failed more than once" in lines[1]
    assert observed_of([SUMMARY], "/src/ap", LOCAL) == []


def test_a_model_elsewhere_is_told_nothing() -> None:
    for away in (
        msgspec.structs.replace(LOCAL, base_url="http://192.0.2.7:11434"),
        msgspec.structs.replace(LOCAL, base_url="https://models.example.org/v1"),
        msgspec.structs.replace(LOCAL, name="glm-4.6:cloud"),
    ):
        assert observed_of([SUMMARY], "/src/api", away) == []
    assert observed_of([SUMMARY], "/src/api", LOCAL, ("other:cloud",)) == []


def test_an_unproven_claim_is_told_only_where_something_was_changed() -> None:
    unproven = msgspec.structs.replace(FALSE, verdict="unproven")
    changed = msgspec.structs.replace(SESSION, claims=(unproven,))
    assert summarize(changed).told == (unproven,)
    assert summarize(msgspec.structs.replace(changed, files_edited=())).told == ()
