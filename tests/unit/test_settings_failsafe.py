"""Under `cleanup` a wrong value may never widen what is ended: its rule only reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.settings.loading import Loaded, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "daydreamd.toml"


def load(file: Path, text: str, **environ: str) -> Loaded:
    file.write_text(text)
    return load_settings(file, environ=environ)


@pytest.mark.parametrize("rule", ["claude", "aider", "mcp"])
@pytest.mark.parametrize(
    "line",
    [
        'max_age = "1day"', "max_count = -1", "protect = 5", 'protect = [" "]', 'enabled = "no"',
        "ideal_for = 1",
    ],
)  # fmt: skip
def test_a_wrong_value_turns_its_rule_alone_into_report_only(
    file: Path, rule: str, line: str
) -> None:
    loaded = load(file, f"[cleanup.{rule}]\n{line}")
    cleanup = loaded.settings.cleanup
    assert getattr(cleanup, rule).enabled is False
    others = {"claude", "aider", "mcp", "temp"} - {rule}
    assert all(getattr(cleanup, other).enabled for other in others)
    assert cleanup.dry_run is False
    (fault,) = loaded.faults
    assert str(fault).endswith(f"Until this is mended, cleanup.{rule} only reports.")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('[cleanup.outputs]\nenabled = true\nmax_age = "1day"', "outputs"),
        ("[cleanup.outputs]\nenabled = true\nmin_size = 5", "outputs"),
        ("[cleanup.transcripts]\narchive = true\nbefore = 1", "transcripts"),
        ('[cleanup.pressure]\nstall = "3s"', "pressure"),
        ('[cleanup.pressure]\nfile = "memory.pressure"', "pressure"),
    ],
)
def test_a_fault_in_a_rule_of_files_or_memory_switches_it_off(
    file: Path, text: str, rule: str
) -> None:
    cleanup = load(file, text).settings.cleanup
    group = getattr(cleanup, rule)
    assert not (group.archive if rule == "transcripts" else group.enabled)
    assert cleanup.dry_run is False


def test_a_wrong_temp_rule_only_reports(file: Path) -> None:
    for line in ('directories = ["/"]', 'directories = ["tmp"]', 'patterns = ["*"]', "max_age = 1"):
        assert load(file, f"[cleanup.temp]\n{line}").settings.cleanup.temp.enabled is False


@pytest.mark.parametrize(
    "text",
    [
        '[cleanup]\ndry_run = "yes"',
        '[cleanup]\nenabled = "no"',
        '[cleanup]\ngrace = "10"',
        '[cleanup]\nobserve = "0s"',
        "[cleanup]\ndryrun = true",
        "[cleanup.claud]\nmax_age = '30d'",
        "cleanup = false",
        "[clean_up]\ndry_run = true",
        "[Cleanup]\ndry_run = true",
    ],
)
def test_a_fault_in_cleanup_itself_turns_everything_into_report_only(file: Path, text: str) -> None:
    loaded = load(file, text)
    assert loaded.settings.cleanup.dry_run is True
    assert "Until this is mended, cleanup only reports." in str(loaded.faults[0])


def test_a_higher_source_does_not_arm_a_faulty_rule(file: Path) -> None:
    loaded = load(
        file,
        '[cleanup.claude]\nmax_age = "1day"',
        DAYDREAMD_CLEANUP__CLAUDE__MAX_AGE="30d",
        DAYDREAMD_CLEANUP__CLAUDE__ENABLED="true",
    )
    assert loaded.settings.cleanup.claude.enabled is False
    assert loaded.settings.cleanup.claude.max_age == 30 * 86400


def test_a_fault_in_the_environment_counts_as_well(file: Path) -> None:
    loaded = load(file, "", DAYDREAMD_CLEANUP__MCP__MAX_AGE="soon")
    assert loaded.settings.cleanup.mcp.enabled is False


def test_a_wrong_value_elsewhere_leaves_cleanup_alone(file: Path) -> None:
    cleanup = load(file, "[schedule]\ninterval = 5\n[nonsense]\nx = 1").settings.cleanup
    assert cleanup.dry_run is False
    assert cleanup.claude.enabled is True


def test_the_defaults_of_a_rule_are_its_own(file: Path) -> None:
    mcp = load(file, "[cleanup.mcp]\nmax_count = 9").settings.cleanup.mcp
    assert (mcp.max_age, mcp.max_count) == (3600, 9)


# Arrays of tables


def test_a_bad_entry_falls_alone(file: Path) -> None:
    loaded = load(
        file,
        """
        [[cleanup.logs]]
        path = "/var/log/a"
        keep = -1
        [[cleanup.logs]]
        path = "/var/log/b"
        [[cleanup.logs]]
        keep = 3
        [[cleanup.logs]]
        path = "/var/log/b"
        [[cleanup.logs]]
        path = "/var/log/c"
        reopen = "signal"
        """,
    )
    a, b = loaded.settings.cleanup.logs
    assert (a.path, a.keep, a.enabled) == ("/var/log/a", 5, False)
    assert (b.path, b.enabled) == ("/var/log/b", True)
    said = [str(fault).partition(": ")[2].partition(": ")[2] for fault in loaded.faults]
    assert said == [
        (
            "cleanup.logs[1].keep = -1: must be at least 0. Using 5."
            " Until this is mended, cleanup.logs[1] only reports."
        ),
        "cleanup.logs[3]: has no path. Using nothing in its place.",
        "cleanup.logs[4]: has the path of cleanup.logs[2]: /var/log/b. Using nothing in its place.",
        'cleanup.logs[5]: reopen = "signal" needs a pidfile. Using nothing in its place.',
    ]
    assert loaded.settings.cleanup.dry_run is False


def test_a_kind_that_fits_everything_is_left_out(file: Path) -> None:
    for line in ('exe = ["*"]', 'script = ["/*"]', "", "exe = []"):
        loaded = load(file, f'[[cleanup.kinds]]\nname = "codex"\nend = true\n{line}')
        assert loaded.settings.cleanup.kinds == ()
        assert loaded.faults


def test_a_faulty_kind_ends_nothing(file: Path) -> None:
    text = '[[cleanup.kinds]]\nname = "codex"\nexe = ["*/codex"]\nend = true\nmax_age = "long"'
    (kind,) = load(file, text).settings.cleanup.kinds
    assert kind.end is False


def test_a_kind_cannot_take_the_name_of_a_rule(file: Path) -> None:
    text = '[[cleanup.kinds]]\nname = "claude"\nexe = ["*/x"]'
    assert load(file, text).settings.cleanup.kinds == ()


def test_workspaces_are_unique_by_name_and_path(file: Path) -> None:
    loaded = load(
        file,
        """
        [[workspaces]]
        path = "/w/a"
        name = "app"
        [[workspaces]]
        path = "/w/b"
        name = "app"
        [[workspaces]]
        path = "/w/a/"
        [[workspaces]]
        path = "relative"
        [[workspaces]]
        path = "~/c"
        priority = "high"
        """,
    )
    assert [w.path for w in loaded.settings.workspaces] == ["/w/a", "~/c"]
    assert len(loaded.faults) == 4
    assert "workspaces[2]: has the name of workspaces[1]: app" in str(loaded.faults[0])
    assert loaded.settings.workspaces[1].priority == 5


@pytest.mark.parametrize(
    "line", ['exclude = "secret/*"', 'exclud = ["secret/*"]', 'exclude = [""]']
)
def test_a_workspace_whose_exclusions_are_wrong_is_not_read_at_all(file: Path, line: str) -> None:
    loaded = load(file, f'[[workspaces]]\npath = "/w/a"\n{line}')
    assert loaded.settings.workspaces == ()
    assert len(loaded.faults) == 1


def test_a_higher_array_replaces_the_lower(file: Path) -> None:
    (file.parent / "conf.d").mkdir()
    (file.parent / "conf.d" / "a.toml").write_text('[[workspaces]]\npath = "/w/b"')
    loaded = load(file, '[[workspaces]]\npath = "/w/a"')
    assert [w.path for w in loaded.settings.workspaces] == ["/w/b"]
