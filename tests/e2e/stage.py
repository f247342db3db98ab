"""What `make install` lays down, as a layer for machines: made once, used by many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.machine import REPOSITORY

WHEELS = "/opt/wheels-for-tests"


def make_wheels(layer: Path) -> Path:
    """All that pip needs to build and install daydreamd: the one look at a registry."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", f"--wheel-dir={layer}{WHEELS}"]
    # Debian's own pip builds source packages the old way, with what happens to be installed.
    built = [str(REPOSITORY), "hatchling", "setuptools", "wheel"]
    subprocess.run([*pip, "--use-pep517", *built], check=True, timeout=300)
    return layer


def make_stage(stage: Path, wheels: Path) -> Path:
    """daydreamd installed below `stage`, without the 800 MB of engines."""
    argv = ["make", "--no-print-directory", "install", f"DESTDIR={stage}", "EXTRAS=", "AIDER=no"]
    env = {**os.environ, **offline(f"{wheels}{WHEELS}")}
    quiet = subprocess.DEVNULL
    subprocess.run(argv, cwd=REPOSITORY, env=env, stdout=quiet, check=True, timeout=300)
    return stage


def offline(wheels: str = WHEELS) -> dict[str, str]:
    """The environment in which pip looks nowhere else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels}
