"""A session process that does what the daemon fears, or ends well within 50 ms.

`fake_session.py DIRECTORY TRIGGER`: the file `mode` in DIRECTORY says how; every start is noted in
`starts`. It writes the same history and speaks the same lines as a real one.
"""

import os
import signal
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from daydreamd.records.daydream_session import EXIT_CODES, DaydreamSession, Outcome, Phase, Trigger
from daydreamd.records.events import (
    Notice,
    PhaseEnded,
    PhaseStarted,
    SessionEnded,
    SessionStarted,
    to_line,
)
from daydreamd.records.failing import FailingPart

HERE = Path(sys.argv[1])
MODE = (HERE / "mode").read_text().strip()
SESSION = DaydreamSession.begin(Trigger(sys.argv[2]))
ID = SESSION.session_id


def say(event):
    sys.stdout.buffer.write(to_line(event))
    sys.stdout.buffer.flush()


def history(statement, *values):
    with sqlite3.connect(HERE / "state/daydreamd/history.db", timeout=10) as connection:
        connection.execute(statement, values)
    connection.close()


def open_row():
    history(
        "INSERT INTO sessions (session_id, trigger, start_time, phase, record) VALUES (?,?,?,?,?)",
        ID, SESSION.trigger, now(), SESSION.phase, msgspec.json.encode(SESSION).decode(),
    )  # fmt: skip


def now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def begin():
    open_row()
    say(SessionStarted(session_id=ID, trigger=SESSION.trigger))
    say(PhaseStarted(session_id=ID, phase=Phase.READINESS_CHECK, budget_seconds=15))


def end(outcome, *, closed=True, reasons=(), failing=()):
    if closed:
        history(
            "UPDATE sessions SET outcome = ?, end_time = ? WHERE session_id = ?",
            outcome, now(), ID,
        )  # fmt: skip
    say(PhaseEnded(session_id=ID, phase=Phase.READINESS_CHECK, seconds=0.01, summary="quick"))
    say(
        SessionEnded(session_id=ID, outcome=outcome, seconds=0.01, reasons=reasons, failing=failing)
    )
    sys.exit(EXIT_CODES[outcome])


def wait_for_term():
    """As a real session does: SIGTERM is recorded as `interrupted`."""
    signal.signal(signal.SIGTERM, lambda *_: end(Outcome.INTERRUPTED, reasons=("stopped",)))
    while True:
        signal.pause()


def deafly():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    begin()
    (HERE / "began").touch()
    while True:
        time.sleep(60)


def until_released():
    begin()
    while not (HERE / "release").exists():
        time.sleep(0.01)
    end(Outcome.COMPLETED)


def leave_strays():
    """Three generations away, in sessions of their own, deaf to SIGTERM; then die."""
    begin()
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                with (HERE / "strays").open("a") as file:
                    file.write(f"{os.getpid()}\n")
                os.close(1)
                time.sleep(600)
            os._exit(0)
    while len((HERE / "strays").read_text().split() if (HERE / "strays").exists() else "") < 3:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


def flood_events():
    begin()
    while True:
        say(Notice(session_id=ID, level="debug", what="x" * 200))


def flood_garbage():
    begin()
    while True:
        sys.stdout.buffer.write(os.urandom(65536))


def endless_line():
    begin()
    while True:
        sys.stdout.buffer.write(b"a" * 65536)


def lie_about_others():
    begin()
    say(SessionEnded(session_id="20200101-000000-aaaa", outcome=Outcome.COMPLETED, seconds=1))
    sys.exit(0)


def crash():
    begin()
    print("Traceback: the reason stands here", file=sys.stderr)
    os._exit(3)


def die_unsaid():
    open_row()
    os.kill(os.getpid(), signal.SIGKILL)


def hang():
    begin()
    wait_for_term()


def lie():
    begin()
    end(Outcome.COMPLETED, closed=False)


def answer_badly():
    """As a real session that got a bad answer: it has tidied up, and keeps what fails."""
    part = FailingPart(
        key="answer", name="answer of the model", since=datetime.now(UTC),
        reason="cannot read the model's answer", advice="ask another model",
    )  # fmt: skip
    begin()
    kept = msgspec.json.encode((part,)).decode()
    history("INSERT OR REPLACE INTO state VALUES ('failing_parts', ?)", kept)
    end(Outcome.CLEANUP_ONLY, reasons=(part.reason,), failing=(part,))


def end_as_told():
    begin()
    end(Outcome(MODE), reasons=("load 9.0, at most 0.7",) if MODE == "skipped" else ())


MODES = {
    "silent": sys.exit,
    "crash": crash,
    "die unsaid": die_unsaid,
    "hang": hang,
    "deaf": deafly,
    "gate": until_released,
    "strays": leave_strays,
    "flood": flood_events,
    "garbage": flood_garbage,
    "endless line": endless_line,
    "lie": lie,
    "bad answer": answer_badly,
    "lie about others": lie_about_others,
}
with (HERE / "starts").open("a") as starts:
    starts.write(f"{os.getpid()} {time.time()} {SESSION.trigger}\n")
MODES.get(MODE, end_as_told)()
