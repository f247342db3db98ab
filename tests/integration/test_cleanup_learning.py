"""A tidying says what the watch has learned, and asks for no less than the settings do."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from daydreamd.agents.idle_watch import FILE_NAME as WATCH
from daydreamd.agents.idle_watch import read_watch, sample_agents
from daydreamd.agents.spells import FILE_NAME, MOST_KEPT, Spell, keep_spells, read_spells
from daydreamd.cleanup.tidy import tidy_up
from daydreamd.records.events import Emitter
from daydreamd.screens.clean_table import say_report
from daydreamd.settings.cleanup import Cleanup, CleanupTemp
from daydreamd.settings.places import Places
from daydreamd.units import Duration
from tests.integration.zoo.animals import NATIVE
from tests.integration.zoo.keeper import open_zoo

HOUR = 3_600.0
NEVER = [Spell("claude", True, 30 * HOUR, "gone")] * 214


async def dry_run(tmp_path: Path, *, learn: bool = True):
    settings = Cleanup(
        observe=Duration(0.2), learn=learn, temp=CleanupTemp(directories=(str(tmp_path / "tmp"),))
    )
    places = Places(state=tmp_path, insights=tmp_path, runtime=tmp_path, cache=tmp_path)
    emitter = Emitter("", lambda _: None)
    return await tidy_up(settings, emitter=emitter, history=None, places=places, dry_run=True)


async def test_clean_says_how_many_of_those_that_were_idle_came_back(tmp_path: Path):
    await keep_spells(tmp_path, NEVER)
    with open_zoo(tmp_path / "zoo") as zoo:
        zoo.release(zoo.put(NATIVE))
        report = await dry_run(tmp_path)
        unlearned = await dry_run(tmp_path, learn=False)
    said = "\n".join(say_report(report, 200))
    assert "claude that nobody owns: of 214 that were idle for 6 h, none came back" in said
    assert "claude with an owner: none was seen idle for 3 d, too few to learn from" in said
    document = msgspec.json.decode(msgspec.json.encode(report.document))
    assert document["learned"][0]["used_seconds"] == 6 * HOUR
    assert unlearned.learned == []


async def test_the_end_of_a_process_after_hours_of_quiet_is_remembered(tmp_path: Path):
    settings = Cleanup(observe=Duration(0.2))
    with open_zoo(tmp_path / "zoo") as zoo:
        zoo.release(zoo.put(NATIVE))
        watch = await sample_agents(tmp_path, settings)
        for seen in watch.agents:
            seen.quiet_since -= 2 * HOUR
        (tmp_path / WATCH).write_bytes(msgspec.json.encode(watch))
        assert read_spells(tmp_path) == []
    await sample_agents(tmp_path, settings)
    found = [spell for spell in read_spells(tmp_path) if spell.kind == "claude"]
    assert [spell.end for spell in found] == ["gone"]
    assert found[0].seconds >= 2 * HOUR
    assert read_watch(tmp_path).agents == []


async def test_a_reboot_ends_each_spell_once(tmp_path: Path):
    settings = Cleanup(observe=Duration(0.2))
    with open_zoo(tmp_path / "zoo") as zoo:
        zoo.release(zoo.put(NATIVE))
        watch = await sample_agents(tmp_path, settings)
    watch.boot_id = "another"
    for seen in watch.agents:
        seen.quiet_since -= 2 * HOUR
    (tmp_path / WATCH).write_bytes(msgspec.json.encode(watch))
    await sample_agents(tmp_path, settings)
    await sample_agents(tmp_path, settings)
    assert {spell.end for spell in read_spells(tmp_path)} == {"reboot"}
    assert len(read_spells(tmp_path)) == len(watch.agents)


async def test_only_the_newest_are_kept(tmp_path: Path):
    await keep_spells(tmp_path, NEVER * 30)
    await keep_spells(tmp_path, [Spell("mcp", True, 900, "came back")])
    kept = read_spells(tmp_path)
    assert len(kept) == MOST_KEPT
    assert kept[-1] == Spell("mcp", True, 900, "came back")


@pytest.mark.parametrize("text", [b"", b"{", b'[["claude", true, "long", "gone"]]', b"\xff"])
async def test_a_broken_file_is_nothing_learned_and_is_begun_anew(tmp_path: Path, text: bytes):
    (tmp_path / FILE_NAME).write_bytes(text)
    assert read_spells(tmp_path) == []
    await keep_spells(tmp_path, NEVER[:1])
    assert read_spells(tmp_path) == NEVER[:1]
