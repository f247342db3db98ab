"""The house's linters run with its tests: what they forbid cannot land."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "argv",
    [
        ["ruff", "format", "--check", "."],
        ["ruff", "check", "."],
        ["mypy"],
        ["lint-imports"],
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_nothing_is_found_by(argv: list[str]) -> None:
    program = Path(sys.executable).parent / argv[0]
    done = subprocess.run(
        [program, *argv[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
