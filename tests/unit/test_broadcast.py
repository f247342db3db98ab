"""The live stream, and watchers that come late or do not keep up."""

from contextlib import aclosing

from daydreamd.daemon.broadcast import Broadcast
from daydreamd.records.daydream_session import Outcome, Phase, Trigger
from daydreamd.records.events import (
    AnswerChunk,
    Notice,
    PhaseStarted,
    SessionEnded,
    SessionStarted,
    from_line,
)

ID = "20261122-184601-7f3a"
BEGUN = SessionStarted(session_id=ID, trigger=Trigger.TIMER)
PHASE = PhaseStarted(session_id=ID, phase=Phase.AI_ANALYSIS, budget_seconds=300)
ENDED = SessionEnded(session_id=ID, outcome=Outcome.COMPLETED, seconds=1)


def chunk(number):
    return AnswerChunk(session_id=ID, text=str(number))


async def test_who_comes_late_is_told_what_the_session_has_done_but_not_its_whole_answer():
    broadcast = Broadcast()
    for event in (BEGUN, PHASE, chunk(1)):
        broadcast(event)
    async with aclosing(broadcast.watch()) as lines:
        assert [from_line(await anext(lines)), from_line(await anext(lines))] == [BEGUN, PHASE]
        broadcast(ENDED)
        assert from_line(await anext(lines)) == ENDED


async def test_a_session_that_is_over_is_not_told_again():
    broadcast = Broadcast()
    for event in (BEGUN, PHASE, ENDED):
        broadcast(event)
    async with aclosing(broadcast.watch()) as lines:
        broadcast.close()
        assert [line async for line in lines] == []


async def test_a_watcher_that_does_not_keep_up_is_told_how_much_it_missed():
    broadcast = Broadcast()
    broadcast(BEGUN)
    async with aclosing(broadcast.watch()) as lines:
        await anext(lines)
        for number in range(1500):
            broadcast(chunk(number))
        heard = [from_line(await anext(lines)).text for _ in range(1000)]
        assert heard == [str(number) for number in range(1000)]
        broadcast(ENDED)
        notice = from_line(await anext(lines))
        assert isinstance(notice, Notice)
        assert notice.facts == {"count": 500}
        assert from_line(await anext(lines)) == ENDED


async def test_who_has_left_costs_nothing():
    broadcast = Broadcast()
    broadcast(BEGUN)
    async with aclosing(broadcast.watch()) as lines:
        await anext(lines)
    broadcast(ENDED)
    broadcast.close()
