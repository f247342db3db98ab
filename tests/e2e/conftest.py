"""What every test on a real systemd starts from. As root, or they fail: a skip would hide it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.machine import REPOSITORY, Machine

WHEELS = "/opt/wheels-for-tests"


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A bare machine, with nothing of ours installed."""
    with Machine() as booted:
        yield booted


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer with all that pip needs to build and install daydreamd, asked for only once."""
    layer = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", f"--wheel-dir={layer}{WHEELS}"]
    subprocess.run([*pip, str(REPOSITORY), "hatchling"], check=True, timeout=300)
    return layer


@pytest.fixture(scope="session")
def staged(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make install` puts onto a disk, without the 800 MB of engines; a layer for machines."""
    stage = tmp_path_factory.mktemp("stage")
    argv = ["make", "--no-print-directory", "install", f"DESTDIR={stage}", "EXTRAS=", "AIDER=no"]
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": f"{wheels}{WHEELS}"}
    env = {**os.environ, **pip}
    subprocess.run(argv, cwd=REPOSITORY, env=env, check=True, timeout=300)
    return stage
