"""What people see of a session at 80 columns, with and without a terminal."""

import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from daydreamd.insights.judgement import Judgement
from daydreamd.insights.observations import Observation
from daydreamd.insights.report import Report
from daydreamd.records.daydream_session import DaydreamSession, Outcome, Phase, Trigger
from daydreamd.records.events import (
    AnalysisProgress,
    AnswerChunk,
    InsightsWritten,
    Notice,
    PhaseEnded,
    PhaseStarted,
    SessionStarted,
)
from daydreamd.records.facts import GitFacts, WorkspaceFacts
from daydreamd.records.insight import Evidence, InsightItem
from daydreamd.screens.console import watch_session
from daydreamd.screens.live import LiveScreen
from daydreamd.screens.outcome_page import draw_end

SID = {"session_id": "20261122-184601-7f3a"}


def ended(phase, seconds, summary, state="done"):
    return PhaseEnded(**SID, phase=phase, seconds=seconds, summary=summary, state=state)


EVENTS = [
    SessionStarted(**SID, trigger=Trigger.ONCE, workspaces=("shop",)),
    PhaseStarted(**SID, phase=Phase.READINESS_CHECK, budget_seconds=15),
    Notice(
        **SID,
        level="info",
        what="model found",
        facts={"provider": "ollama", "model": "qwen:7b", "engine": "aider"},
    ),
    ended(
        Phase.READINESS_CHECK,
        0.1,
        "ready: model answers in 12 ms, 11.2 GiB free, load 0.3, no pending tasks",
    ),
    Notice(**SID, level="warning", what="source failed", facts={"source": "[red]git[/red]\x1b[m"}),
    ended(Phase.PRE_CLEANUP, 2.2, "nothing abandoned"),
    ended(Phase.CONTEXT_GATHERING, 0.4, "[bold]shop[/bold]: 214 files"),
    ended(Phase.AI_ANALYSIS, 112, "7 proposed", state="timed_out"),
    ended(Phase.OUTPUT_PROCESSING, 0.1, "", state="failed"),
    InsightsWritten(**SID, path="/state/r.md", new=2, recurring=0, addressed=0, dropped=0),
    ended(Phase.POST_CLEANUP, 0.2, "aider gone, 4 files\nremoved"),
]


def console(*, terminal=False, width=80):
    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        no_color=True,
        record=True,
        color_system="truecolor" if terminal else None,
        legacy_windows=False,
        _environ={"TERM": "xterm"},
    )


def text_of(seen):
    return "\n".join(line.rstrip() for line in seen.export_text().splitlines())


def screen_of(output):
    """What a terminal shows after `output`: frames that were drawn over are gone."""
    lines, row, column = [""], 0, 0
    for match in re.finditer(r"\x1b\[([?0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]+", output):
        text, (count, order) = match[0], (match[1], match[2])
        if text == "\r":
            column = 0
        elif text == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif order == "A":
            row -= int(count)
        elif order == "K":
            lines[row] = ""
        elif order is None:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def session(**fields):
    begun = datetime(2026, 11, 22, 18, 46, 1, tzinfo=UTC)
    made = DaydreamSession(
        session_id=SID["session_id"],
        start_time=begun,
        end_time=begun + timedelta(seconds=115),
        outcome=Outcome.COMPLETED,
        workspace_analysis={"shop": WorkspaceFacts(git=GitFacts(stashes=2))},
    )
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def insight(name, title, *places):
    evidence = tuple(Evidence(path=p, line=a, end_line=b, quote="x") for p, a, b in places)
    return InsightItem(
        id=name,
        workspace="shop",
        title=title,
        body="b",
        category="c",
        evidence=evidence,
        grounded=True,
    )


TWO = [
    insight("a3f", "The retry loop hides time-outs", ("payments/client.py", 88, 97)),
    insight(
        "b07", "Two price formats", ("cart/price.py", 12, 12), ("api/v1.py", 9, 9), ("x", 1, 1)
    ),
]


def told(ended, **fields):
    """The report of a session."""
    return Report(
        session_id=ended.session_id,
        at=datetime(2026, 11, 22, 18, 48, tzinfo=UTC),
        workspaces=tuple(ended.workspace_analysis),
        judgement=Judgement(proposed=len(ended.insight_items), new=tuple(ended.insight_items)),
        **{"model": "qwen:7b", "functions_shown": 12, "files_shown": 4} | fields,
    )


def test_in_a_pipe_the_same_words_come_without_motion():
    seen = console()
    with watch_session(console=seen) as view:
        for event in EVENTS:
            view.sink(event)
        ended = session(insight_items=TWO)
        view.conclude(ended, told(ended))
    lines = [line.rstrip() for line in seen.file.getvalue().splitlines()]
    assert "\n".join(lines) == (
        " 1 readiness    ready: model answers in 12 ms, 11.2 GiB free, load 0.3, no pending tasks"
        "  0.1 s\n"
        " ! warning      source failed: source [red]git[/red]\n"
        " 2 cleanup      nothing abandoned  2.2 s\n"
        " 3 context      [bold]shop[/bold]: 214 files  0.4 s\n"
        " 4 analysis     timed out: 7 proposed  1 min 52 s\n"
        " 5 output       failed  0.1 s\n"
        " 6 cleanup      aider gone, 4 files removed  0.2 s\n"
        "\n"
        "2 new insights. 12 functions in 4 files were read by qwen:7b. None of 2 proposals fell.\n"
        "\n"
        "a3f · The retry loop hides time-outs\n"
        "payments/client.py:88-97\n"
        "b\n"
        "Survived: it cites lines that stand there.\n"
        "\n"
        "b07 · Two price formats\n"
        "cart/price.py:12, api/v1.py:9 …\n"
        "b\n"
        "Survived: it cites lines that stand there.\n"
        "\n"
        "completed in 1 min 55 s · nothing in the workspace was changed"
        " · `daydreamd insights show a3f`"
    )


def test_in_a_pipe_an_end_says_where_to_go_on():
    seen = console()
    with watch_session(console=seen) as view:
        view.conclude(session(outcome=Outcome.SKIPPED, reasons=["disk full", "x"]))
    assert seen.file.getvalue().endswith(
        "\nskipped in 1 min 55 s: disk full; x · nothing in the workspace was changed"
        " · `daydreamd why` shows each gate\n"
    )


def test_on_a_terminal_finished_phases_stay():
    seen = console(terminal=True)
    with watch_session(console=seen) as view:
        for event in EVENTS:
            view.sink(event)
        ended = session(insight_items=TWO)
        view.conclude(ended, told(ended))
    assert screen_of(seen.file.getvalue()) == FINISHED + CLOSING
    assert "\x1b[31m" not in seen.file.getvalue()


FINISHED = """\
daydreamd 0.1.0 · session 20261122-184601-7f3a · 1 workspace · ollama qwen:7b
through aider

 1 readiness    ready: model answers in 12 ms, 11.2 GiB free, load 0.3, no 0.1 s
                pending tasks
 ! warning      source failed: source [red]git[/red]
 2 cleanup      nothing abandoned                                          2.2 s
 3 context      [bold]shop[/bold]: 214 files                               0.4 s
 4 analysis     timed out: 7 proposed                                 1 min 52 s
 5 output       failed                                                     0.1 s
 6 cleanup      aider gone, 4 files removed                                0.2 s
"""
CLOSING = """
2 new insights. 12 functions in 4 files were read by qwen:7b. None of 2
proposals fell.

a3f · The retry loop hides time-outs
payments/client.py:88-97
b
Survived: it cites lines that stand there.

b07 · Two price formats
cart/price.py:12, api/v1.py:9 …
b
Survived: it cites lines that stand there.

completed in 1 min 55 s · nothing in the workspace was changed
`daydreamd insights show a3f`"""


WIDE = """\
 4 analysis     ━━━╸                       reading · 3,911 tokens sent, 188 received · 41 s of 5 min
   ▏ The retry loop in client.py"""
USUAL = """\
 4 analysis     reading · 3,911 tokens sent, 188 received · 41 s of 5 min
   ▏ The retry loop in client.py"""
NARROW = """\
 4 analysis     reading · 3,911 tokens
                sent, 188 received · 41
                s of 5 min
   ▏ The retry loop in client.py"""


@pytest.mark.parametrize(("width", "shown"), [(110, WIDE), (80, USUAL), (40, NARROW)])
def test_the_running_analysis_shows_how_far_it_is(width, shown):
    seen = console(width=width)
    now = [0.0]
    screen = LiveScreen(seen, clock=lambda: now[0])
    screen(PhaseStarted(**SID, phase=Phase.AI_ANALYSIS, budget_seconds=300))
    screen(AnalysisProgress(**SID, stage="reading", prompt_tokens=3911, received_tokens=188))
    screen(AnswerChunk(**SID, text='{"insights":[{"title":"The retry loop\\n in cli'))
    screen(AnswerChunk(**SID, text="ent.py\x1b[31m"))
    now[0] = 41.0
    seen.print(screen.draw())
    assert text_of(seen) == shown


def test_a_phase_without_news_shows_its_seconds():
    seen = console()
    now = [0.0]
    screen = LiveScreen(seen, clock=lambda: now[0])
    screen(PhaseStarted(**SID, phase=Phase.CONTEXT_GATHERING, budget_seconds=60))
    now[0] = 2.2
    seen.print(screen.draw())
    assert text_of(seen) == f" 3 context      …{'2.2 s':>63}"


def test_the_display_is_taken_down_when_the_session_breaks():
    seen = console(terminal=True)

    def break_off():
        with watch_session(console=seen) as view:
            view.sink(EVENTS[0])
            view.sink(PhaseStarted(**SID, phase=Phase.AI_ANALYSIS, budget_seconds=300))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert screen_of(seen.file.getvalue()).endswith("1 workspace")
    assert "\x1b[?25h" in seen.file.getvalue()  # the cursor is back


FACT = Observation(
    workspace="shop",
    kind="stashes",
    text="2 stashes put aside",
    evidence="git stash list",
    label="l",
    now="n",
    is_pressing=True,
)


def test_without_new_insights_the_facts_are_shown():
    seen = console()
    ended = session(outcome=Outcome.CLEANUP_ONLY, reasons=["no model: 127.0.0.1:1 refuses"])
    facts = told(ended, observations=[FACT], model=None, files_shown=0, functions_shown=0)
    draw_end(seen, ended, told=facts, report=Path("/state/daydream_insights.md"))
    assert (
        text_of(seen)
        == """
Look at first: 2 stashes put aside.
Nothing new. No model was asked. The rules held the lines changed this week to account.

Waiting for you
 2 stashes put aside · git stash list

facts only in 1 min 55 s: no model: 127.0.0.1:1 refuses · \
nothing in the workspace was changed · /state/daydream_insights.md"""
    )


@pytest.mark.parametrize(
    "text", ["[red]x[/red]", "[link=file:///]x[/]", "\x1b]8;;http://e\x07x", "[/]"]
)
def test_text_of_others_is_never_markup(text):
    seen = console(terminal=True)
    item = insight("a3f", text, (text, 1, 1))
    ended = session(
        insight_items=[item], workspace_analysis={text: WorkspaceFacts()}, reasons=[text]
    )
    draw_end(seen, ended, told=told(ended))
    assert "\x1b]8" not in seen.file.getvalue()
    assert "x" in seen.export_text() or text == "[/]"
