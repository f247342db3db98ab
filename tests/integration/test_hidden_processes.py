"""Where /proc hides what others run (`hidepid`), a session still puts its own in order."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

_LOOK = """
    import os, pathlib, subprocess, sys, tempfile
    import anyio, anyio.to_thread, anyio._backends._asyncio
    from daydreamd.sessions.recovery import clear
    from daydreamd.host.processes import ancestors, read_stat, scan

    place = pathlib.Path(tempfile.mkdtemp())
    place.chmod(0o755)
    inside = place / "session"
    inside.mkdir()
    os.chown(place, 65534, 65534), os.chown(inside, 65534, 65534)
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
    marked = {"DAYDREAMD_SESSION_ID": "this", "PATH": os.environ["PATH"]}
    subprocess.Popen(["sleep", "300"], env=marked, start_new_session=True)
    assert 1 not in scan() and os.getpid() in scan()
    assert read_stat(1) is None
    remains = anyio.run(clear, "this", inside)
    assert (remains.processes, remains.left) == (1, ()), remains
    assert not inside.exists()
    print("in order")
"""


@pytest.mark.parametrize("hiding", ["1", "2"])
def test_a_session_ends_its_own_where_others_are_hidden(hiding: str) -> None:
    mount = f"mount -t proc -o hidepid={hiding} proc /proc"
    done = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
         "sh", "-c", f'{mount} && "$@"; exit $?', "sh",
         sys.executable, "-c", textwrap.dedent(_LOOK)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "in order\n", done.stderr
