"""What is believed of a session's words, and how long its silence is borne."""

from daydreamd.daemon.transcript import MAX_NONSENSE, Patience, Transcript
from daydreamd.records.daydream_session import Outcome, Phase, Trigger
from daydreamd.records.events import (
    MAX_LINE_BYTES,
    TIDYING_LEFT,
    Notice,
    PhaseStarted,
    SessionEnded,
    SessionStarted,
    to_line,
)

ID = "20261122-184601-7f3a"
BEGUN = to_line(SessionStarted(session_id=ID, trigger=Trigger.TIMER))
ENDED = to_line(SessionEnded(session_id=ID, outcome=Outcome.COMPLETED, seconds=1))
PATIENCE = Patience(start=10, slack=5, total=1000)


def taken(*lines, at=0.0):
    transcript = Transcript(0.0, PATIENCE)
    events = [event for line in lines for event in transcript.take(line, at)]
    return transcript, [type(event) for event in events]


def phase(name, budget=1e9):
    return to_line(PhaseStarted(session_id=ID, phase=name, budget_seconds=budget))


def test_events_may_come_in_any_pieces():
    whole = BEGUN + phase(Phase.AI_ANALYSIS) + ENDED
    transcript, events = taken(*(whole[n : n + 1] for n in range(len(whole))))
    assert events == [SessionStarted, PhaseStarted, SessionEnded]
    assert (transcript.session_id, transcript.phase) == (ID, Phase.AI_ANALYSIS)


def test_what_another_session_is_said_to_have_done_is_nonsense():
    other = to_line(SessionEnded(session_id="other", outcome=Outcome.COMPLETED, seconds=1))
    transcript, events = taken(BEGUN, other)
    assert events == [SessionStarted]
    assert transcript.ended is None
    assert transcript.nonsense == 1


def test_it_begins_once_ends_once_and_says_nothing_after():
    transcript, events = taken(BEGUN, BEGUN, ENDED, ENDED, phase(Phase.AI_ANALYSIS))
    assert events == [SessionStarted, SessionEnded]
    assert transcript.nonsense == 3


def test_it_cannot_end_before_it_has_begun_but_it_may_say_what_it_puts_in_order():
    notice = to_line(Notice(session_id=ID, level="info", what="session recovered"))
    assert taken(ENDED, notice, BEGUN)[1] == [Notice, SessionStarted]


def test_nonsense_is_borne_for_a_while():
    transcript, _ = taken(*[b"nonsense\n"] * MAX_NONSENSE)
    assert transcript.fault is None
    transcript.take(b"\xff\xff\n", 0)
    assert "no events" in transcript.fault


def test_a_line_without_end_is_a_fault_and_a_long_one_with_an_end_nonsense():
    assert "a line of more" in taken(b"x" * (MAX_LINE_BYTES + 1))[0].fault
    assert taken(b"x" * (MAX_LINE_BYTES + 1) + b"\n")[0].nonsense == 1


def test_a_phase_has_its_own_budget_whatever_it_claims():
    transcript, _ = taken(BEGUN, phase(Phase.AI_ANALYSIS, 1e9), at=3.0)
    assert transcript.patience_ends == 3 + 300 + 5
    transcript.take(phase(Phase.POST_CLEANUP), 50.0)
    assert transcript.patience_ends == 50 + 60 + 5
    transcript.take(phase(Phase.COMPLETE), 60.0)
    assert transcript.patience_ends == 60 + 5


def test_silence_from_the_start_ends_too():
    assert taken()[0].patience_ends == 10


def test_no_number_of_phases_makes_a_session_endless():
    transcript, _ = taken(BEGUN, *[phase(Phase.AI_ANALYSIS)] * 50, at=900.0)
    assert transcript.patience_ends == 1000


def test_chatter_in_a_phase_does_not_prolong_it():
    transcript, _ = taken(BEGUN, phase(Phase.READINESS_CHECK))
    transcript.take(to_line(Notice(session_id=ID, level="info", what="still here")), 19.0)
    assert transcript.patience_ends == 15 + 5


def test_what_the_tidying_left_is_noted_if_it_is_a_number():
    def left(**facts):
        return to_line(Notice(session_id=ID, level="info", what=TIDYING_LEFT, facts=facts))

    assert taken(BEGUN, left(left=336), ENDED)[0].left == 336
    assert taken(BEGUN, left(left="many"), left(), ENDED)[0].left == 0
