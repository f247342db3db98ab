"""Trees that do not want to end, within the budget and said clearly."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from daydreamd.cleanup.act import Ending, LastLook, end_abandoned
from daydreamd.cleanup.decision import Pressure, Verdict, choose
from daydreamd.cleanup.evidence import gather_evidence, look_again
from daydreamd.cleanup.inspection import PriorKnowledge
from daydreamd.cleanup.process_tidying import rules_of
from daydreamd.cleanup.tidy import tidy_up
from daydreamd.cleanup.tidy_report import TidyReport
from daydreamd.host.processes import Signals, identify, is_alive, read_stat, send
from daydreamd.records.events import AnyEvent, Emitter, ProcessEnded
from daydreamd.settings.cleanup import Cleanup, CleanupAgentFiles, CleanupKind, CleanupTemp
from daydreamd.units import Duration
from tests.integration.zoo.animals import NATIVE, PYTHON, SESSION_ID, registry
from tests.integration.zoo.keeper import Zoo, open_zoo, until
from tests.integration.zoo.on_demand import aider_on_demand

AT_ONCE = CleanupKind(max_age=Duration(0.1), idle_for=Duration(0.1), max_count=1000)


def settings(claude: CleanupKind = AT_ONCE, grace: float = 1.0) -> Cleanup:
    return Cleanup(
        claude=claude,
        aider=AT_ONCE,
        mcp=AT_ONCE,
        grace=Duration(grace),
        observe=Duration(0.5),
        temp=CleanupTemp(enabled=False),
        agent_files=CleanupAgentFiles(enabled=False),
    )


@pytest.fixture
def zoo(tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


async def tidy(settings: Cleanup, events: list[AnyEvent] | None = None, **kwargs) -> TidyReport:
    sink = (lambda _: None) if events is None else events.append
    return await tidy_up(settings, emitter=Emitter("", sink), history=None, **kwargs)


def of(report: TidyReport, pid: int):
    return next(candidate for candidate in report.candidates if candidate.facts.pid == pid)


async def test_a_fork_bomb_of_500_that_ignores_term_is_gone_within_the_budget(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), do="bomb")
    await until(lambda: len(zoo.animals()) == 500)
    events: list[AnyEvent] = []
    report = await tidy(settings(), events)
    assert of(report, pid).outcome == "ended"
    assert zoo.animals() == []
    assert report.seconds < 27
    ended = [event for event in events if isinstance(event, ProcessEnded)]
    assert len(ended) == 500
    assert sum(event.freed_bytes for event in ended) > 0


async def test_one_that_comes_back_is_not_hunted_but_said(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), do="respawn")
    victim = identify(pid)
    report = await tidy(settings())
    assert not is_alive(victim)
    (again,) = zoo.animals()
    assert of(report, pid).outcome == f"came back as pid {again.pid}"
    assert any("came back" in failure for failure in report.failures)


async def test_a_tree_in_uninterruptible_sleep_is_ended(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), do="vfork")
    await until(lambda: (stat := read_stat(pid)) is not None and stat.state == "D")
    report = await tidy(settings())
    assert of(report, pid).outcome == "ended"
    assert zoo.animals() == []


async def test_dead_children_that_nobody_waits_for_do_not_hold_it_up(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), child=("/bin/true",))
    await until(lambda: len(zoo.animals()) == 1)
    report = await tidy(settings())
    assert of(report, pid).outcome == "ended"


async def test_what_does_not_fit_into_the_budget_is_left_and_said(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE))
    report = await tidy(settings(), budget=1.0)
    assert of(report, pid).outcome == "left for next time"
    assert any("left for next time" in failure for failure in report.failures)
    assert len(zoo.animals()) == 1


async def test_one_that_is_idle_for_too_short_is_watched(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), child=(zoo.put("bin/child"),))
    report = await tidy(settings(CleanupKind(max_age=Duration(0.1), idle_for=Duration(60))))
    candidate = of(report, pid)
    assert candidate.verdict.word == "watch"
    assert "1 min are asked" in candidate.verdict.reasons[1]
    assert len(zoo.animals()) == 2


async def test_one_that_is_too_young_is_left_alone(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE))
    report = await tidy(settings(CleanupKind()))
    assert of(report, pid).verdict.reasons[0].startswith("young: ")
    assert len(zoo.animals()) == 1


async def test_above_the_count_the_longest_idle_go_though_they_are_young(zoo: Zoo):
    pids = []
    for _ in range(3):
        pids.append(zoo.release(zoo.put(NATIVE)))
        await anyio.sleep(0.1)  # so that their ages differ by more than a tick
    kind = CleanupKind(max_age=Duration(3600), idle_for=Duration(0.1), max_count=2)
    report = await tidy(settings(kind))
    assert [of(report, pid).verdict.word for pid in pids] == ["kill", "spare", "spare"]
    assert "more than 2 claude processes" in of(report, pids[0]).verdict.reasons[-1]


async def test_a_finished_session_in_a_terminal_goes_after_its_own_time(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE), tty=zoo.terminal())
    patient = CleanupKind(max_age=Duration(0.1), idle_for=Duration(0.1))
    assert of(await tidy(settings(patient)), pid).verdict.word == "spare"
    hasty = CleanupKind(max_age=Duration(0.1), attended_idle_for=Duration(0.1))
    registry(zoo, pid, status="idle", sessionId=SESSION_ID)
    transcript = f".claude/projects/-x/{SESSION_ID}.jsonl"
    asked = {"type": "user", "message": {"role": "user"}}
    zoo.write(transcript, json.dumps(asked) + "\n")
    said = of(await tidy(settings(hasty)), pid).verdict
    assert said.word == "spare", "it was asked and has not answered"
    answered = {"type": "assistant", "message": {"stop_reason": "end_turn"}}
    zoo.write(transcript, f"{json.dumps(asked)}\n{json.dumps(answered)}\n")
    said = of(await tidy(settings(hasty)), pid).verdict
    assert said.word == "spare"
    assert "it is only reported" in said.reasons[-1]
    ending = CleanupKind(max_age=Duration(0.1), attended_idle_for=Duration(0.1), end_attended=True)
    todo = zoo.write(f".claude/todos/{SESSION_ID}-agent-1.json", '[{"status": "pending"}]')
    assert of(await tidy(settings(ending)), pid).verdict.word == "spare", "a to-do is open"
    todo.write_text('[{"status": "completed"}]')
    report = await tidy(settings(ending))
    assert of(report, pid).outcome == "ended"
    assert of(report, pid).verdict.reasons[0].startswith("finished, but still there: terminal pts/")


async def test_a_session_that_was_just_written_to_is_not_idle(zoo: Zoo):
    session_id = "0a41c0de-0000-4000-8000-000000000002"
    pid = zoo.release(zoo.put(NATIVE))
    registry(zoo, pid, status="idle", sessionId=session_id)
    zoo.write(f".claude/projects/-x/{session_id}.jsonl", "{}\n")
    report = await tidy(settings(CleanupKind(max_age=Duration(0.1), idle_for=Duration(30))))
    assert of(report, pid).verdict.word == "watch"


async def test_a_switched_off_rule_only_reports(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE))
    off = CleanupKind(enabled=False, max_age=Duration(0.1), idle_for=Duration(0.1))
    report = await tidy(settings(off))
    assert of(report, pid).verdict.reasons[0] == "claude processes are only reported"
    assert len(zoo.animals()) == 1


async def test_a_child_of_ours_is_never_ended(zoo: Zoo):
    async with await anyio.open_process([zoo.put(NATIVE)], stdin=-3, stdout=-3) as ours:
        try:
            report = await tidy(settings())
        finally:
            ours.kill()
        assert of(report, ours.pid).verdict.reasons == ("daydreamd works with it",)


async def test_one_that_works_again_after_the_decision_is_not_ended(zoo: Zoo):
    pid, done = await aider_on_demand(zoo)
    rules = rules_of(settings())
    evidence = await gather_evidence(settings(), PriorKnowledge())
    kills = [facts for facts in evidence.facts if facts.pid == pid]
    assert choose(evidence.facts, rules, Pressure())[pid].word == "kill"

    def look() -> LastLook:
        fresh = look_again(evidence, settings(), PriorKnowledge())
        return LastLook(fresh, choose(fresh.facts, rules, Pressure()))

    send(identify(pid), Signals.SIGUSR1)
    await until(done.exists)
    endings = await end_abandoned(kills, evidence.identities, look=look, grace=1, seconds=20)
    assert endings[pid].outcome.startswith("in use again: at work: ")
    assert endings[pid].verdict is not None
    assert endings[pid].verdict.word == "spare"
    assert len(zoo.animals()) == 1


async def test_one_that_works_between_its_last_look_and_its_signal_is_not_ended(zoo: Zoo):
    pid, done = await aider_on_demand(zoo)
    evidence = await gather_evidence(settings(), PriorKnowledge())
    verdicts = choose(evidence.facts, rules_of(settings()), Pressure())
    kills = [facts for facts in evidence.facts if facts.pid == pid]
    send(identify(pid), Signals.SIGUSR1)
    await until(done.exists)
    look = LastLook(evidence, verdicts)  # as it was before
    endings = await end_abandoned(
        kills, evidence.identities, look=lambda: look, grace=1, seconds=20
    )
    assert endings[pid].outcome.startswith("in use again: at work: ")
    assert len(zoo.animals()) == 1


async def test_what_is_in_use_again_is_shown_as_spared(zoo: Zoo):
    pid = zoo.release(zoo.put(NATIVE))
    report = await tidy(settings(), dry_run=True)
    working = Verdict("spare", ("at work: 0.5 s of CPU in 1.0 s",))
    candidate = of(report, pid).after(Ending("in use again: at work", 0, working))
    shown = candidate.document
    assert (shown.decision, shown.outcome) == ("spare", "in use again: at work")
    assert shown.reasons == ("at work: 0.5 s of CPU in 1.0 s",)
    assert TidyReport(dry_run=False, candidates=[candidate]).kills == []


async def test_many_that_ignore_term_are_waited_for_at_the_same_time(zoo: Zoo):
    program = zoo.put(NATIVE)
    pids = [zoo.release(program, do="ignore-term") for _ in range(200)]
    report = await tidy(settings(grace=3.0), budget=15.0)
    assert [of(report, pid).outcome for pid in pids] == ["ended"] * 200
    assert report.left == 0
    assert zoo.animals() == []


HOLDING_A_LOCK = """
import os, signal, sys
lock = open(".git/index.lock", "x")
open(sys.argv[1], "w").close()
signal.pause()
"""


async def test_a_lock_of_git_that_an_ended_process_leaves_is_told_and_not_touched(zoo: Zoo):
    work, ready = zoo.home / "work", zoo.directory / "ready"
    (work / ".git").mkdir(parents=True)
    (work / "src").mkdir()
    (work / ".git" / "held.lock").touch()
    aider = zoo.write(".venv-aider/bin/aider", HOLDING_A_LOCK)
    pid = zoo.release(PYTHON, str(aider), str(ready), cwd=work)
    claude = zoo.release(zoo.put(NATIVE), cwd=work / "src")
    await until(ready.exists)
    with (work / ".git" / "held.lock").open() as held:
        async with await anyio.open_process(["sleep", "60"], stdin=held, stdout=-3) as other:
            try:
                report = await tidy(settings())
            finally:
                other.kill()
    left = f"{work}/.git/index.lock is left, "
    assert any(reason.startswith(left) for reason in of(report, pid).document.reasons)
    assert "held.lock" not in str(report.document)
    assert of(report, claude).outcome == "ended"
    assert (work / ".git" / "index.lock").exists()
