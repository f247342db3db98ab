"""What cannot be seen of sockets and locks is unknown, and never an empty table."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daydreamd.host.processes.sockets import bound_sockets, is_chosen_by_kernel, tcp_sockets


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


@pytest.mark.root
def test_no_port_is_taken_for_a_clients_where_theirs_are_not_known():
    assert is_chosen_by_kernel(50_000)
    assert printed_without("/proc", "is_chosen_by_kernel(50_000)") == "False"


def test_a_list_of_locks_that_cannot_be_read_is_not_an_empty_one():
    code = (
        "import resource; from daydreamd.host.processes.lock_waits import lock_waits\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3)); print(lock_waits())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Too many open files: '/proc/locks'" in done.stderr


def test_the_sockets_of_who_has_gone_are_not_known():
    with subprocess.Popen(["true"]) as gone:
        pass
    assert tcp_sockets(gone.pid) is None
    assert tcp_sockets(os.getpid()) is not None
    assert bound_sockets() is not None
