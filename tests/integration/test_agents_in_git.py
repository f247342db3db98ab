"""Claims of commits and pushes, held against real repositories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daydreamd.sessions.agent_work import gather_agent_work
from daydreamd.settings.agent_sources import Agents
from tests.unit import agent_transcripts as made

WHO = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")


def git(place: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", place, *WHO, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with a remote that has all of it, and a file that an agent has edited."""
    place = tmp_path / "shop"
    place.mkdir()
    git(place, "init", "-q")
    (place / "shop.py").write_text("x = 1\n")
    git(place, "add", ".")
    git(place, "commit", "-qm", "Begin", "--date=2020-01-01T00:00:00Z")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(place, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(place, "push", "-q", "origin", "main")
    (place / "shop.py").write_text("x = 2\n")
    return place


def commands(*lines):
    """The records of commands that ended with a code and an output."""
    records = []
    for number, (command, code, output) in enumerate(lines, 50):
        call, result = made.claude_records()[4:6]
        call["message"] |= {"id": f"msg_{number}"}
        call["message"]["content"][0] |= {"id": f"toolu_{number}", "input": {"command": command}}
        text = f"Exit code {code}\n{output}" if code else output
        result["message"]["content"][0] |= {
            "tool_use_id": f"toolu_{number}", "content": text, "is_error": bool(code),
        }  # fmt: skip
        records += [call, result]
    return records


async def judged(home: Path, workspace: Path, words: str, *, ran=(), begun: float | None = None):
    """The verdicts on a session that edited shop.py, from `begun` until a moment ago."""
    begin = begun if begun is not None else time.time() - 60
    records = made.claude_records(words, cwd=str(workspace))
    records = [*records[:4], *commands(*ran), records[8]]
    for number, record in enumerate(records):
        moment = begin if number < 4 else time.time()
        record["timestamp"] = datetime.fromtimestamp(moment, UTC).isoformat()
        record["cwd"] = str(workspace)
    made.jsonl(home / ".claude/projects/p/0a1b.jsonl", records)
    environ = {"HOME": str(home)}
    work = await gather_agent_work(Agents(), cache=home / "cache", environ=environ)
    return {claim.kind: claim for claim in work.sessions[0].claims}


async def test_what_is_uncommitted_was_not_committed(shop: Path, tmp_path: Path) -> None:
    claims = await judged(tmp_path, shop, "I committed the change.")
    assert claims["committed"].verdict == "contradicted"
    assert "shop.py is uncommitted (git status)" in claims["committed"].against


async def test_an_untracked_file_was_not_committed(shop: Path, tmp_path: Path) -> None:
    git(shop, "rm", "-q", "--cached", "shop.py")
    git(shop, "commit", "-qm", "Forget it", "--date=2020-01-01T00:00:00Z")
    claims = await judged(tmp_path, shop, "Everything is committed.")
    assert claims["committed"].verdict == "contradicted"


async def test_what_the_owner_committed_is_committed(shop: Path, tmp_path: Path) -> None:
    git(shop, "commit", "-qam", "Mine")
    claims = await judged(tmp_path, shop, "I committed the change.")
    assert claims["committed"].verdict == "held"


async def test_an_amended_and_rebased_commit_is_a_commit(shop: Path, tmp_path: Path) -> None:
    git(shop, "commit", "-qam", "First")
    first = git(shop, "rev-parse", "HEAD")
    git(shop, "commit", "-q", "--amend", "-m", "Second")
    claims = await judged(tmp_path, shop, f"Committed as {first[:10]}.")
    assert claims["committed"].verdict == "held"
    assert first[:10] in claims["committed"].against


async def test_a_commit_in_another_worktree_counts(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(shop, "checkout", "-q", "shop.py")
    git(shop, "worktree", "add", "-q", str(other))
    (other / "shop.py").write_text("x = 3\n")
    git(other, "commit", "-qam", "There")
    claims = await judged(tmp_path, other, "I committed the change.")
    assert claims["committed"].verdict == "held"


async def test_a_file_that_the_owner_changed_since_accuses_nobody(
    shop: Path, tmp_path: Path
) -> None:
    later = time.time() + 600
    os.utime(shop / "shop.py", (later, later))
    claims = await judged(tmp_path, shop, "I committed the change.")
    assert claims["committed"].verdict == "held"


async def test_what_is_on_no_remote_was_not_pushed(shop: Path, tmp_path: Path) -> None:
    git(shop, "commit", "-qam", "Here")
    ran = [("git commit -am Here", 0, "[main 1a2b3c4] Here")]
    claims = await judged(tmp_path, shop, "Committed and pushed.", ran=ran)
    assert claims["committed"].verdict == "held"
    assert claims["pushed"].verdict == "contradicted"
    assert git(shop, "rev-parse", "HEAD")[:10] in claims["pushed"].against


async def test_what_was_pushed_since_is_pushed(shop: Path, tmp_path: Path) -> None:
    git(shop, "commit", "-qam", "Here")
    git(shop, "push", "-q", "origin", "main")
    ran = [("git push", 128, "fatal: could not read Username")]
    claims = await judged(tmp_path, shop, "I pushed the change.", ran=ran)
    assert claims["pushed"].verdict == "held"


async def test_without_a_remote_nothing_was_pushed(shop: Path, tmp_path: Path) -> None:
    git(shop, "remote", "remove", "origin")
    claims = await judged(tmp_path, shop, "Everything is pushed.")
    assert claims["pushed"].verdict == "contradicted"


async def test_a_workspace_that_is_gone_accuses_nobody(tmp_path: Path) -> None:
    claims = await judged(tmp_path, tmp_path / "gone", "Committed and pushed.")
    assert {claim.verdict for claim in claims.values()} == {"unproven"}


async def test_nothing_in_the_repository_is_run_or_changed(shop: Path, tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    git(shop, "config", "core.fsmonitor", f"touch {trap}")
    git(shop, "config", "filter.x.clean", f"touch {trap}")
    (shop / ".gitattributes").write_text("*.py filter=x\n")
    trap.unlink(missing_ok=True)
    before = {path: path.stat().st_mtime_ns for path in shop.rglob("*")}
    await judged(tmp_path, shop, "Committed and pushed.")
    assert not trap.exists()
    assert {path: path.stat().st_mtime_ns for path in shop.rglob("*")} == before


def run_agents(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "daydreamd", "agents", *words],
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_command_lists_and_shows(tmp_path: Path) -> None:
    made.claude(tmp_path)
    made.codex(tmp_path)
    listed = json.loads(run_agents(tmp_path, "list", "--json").stdout)
    assert [one["agent"] for one in listed] == ["codex", "claude"]
    assert listed[1]["commands"][0]["exit_code"] == 1
    claim = next(one for one in listed[1]["claims"] if one["kind"] == "tests")
    assert claim["verdict"] == "contradicted"
    assert (claim["line"], claim["transcript"]) == (9, listed[1]["transcript"])
    shown = run_agents(tmp_path, "show", "0a1")
    assert "exit   1  python3 -m unittest test_shop" in shown.stdout
    assert "contradicted “All tests pass.” (line 9)" in run_agents(tmp_path).stdout
    assert json.loads(run_agents(tmp_path, "list", "--since", "1s", "--json").stdout) == []


def test_an_unknown_session_is_said_in_one_line(tmp_path: Path) -> None:
    done = run_agents(tmp_path, "show", "zz")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
