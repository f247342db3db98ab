"""Events as log records: their words, their form, and how few of them there may be."""

import io
import json
import os
import subprocess
import sys

import pytest

from daydreamd.observe.logs import choose_form, configure
from daydreamd.records.daydream_session import Outcome, Phase, Trigger
from daydreamd.records.events import (
    AnalysisProgress,
    AnswerChunk,
    InsightsWritten,
    Notice,
    PhaseEnded,
    PhaseStarted,
    ProcessEnded,
    SessionEnded,
    SessionStarted,
)
from daydreamd.settings.schema import Observe

SID = {"session_id": "20261122-184601-7f3a"}
STARTED = SessionStarted(**SID, trigger=Trigger.TIMER, workspaces=("a", "b", "c"))
READY = PhaseEnded(**SID, phase=Phase.READINESS_CHECK, seconds=0.12, summary="ready")
KILLED = ProcessEnded(
    **SID,
    pid=48121,
    rule="claude",
    command="claude",
    age_seconds=259_300,
    freed_bytes=1_181_116_006,
    reason="nobody owns it",
    outcome="ended",
)


def written(*events, level="info", form="console", clock=lambda: 0.0):
    stream = io.StringIO()
    log = configure(Observe(format=form, level=level), stream=stream, clock=clock)
    for event in events:
        log(event)
    log.flush()
    return stream.getvalue().splitlines()


def test_a_session_reads_as_sketched():
    lines = written(
        STARTED,
        PhaseStarted(**SID, phase=Phase.READINESS_CHECK, budget_seconds=15),
        READY,
        KILLED,
        AnalysisProgress(**SID, stage="reading"),
        AnswerChunk(**SID, text="secret"),
        PhaseEnded(**SID, phase=Phase.AI_ANALYSIS, seconds=112, summary="7 proposed"),
        InsightsWritten(**SID, path="/x", new=2, recurring=4, addressed=1, dropped=3),
        SessionEnded(**SID, outcome=Outcome.COMPLETED, seconds=158.2),
    )
    assert [line[9:] for line in lines] == JOURNAL.splitlines()


JOURNAL = """\
session started          trigger=timer workspaces=3
readiness passed         seconds=0.1
process ended            pid=48121 rule=claude age="3 d" freed="1.1 GiB" reason="nobody owns it"
insights written         new=2 recurring=4 addressed=1 dropped=3
session completed        seconds=158
"""


@pytest.mark.parametrize(
    ("event", "level", "text"),
    [
        (SessionEnded(**SID, outcome=Outcome.FAILED, seconds=1, reasons=("disk full",)), "error",
         'session failed           seconds=1 reason="disk full"'),
        (SessionEnded(**SID, outcome=Outcome.TIMED_OUT, seconds=301), "warning",
         "session timed out        seconds=301"),
        (PhaseEnded(**SID, phase=Phase.OUTPUT_PROCESSING, seconds=1, summary="no", state="failed"),
         "warning",
         "phase ended              seconds=1 ended=output state=failed summary=no"),
        (Notice(**SID, level="warning", what="source failed", facts={"source": "git"}), "warning",
         "source failed            source=git"),
    ],
)  # fmt: skip
def test_what_went_wrong_stands_out(event, level, text):
    (line,) = written(event)
    assert line[9:] == f"{level}: {text}"


def test_a_process_that_survived_is_an_error():
    survived = ProcessEnded(
        **{n: getattr(KILLED, n) for n in KILLED.__struct_fields__} | {"outcome": "survived"}
    )
    (line,) = written(survived)
    assert line[9:].startswith("error: process survived")


def test_the_level_decides_what_is_logged():
    started = PhaseStarted(**SID, phase=Phase.PRE_CLEANUP, budget_seconds=30)
    assert written(started, STARTED, level="warning") == []
    assert len(written(started, STARTED, level="debug")) == 2


def test_json_lines_carry_the_session_and_the_phase():
    first, second, last = written(
        STARTED,
        PhaseStarted(**SID, phase=Phase.PRE_CLEANUP, budget_seconds=30),
        KILLED,
        SessionEnded(**SID, outcome=Outcome.COMPLETED, seconds=2),
        form="json",
    )
    record = json.loads(second)
    assert list(record)[:3] == ["timestamp", "level", "event"]
    assert record["event"] == "process ended"
    assert record["session"] == SID["session_id"]
    assert record["phase"] == "pre_cleanup"
    assert "phase" not in json.loads(first)
    assert "phase" not in json.loads(last)


@pytest.mark.parametrize("form", ["console", "json"])
def test_hostile_facts_stay_one_line_and_break_nothing(form):
    facts = {
        "event": "x", "level": "evil", "timestamp": 0, "self": 1, "facts": {}, "session": "other",
        "reason": 'a\n22:41:03 session completed\x1b[31m "quoted" \u202e', "object": object(),
    }  # fmt: skip
    (line,) = written(Notice(**SID, level="info", what="notice\nforged", facts=facts), form=form)
    assert "\x1b" not in line
    assert "\n" not in line
    if form == "json":
        record = json.loads(line)
        assert (record["level"], record["session"]) == ("info", SID["session_id"])


def test_a_flood_is_held_back_and_counted():
    now = [0.0]
    stream = io.StringIO()
    log = configure(Observe(format="console"), stream=stream, clock=lambda: now[0])
    for number in range(100):
        log.say("info", "beat", number=number)
    log.say("error", "beat", number="an error is of another kind")
    log.say("info", "other")
    now[0] = 61.0
    log.say("info", "beat", number=100)
    for number in range(25):
        log.say("info", "beat", number=number)
    log.flush()
    lines = [line[9:] for line in stream.getvalue().splitlines()]
    assert len(lines) == 20 + 2 + 20 + 1
    assert lines[22] == "beat                     number=100 held_back=80"
    assert lines[-1] == "beat                     held_back=6"


def test_the_form_fits_where_the_records_go(tmp_path):
    with (tmp_path / "log").open("w") as file:
        found = os.fstat(file.fileno())
        here = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert choose_form(Observe(), file, here) == "journal"
        assert choose_form(Observe(), file, {"JOURNAL_STREAM": "1:2"}) == "json"
        assert choose_form(Observe(format="console"), file, here) == "console"
    assert choose_form(Observe(), io.StringIO(), {}) == "json"
    terminal, end = os.openpty()
    with os.fdopen(end, "w") as stream:
        assert choose_form(Observe(), stream, {}) == "console"
    os.close(terminal)


def test_an_idle_log_imports_no_rich():
    program = (
        "import sys; from daydreamd.observe.logs import configure;"
        "from daydreamd.settings.schema import Observe;"
        "configure(Observe(format='json')).say('info', 'here');"
        "heavy = {'rich', 'jinja2', 'httpx', 'rapidfuzz'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "import rich.console"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert json.loads(done.stderr)["event"] == "here"
