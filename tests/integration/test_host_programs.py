"""Which program is taken for a name, and what a program may use at most."""

import os
import resource
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daydreamd.errors import CommandError
from daydreamd.host.children import programs
from daydreamd.host.children.commands import clean_environment, leashed, run
from daydreamd.host.children.programs import Program, find_program, keep_out_of
from daydreamd.host.files.disks import ask_disk, glance
from daydreamd.host.processes.identity import is_alive

MIB = 1 << 20


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Puts a directory with a program of its name first on PATH; the directory."""

    def make(name, *, below=tmp_path):
        place = below / name
        place.mkdir(parents=True)
        program = place / "tool"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
        return place

    yield make
    programs._WORKSPACES.clear()
    programs._ask_who_writes.cache_clear()


def test_a_program_in_a_directory_of_our_own_is_found(on_path):
    place = on_path("bin")
    assert find_program("tool") == place / "tool"


def test_a_directory_whose_disk_was_silent_counts_again_when_it_answers(on_path, tmp_path):
    place = on_path("bin")
    os.mkfifo(tmp_path / "silence")
    with pytest.raises(TimeoutError):
        ask_disk(place, (tmp_path / "silence").read_bytes, seconds=0.05)
    assert find_program("tool") is None
    with (tmp_path / "silence").open("wb"):
        pass  # the question comes back
    while not glance(place, lambda: True, unknown=False):
        pass  # its thread is about to end
    assert find_program("tool") == place / "tool"


def test_a_link_to_a_program_is_resolved(on_path, tmp_path):
    place = on_path("bin")
    (place / "linked").symlink_to(place / "tool")
    assert find_program("linked") == place / "tool"


@pytest.mark.parametrize("bin_directory", ["", "bin", "node_modules/.bin", ".venv/bin", "a/b/c"])
def test_a_program_in_a_workspace_is_not_found(on_path, tmp_path, bin_directory):
    keep_out_of([tmp_path / "ws"])
    place = on_path(f"ws/{bin_directory}")
    assert find_program("tool") is None
    assert str(place) not in clean_environment()["PATH"]


def test_a_link_that_leads_into_a_workspace_is_not_followed(on_path, tmp_path):
    outside, inside = on_path("bin"), on_path("ws/bin")
    keep_out_of([tmp_path / "ws"])
    (outside / "tool").unlink()
    (outside / "tool").symlink_to(inside / "tool")
    assert find_program("tool") is None
    linked = tmp_path / "linked"
    linked.symlink_to(inside)
    os.environ["PATH"] = f"{linked}:{os.environ['PATH']}"
    assert find_program("tool") is None


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
def test_a_directory_that_everybody_can_write_to_is_passed_over(on_path, mode):
    on_path("bin").chmod(mode)
    assert find_program("tool") is None


@pytest.mark.parametrize("mode", [0o777, 0o757])
def test_so_is_one_below_such_a_directory(on_path, tmp_path, mode):
    on_path("open/bin")
    (tmp_path / "open").chmod(mode)
    assert find_program("tool") is None


@pytest.mark.parametrize("whose", ["directory", "program", "above"])
def test_so_is_what_belongs_to_another_user(on_path, tmp_path, whose):
    place = on_path("above/bin")
    owned = {"directory": place, "program": place / "tool", "above": tmp_path / "above"}
    os.chown(owned[whose], 4321, 4321)
    assert find_program("tool") is None


def test_so_is_a_program_that_everybody_can_write_to(on_path):
    (on_path("bin") / "tool").chmod(0o777)
    assert find_program("tool") is None


@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin", "../x/bin"])
def test_an_entry_that_depends_on_the_current_directory_is_passed_over(
    on_path, tmp_path, monkeypatch, entry
):
    on_path("x/bin")
    monkeypatch.chdir(tmp_path / "x" / ("bin" if entry in ("", ".") else "."))
    monkeypatch.setenv("PATH", f"{entry}:/usr/bin")
    assert find_program("tool") is None
    assert clean_environment()["PATH"] == "/usr/bin"


async def test_a_limit_of_memory_is_one_of_each_process(tmp_path):
    code = "x = bytearray(400 << 20)"
    place = {"cwd": tmp_path, "env": clean_environment(), "deadline": 60}
    done = await run([sys.executable, "-c", code], program=Program("p", 100 * MIB), **place)
    assert b"MemoryError" in done.stderr
    assert (await run([sys.executable, "-c", code], **place)).exit_code == 0


async def test_a_limit_of_file_size_holds_for_what_it_writes(tmp_path):
    done = await run(
        ["dd", "if=/dev/zero", "of=big", "bs=1M", "count=4"],
        cwd=tmp_path,
        env=clean_environment(),
        deadline=60,
        program=Program("p", file_bytes=MIB),
    )
    assert done.exit_code != 0
    assert (tmp_path / "big").stat().st_size == MIB


def test_a_program_has_its_limits_from_its_first_instruction_on(tmp_path):
    """Whatever is done after its start comes too late: it has ended by then."""
    limits = "import resource as r; print(*map(r.getrlimit, (r.RLIMIT_DATA, r.RLIMIT_NOFILE)))"
    code = f"""if True:
        import os, sys, threading
        import anyio
        from pathlib import Path
        from daydreamd.host.children.commands import clean_environment, run
        from daydreamd.host.processes.procfs import read_children
        from daydreamd.host.children.programs import Program
        def trace(frame, event, argument):
            if not frame.f_code.co_filename.endswith("launch.py"):
                return None
            for pid in read_children(os.getpid()):
                os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            return trace
        async def main():
            threading.settrace(trace)
            sys.settrace(trace)
            place = dict(cwd=Path("/"), env=clean_environment(), deadline=60)
            program = Program("p", memory_bytes=100 << 20, open_files=99)
            done = await run([sys.executable, "-c", {limits!r}], program=program, **place)
            print(done.stdout.decode(), end="")
        anyio.run(main)
    """
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"(104857600, 104857600) (99, 99)\n"


async def test_no_child_leaves_a_core_file(tmp_path):
    code = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    done = await run(
        [sys.executable, "-c", code], cwd=tmp_path, env=clean_environment(), deadline=60
    )
    assert done.stdout == b"(0, 0)\n"


def test_a_child_dies_with_the_process_that_started_it(tmp_path):
    """Once it is the program: what ends before the kernel was asked is found by its mark."""
    code = (
        "import anyio, os, sys; from pathlib import Path\n"
        "from daydreamd.host.children.commands import clean_environment, leashed\n"
        "async def main():\n"
        "    argv = ['sh', '-c', 'echo begun; exec sleep 600']\n"
        f"    place = dict(cwd=Path({str(tmp_path)!r}), env=clean_environment())\n"
        "    async with leashed(argv, **place) as child:\n"
        "        await child.read()\n"
        "        print(child.pid, flush=True); await child.wait()\n"
        "anyio.run(main)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        pidfd = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        assert select.select([pidfd], [], [], 30)[0]
    finally:
        os.close(pidfd)


@pytest.mark.parametrize("spare", range(12))
async def test_with_too_few_descriptors_no_child_is_left(tmp_path, spare):
    """Whichever step between the start and the end of a child finds none left."""
    mark = f"DAYDREAMD_TEST_MARK={tmp_path}"
    await run(["true"], cwd=tmp_path, env=clean_environment(), deadline=30)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))  # noqa: PTH208 - numbers are wanted
    filled = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 40, hard))
        while True:
            try:
                filled.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        for _ in range(spare):
            os.close(filled.pop())
        try:
            env = clean_environment(DAYDREAMD_TEST_MARK=str(tmp_path))
            async with leashed(["sleep", "600"], cwd=tmp_path, env=env, grace=0.2) as child:
                identity = child.identity
            assert not is_alive(identity)
        except (CommandError, OSError):
            pass  # refused is right; to leave a child is not
    finally:
        for fd in filled:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert _marked(mark) == []


def _marked(mark):
    give_up = time.monotonic() + 2
    while True:
        found = [pid for pid in Path("/proc").glob("[0-9]*") if mark in _environment(pid)]
        if not found or time.monotonic() > give_up:
            return found


def _environment(process):
    try:
        return (process / "environ").read_bytes().decode(errors="replace")
    except OSError:
        return ""
