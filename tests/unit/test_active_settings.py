"""Settings as sessions are handed them, and their reload."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from daydreamd.daemon.active_settings import ActiveSettings, as_toml
from daydreamd.settings.cleanup import Cleanup, CleanupLog
from daydreamd.settings.loading import load_settings
from daydreamd.settings.schema import Schedule, Settings, WorkspaceSetting
from daydreamd.units import Duration


def read_back(path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environ={"HOME": "/nowhere"})


def test_the_defaults_survive_the_way_through_the_file(tmp_path):
    loaded = read_back(tmp_path / "s.toml", as_toml(Settings()))
    assert (loaded.settings, loaded.faults) == (Settings(), ())


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    seconds=st.integers(60, 10**8),
)
def test_any_text_and_duration_survives(tmp_path_factory, text, seconds):
    settings = Settings(
        schedule=Schedule(interval=Duration(seconds)),
        workspaces=(WorkspaceSetting(path="/w/" + text.replace("\0", ""), model=None),),
        cleanup=Cleanup(logs=(CleanupLog(path="/l"),), enabled=False),
    )
    path = tmp_path_factory.getbasetemp() / "settings.toml"
    assert read_back(path, as_toml(settings)).settings == settings


async def test_a_reload_with_a_fault_changes_nothing_at_all(tmp_path):
    file, snapshot = tmp_path / "settings.toml", tmp_path / "handed.toml"
    file.write_text('schedule.interval = "1h"')
    in_force = ActiveSettings(lambda: load_settings(file, environ={"HOME": "/nowhere"}), snapshot)
    await in_force.write_snapshot()
    handed = snapshot.read_text()
    for wrong in ('schedule.interval = "1parsec"', "nonsense", "schedule.intervall = 3"):
        file.write_text(wrong)
        (line,) = await in_force.reload()
        assert line.startswith(f"settings: {file}: ")
        assert in_force.settings.schedule.interval == 3600
        assert snapshot.read_text() == handed
    file.unlink()
    assert await in_force.reload() == (f"cannot read {file}: no such file or directory",)


async def test_a_good_reload_is_handed_on(tmp_path):
    file, snapshot = tmp_path / "settings.toml", tmp_path / "handed.toml"
    file.write_text("")
    in_force = ActiveSettings(lambda: load_settings(file, environ={"HOME": "/nowhere"}), snapshot)
    file.write_text('schedule.interval = "1h"')
    assert await in_force.reload() == ()
    assert in_force.settings.schedule.interval == 3600
    assert 'interval = "1h"' in snapshot.read_text()


async def test_a_start_with_a_broken_file_goes_on_with_what_was_in_force(tmp_path):
    file, kept = tmp_path / "daydreamd.toml", tmp_path / "kept.toml"
    good = '[schedule]\nquiet_hours = ["22:00-07:00"]\n[model]\napi_key = "hidden-words"\n'
    file.write_text(good + f'[[workspaces]]\npath = "{tmp_path}"\n')
    file.chmod(0o600)

    def started():
        def read():
            return load_settings(file, environ={"HOME": "/nowhere"})

        return ActiveSettings(read, tmp_path / "settings.toml", kept)

    await started().write_snapshot()
    assert "hidden-words" not in kept.read_text()
    file.write_text("[schedule\n")
    again = started()
    assert again.settings.schedule.quiet_hours == ("22:00-07:00",)
    assert [one.path for one in again.settings.workspaces] == [str(tmp_path)]
    reports_only = load_settings(file, environ={"HOME": "/nowhere"}).settings.cleanup
    assert again.settings.cleanup == reports_only
    (fault,) = again.loaded.faults
    assert "what was in force since" in str(fault)
    await again.write_snapshot()
    assert "22:00-07:00" in kept.read_text(), "a faulty start does not replace what is kept"
