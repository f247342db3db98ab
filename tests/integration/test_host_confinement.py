"""Confined programs, on the kernel that there is."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from daydreamd.host.children import confined_exec
from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.children.confinement import confined, landlock_abi, program_paths
from daydreamd.host.processes import identify, is_alive

PYTHON = program_paths(sys.executable)
FAR_ABOVE = Path(confined_exec.__file__).parent


async def outcome(code, tmp_path, **limits):
    """What a confined Python prints; it reports errors by their names."""
    limits.setdefault("write", [tmp_path / "inside"])
    limits["read"] = [*PYTHON, *limits.get("read", ())]
    (tmp_path / "inside").mkdir(exist_ok=True)
    attempt = f"try:\n  {code}\n  print('done')\nexcept OSError as e: print(type(e).__name__)"
    argv = confined([sys.executable, "-S", "-c", attempt], **limits)
    done = await run(argv, cwd=tmp_path / "inside", env=clean_environment(), deadline=30)
    assert done.exit_code == 0, done
    assert done.stderr == b""
    return done.stdout.decode().strip()


def test_this_kernel_can_confine_what_the_tests_are_about():
    assert landlock_abi() >= 4


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("open('{outside}/secret')", "PermissionError"),
        ("open('{outside}/secret', 'a')", "PermissionError"),
        ("open('{outside}/new', 'w')", "PermissionError"),
        ("__import__('os').listdir('{outside}')", "PermissionError"),
        ("__import__('os').unlink('{outside}/secret')", "PermissionError"),
        ("__import__('os').truncate('{outside}/secret', 0)", "PermissionError"),
        ("__import__('os').execv('{outside}/program', ['x'])", "PermissionError"),
        ("open('/etc/shadow')", "PermissionError"),
        ("open('/proc/{parent}/environ').read()", "PermissionError"),
        ("__import__('os').kill({parent}, 0)", "PermissionError"),
        ("open('{inside}/new', 'w')", "done"),
        ("open('/etc/hosts')", "done"),
        ("open('/dev/null', 'w')", "done"),
    ],
)
async def test_a_confined_program_reaches_only_what_is_listed(tmp_path, code, told):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (outside / "program").write_bytes(b"#!/bin/sh\n")
    (outside / "program").chmod(0o700)
    places = {"outside": outside, "inside": tmp_path / "inside", "parent": os.getpid()}

    assert await outcome(code.format(**places), tmp_path) == told
    assert (outside / "secret").read_text() == "s"
    assert sorted(path.name for path in outside.iterdir()) == ["program", "secret"]


async def test_what_is_listed_for_reading_cannot_be_written(tmp_path):
    (tmp_path / "book").write_text("s")

    assert await outcome(f"open('{tmp_path}/book')", tmp_path, read=[tmp_path / "book"]) == "done"
    writing = f"open('{tmp_path}/book', 'a')"
    assert await outcome(writing, tmp_path, read=[tmp_path / "book"]) == "PermissionError"


async def test_a_confined_program_connects_only_to_the_listed_port(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        ports = [server.getsockname()[1]]
        code = "__import__('socket').create_connection(('127.0.0.1', {})).close()"

        for port, told in ((server, "done"), (other, "PermissionError")):
            connect = code.format(port.getsockname()[1])
            assert await outcome(connect, tmp_path, connect_ports=ports) == told
        assert await outcome(code.format(other.getsockname()[1]), tmp_path) == "done"


async def test_a_confined_program_yields_gains_nothing_and_dies_with_its_parent(tmp_path):
    argv = confined(["sh", "-c", "cat /proc/self/oom_score_adj; nice; cat /proc/self/status"])

    done = await run(argv, cwd=tmp_path, env=clean_environment(), deadline=30)

    score, nice, *status = done.stdout.decode().splitlines()
    assert (int(score), int(nice)) == (500, min(19, os.nice(0) + 10))
    assert "NoNewPrivs:\t1" in status
    assert "CapPrm:\t0000000000000000" in status
    assert "CapEff:\t0000000000000000" in status


async def test_without_landlock_it_keeps_what_powers_we_have(tmp_path):
    argv = confined(["cat", "/proc/self/status"], landlock=False)

    done = await run(argv, cwd=tmp_path, env=clean_environment(), deadline=30)

    theirs = [line for line in done.stdout.decode().splitlines() if line.startswith("CapEff")]
    assert theirs[0] in Path("/proc/self/status").read_text().splitlines()


async def test_a_program_that_is_not_there_is_told(tmp_path):
    done = await run(confined(["no-such"]), cwd=tmp_path, env=clean_environment(), deadline=30)

    assert done.exit_code == 127
    assert b"exec-failed: cannot start no-such: No such file or directory" in done.stderr


async def test_a_wrapper_that_outlived_its_parent_starts_nothing(tmp_path):
    argv = confined(["touch", tmp_path / "started"], landlock=False)
    elsewhere = ["sh", "-c", '"$@"; exit $?', "sh", *argv]  # the shell is its parent now, not we

    done = await run(elsewhere, cwd=tmp_path, env=clean_environment(), deadline=30)

    assert done.exit_code == 125
    assert not (tmp_path / "started").exists()


def test_a_confined_program_dies_when_its_parent_is_killed():
    code = """if True:
        import subprocess, time
        from daydreamd.host.children.confinement import confined
        child = subprocess.Popen(confined(["sh", "-c", "echo $$; exec sleep 600"]))
        child.wait()
    """
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        child = identify(int(parent.stdout.readline()))
        assert is_alive(child)
        pidfd = os.pidfd_open(child.pid)
        parent.send_signal(signal.SIGKILL)
        try:
            anyio.run(anyio.wait_readable, pidfd)
        finally:
            os.close(pidfd)

    assert not is_alive(child)


async def test_half_a_confinement_does_not_pass_for_a_whole_one(tmp_path):
    argv = ["true"]
    for _ in range(17):  # the kernel takes 16 layers
        argv = confined(argv, read=[*PYTHON, FAR_ABOVE], nice=0)

    done = await run(argv, cwd=tmp_path, env=clean_environment(), deadline=60)

    assert done.exit_code == 126
    assert b"landlock-failed: Argument list too long" in done.stderr


def test_a_kernel_without_landlock_is_told_and_not_fatal(capsys):
    confined_exec._restrict({"--landlock": ["1"], "--read": ["/usr"]}, abi=0)

    assert capsys.readouterr().err.startswith("daydreamd-confinement: no-landlock: ")
    assert Path("/etc/shadow").read_text()
