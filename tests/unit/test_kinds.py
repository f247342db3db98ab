"""Agents are told by what is executed, never by text in a command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.agents.executed import Executed
from daydreamd.agents.kinds import may_be_an_agent, recognise
from daydreamd.settings.cleanup import UserKind

NODE, PYTHON = "/usr/bin/node", "/usr/bin/python3.11"
MODULES = "/usr/lib/node_modules"
CODEX = "/home/a/.codex/packages"
CLI = f"{MODULES}/@anthropic-ai/claude-code/cli.js"

AGENTS = [
    ("claude", "/home/a/.local/share/claude/versions/2.1.5", ["claude", "--resume"]),
    ("claude", f"{MODULES}/@anthropic-ai/claude-code/bin/claude.exe", ["claude"]),
    ("claude", "/opt/homebrew/Caskroom/claude-code/2.1.5/claude", ["claude", "-p", "x"]),
    ("claude", "/home/a/.local/share/mise/installs/claude/2.1.5/claude", ["claude"]),
    ("claude", f"{MODULES}/@anthropic-ai/claude-code-linux-x64/claude", ["claude"]),
    ("claude", "/nix/store/0a1b-claude-code-2.1.5/bin/claude", ["claude"]),
    ("claude", "/opt/claude-code/bin/claude", ["claude"]),
    ("claude", NODE, ["node", CLI]),
    ("claude", NODE, ["node", "--max-old-space-size=4096", "-r", "/x/hook.js", CLI, "--print"]),
    ("claude", "/home/a/.bun/bin/bun", ["bun", "run", CLI]),
    ("aider", PYTHON, ["python", "/home/a/.venv-aider/bin/aider", "--model", "x"]),
    ("aider", PYTHON, ["python", "-X", "utf8", "-m", "aider"]),
    ("aider", PYTHON, ["python", "/home/a/.local/share/uv/tools/aider-chat/bin/aider"]),
    ("mcp", NODE, ["node", f"{MODULES}/@modelcontextprotocol/server-filesystem/dist/index.js"]),
    ("mcp", NODE, ["node", "/home/a/.npm/_npx/1/node_modules/.bin/mcp-server-git"]),
    ("mcp", NODE, ["node", f"{MODULES}/@playwright/mcp/cli.js"]),
    ("mcp", NODE, ["npm exec @modelcontextprotocol/server-x /tmp"]),
    ("mcp", NODE, ["node", f"{MODULES}/npm/bin/npx-cli.js", "-y", "chrome-devtools-mcp"]),
    ("mcp", PYTHON, ["python", "-m", "mcp_server_git"]),
    ("mcp", PYTHON, ["python", "/home/a/.venv/bin/mcp-proxy"]),
    ("mcp", "/usr/bin/uv", ["uv", "tool", "run", "mcp-server-fetch"]),
    ("mcp", "/usr/local/bin/github-mcp-server", ["github-mcp-server", "stdio"]),
    ("mcp", "/usr/bin/uv", ["uv", "tool", "uvx", "mcp-server-time"]),
    ("mcp", "/usr/bin/uv", ["uv", "tool", "uvx", "--python", "3.12", "--with", "x", "a-mcp@1"]),
    ("mcp", "/usr/bin/uv", ["uv", "tool", "uvx", "--from", "mcp-server-x", "serve"]),
    ("mcp", "/usr/bin/uv", ["uv", "run", "--directory", "/src", "mcp-server-fetch"]),
    ("mcp", NODE, ["node", "/usr/bin/pnpm", "dlx", "@playwright/mcp"]),
    ("mcp", "/usr/bin/docker", ["docker", "run", "-i", "--rm", "mcp/fetch"]),
    ("mcp", NODE, ["node", f"{MODULES}/@google/gemini-cli/bundle/bundled/chrome-devtools-mcp.mjs"]),
    ("codex", NODE, ["node", f"{MODULES}/@openai/codex/bin/codex.js"]),
    ("codex", f"{MODULES}/@openai/codex-linux-x64/vendor/x86_64/bin/codex", ["codex"]),
    (
        "codex",
        f"{CODEX}/standalone/releases/0.153.4-x86_64-unknown-linux-musl/bin/codex",
        ["codex"],
    ),
    ("codex", f"{CODEX}/standalone/releases/0.146.1/codex", ["codex", "exec", "-"]),
    ("codex", f"{CODEX}/app-server-daemon/releases/0.169.0-x/bin/codex", ["codex", "app-server"]),
    ("copilot", f"{MODULES}/@github/copilot-linux-x64/copilot", ["copilot"]),
    ("opencode", f"{MODULES}/opencode-linux-x64/bin/opencode", ["opencode"]),
    ("opencode", "/home/a/.opencode/bin/opencode", ["opencode"]),
    ("qwen", NODE, ["node", f"{MODULES}/@qwen-code/qwen-code/cli.js"]),
    ("amp", f"{MODULES}/@sourcegraph/amp/node_modules/@ampcode/cli/bin/amp.exe", ["amp"]),
    (
        "cursor-agent",
        "/home/a/.local/share/cursor-agent/versions/1-a/node",
        ["node", "/home/a/.local/share/cursor-agent/versions/1-a/index.js"],
    ),
    ("gemini", NODE, ["node", f"{MODULES}/@google/gemini-cli/dist/index.js"]),
    ("goose", "/opt/homebrew/Cellar/block-goose-cli/1.9/bin/goose", ["goose", "session"]),
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
    ("/usr/bin/uv", ["uv", "tool", "uvx", "--with", "mcp", "ruff"]),
    ("/usr/bin/docker", ["docker", "run", "-d", "--name", "x", "mcp/fetch"]),
    ("/usr/bin/docker", ["docker", "run", "-i", "--rm", "debian"]),
    ("/home/a/src/app/bin/claude", ["claude", "--serve"]),
    ("/home/a/src/packages/codex/releases/bin/codex", ["codex"]),
    ("/home/a/src/packages/video/releases/1.2/bin/codex", ["codex"]),
    (f"{CODEX}/standalone/releases/0.153.4/bin/codex-code-mode-host", ["codex"]),
    ("/usr/local/bin/mcp", ["mcp"]),
    ("/home/a/bin/aider", ["aider"]),
    ("/usr/local/bin/amp", ["amp"]),
    ("/usr/bin/goose", ["goose", "up"]),
    ("/home/a/go/bin/crush", ["crush", "x.png"]),
    (NODE, ["claude", "", "", ""]),
    (NODE, ["node", f"{MODULES}/claude-code/cli.js"]),
    (NODE, ["node", f"{MODULES}/@openai/codex/node_modules/esbuild/bin/esbuild"]),
    (PYTHON, ["python", "/home/a/src/bin/aider"]),
    (PYTHON, ["python", "-m", "mcp"]),
    ("", ["claude"]),
]


@pytest.mark.parametrize(("kind", "exe", "argv"), AGENTS)
def test_an_agent_is_recognised(kind: str, exe: str, argv: list[str]):
    assert recognise(Executed(exe, tuple(argv))) == kind
    assert may_be_an_agent(exe)


@pytest.mark.parametrize(("exe", "argv"), OTHERS)
def test_a_look_alike_is_none(exe: str, argv: list[str]):
    assert recognise(Executed(exe, tuple(argv))) is None


def test_a_relative_script_is_taken_from_the_working_directory(tmp_path: Path):
    script = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code" / "cli.js"
    script.parent.mkdir(parents=True)
    script.touch()
    (tmp_path / "claude").symlink_to(script)
    assert recognise(Executed(NODE, ("node", "claude"), str(tmp_path))) == "claude"
    assert recognise(Executed(NODE, ("node", "claude"), "/")) is None


def test_an_entry_script_elsewhere_counts_if_it_imports_aider(tmp_path: Path):
    (tmp_path / "aider").write_text("from aider.main import main\n")
    assert recognise(Executed(PYTHON, ("python", str(tmp_path / "aider")))) == "aider"
    (tmp_path / "aider").write_text("print('not that one')\n")
    assert recognise(Executed(PYTHON, ("python", str(tmp_path / "aider")))) is None


def test_users_kinds_go_by_executable_and_script():
    kinds = [
        UserKind(name="robot", exe=("/opt/robot/*",)),
        UserKind(name="mine", script=("*/my-agent.py",)),
    ]
    assert recognise(Executed("/opt/robot/run", ()), kinds) == "robot"
    assert recognise(Executed(PYTHON, ("python", "/a/my-agent.py")), kinds) == "mine"
    assert recognise(Executed("/usr/bin/cat", ("cat", "/a/my-agent.py")), kinds) is None
    assert may_be_an_agent("/opt/robot/run", kinds)


def test_the_manifest_beside_a_script_tells_its_package(tmp_path: Path):
    script = tmp_path / "dist" / "index.js"
    script.parent.mkdir()
    script.touch()
    manifest = tmp_path / "package.json"
    manifest.write_text('{"name": "@google/gemini-cli", "bin": {"gemini": "dist/index.js"}}')
    assert recognise(Executed(NODE, ("node", str(script)))) == "gemini"
    other = tmp_path / "dist" / "build.js"
    assert recognise(Executed(NODE, ("node", str(other)))) is None
    for broken in ("{", "[" * 100_000, "[]", '{"name": ["x"], "bin": "dist/index.js"}'):
        manifest.write_text(broken)
        assert recognise(Executed(NODE, ("node", str(script)))) is None


def test_a_package_of_ones_own_called_aider_is_not_aider(tmp_path: Path):
    package = tmp_path / "aider"
    package.mkdir()
    run = Executed(PYTHON, ("python", "-m", "aider"), str(tmp_path))
    assert recognise(run) is None
    (package / "coders").mkdir()
    assert recognise(run) == "aider"
