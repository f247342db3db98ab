"""Outputs of tasks go when their session is dead by every proof, and only those go."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daydreamd.cleanup.outputs import clean_outputs
from daydreamd.cleanup.temp import TempFile
from daydreamd.host.processes import read_stat
from daydreamd.settings.cleanup import Cleanup, CleanupOutputs, CleanupTemp
from daydreamd.units import Duration, Size
from tests.integration.zoo.animals import NATIVE
from tests.integration.zoo.keeper import open_zoo

UID, ID = os.geteuid(), "0a41c0de-0000-4000-8000-000000000001"
RESTED_SECONDS = 0.3
OUTPUT = f"tmp/claude-{UID}/-x/{ID}/tasks/b1a2b3c.output"
TRANSCRIPT = f".claude/projects/-x/{ID}.jsonl"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    for name, size in ((OUTPUT, 200_000), (TRANSCRIPT, 10)):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_bytes(b"x" * size)
    return home


def let_rest(home: Path) -> None:
    """Nobody can set back when an inode was changed: wait until it is long enough ago."""
    youngest = max(path.lstat().st_ctime for path in home.rglob("*"))
    time.sleep(max(0.0, youngest + RESTED_SECONDS + 0.1 - time.time()))


def clean(home: Path, *, act: bool = True, enabled: bool = True) -> list[TempFile]:
    settings = Cleanup(
        outputs=CleanupOutputs(
            enabled=enabled, max_age=Duration(RESTED_SECONDS), min_size=Size(100_000)
        ),
        temp=CleanupTemp(directories=(str(home / "tmp"),)),
    )
    files, failures = clean_outputs(settings, {"HOME": str(home)}, act=act)
    assert failures == []
    return files


def spared(home: Path) -> str:
    """Why the output stays."""
    (file,) = clean(home)
    assert file.decision == "spare"
    assert (home / OUTPUT).exists()
    return file.reason


def test_a_large_one_of_a_dead_session_goes(home: Path):
    let_rest(home)
    (file,) = clean(home)
    assert (file.outcome, (home / OUTPUT).exists()) == ("removed", False)
    assert file.bytes >= 200_000
    assert (home / TRANSCRIPT).exists()


def test_a_dry_run_only_says_so(home: Path):
    let_rest(home)
    (file,) = clean(home, act=False)
    assert (file.decision, file.outcome) == ("remove", "would be removed")
    assert (home / OUTPUT).exists()


def test_by_default_it_is_only_reported(home: Path):
    assert not Cleanup().outputs.enabled
    let_rest(home)
    (file,) = clean(home, enabled=False)
    assert file.reason.startswith("only reported")
    assert (home / OUTPUT).exists()


def test_one_that_is_young_stays(home: Path):
    let_rest(home)
    os.utime(home / OUTPUT)
    assert "are asked" in spared(home)


def test_a_small_one_is_not_even_listed(home: Path):
    (home / OUTPUT).write_bytes(b"the answer is 42")
    let_rest(home)
    assert clean(home) == []
    assert (home / OUTPUT).exists()


def test_that_of_a_sub_agent_is_its_answer(home: Path):
    (home / OUTPUT).rename((home / OUTPUT).with_name("a1a2b3c.output"))
    let_rest(home)
    (file,) = clean(home)
    assert file.reason == "it may be the answer of a sub-agent"


def test_without_a_transcript_it_may_be_the_only_copy(home: Path):
    (home / TRANSCRIPT).unlink()
    let_rest(home)
    assert "only copy" in spared(home)


def test_a_session_that_was_written_to_since_lives(home: Path):
    let_rest(home)
    (home / TRANSCRIPT).write_text("more\n")
    assert spared(home) == "its session was written to since"


def test_where_the_session_is_not_named_it_is_not_known(home: Path):
    below = home / OUTPUT
    (home / f"tmp/claude-{UID}/-x/tasks").mkdir()
    below.rename(home / f"tmp/claude-{UID}/-x/tasks/{below.name}")
    let_rest(home)
    (file,) = clean(home)
    assert file.reason == "whose session it is cannot be told"


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of a namespace of its own, into which nobody looks by `/proc`."""
    code = "import sys; file = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    argv = ["unshare", "--pid", "--fork", "--kill-child", sys.executable, "-c", code]
    with subprocess.Popen(
        [*argv, home / OUTPUT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate()


def test_one_that_somebody_has_open_stays(home: Path, holder: subprocess.Popen[bytes]):
    let_rest(home)
    assert spared(home) == "a process has it open"


def test_one_that_is_only_mapped_stays(home: Path):
    with (home / OUTPUT).open("rb") as file:
        pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    let_rest(home)
    try:
        assert spared(home) == "a process has it open"
    finally:
        pages.close()


def test_a_session_in_the_registry_of_a_living_process_lives(home: Path):
    stat = read_stat(os.getpid())
    assert stat is not None
    (home / ".claude/sessions").mkdir()
    entry = {"procStart": str(stat.start_ticks), "sessionId": ID, "status": "idle"}
    (home / f".claude/sessions/{os.getpid()}.json").write_text(json.dumps(entry))
    let_rest(home)
    assert spared(home) == "its session runs"


def test_a_registry_that_cannot_be_read_proves_nothing(home: Path):
    (home / ".claude/sessions").mkdir()
    (home / f".claude/sessions/{os.getpid()}.json").write_text("{torn")
    let_rest(home)
    assert spared(home).startswith("Claude's registry cannot be read")


def test_while_an_older_claude_runs_nothing_goes(home: Path, tmp_path: Path):
    with open_zoo(tmp_path / "zoo") as zoo:
        zoo.release(zoo.put(NATIVE))
        (home / OUTPUT).write_bytes(b"x" * 200_000)
        let_rest(home)
        assert spared(home) == "a Claude that runs is older"


def test_nothing_is_reached_by_a_link(home: Path, tmp_path: Path):
    outside = tmp_path / f"outside/{ID}/tasks"
    outside.mkdir(parents=True)
    (outside / "b9.output").write_bytes(b"x" * 200_000)
    (home / OUTPUT).with_name("b2.output").symlink_to(outside / "b9.output")
    (home / f"tmp/claude-{UID}/-link").symlink_to(tmp_path / "outside")
    (home / f"tmp/claude-{UID}/-x/{ID[:-1]}2").symlink_to(outside.parent)
    let_rest(home)
    (file,) = clean(home)
    assert file.path == str(home / OUTPUT)
    assert (outside / "b9.output").exists()
    assert (home / OUTPUT).with_name("b2.output").is_symlink()
