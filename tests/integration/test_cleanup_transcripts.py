"""Transcripts that their vendor will delete are told in time, and kept once where wished."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest

from daydreamd.agents.expiry import retention
from daydreamd.cleanup.transcripts_leaving import look_after_transcripts
from daydreamd.records.disk import Vanishing
from daydreamd.settings.cleanup import CleanupTranscripts
from daydreamd.settings.places import Places
from daydreamd.units import Size

ID = "0a41c0de-0000-4000-8000-000000000001"
DAY = 86_400
KEPT = CleanupTranscripts(archive=True)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(
        state=tmp_path / "state", insights=tmp_path, runtime=tmp_path, cache=tmp_path / "cache"
    )


def transcript(home: Path, name: str, *, days: float, text: str = "{}\n") -> Path:
    path = home / ".claude/projects" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def look(home: Path, places: Places, settings: CleanupTranscripts = KEPT, *, act: bool = True):
    return look_after_transcripts(settings, {"HOME": str(home)}, places, act=act)


def copies(places: Places) -> dict[str, str]:
    root = places.state / "transcripts"
    return {
        str(path.relative_to(root)): gzip.decompress(path.read_bytes()).decode()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_what_is_about_to_go_is_told_and_nothing_is_kept_unless_wished(
    tmp_path: Path, places: Places
):
    transcript(tmp_path, f"-x/{ID}.jsonl", days=27)
    transcript(tmp_path, "-x/young.jsonl", days=3)
    found, failures = look(tmp_path, places, CleanupTranscripts())
    assert failures == []
    assert found == Vanishing(count=1, bytes=3, period_days=30, within_days=7, source="its default")
    assert not (places.state / "transcripts").exists()


def test_it_is_kept_whole_with_those_of_its_sub_agents(tmp_path: Path, places: Places):
    text = json.dumps({"type": "user"}) + "\n"
    transcript(tmp_path, f"-x/{ID}.jsonl", days=27, text=text * 50_000)
    transcript(tmp_path, f"-x/{ID}/subagents/agent-1.jsonl", days=27, text=text)
    found, failures = look(tmp_path, places)
    assert (failures, found.count, found.archived) == ([], 2, 2)
    assert copies(places) == {
        f"-x/{ID}.jsonl.gz": text * 50_000,
        f"-x/{ID}/subagents/agent-1.jsonl.gz": text,
    }
    (path, *_) = (places.state / "transcripts").rglob("*.gz")
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_not_copied_twice_but_anew_where_it_went_on(tmp_path: Path, places: Places):
    transcript(tmp_path, f"-x/{ID}.jsonl", days=27)
    look(tmp_path, places)
    (copy,) = (places.state / "transcripts").rglob("*.gz")
    first = copy.stat().st_ino
    look(tmp_path, places)
    assert copy.stat().st_ino == first
    transcript(tmp_path, f"-x/{ID}.jsonl", days=26, text="{}\n{}\n")
    look(tmp_path, places)
    assert copies(places) == {f"-x/{ID}.jsonl.gz": "{}\n{}\n"}


def test_a_dry_run_keeps_nothing(tmp_path: Path, places: Places):
    transcript(tmp_path, f"-x/{ID}.jsonl", days=27)
    assert look(tmp_path, places, act=False)[0].archived == 0
    assert not places.state.exists()


def test_the_archive_has_a_size_and_what_is_in_it_stays(tmp_path: Path, places: Places):
    for number in range(4):
        text = os.urandom(40_000).hex()
        transcript(tmp_path, f"-x/{number}.jsonl", days=29 - number / 10, text=text)
    full = CleanupTranscripts(archive=True, max_total_size=Size(100_000))
    found, failures = look(tmp_path, places, full)
    assert found.archived == 2
    assert sorted(copies(places)) == ["-x/0.jsonl.gz", "-x/1.jsonl.gz"], "the first to go"
    assert any("no room" in failure for failure in failures)
    assert look(tmp_path, places, full)[0].archived == 2
    assert not list((places.state / "transcripts").rglob("*.tmp"))


def test_links_pipes_and_the_rest_are_left_alone(tmp_path: Path, places: Places):
    secret = tmp_path / "secret.jsonl"
    secret.write_text("of somebody else\n")
    os.utime(secret, (0, 0))
    projects = tmp_path / ".claude/projects"
    (projects / "-x").mkdir(parents=True)
    (projects / "-x/a.jsonl").symlink_to(secret)
    (projects / "-link").symlink_to(tmp_path)
    os.mkfifo(projects / "-x/pipe.jsonl")
    os.utime(projects / "-x/pipe.jsonl", (0, 0))
    assert look(tmp_path, places) == (None, [])


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ('{"cleanupPeriodDays": 99}', 99),
        ('{"cleanupPeriodDays": 0.5}', 0.5),
        ('{"cleanupPeriodDays": "never"}', 30),
        ('{"cleanupPeriodDays": -1}', 30),
        ("{", 30),
        ("{}", 30),
    ],
)
def test_the_period_is_what_claudes_settings_say(tmp_path: Path, text: str, days: float):
    (tmp_path / "settings.json").write_text(text)
    assert retention(tmp_path, tmp_path / "nowhere").days == days


def test_the_machines_owner_is_heard_first(tmp_path: Path):
    (tmp_path / "settings.json").write_text('{"cleanupPeriodDays": 99}')
    (tmp_path / "managed.json").write_text('{"cleanupPeriodDays": 7}')
    assert retention(tmp_path, tmp_path / "managed.json").days == 7
