"""A child that lives as long as its block, and is talked to by lines."""

import sys

import pytest

from daydreamd.errors import CommandTooLarge
from daydreamd.host.children.commands import leashed
from daydreamd.host.processes import Signals, read_stat
from tests.integration.children import deed


async def test_a_child_talks_by_lines_while_it_lives(place):
    code = "print('one'); print('two', flush=True); import sys; print('three', end=''); sys.exit(4)"

    async with leashed([sys.executable, "-c", code], **place) as child:
        assert [line async for line in child.lines()] == [b"one", b"two", b"three"]
        assert await child.wait() == 4


async def test_a_line_without_end_is_refused(place):
    async with leashed(deed("floods", 1 << 40), **place) as child:
        with pytest.raises(CommandTooLarge, match="a line has no end"):
            await anext(child.lines())


async def test_a_long_lived_child_is_ended_with_its_block(place):
    async with leashed(["sleep", "60"], **place) as child:
        assert read_stat(child.identity.pid).start_ticks == child.identity.start_ticks
        assert not child.has_ended

    assert await child.wait() == -Signals.SIGTERM
    assert not child.send(Signals.SIGTERM)


async def test_an_error_inside_the_block_comes_out_as_it_is(place):
    with pytest.raises(ZeroDivisionError):
        async with leashed(["sleep", "60"], **place):
            1 / 0  # noqa: B018 - it is to raise
