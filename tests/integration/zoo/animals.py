"""Who lives in the zoo, and what is right to do about each, with the word the reason must hold."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from daydreamd.host.processes import read_stat
from tests.integration.zoo.connected import WAITING, held, left_alone
from tests.integration.zoo.keeper import Zoo

NATIVE = "lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe"
CLI_JS = "lib/node_modules/@anthropic-ai/claude-code/cli.js"
VERSIONED = ".local/share/claude/versions/2.1.5"
MODULES = "lib/node_modules"
CODEX = f"{MODULES}/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex"
CODEX_RELEASES = ".codex/packages/{}/releases/0.153.4-x86_64-unknown-linux-musl/bin/codex"
OTHER_AGENTS = {
    "codex": CODEX,
    "codex of its own installer": CODEX_RELEASES.format("standalone"),
    "copilot": f"{MODULES}/@github/copilot-linux-x64/copilot",
    "opencode": f"{MODULES}/opencode-ai/bin/opencode.exe",
    "cursor-agent": ".local/share/mise/installs/cursor-agent/1.0/cursor-agent",
}
SESSION_ID = "0a41c0de-0000-4000-8000-000000000001"
DEAD_SESSION = "20261120-010203-dead"
# Ready once its timers run: an interpreter that starts is at work.
SCRIPT = "setInterval(() => {}, 1 << 30);\n"
PYTHON = os.path.realpath(sys.executable)
PYTHON_SCRIPT = "import signal\nsignal.pause()\n"


@dataclass(frozen=True)
class Animal:
    """A process with the decision that is right about it; None: it is no agent at all."""

    name: str
    pid: int
    decision: str | None
    reason: str = ""


def fill(zoo: Zoo) -> list[Animal]:
    """Let all of them loose."""
    keepers = (_abandoned, _in_use, _connected, _look_alikes)
    return [animal for keep in keepers for animal in keep(zoo)]


def registry(zoo: Zoo, pid: int, text: str | None = None, **entry: object) -> None:
    """Claude's registry entry of a process; `text` instead of a proper one."""
    stat = read_stat(pid)
    assert stat is not None
    entry = {"pid": pid, "procStart": str(stat.start_ticks), "cwd": str(zoo.home), **entry}
    zoo.write(f".claude/sessions/{pid}.json", text or json.dumps(entry))


def conversation(zoo: Zoo, session_id: str) -> None:
    """A transcript with a prompt, written long ago: so that there is something to resume."""
    prompt = {"type": "user", "message": {"role": "user", "content": "hello"}}
    path = zoo.write(f".claude/projects/-x/{session_id}.jsonl", json.dumps(prompt) + "\n")
    os.utime(path, (0, 0))


def _abandoned(zoo: Zoo) -> list[Animal]:
    claude, versioned = zoo.put(NATIVE), zoo.put(VERSIONED)
    node, python = real_program("node"), PYTHON
    zoo.write("m/aider/coders/__init__.py", "")
    conversation(zoo, SESSION_ID)
    found = {
        "detached": zoo.release(claude, "--resume", SESSION_ID),
        "a version for a name": zoo.release(versioned, detach="wreck"),
        "hostile name": zoo.release(
            zoo.put("opt/claude/versions/2.0.1"),
            "(sd-pam)\n1 (x) R 0 0",
            name="cl\naude) S 1",
            comm=") R 1 (",
        ),
        "ignores TERM": zoo.release(claude, do="ignore-term"),
        "has worked, and does no more": zoo.release(claude, do="burst"),
        "old entry of the registry": zoo.release(claude, detach="wreck"),
        "node and cli.js": zoo.release(node, str(zoo.write(CLI_JS, SCRIPT))),
        "linked script": zoo.release(node, str(_link(zoo, "bin/claude.link", CLI_JS))),
        "aider": zoo.release(python, str(zoo.write(".venv-aider/bin/aider", PYTHON_SCRIPT))),
        "aider as a module": zoo.release(
            python, "-m", "aider", cwd=zoo.write("m/aider/__main__.py", PYTHON_SCRIPT).parent.parent
        ),
        "of a dead session of ours": zoo.release(
            python, str(zoo.home / ".venv-aider/bin/aider"), DAYDREAMD_SESSION_ID=DEAD_SESSION
        ),
        "mcp server": zoo.release(
            node, str(zoo.write("n/node_modules/@modelcontextprotocol/server-x/index.js", SCRIPT))
        ),
    }
    for name, path in OTHER_AGENTS.items():
        found[name] = zoo.release(zoo.put(path))
    registry(zoo, found["old entry of the registry"], procStart="1", status="busy")
    found["of a session that nobody knows"] = zoo.release(claude, DAYDREAMD_SESSION_ID="x")
    found["hung-up terminal"] = _hung_up(zoo, claude)
    found["below a forgotten shell"] = zoo.inmate_of(
        zoo.release("/bin/bash", "-c", f"{claude}; true", detach="wreck")
    )
    found["fed by a forgotten sleep"] = zoo.inmate_of(
        zoo.release("/bin/bash", "-c", f"sleep 1000 | {claude}", detach="wreck")
    )
    adopter = zoo.release(
        zoo.put("lib/systemd/systemd"), "--user", do="adopt",
        child=("/bin/sh", "-c", f"{claude} & exit"),
    )  # fmt: skip
    found["adopted by systemd --user"] = zoo.child_of(adopter)
    works = zoo.release(claude, child=(zoo.put("bin/mcp-server-y"),))
    found["with its server"] = works
    found["server of an abandoned session"] = zoo.child_of(works)
    return [Animal(name, pid, "kill") for name, pid in found.items()]


def _in_use(zoo: Zoo) -> list[Animal]:
    claude, node = zoo.put(NATIVE), real_program("node")
    code = zoo.put("share/code/code")
    server = zoo.put("bin/github-mcp-server")
    busy, waits, broken = (zoo.release(claude) for _ in range(3))
    registry(zoo, busy, status="busy", sessionId=SESSION_ID)
    registry(zoo, waits, status="waiting", sessionId=SESSION_ID)
    registry(zoo, broken, text="{")
    worker = zoo.write(".claude/plugins/cache/mem/worker-service.cjs", SCRIPT)
    codex = zoo.release(zoo.put(CODEX), child=_shared_server(zoo))
    adopter = zoo.put("bin/whatever")
    adopted = zoo.release(adopter, do="adopt", child=(claude,), ZOO_RUN_DETACH="wreck")
    spared: list[tuple[str, int, str]] = [
        ("in a terminal", zoo.release(claude, tty=zoo.terminal()), "terminal pts/"),
        ("in tmux", zoo.tmux(claude), "runs in tmux"),
        ("works for an editor", zoo.child_of(zoo.release(code, child=(claude,))), "works for code"),
        ("below a shell of an editor", _below_a_shell(zoo, code, claude), "works for code"),
        ("stopped", zoo.release(claude, do="stop"), "stopped"),
        ("works", zoo.release(claude, do="burn"), "at work: "),
        ("writes", zoo.release(claude, do="write"), "bytes read or written"),
        ("its child works", zoo.release(claude, child=(code,), ZOO_RUN_DO="burn"), "s of CPU"),
        ("its child is stopped", zoo.release(claude, child=(code,), ZOO_RUN_DO="stop"), "stopped"),
        ("says it is busy", busy, "busy"),
        ("waits for an answer", waits, "waits for an answer"),
        ("an unreadable registry", broken, "cannot tell"),
        ("a worker by design", zoo.release(node, str(worker), "--daemon"), "meant to outlive"),
        ("a unit of its own", _own_unit(zoo, claude), "meant to outlive"),
        ("a server with a client", _served(zoo, server), "connected"),
        ("protected", zoo.release(claude, "--keep-me"), "protected"),
        ("of a session of ours", _marked(zoo, zoo.put("bin/daydreamd"), claude), "session of ours"),
        ("with an old mark, of an editor", _marked(zoo, code, claude), "works for code"),
        ("codex above the server of all windows", codex, "has to stay: meant to go on by itself"),
        ("the server of all windows", zoo.child_of(codex), "started with app-server"),
        ("adopted by anybody", zoo.child_of(adopted), "started it or took it in"),
        ("another agent", zoo.release(zoo.put("Cellar/goose-cli/1.2/bin/goose")), "only reported"),
    ]
    return [Animal(name, pid, "spare", reason) for name, pid, reason in spared]


def _connected(zoo: Zoo) -> list[Animal]:
    claude, server = zoo.put(NATIVE), zoo.put("bin/github-mcp-server")
    programs = {name: real_program(name) for name in WAITING}
    gone = left_alone(zoo, claude, server, programs)
    code, unshare = zoo.put("share/code/code"), real_program("unshare")
    kept = held(zoo, claude, server, code, programs, unshare)
    return [Animal(name, pid, "kill", "nobody owns it") for name, pid in gone.items()] + [
        Animal(name, pid, "spare", "namespace" if "namespace" in name else "works for code")
        for name, pid in kept.items()
    ]


def _look_alikes(zoo: Zoo) -> list[Animal]:
    python, node = PYTHON, real_program("node")
    log = zoo.write("aider.log", "")
    desktop = zoo.put("opt/Claude/claude")
    zoo.write("opt/Claude/resources/app.asar", "")
    found = {
        "a program of the name": zoo.release(zoo.put("src/app/bin/claude"), "--serve"),
        "a server of the name": zoo.release(zoo.put("bin/mcp")),
        "another agent's name": zoo.release(zoo.put("bin/codex")),
        "an editor": zoo.release(zoo.put("bin/vim"), "claude code notes.md"),
        "tail of a log": zoo.release(real_program("tail"), "-f", str(log)),
        "a name that begins alike": zoo.release(zoo.put("bin/claude-monitor")),
        "in a directory of that name": zoo.release(zoo.put("claude/claude-code/server")),
        "calls itself so": zoo.release(zoo.put("bin/worker"), comm="claude"),
        "is called so": zoo.release(zoo.put("bin/worker"), "--resume", name="claude"),
        "a script of that name": zoo.release(
            python, str(zoo.write("src/claude.py", PYTHON_SCRIPT))
        ),
        "a script called aider": zoo.release(python, str(zoo.write("src/aider", PYTHON_SCRIPT))),
        "a line of Python": zoo.release(python, "-c", "import signal; signal.pause()", "aider"),
        "a viewer of sessions": zoo.release(
            node, str(zoo.write("n/node_modules/claude-code-viewer/cli.mjs", SCRIPT))
        ),
        "another's version": zoo.release(zoo.put("postgres/versions/15.2.1")),
        "a shell script": zoo.release("/bin/bash", str(zoo.write("bin/aider", "sleep 1000; true"))),
        "the desktop program": zoo.release(desktop),
        "a project about mcp": zoo.release(node, str(zoo.write("src/mcp-demo/index.js", SCRIPT))),
        "a renderer": zoo.release(zoo.put("lib/claude/claude"), "--type=renderer"),
    }
    return [Animal(name, pid, None) for name, pid in found.items()]


def real_program(program: str) -> str:
    found = shutil.which(program)
    assert found, f"the zoo needs {program}"
    return os.path.realpath(found)


def _link(zoo: Zoo, path: str, target: str) -> Path:
    link = zoo.home / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(zoo.home / target)
    return link


def _marked(zoo: Zoo, parent: Path, claude: Path) -> int:
    """Below a living parent, with the mark of a session that no history knows."""
    return zoo.child_of(zoo.release(parent, child=(claude,), DAYDREAMD_SESSION_ID="x"))


def _hung_up(zoo: Zoo, claude: Path) -> int:
    pid = zoo.release(claude, tty=zoo.terminal(), do="ignore-hup")
    zoo.close_terminal()
    return pid


def _below_a_shell(zoo: Zoo, code: Path, claude: Path) -> int:
    shell = ("/bin/bash", "-c", f"{claude}; true")
    return zoo.child_of(zoo.release(code, child=shell))


def _shared_server(zoo: Zoo) -> tuple[Path | str, ...]:
    """What the first window of Codex starts for itself and for all that come after it."""
    return (
        zoo.put(CODEX_RELEASES.format("app-server-daemon")),
        "app-server",
        "--listen",
        "unix://",
    )


def _own_unit(zoo: Zoo, claude: Path) -> int:
    """What systemd sets for the main process of a unit: only the process knows its pid before."""
    script = f"SYSTEMD_EXEC_PID=$$ exec {claude}"
    return zoo.release("/bin/sh", "-c", script, becomes=claude)


def _served(zoo: Zoo, server: Path) -> int:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = zoo.release(server, stdin=theirs.fileno())
        zoo.release(zoo.put("share/code/code"), stdin=ours.fileno())
        return pid
