"""What agents left behind is known without a name, reported, and ended only where that is asked."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daydreamd.agents.nameless import cwd_is_gone
from daydreamd.host.processes import identify, is_alive
from tests.integration.zoo.animals import NATIVE, PYTHON
from tests.integration.zoo.keeper import Zoo, await_text, open_zoo
from tests.integration.zoo.visit import clean

_REPORTS = """
[cleanup.left_by_agents]
max_age = "1s"
idle_for = "500ms"
"""
_ENDS = _REPORTS + "end = true\n"
_SERVE = """
import http.server, signal, sys, os
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
open(sys.argv[1], "w").write(str(server.server_port))
server.serve_forever()
"""
_LISTEN = """
import signal, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
signal.pause()
"""
# It serves one client at a time, and is never done with nobody.
_QUEUE = """
import os, signal, socket, sys
kind, place = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET6)
listener.bind(place if kind == "unix" else ("::", 0))
listener.listen()
name = place if kind == "unix" else str(listener.getsockname()[1])
with open(place + ".new", "w") as said:
    said.write(name)
os.rename(place + ".new", place + ".ready")
signal.pause()
"""
_KEEP = """
import signal, sys
data = open(sys.argv[1], "w")
signal.pause()
"""
_NOHUP = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN); signal.pause()"


@pytest.fixture
def zoo(tmp_path: Path) -> Iterator[Zoo]:
    with open_zoo(tmp_path / "zoo") as zoo:
        yield zoo


def leave(zoo: Zoo, program: Path | str, *arguments: str, gone: bool = True, **wishes: Any) -> int:
    """An orphan with an agent's mark; its working directory is removed once it is there."""
    cwd = zoo.home / f"worktree-{len(zoo.animals())}"
    cwd.mkdir()
    marks = {"CLAUDECODE": "1"} | wishes
    pid = zoo.release(program, *arguments, cwd=cwd, detach="wreck", **marks)
    if gone:
        shutil.rmtree(cwd)
    return pid


def said_of(report: dict[str, Any], pid: int) -> dict[str, Any] | None:
    return next((one for one in report["candidates"] if one["pid"] == pid), None)


def dev_server(zoo: Zoo) -> tuple[int, int]:
    """A real server on a port of its own, idle and without a client."""
    port = zoo.home / "port"
    pid = leave(zoo, PYTHON, str(zoo.write("serve.py", _SERVE)), str(port))
    return pid, int(await_text(port))


def test_a_dev_server_left_in_a_removed_directory_is_reported_with_its_port(zoo: Zoo):
    pid, port = dev_server(zoo)
    zoo.settle(2.0)
    report = clean(zoo, more=_REPORTS)
    said = said_of(report, pid)
    assert said
    assert said["rule"] == "left_by_agents"
    assert said["decision"] == "spare"
    assert "left_by_agents processes are only reported" in said["reasons"]
    assert f"port {port} would be free again" in said["reasons"]
    assert "was started by a session of claude, as its environment says" in said["reasons"]
    assert "its working directory has been removed" in said["reasons"]
    assert said["frees_bytes"] > 1 << 20
    assert is_alive(identify(pid))


def test_it_is_ended_where_the_setting_says_so(zoo: Zoo):
    server, _ = dev_server(zoo)
    shell = leave(zoo, "/bin/sh", "-c", "while :; do sleep 1000; done")
    tail = leave(zoo, "/usr/bin/tail", "-f", "/dev/null")
    zoo.settle(2.0)
    identities = [identify(pid) for pid in (server, shell, tail)]
    report = clean(zoo, more=_ENDS)
    said = [said_of(report, identity.pid) for identity in identities]
    assert [one and (one["outcome"] or one["reasons"]) for one in said] == ["ended"] * 3
    assert not any(map(is_alive, identities))


def test_a_server_with_a_client_stays(zoo: Zoo):
    pid, port = dev_server(zoo)
    with socket.create_connection(("127.0.0.1", port)):
        zoo.settle(2.0)
        said = said_of(clean(zoo, more=_ENDS), pid)
    assert said
    assert said["decision"] == "spare"
    assert "is connected to" in said["reasons"][0]
    assert is_alive(identify(pid))


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_client_that_was_not_accepted_yet_is_a_client(zoo: Zoo, kind: str):
    """The kernel holds the connection; no process but the client's has it."""
    script, place = str(zoo.write("queue.py", _QUEUE)), zoo.directory / "place"
    pid = leave(zoo, PYTHON, script, kind, str(place))
    name = await_text(Path(f"{place}.ready"))
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    with socket.socket(family) as client:
        client.connect(name if kind == "unix" else ("127.0.0.1", int(name)))
        zoo.settle(2.0)
        said = said_of(clean(zoo, more=_ENDS), pid)
    assert said
    assert said["decision"] == "spare"
    assert is_alive(identify(pid))
    who = f"a client ({Path(PYTHON).name} (pid {os.getpid()})) is connected to port {name}"
    waits = f"listens on {name}" if kind == "unix" else who
    assert waits in said["reasons"][0]


def test_a_client_that_has_gone_before_it_was_accepted_is_none(zoo: Zoo):
    script, place = str(zoo.write("queue.py", _QUEUE)), zoo.directory / "place"
    pid = leave(zoo, PYTHON, script, "tcp", str(place))
    with socket.socket() as client:
        client.connect(("127.0.0.1", int(await_text(Path(f"{place}.ready")))))
    zoo.settle(2.0)
    said = said_of(clean(zoo, more=_ENDS), pid)
    assert said
    assert said["outcome"] == "ended", said["reasons"]


def test_what_is_meant_to_outlive_its_agent_stays(zoo: Zoo):
    plain = zoo.put("bin/anything")
    scripts = {name: str(zoo.write(f"{name}.py", text)) for name, text in _SCRIPTS.items()}
    kept = {
        "its directory is there": leave(zoo, plain, gone=False),
        "a nohup job": leave(zoo, plain, ZOO_DO="ignore-hup"),
        "a nohup job of Python": leave(zoo, PYTHON, "-c", _NOHUP),
        "serves a unix socket": leave(zoo, PYTHON, scripts["listen"], str(zoo.home / "s")),
        "keeps data": leave(zoo, PYTHON, scripts["keep"], str(zoo.home / "data")),
        "stopped": leave(zoo, plain, ZOO_DO="stop"),
        "works": leave(zoo, plain, ZOO_DO="burn"),
        "a unit": leave(zoo, "/bin/sh", "-c", f"SYSTEMD_EXEC_PID=$$ exec {plain}", becomes=plain),
        "in a terminal": leave(zoo, plain, tty=zoo.terminal()),
        "in tmux": zoo.tmux(plain),
        **{name: leave(zoo, zoo.put(f"bin/{name}")) for name in _NAMES},
    }
    zoo.settle(2.0)
    identities = {name: identify(pid) for name, pid in kept.items()}
    clean(zoo, more=_ENDS)
    assert [name for name, one in identities.items() if not is_alive(one)] == []


_SCRIPTS = {"listen": _LISTEN, "keep": _KEEP}
_NAMES = (
    "postgres", "redis-server", "dockerd", "rootlesskit", "gpg-agent", "ssh-agent", "dbus-daemon",
    "gnome-keyring-daemon", "adb", "watchman", "gvim", "code", "emacs", "ollama", "cloudflared",
)  # fmt: skip


def test_without_an_agents_mark_nothing_is_said(zoo: Zoo):
    pid = leave(zoo, zoo.put("bin/anything"), CLAUDECODE="", CODEX_HOME="/x", GEMINI_API_KEY="x")
    zoo.settle(2.0)
    assert said_of(clean(zoo, "--dry-run", more=_ENDS), pid) is None


def test_an_agent_that_may_have_started_it_speaks_for_it(zoo: Zoo):
    claude = zoo.release(zoo.put(NATIVE), tty=zoo.terminal())
    zoo.settle(0.1)
    pid = leave(zoo, zoo.put("bin/anything"))
    others = leave(zoo, zoo.put("bin/another"), CLAUDECODE="", CODEX_THREAD_ID="x")
    zoo.settle(2.0)
    report = clean(zoo, more=_ENDS)
    said, other = said_of(report, pid), said_of(report, others)
    assert said
    assert said["reasons"][0] == (f"may belong to the agent with pid {claude}, which lives")
    assert other
    assert other["outcome"] == "ended"


def test_a_directory_that_only_says_it_is_deleted_is_there(zoo: Zoo):
    cwd = zoo.home / "x (deleted)"
    cwd.mkdir()
    pid = zoo.release(zoo.put("bin/anything"), cwd=cwd)
    assert cwd_is_gone(pid) is False
    cwd.rmdir()
    assert cwd_is_gone(pid) is True


def test_an_mcp_server_without_the_word_is_known_by_its_closed_pipes(zoo: Zoo):
    (read_in, write_in), (read_out, write_out) = os.pipe(), os.pipe()
    script = zoo.write(".cache/uv/archive-v0/x1/bin/fetch", "import signal, time\nsignal.pause()\n")
    pid = zoo.release(PYTHON, str(script), stdin=read_in, stdout=write_out)
    for fd in (read_in, write_in, read_out, write_out):
        os.close(fd)
    zoo.settle(2.0)
    said = said_of(clean(zoo), pid)
    assert said is not None
    assert (said["rule"], said["outcome"]) == ("mcp", "ended"), said["reasons"]
