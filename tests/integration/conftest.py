"""What the tests of children share."""

import pytest

from daydreamd.host.children.commands import clean_environment
from daydreamd.host.processes import become_subreaper


@pytest.fixture
def place(tmp_path):
    """Where a child runs and with which environment; its orphans come to us."""
    become_subreaper()
    return {"cwd": tmp_path, "env": clean_environment()}
