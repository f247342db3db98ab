"""What cannot be seen of sockets is unknown, and never an empty table."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daydreamd.host.processes.sockets import bound_sockets, tcp_sockets


def printed_without(hidden: str, expression: str) -> str:
    """What an expression gives where a file system without files lies over a directory."""
    code = f"from daydreamd.host.processes.sockets import *; print({expression})"
    cover = f'mount -t tmpfs none {hidden} && exec "$@"'
    argv = ["unshare", "--mount", "sh", "-c", cover, "sh", sys.executable, "-c", code]
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@pytest.mark.root
@pytest.mark.parametrize("expression", ["bound_sockets()", "tcp_sockets(1)"])
def test_sockets_that_cannot_be_read_are_not_known(expression: str):
    assert printed_without("/proc", expression) == "None"


def test_the_sockets_of_who_has_gone_are_not_known():
    with subprocess.Popen(["true"]) as gone:
        pass
    assert tcp_sockets(gone.pid) is None
    assert tcp_sockets(os.getpid()) is not None
    assert bound_sockets() is not None
