"""The leash, against real programs that behave as badly as programs do."""

import os
import sys
from pathlib import Path

import anyio
import pytest

from daydreamd.errors import CommandError, CommandTimeout, CommandTooLarge
from daydreamd.host.children.commands import SESSION_MARK, clean_environment, leashed, run
from daydreamd.host.processes import (
    Signals,
    is_alive,
    read_environ,
    read_stat,
    reap_orphans,
)
from tests.integration.children import MIB, MISBEHAVING, deed, living, noted, until_noted


@pytest.fixture
def notes(tmp_path):
    return tmp_path / "pids"


async def test_a_program_is_run_and_what_it_left_is_told(place):
    code = (
        "import sys; print(sys.stdin.read()[::-1], end=''); print('oh', file=sys.stderr); exit(3)"
    )

    done = await run([sys.executable, "-c", code], stdin=b"abc", deadline=30, **place)

    assert (done.exit_code, done.stdout, done.stderr) == (3, b"cba", b"oh\n")
    assert not done.truncated
    assert done.survivors == ()
    assert done.cpu_seconds > 0
    assert done.argv == (sys.executable, "-c", code)


async def test_a_signal_is_told_as_a_negative_exit_code(place):
    done = await run(["sh", "-c", "kill -SEGV $$"], deadline=30, **place)

    assert done.exit_code == -Signals.SIGSEGV


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["no-such-program"], r"cannot start no-such-program: No such file or directory"),
        ([MISBEHAVING], "Permission denied"),
        (["tr\0ue"], "embedded null byte"),
    ],
)
async def test_a_program_that_cannot_be_started_is_one_clear_error(place, argv, told):
    with pytest.raises(CommandError, match=told):
        await run(argv, deadline=30, **place)


async def test_a_missing_directory_is_named(place, tmp_path):
    place["cwd"] = tmp_path / "gone"

    with pytest.raises(CommandError, match=r"No such file or directory.*/gone"):
        await run(["true"], deadline=30, **place)


async def test_a_child_has_nothing_of_ours_but_what_it_is_given(place):
    os.environ["SECRET_OF_OURS"] = "x"
    fd = os.open("/dev/null", os.O_RDONLY)
    os.set_inheritable(fd, True)
    code = (
        "import os;"
        "print(sorted(os.environ), os.listdir('/proc/self/fd'), os.getsid(0) == os.getpid())"
    )
    try:
        done = await run([sys.executable, "-c", code], deadline=30, **place)
    finally:
        os.close(fd)
        del os.environ["SECRET_OF_OURS"]

    assert done.stdout.startswith(b"['LANG', 'LC_ALL', 'PATH'] ['0', '1', '2', '3'] True")


async def test_the_mark_of_the_session_is_handed_on(place):
    place["env"] = clean_environment(**{SESSION_MARK: "20261122-184601-7f3a"})

    async with leashed(["sleep", "60"], **place) as child:
        assert read_environ(child.pid)[SESSION_MARK] == "20261122-184601-7f3a"


async def test_more_output_than_allowed_ends_the_program(place):
    with pytest.raises(CommandTooLarge, match=r"it printed more than 1\.0 MiB"):
        await run(deed("floods", 1 << 40), deadline=60, **place)


async def test_more_output_than_wanted_is_dropped_and_said(place):
    chunks = []

    done = await run(
        deed("floods", 3 * MIB),
        deadline=60,
        max_stdout=1000,
        too_much="drop",
        on_stdout=lambda chunk: chunks.append(len(chunk)),
        **place,
    )

    assert (done.exit_code, done.stdout, done.truncated) == (0, b"x" * 1000, True)
    assert sum(chunks) == 3 * MIB


async def test_a_child_that_never_reads_does_not_hang_us(place):
    done = await run(deed("never_reads"), stdin=b"x" * 5 * MIB, deadline=60, **place)

    assert (done.exit_code, done.stdout) == (0, b"did not read\n")


async def test_all_of_a_large_stdin_arrives(place):
    done = await run(["wc", "-c"], stdin=b"x" * 5 * MIB, deadline=60, **place)

    assert int(done.stdout) == 5 * MIB


async def test_a_child_that_prints_nothing_and_ends_well_is_just_that(place):
    done = await run(["true"], deadline=30, **place)

    assert (done.exit_code, done.stdout, done.stderr) == (0, b"", b"")


async def test_a_program_is_ended_at_its_deadline_though_it_ignores_term(place, notes):
    with anyio.fail_after(10), pytest.raises(CommandTimeout, match=r"it took longer than 0\.5 s"):
        await run(deed("stubborn", notes), deadline=0.5, grace=0.2, **place)

    assert living(noted(notes)) == []


async def test_a_program_that_stopped_itself_is_ended(place, notes):
    with anyio.fail_after(10), pytest.raises(CommandTimeout):
        await run(deed("stops_itself", notes), deadline=0.5, grace=60, **place)

    assert living(noted(notes)) == []


async def test_a_program_without_its_first_thread_is_ended(place, notes):
    async with leashed(deed("headless", notes), **place) as child:
        await until_noted(notes, 1)
        with anyio.fail_after(20):
            while read_stat(child.pid).state != "Z":  # noqa: ASYNC110 - no event tells
                await anyio.sleep(0.01)
        assert is_alive(child.identity)

    assert not is_alive(child.identity)
    assert await child.wait() == -Signals.SIGTERM


async def test_a_grandchild_on_the_pipe_does_not_keep_us_waiting(place, notes):
    with anyio.fail_after(10):
        done = await run(deed("holds_stdout", notes), deadline=60, grace=0.2, **place)

    assert (done.exit_code, done.stdout) == (0, b"done\n")
    assert len(noted(notes)) == 1
    assert living(noted(notes)) == []


async def test_a_pipe_held_beyond_our_reach_does_not_keep_us_waiting(notes, tmp_path):
    with anyio.fail_after(10):  # we are no subreaper here, so the holder gets away
        argv = deed("holds_stdout", notes)
        done = await run(argv, cwd=tmp_path, env=clean_environment(), deadline=60)

    assert (done.exit_code, done.stdout) == (0, b"done\n")
    assert len(living(noted(notes))) == 1
    os.kill(noted(notes)[0], Signals.SIGKILL)


async def test_three_escaped_grandchildren_are_ended_with_a_program_that_leaves(place, notes):
    done = await run(deed("escapes_and_leaves", notes), deadline=60, grace=0.2, **place)

    assert (done.exit_code, done.survivors) == (0, ())
    assert len(noted(notes)) == 3
    assert living(noted(notes)) == []


async def test_three_escaped_grandchildren_are_ended_when_we_are_cancelled(place, notes):
    with anyio.fail_after(30):
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: run(deed("escapes", notes), deadline=60, grace=0.2, **place))
            await until_noted(notes, 3)
            group.cancel_scope.cancel()

    assert living(noted(notes)) == []


async def test_an_orphan_that_comes_back_is_ended_while_its_leash_still_lives(place, notes):
    async with leashed(deed("escapes", notes), grace=0.2, **place) as child:
        await until_noted(notes, 3)
        with anyio.fail_after(20):
            while living(noted(notes)):  # noqa: ASYNC110 - no event tells of their end
                await anyio.sleep(0.05)

        assert not child.has_ended


async def test_a_program_that_respawns_its_child_is_ended(place, notes):
    with pytest.raises(CommandTimeout):
        await run(deed("respawns", notes), deadline=1, grace=0.3, **place)

    assert noted(notes)
    assert living(noted(notes)) == []


async def test_a_program_that_runs_from_pid_to_pid_is_ended(place, notes):
    with anyio.fail_after(30):
        done = await run(deed("runs_away", notes), deadline=30, grace=0.1, **place)

    assert (done.exit_code, done.survivors) == (0, ())
    assert reap_orphans() == []


@pytest.mark.parametrize("when", [60, 500])
async def test_a_fork_bomb_is_ended(place, notes, when):
    with anyio.fail_after(60):
        async with leashed(deed("fork_bomb", 500, notes), grace=0.3, **place) as child:
            await until_noted(notes, when)

    assert child.survivors == ()
    assert living(noted(notes)) == []


async def test_a_polite_child_may_end_its_tree_itself(place, notes):
    async with leashed(deed("polite", notes), root_grace=20, **place):
        await until_noted(notes, 1)

    assert len(noted(Path(f"{notes}.clean"))) == 1
    assert living(noted(notes) + noted(Path(f"{notes}.child"))) == []


async def test_only_the_tail_of_stderr_is_kept(place):
    code = "import sys; sys.stderr.write('x' * 5_000_000 + 'the end')"

    done = await run([sys.executable, "-c", code], deadline=30, **place)

    assert len(done.stderr) == 1 << 16
    assert done.stderr.endswith(b"the end")
