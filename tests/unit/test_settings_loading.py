"""Settings come from many places, may be wrong in each, and stop nothing: all of it is said."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from daydreamd.errors import SettingsError
from daydreamd.settings.loading import Loaded, load_settings
from daydreamd.settings.schema import Settings
from daydreamd.units import Duration


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "daydreamd" / "conf.d").mkdir(parents=True)
    return tmp_path


def load(
    home: Path,
    text: str | None = None,
    *,
    fragments: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    directory = home / ".config" / "daydreamd"
    if text is not None:
        (directory / "daydreamd.toml").write_text(text)
    for name, fragment in (fragments or {}).items():
        (directory / "conf.d" / name).write_text(fragment)
    known = {"HOME": str(home), **(environ or {})}
    return load_settings(None, environ=known, scope="user")


def only_fault(loaded: Loaded) -> str:
    assert len(loaded.faults) == 1, [str(fault) for fault in loaded.faults]
    return str(loaded.faults[0])


def test_without_any_file_the_defaults_are_in_force(home: Path) -> None:
    assert load(home) == Loaded(settings=Settings(), faults=(), files=())


def test_each_source_lies_over_the_one_before(home: Path) -> None:
    loaded = load(
        home,
        '[schedule]\ninterval = "1h"\njitter = "1s"\nretry_when_busy = "1s"\non_start = true\n'
        'quiet_hours = ["01:00-02:00"]',
        fragments={
            "20-b.toml": '[schedule]\njitter = "3s"\nretry_when_busy = "3s"',
            "10-a.toml": '[schedule]\njitter = "2s"',
            "ignored.conf": '[schedule]\ninterval = "9h"',
        },
        environ={"DAYDREAMD_SCHEDULE__RETRY_WHEN_BUSY": "4s"},
    )
    schedule = loaded.settings.schedule
    assert loaded.faults == ()
    assert [file.name for file in loaded.files] == ["daydreamd.toml", "10-a.toml", "20-b.toml"]
    assert schedule.interval == Duration(3600)
    assert schedule.jitter == Duration(3)
    assert schedule.retry_when_busy == Duration(4)
    assert schedule.on_start is True
    assert schedule.quiet_hours == ("01:00-02:00",)


def test_a_wrong_value_is_said_as_people_say_it(home: Path) -> None:
    loaded = load(home, '[schedule]\ninterval = "6hours"\non_start = true')
    file = home / ".config" / "daydreamd" / "daydreamd.toml"
    assert only_fault(loaded) == (
        f'settings: {file}: schedule.interval = "6hours": '
        'not a duration; write "6h", "90m" or "1d". Using 6h.'
    )
    assert loaded.settings.schedule.on_start is True, "the others stand"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("interval = 3600", "schedule.interval = 3600: not a duration"),
        ('interval = "0s"', "at least 1s. Using 6h."),
        ('on_start = "yes"', 'schedule.on_start = "yes": not true or false. Using false.'),
        ('quiet_hours = "09:00-18:00"', "not a list"),
        ('quiet_hours = ["9-18"]', 'not quiet hours; write "22:00-07:00". Using [].'),
        ('quiet_hours = ["09:00-18:00", 7]', "not a text in quotes (item 2)"),
        ('quiet_hours = ["10:00-10:00"]', 'a whole day is "00:00-24:00"'),
        ('intervall = "1h"', "no such setting; the nearest is schedule.interval. It is ignored."),
        ('zzzz = "1h"', 'schedule.zzzz = "1h": no such setting. It is ignored.'),
        ("[readiness]\nmax_pending_tasks = 1.5", "not a whole number. Using 5."),
        ("[readiness]\nmax_pending_tasks = -1", "must be at least 0. Using 5."),
        ("[readiness]\nmax_pending_tasks = true", "not a whole number. Using 5."),
        (f"[readiness]\nmax_pending_tasks = {10**30}", "too large a number. Using 5."),
        ("[readiness]\nmax_load_per_cpu = nan", "Using 0.7."),
        ("[readiness]\nmax_load_per_cpu = inf", "not a number. Using 0.7."),
        ('[readiness]\nmin_free_memory = "2 gigs"', 'not a size; write "500MiB"'),
        ('[readiness]\nunknown_means = "maybe"', 'write one of "not ready", "ready".'),
        ('[analysis]\ntimeout = "10m"', 'analysis.timeout = "10m": at most 5m. Using 5m.'),
        ('[model]\nbase_url = "localhost"', "must begin with http:// or https://"),
        ('[queue]\ntable = "a b"', 'not a name; write letters, digits and _. Using "promises".'),
        ('[insights]\ndirectory = "reports"', "not an absolute path; begin it with / or ~/"),
        ('[queue]\npath = "a\\u0000b"', "holds a zero byte"),
        ("[model]\nname = 2026-11-22", "model.name = 2026-11-22: not a text in quotes"),
    ],
)  # fmt: skip
def test_every_kind_of_wrong_value_falls_alone(home: Path, line: str, said: str) -> None:
    loaded = load(home, f"[schedule]\n{line}")
    assert said in only_fault(loaded)
    assert loaded.settings == Settings()


def test_a_table_that_is_no_table_takes_its_defaults(home: Path) -> None:
    loaded = load(home, "schedule = 5")
    assert "schedule = 5: not a table; write [schedule]. Using its defaults." in only_fault(loaded)
    assert loaded.settings == Settings()


def test_an_unknown_section_names_the_nearest(home: Path) -> None:
    assert "the nearest is readiness" in only_fault(load(home, "[readyness]\nx = 1"))


def test_what_is_used_is_what_a_higher_source_said(home: Path) -> None:
    loaded = load(
        home, '[schedule]\ninterval = "6hours"', environ={"DAYDREAMD_SCHEDULE__INTERVAL": "1h"}
    )
    assert only_fault(loaded).endswith("Using 1h.")
    assert loaded.settings.schedule.interval == Duration(3600)


def test_a_secret_is_not_repeated_in_a_fault(home: Path) -> None:
    loaded = load(home, '[model]\napi_key = "k-hunter2\\u0000"\nbase_url = "me:hunter2@host"')
    assert len(loaded.faults) == 2
    assert not any("hunter2" in str(fault) for fault in loaded.faults)


def test_a_hostile_value_cannot_write_to_the_terminal(home: Path) -> None:
    said = only_fault(load(home, '[schedule]\ninterval = "\\u001b[2J\\u202e' + "x" * 500 + '"'))
    assert said.isprintable()
    assert len(said) < 300


# Environment


def test_lists_in_the_environment_are_written_as_in_the_file_or_with_commas(home: Path) -> None:
    name = "DAYDREAMD_SCHEDULE__QUIET_HOURS"
    for text in ('["01:00-02:00", "03:00-04:00"]', "01:00-02:00, 03:00-04:00"):
        loaded = load(home, environ={name: text})
        assert loaded.faults == ()
        assert loaded.settings.schedule.quiet_hours == ("01:00-02:00", "03:00-04:00")
    assert load(home, environ={name: ""}).settings.schedule.quiet_hours == ()
    assert "not a list" in only_fault(load(home, environ={name: "[1"}))


def test_numbers_and_switches_in_the_environment_are_text(home: Path) -> None:
    loaded = load(
        home,
        environ={
            "DAYDREAMD_READINESS__MAX_PENDING_TASKS": "7",
            "DAYDREAMD_READINESS__MAX_LOAD_PER_CPU": "0.5",
            "DAYDREAMD_SCHEDULE__ON_START": "true",
            "DAYDREAMD_MODEL__NAME": "123",
            "DAYDREAMD_CLEANUP__CLAUDE__MAX_COUNT": "9",
        },
    )
    assert loaded.faults == ()
    assert loaded.settings.readiness.max_pending_tasks == 7
    assert loaded.settings.readiness.max_load_per_cpu == 0.5
    assert loaded.settings.schedule.on_start is True
    assert loaded.settings.model.name == "123"
    assert loaded.settings.cleanup.claude.max_count == 9


def test_a_fault_in_the_environment_names_the_variable(home: Path) -> None:
    said = only_fault(load(home, environ={"DAYDREAMD_SCHEDULE__INTERVAL": "6hours"}))
    assert said.startswith('settings: $DAYDREAMD_SCHEDULE__INTERVAL: schedule.interval = "6hours"')


def test_variables_that_are_no_settings_are_left_alone(home: Path) -> None:
    environ = {"DAYDREAMD_CONFIG": "x", "DAYDREAMD_SESSION_ID": "y", "OTHER__NAME": "z"}
    assert load(home, environ=environ).faults == ()
    assert "no such setting" in only_fault(load(home, environ={"DAYDREAMD_FOO__BAR": "1"}))
    said = only_fault(load(home, environ={"DAYDREAMD_SCHEDULE__INTERVAL__X": "1"}))
    assert "not a duration" in said


def test_tables_in_the_environment_are_written_inline(home: Path) -> None:
    loaded = load(
        home, environ={"DAYDREAMD_CLEANUP__LOGS": '[{path = "/var/log/a"}, {path = "/var/log/b"}]'}
    )
    assert loaded.faults == ()
    assert [log.path for log in loaded.settings.cleanup.logs] == ["/var/log/a", "/var/log/b"]
    assert "not a list of tables" in only_fault(
        load(home, environ={"DAYDREAMD_CLEANUP__LOGS": "x"})
    )


# Files that cannot be read


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'[schedule]\ninterval = "1h"\nx = = 1\n', "line 3: not TOML: invalid value"),
        (b"[schedule\n", "line 1: not TOML"),
        (b"a = 1\nb = '\xff'\n", "line 2: not UTF-8"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
        (b"a = " + b"9" * 5000, "not TOML"),
        (b"a = '''" + b"x" * (1 << 20) + b"'''", "larger than 1 MiB"),
    ],
    ids=["value", "table", "bytes", "depth", "digits", "size"],
)
def test_a_broken_file_is_named_with_its_line_and_cleanup_only_reports(
    home: Path, text: bytes, said: str
) -> None:
    file = home / ".config" / "daydreamd" / "daydreamd.toml"
    file.write_bytes(text)
    loaded = load(home)
    fault = only_fault(loaded)
    assert fault.startswith(f"settings: {file}: {said}")
    assert "cleanup only reports" in fault
    assert loaded.settings.cleanup.dry_run is True
    assert loaded.settings.schedule == Settings().schedule


def test_a_directory_or_a_fifo_in_place_of_the_file_is_a_fault(home: Path) -> None:
    directory = home / ".config" / "daydreamd"
    (directory / "daydreamd.toml").mkdir()
    os.mkfifo(directory / "conf.d" / "a.toml")
    loaded = load(home)
    assert len(loaded.faults) == 2
    assert "cannot be read" in str(loaded.faults[0])
    assert loaded.settings.cleanup.dry_run is True


def test_a_directory_of_fragments_that_anybody_may_write_to_is_not_obeyed(home: Path) -> None:
    directory = home / ".config" / "daydreamd" / "conf.d"
    directory.chmod(0o777)
    loaded = load(home, fragments={"a.toml": '[schedule]\ninterval = "1h"'})
    assert "somebody else may write to it" in only_fault(loaded)
    assert loaded.settings.schedule == Settings().schedule


def test_an_explicit_file_replaces_the_usual_one(home: Path) -> None:
    other = home / "other.toml"
    other.write_text('[schedule]\njitter = "1s"')
    load(home, '[schedule]\ninterval = "1h"')
    loaded = load_settings(other, environ={"HOME": str(home)}, scope="user")
    assert loaded.files == (other,)
    assert loaded.settings.schedule.interval == Duration(21_600)
    assert loaded.settings.schedule.jitter == Duration(1)


def test_an_explicit_file_that_is_missing_stops_everything(home: Path) -> None:
    missing = home / "missing.toml"
    with pytest.raises(SettingsError, match=r"cannot read .*missing.toml: no such file") as caught:
        load_settings(missing, environ={})
    assert caught.value.file == str(missing)
    with pytest.raises(SettingsError, match="is a directory"):
        load_settings(home, environ={})


def test_an_explicit_file_may_be_a_pipe(home: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'[schedule]\ninterval = "1h"')
    os.close(writing)
    try:
        loaded = load_settings(Path(f"/dev/fd/{reading}"), environ={})
    finally:
        os.close(reading)
    assert loaded.settings.schedule.interval == Duration(3600)


# Which file is whose


def test_a_caller_has_his_own_file_and_a_system_unit_the_systems(home: Path) -> None:
    load(home, '[schedule]\ninterval = "1h"')
    environ = {"HOME": str(home), "STATE_DIRECTORY": "/var/lib/daydreamd"}
    own = home / ".config" / "daydreamd" / "daydreamd.toml"
    assert load_settings(None, environ={"HOME": str(home)}).files == (own,)
    assert own not in load_settings(None, environ=environ).files
    assert load_settings(None, environ=environ | {"MANAGERPID": "7"}).files == (own,)
    assert own not in load_settings(None, environ={"HOME": str(home)}, scope="system").files
