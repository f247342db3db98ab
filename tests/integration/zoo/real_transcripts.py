"""`make zoo`, second part: what the real agents write down, read by us.

Each agent, in two versions where the registry has them, is led by a scripted model server to write
two files, to run a test that fails, to run `ls`, and to say that all tests pass. Our reader has to
find all of that, and to contradict the claim. Words choose some: `… real_transcripts codex`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from daydreamd.records.agent_session import AgentSession
from daydreamd.sessions.agent_work import gather_agent_work
from daydreamd.settings.agent_sources import Agents
from tests.aider import AIDER
from tests.integration.zoo.agents import NotHereError, from_npm

_SERVER: Final = Path(__file__).parents[2] / "fakes/scripted_model.py"
_SECONDS: Final = 120.0
_PROMPT: Final = "Add a total to the shop"
_WORDS: Final = "Done. I added the total. All tests pass."
_TEST: Final = "python3 -m unittest test_shop"
_SHOP: Final = "def total(prices):\n    return sum(prices) + 1\n"
_CHECK: Final = (
    "import unittest\nimport shop\n\n\nclass T(unittest.TestCase):\n"
    "    def test_total(self):\n        self.assertEqual(shop.total([1]), 1)\n"
)


@dataclass(frozen=True)
class Writer:
    """An agent in one version: its package, and how it is run in a home against a server."""

    agent: str
    package: str
    program: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path, str], None] = lambda _home, _url: None
    environment: Callable[[str], Mapping[str, str]] = lambda _: {}
    versions: tuple[str, ...] = field(default=())


def _codex(home: Path, url: str) -> None:
    _write(
        home / ".codex/config.toml",
        'model = "gpt-5"\nmodel_provider = "scripted"\napproval_policy = "never"\n'
        'sandbox_mode = "danger-full-access"\n[model_providers.scripted]\nname = "scripted"\n'
        f'base_url = "{url}/v1"\nwire_api = "responses"\n',
    )


def _opencode(home: Path, url: str) -> None:
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "scripted",
        "options": {"baseURL": f"{url}/v1", "apiKey": "none"},
        "models": {"scripted": {"name": "scripted", "tool_call": True}},
    }
    chosen = {"model": "scripted/scripted", "small_model": "scripted/scripted"}
    said = {"provider": {"scripted": provider}, "autoupdate": False, **chosen}
    said["permission"] = {"edit": "allow", "bash": "allow"}
    _write(home / ".config/opencode/opencode.json", json.dumps(said))


def _gemini(home: Path, _: str) -> None:
    auth = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    _write(home / ".gemini/settings.json", json.dumps(auth | {"telemetry": {"enabled": False}}))


WRITERS: Final = {
    "claude": Writer(
        "claude", "@anthropic-ai/claude-code", "claude",
        ("-p", _PROMPT, "--dangerously-skip-permissions"),
        environment=lambda url: {
            "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", "IS_SANDBOX": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        },
        versions=("latest", "2.0.77"),
    ),
    "codex": Writer(
        "codex", "@openai/codex", "codex", ("exec", "--skip-git-repo-check", _PROMPT),
        _codex, versions=("latest", "0.50.0"),
    ),
    "gemini": Writer(
        "gemini", "@google/gemini-cli", "gemini",
        ("--yolo", "-m", "gemini-2.5-pro", "-p", _PROMPT), _gemini,
        lambda url: {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": url,
                     "GEMINI_CLI_TRUST_WORKSPACE": "true"},
        versions=("latest", "0.20.0"),
    ),
    "opencode": Writer(
        "opencode", "opencode-ai", "opencode", ("run", _PROMPT), _opencode,
        lambda _: {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
        versions=("latest", "1.1.65"),
    ),
}  # fmt: skip


def main(names: Sequence[str] = ()) -> int:
    """Print a line for each version; the exit code says whether all was right."""
    wrong = missing = 0
    with tempfile.TemporaryDirectory(prefix="daydreamd-transcripts-") as directory:
        for name in names or (*WRITERS, "aider"):
            versions = WRITERS[name].versions if name in WRITERS else ("0.86.2",)
            for version in versions:
                try:
                    fault = _run(name, version, Path(directory, f"{name}-{version}"))
                except NotHereError as why:
                    missing += 1
                    print(f"MISSING  {name} {version}: {why}", flush=True)
                    continue
                wrong += bool(fault)
                print(f"{'WRONG' if fault else 'right'}  {name} {version} {fault}", flush=True)
    print(f"{wrong} wrong, {missing} missing")
    return int(bool(wrong) or (missing > 0 and os.environ.get("CI") == "true"))


def _run(name: str, version: str, place: Path) -> str:
    """What is wrong with what was read of this version; "" if nothing is."""
    workspace, home = place / "work/shop", place / "home"
    home.mkdir(parents=True)
    _make_repository(workspace)
    command = _aider() if name == "aider" else _from_npm(name, version, place)
    script = _aiders_script() if name == "aider" else _script(workspace)
    _write(place / "script.json", json.dumps(script))
    with _served(place / "script.json", by_turns=name == "aider") as url:
        writer = WRITERS.get(name)
        if writer:
            writer.prepare(home, url)
        more = writer.environment(url) if writer else _aiders_environment(url)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **more}
        done = subprocess.run(
            command, cwd=workspace, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    sessions = asyncio.run(_read(home, workspace, place / "cache"))
    fault = _fault(name, sessions, workspace)
    return f"{fault} (exit {done.returncode}: {done.stderr[-300:]!r})" if fault else ""


def _from_npm(name: str, version: str, place: Path) -> list[str]:
    writer = WRITERS[name]
    modules = from_npm(f"{writer.package}@{version}", place / "package")
    return [str(modules / ".bin" / writer.program), *writer.arguments]


async def _read(home: Path, workspace: Path, cache: Path) -> Sequence[AgentSession]:
    work = await gather_agent_work(
        Agents(), cache=cache, environ={"HOME": str(home)}, workspaces=[str(workspace)]
    )
    return work.sessions


def _fault(name: str, sessions: Sequence[AgentSession], workspace: Path) -> str:
    if len(sessions) != 1:
        return f"{len(sessions)} sessions were read"
    (one,) = sessions
    codes = [command.exit_code for command in one.commands if _TEST in command.command]
    told = {claim.kind: claim.verdict for claim in one.claims}
    expected = {
        "agent": one.agent == name,
        "workspace": one.workspace == str(workspace),
        "prompts": one.prompts == 1,
        "files": str(workspace / "shop.py") in one.files_edited,
        "exit code of the test": codes[-1:] == [1],
        "the claim": told.get("tests") == "contradicted",
        "tokens": bool(one.tokens),
    }
    return ", ".join(what for what, is_right in expected.items() if not is_right)


def _script(workspace: Path) -> list[dict[str, str]]:
    return [
        {"write": str(workspace / "shop.py"), "text": _SHOP},
        {"write": str(workspace / "test_shop.py"), "text": _CHECK},
        {"run": _TEST},
        {"run": "ls"},
        {"say": _WORDS},
    ]


def _aiders_script() -> list[dict[str, str]]:
    edit = f"shop.py\n```\n<<<<<<< SEARCH\n=======\n{_SHOP}>>>>>>> REPLACE\n```\n"
    return [{"say": edit}, {"say": _WORDS}]


def _aider() -> list[str]:
    if not AIDER.exists():
        raise NotHereError("it is not in .venv-aider")
    return [
        str(AIDER), "--model", "openai/scripted", "--edit-format", "diff", "--no-analytics",
        "--no-check-update", "--no-show-model-warnings", "--no-show-release-notes",
        "--no-auto-commits", "--yes-always", "--auto-test", "--test-cmd", _TEST,
        "--message", _PROMPT,
    ]  # fmt: skip


def _aiders_environment(url: str) -> Mapping[str, str]:
    return {"OPENAI_API_KEY": "none", "OPENAI_API_BASE": f"{url}/v1"}


def _make_repository(workspace: Path) -> None:
    _write(workspace / "README.md", "# shop\n")
    _write(workspace / "test_shop.py", _CHECK)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "Begin")):
        subprocess.run(["git", "-C", workspace, *words], check=True, capture_output=True)


@contextmanager
def _served(script: Path, *, by_turns: bool) -> Iterator[str]:
    options = ["--by-turns"] if by_turns else []
    with subprocess.Popen(
        [sys.executable, _SERVER, script, *options], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
