"""Agents are told by what is executed, never by text in a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.cleanup.kinds import Program, may_be_an_agent, recognise
from daydreamd.settings.model import UserKind

NODE, PYTHON = "/usr/bin/node", "/usr/bin/python3.11"
MODULES = "/usr/lib/node_modules"
CLI = f"{MODULES}/@anthropic-ai/claude-code/cli.js"

AGENTS = [
    ("claude", "/home/a/.local/share/claude/versions/2.1.5", ["claude", "--resume"]),
    ("claude", f"{MODULES}/@anthropic-ai/claude-code/bin/claude.exe", ["claude"]),
    ("claude", "/opt/homebrew/bin/claude", ["claude", "-p", "x"]),
    ("claude", NODE, ["node", CLI]),
    ("claude", NODE, ["node", "--max-old-space-size=4096", "-r", "/x/hook.js", CLI, "--print"]),
    ("claude", NODE, ["claude", "", "", ""]),
    ("claude", "/home/a/.bun/bin/bun", ["bun", "run", CLI]),
    ("aider", PYTHON, ["python", "/home/a/.venv-aider/bin/aider", "--model", "x"]),
    ("aider", PYTHON, ["python", "-X", "utf8", "-m", "aider"]),
    ("aider", "/home/a/.local/bin/aider", ["aider"]),
    ("mcp", NODE, ["node", f"{MODULES}/@modelcontextprotocol/server-filesystem/dist/index.js"]),
    ("mcp", NODE, ["node", "/home/a/.npm/_npx/1/node_modules/.bin/mcp-server-git"]),
    ("mcp", NODE, ["node", f"{MODULES}/@playwright/mcp/cli.js"]),
    ("mcp", NODE, ["npm exec @modelcontextprotocol/server-x /tmp"]),
    ("mcp", NODE, ["node", f"{MODULES}/npm/bin/npx-cli.js", "-y", "chrome-devtools-mcp"]),
    ("mcp", PYTHON, ["python", "-m", "mcp_server_git"]),
    ("mcp", PYTHON, ["python", "/home/a/.venv/bin/mcp-proxy"]),
    ("mcp", "/usr/bin/uv", ["uv", "tool", "run", "mcp-server-fetch"]),
    ("mcp", "/usr/local/bin/github-mcp-server", ["github-mcp-server", "stdio"]),
    ("codex", NODE, ["node", f"{MODULES}/@openai/codex/bin/codex.js"]),
    ("gemini", NODE, ["node", f"{MODULES}/@google/gemini-cli/dist/index.js"]),
    ("goose", "/usr/local/bin/goose", ["goose", "session"]),
]
OTHERS = [
    ("/usr/bin/vim", ["vim", "claude code.md"]),
    ("/usr/bin/tail", ["tail", "-f", "aider.log"]),
    ("/usr/bin/bash", ["bash", "/usr/local/bin/claude"]),
    ("/usr/bin/pgrep", ["pgrep", "-f", CLI]),
    ("/usr/bin/claude-monitor", ["claude"]),
    ("/usr/lib/claude-code/server", ["claude"]),
    ("/opt/x/claude", ["claude", "--type=renderer"]),
    ("/usr/lib/postgresql/15.2.1", ["15.2.1"]),
    (NODE, ["node", "/home/a/src/claude-code/server.js"]),
    (NODE, ["node", "-e", f"require('{CLI}')"]),
    (NODE, ["node", "/home/a/src/mcp-demo/index.js"]),
    (NODE, ["claude", "server.js"]),
    (NODE, ["node", "build.js", CLI]),
    (PYTHON, ["python", "/home/a/aider.py"]),
    (PYTHON, ["python", "-c", "import aider", "-m", "aider"]),
    (PYTHON, ["python", "-m", "aider_tools"]),
    (PYTHON, ["python", "-m", "pytest", "-m", "aider"]),
    (PYTHON, ["python"]),
    ("/usr/bin/uv", ["uv", "run", "pytest"]),
    ("", ["claude"]),
]


@pytest.mark.parametrize(("kind", "exe", "argv"), AGENTS)
def test_an_agent_is_recognised(kind: str, exe: str, argv: list[str]):
    assert recognise(Program(exe, tuple(argv))) == kind
    assert may_be_an_agent(exe)


@pytest.mark.parametrize(("exe", "argv"), OTHERS)
def test_a_look_alike_is_none(exe: str, argv: list[str]):
    assert recognise(Program(exe, tuple(argv))) is None


def test_a_relative_script_is_taken_from_the_working_directory(tmp_path: Path):
    script = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code" / "cli.js"
    script.parent.mkdir(parents=True)
    script.touch()
    (tmp_path / "claude").symlink_to(script)
    assert recognise(Program(NODE, ("node", "claude"), str(tmp_path))) == "claude"
    assert recognise(Program(NODE, ("node", "claude"), "/")) is None


def test_an_entry_script_elsewhere_counts_if_it_imports_aider(tmp_path: Path):
    (tmp_path / "aider").write_text("from aider.main import main\n")
    assert recognise(Program(PYTHON, ("python", str(tmp_path / "aider")))) == "aider"
    (tmp_path / "aider").write_text("print('not that one')\n")
    assert recognise(Program(PYTHON, ("python", str(tmp_path / "aider")))) is None


def test_users_kinds_go_by_executable_and_script():
    kinds = [
        UserKind(name="robot", exe=("/opt/robot/*",)),
        UserKind(name="mine", script=("*/my-agent.py",)),
    ]
    assert recognise(Program("/opt/robot/run", ()), kinds) == "robot"
    assert recognise(Program(PYTHON, ("python", "/a/my-agent.py")), kinds) == "mine"
    assert recognise(Program("/usr/bin/cat", ("cat", "/a/my-agent.py")), kinds) is None
    assert may_be_an_agent("/opt/robot/run", kinds)
