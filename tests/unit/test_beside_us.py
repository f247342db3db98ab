"""Aider is found where the installation puts it, whatever PATH says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FIND = """
from daydreamd.reflection.aider import find_aider
from daydreamd.reflection.aider import find_aider
from daydreamd.settings.schema import Analysis
print(find_aider(Analysis()), find_aider(Analysis(aider="another")))
"""


def test_aider_is_found_in_the_environment_beside_ours(tmp_path: Path) -> None:
    """A Python whose prefix is `venv`, with `venv-aider` beside it, as `make install` lays them."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    aider = tmp_path / "venv-aider" / "bin" / "aider"
    aider.parent.mkdir(parents=True)
    aider.write_text("#!/bin/sh\n")
    aider.chmod(0o755)
    done = subprocess.run(
        [venv / "bin" / "python", "-c", FIND],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(aider), "None"]
