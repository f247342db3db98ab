"""What every test on a real systemd starts from. As root, or they fail: a skip would hide it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.machine import Machine


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """A bare machine, with nothing of ours installed."""
    with Machine() as booted:
        yield booted
