"""Real processes: found, told apart, and ended as whole trees, and nobody else with them."""

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from daydreamd.errors import ProcessGone
from daydreamd.host.processes import (
    Identity,
    Signals,
    age_seconds,
    ancestors,
    become_subreaper,
    descendants,
    end_tree,
    identify,
    is_alive,
    living_descendants,
    marked,
    memory_bytes,
    parse_memory,
    read_argv,
    read_children,
    read_cwd,
    read_environ,
    read_exe,
    read_stat,
    read_uid,
    reap_orphans,
    scan,
    send,
)

FAKES = Path(__file__).parent.parent / "fakes"
PR_SET_NAME = 15


@pytest.fixture
def start():
    """Start direct children; whichever still lives at the end is ended."""
    started = []

    def start_one(*argv, **options):
        process = subprocess.Popen([str(word) for word in argv], **options)
        started.append(process)
        # For an instant of its exec a process has no arguments and no environment yet.
        while not read_argv(process.pid) and read_stat(process.pid).state not in "ZX":
            time.sleep(0.001)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def named(name):
    """Fork a sleeping child that calls itself `name`."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_NAME, name, 0, 0, 0)
        os.write(writing, b"!")
        time.sleep(600)
        os._exit(0)
    os.read(reading, 1)
    os.close(reading)
    os.close(writing)
    return pid


@pytest.mark.parametrize("name", [b"a) R 1 (b", b"two\nlines", b"\xff\xfe", b") ) (", b" ", b""])
def test_a_hostile_name_is_read_as_a_name(name):
    pid = named(name)
    try:
        stat = scan()[pid]
    finally:
        os.kill(pid, Signals.SIGKILL)
        os.waitpid(pid, 0)

    assert stat.comm == name.decode("utf-8", "replace")
    assert (stat.pid, stat.ppid) == (pid, os.getpid())
    assert stat.state in ("S", "R")  # it may not have fallen asleep yet


def test_a_scan_finds_ourselves_with_all_facts(tmp_path):
    stat = scan()[os.getpid()]

    assert stat.ppid == os.getppid()
    assert stat.session == os.getsid(0)
    assert stat.pgrp == os.getpgrp()
    assert stat.rss_bytes > 10 << 20
    assert stat.cpu_ticks > 0
    assert 0 < age_seconds(stat.start_ticks) < 86_400


def test_more_is_asked_about_one(start, tmp_path):
    sleeper = start("sleep", "600", cwd=tmp_path, env={"NAME": "a=b\nc", "EMPTY": ""})

    assert read_argv(sleeper.pid) == ("sleep", "600")
    assert read_environ(sleeper.pid) == {"NAME": "a=b\nc", "EMPTY": ""}
    assert read_cwd(sleeper.pid) == str(tmp_path)
    assert Path(read_exe(sleeper.pid)).name == "sleep"
    assert read_uid(sleeper.pid) == os.getuid()
    assert 0 < (memory_bytes(sleeper.pid) or 0) < 10 << 20
    assert sleeper.pid in read_children(os.getpid())


def test_a_program_file_replaced_since_keeps_its_name(start, tmp_path):
    program = tmp_path / "program"
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o700)
    sleeper = start(program, "600")
    before = identify(sleeper.pid)
    program.unlink()

    assert read_exe(sleeper.pid) == str(program)
    assert identify(sleeper.pid) == before


def test_a_vanished_process_is_no_error_but_nothing(start):
    gone = start("true")
    gone.wait()

    assert read_stat(gone.pid) is None
    assert read_argv(gone.pid) == ()
    assert read_environ(gone.pid) is None
    assert read_exe(gone.pid) == read_cwd(gone.pid) == ""
    assert memory_bytes(gone.pid) == 0
    assert read_children(gone.pid) == []
    with pytest.raises(ProcessGone, match=f"cannot find process {gone.pid}: it has ended"):
        identify(gone.pid)


def test_a_family_is_known_in_both_directions(start):
    shell = start("sh", "-c", "sleep 600 & sleep 600 & echo; wait", stdout=subprocess.PIPE)
    shell.stdout.readline()
    table = scan()

    below = descendants([shell.pid], table)
    assert sorted(stat.pid for stat in below) == sorted(
        stat.pid for stat in living_descendants([shell.pid])
    )
    assert len(below) == 2
    assert [stat.pid for stat in ancestors(below[0].pid, table)][:2] == [shell.pid, os.getpid()]
    for stat in below:
        os.kill(stat.pid, Signals.SIGKILL)


def test_a_process_is_found_by_its_mark(start):
    sleeper = start("sleep", "600", env={"MARK_OF_THIS_TEST": "one"})

    assert marked("MARK_OF_THIS_TEST") == [identify(sleeper.pid)]
    assert marked("MARK_OF_THIS_TEST", "one") == [identify(sleeper.pid)]
    assert marked("MARK_OF_THIS_TEST", "two") == []


def test_a_signal_reaches_the_identity_it_is_for(start):
    sleeper = start("sleep", "600")

    assert send(identify(sleeper.pid), Signals.SIGTERM)
    assert sleeper.wait() == -Signals.SIGTERM


@pytest.mark.parametrize("change", ["start_ticks", "uid", "exe", "birth"])
def test_a_process_that_differs_in_anything_is_spared(start, change):
    sleeper = start("sleep", "600")
    facts = {name: getattr(identify(sleeper.pid), name) for name in Identity.__slots__}
    facts[change] = "/bin/other" if change == "exe" else facts[change] + 1

    assert not send(Identity(**facts), Signals.SIGKILL)
    assert sleeper.poll() is None


def test_a_process_that_became_another_program_is_spared(start):
    shell = start("sh", "-c", "read x; exec sleep 600", stdin=subprocess.PIPE)
    before = identify(shell.pid)
    shell.stdin.close()
    while Path(read_exe(shell.pid)).name != "sleep":
        time.sleep(0.01)

    assert not send(before, Signals.SIGTERM)
    assert shell.poll() is None
    assert send(before, Signals.SIGTERM, even_after_exec=True)


def test_a_reused_pid_is_spared_a_thousand_times():
    namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    argv = [*namespace, sys.executable, FAKES / "pid_reuse.py", "1000"]

    done = subprocess.run(argv, capture_output=True, check=True, text=True)

    rounds, same_tick, wrong, right = map(int, done.stdout.split())
    assert (rounds, wrong, right) == (1000, 0, 1000)
    assert same_tick > 0  # else this was too easy


async def test_a_tree_that_is_not_ours_is_ended_as_a_whole(start, tmp_path):
    pids = tmp_path / "pids"
    deed = (sys.executable, "-S", FAKES / "misbehaving.py", "respawns", pids)
    start(*deed)
    bystander = start("sleep", "600")
    while not pids.exists() or not pids.read_text():  # noqa: ASYNC110 - another program writes it
        await anyio.sleep(0.01)
    root = next(i for i in map(identify, read_children(os.getpid())) if i.pid != bystander.pid)

    report = await end_tree([root], grace=0.2)

    assert report.survivors == ()
    assert root in report.ended
    assert len(report.ended) >= 2
    assert not any(map(is_alive, report.ended))
    assert bystander.poll() is None


async def test_none_born_while_its_parent_is_ended_gets_away(start, tmp_path):
    pids = tmp_path / "pids"
    root = start(sys.executable, "-S", FAKES / "misbehaving.py", "breeds", pids)
    while not pids.exists() or pids.read_text().count("\n") < 20:  # noqa: ASYNC110 - as above
        await anyio.sleep(0.01)

    report = await end_tree([identify(root.pid)], grace=0.0)  # we are no subreaper here

    children = set(map(int, pids.read_text().split()))
    ended = {identity.pid for identity in report.ended}
    assert report.survivors == ()
    assert children < ended


async def test_the_end_of_nothing_is_at_once_and_of_nobody(start):
    bystander = start("sleep", "600")
    stale = identify(bystander.pid)
    stale = Identity(stale.pid, stale.start_ticks - 1, stale.uid, stale.exe)

    report = await end_tree([stale], grace=60)

    assert (report.ended, report.survivors) == ((), ())
    assert bystander.poll() is None


async def test_who_was_adopted_is_an_orphan_and_a_child_from_before_is_not(start):
    older = start("sleep", "600")
    become_subreaper()
    parent = start("sh", "-c", "sleep 600 >&- & echo $!", stdout=subprocess.PIPE)
    orphan = parent.stdout.read()
    parent.wait()

    assert [one.pid for one in reap_orphans()] == [int(orphan)]
    report = await end_tree([], grace=5)
    assert [ended.pid for ended in report.ended] == [int(orphan)]
    assert reap_orphans() == []
    assert older.poll() is None
    assert int(orphan) not in read_children(os.getpid())


def test_who_is_not_ours_to_signal_is_told_as_a_survivor(start):
    sleeper = start("sleep", "600")
    code = f"""if True:
        import anyio, os
        from daydreamd.errors import HostError
        from daydreamd.host.processes import end_tree, identify, send, Signals
        anyio.run(anyio.sleep, 0)  # imports what lies where the other user may not look
        os.setuid(65534)
        sleeper = identify({sleeper.pid})
        report = anyio.run(lambda: end_tree([sleeper], grace=60))
        assert (report.ended, report.survivors) == ((), (sleeper,)), report
        try:
            send(sleeper, Signals.SIGTERM)
        except HostError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == f"cannot signal process {sleeper.pid}: not permitted\n"
    assert sleeper.poll() is None


def test_memory_that_cannot_be_read_is_unknown(start):
    sleeper = start("sleep", "600")
    os.seteuid(65534)
    try:
        assert memory_bytes(sleeper.pid) is None
    finally:
        os.seteuid(0)


def test_memory_in_swap_counts():
    rollup = b"5581-7ffe ---p 00000000 00:00 0 [rollup]\nRss: 900 kB\nPss: 300 kB\n"
    assert parse_memory(rollup + b"Swap: 80 kB\nSwapPss: 40 kB\n") == 340 << 10
    assert parse_memory(rollup) == 300 << 10
    assert parse_memory(b"") is None
