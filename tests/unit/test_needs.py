"""What the tests need: found where it is, and said in one line where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ALL, NEEDS, Need, missing

ROOT = Path(__file__).parents[2]


def test_what_is_here_is_not_missing() -> None:
    here = [
        Need("python3", Path(sys.executable).resolve().as_posix(), "all"),
        Need("coreutils", "ls", "all"),
        Need("base-files", "/etc/host*", "all"),
    ]
    gone = Need("nobody-has-it", "nobody-has-it", "all")
    assert missing([*here, gone]) == [gone]


def test_every_need_names_a_package_once() -> None:
    assert len({need.package for need in NEEDS}) == len(NEEDS)


def test_where_daydreamd_runs_its_unit_tests_do() -> None:
    of_a_minimal_debian_and_make_run = {"git", "util-linux"}
    assert {need.package for need in NEEDS if need.tests == ALL} <= of_a_minimal_debian_and_make_run


def test_without_root_one_line_says_what_is_left_out_and_ci_fails() -> None:
    as_nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    source = (ROOT / "tests/needs.py").read_text()  # nobody may not look into every home
    for ci, code in (("true", 1), ("", 0)):
        done = subprocess.run(
            [*as_nobody, "/usr/bin/env", "python3", "-"],
            input=source,
            env={"PATH": os.environ["PATH"], "CI": ci},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        lines = done.stderr.splitlines()
        assert lines
        assert all(line.startswith("make: skipped are the tests of ") for line in lines)


def test_who_uses_the_zoo_is_skipped_where_it_cannot_be_built() -> None:
    code = f"""if True:
        import os, sys
        from pathlib import Path
        os.environ["PATH"] = "/nonexistent"
        from tests import needs
        needs._SYSTEM = "/nonexistent"
        tests = Path({str(ROOT / "tests")!r})
        for name in sys.argv[1:]:
            print(needs.reason_to_skip(tests / name, tests.parent))
    """
    users = ["integration/test_cli_clean.py", "integration/test_sessions_recovery.py"]
    said = subprocess.run(
        [sys.executable, "-c", code, *users, "unit/test_watchdog.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert all(" gcc " in line for line in said[:2])
    assert "gcc" not in said[2]


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
@pytest.mark.parametrize(
    ("brings", "has", "reason"),
    [("nobody-has-it", True, "missing here: git"), ("git", False, "this machine has no luck")],
)
def test_what_cannot_run_here_is_skipped_and_fails_under_ci(
    tmp_path: Path, brings: str, has: bool, reason: str, ci: str, code: int
) -> None:
    """In a tree of its own, where a whole file lacks a package or one test something else."""
    tests = tmp_path / "tests"
    tests.mkdir()
    for name in ("conftest.py", "aider.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    needs = (ROOT / "tests/needs.py").read_text().replace('"git", "git",', f'"git", "{brings}",')
    tests.joinpath("needs.py").write_text(needs)
    tests.joinpath("test_it.py").write_text(
        f"def test_it(need_here):\n    need_here({has}, 'luck')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "tests"],
        cwd=tmp_path,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert ("1 skipped" in done.stdout) == (code == 0)
    assert reason in done.stdout
