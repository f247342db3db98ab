"""The machine the other tests stand on: is it a real systemd, and does nothing of it stay?"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.e2e.machine import REPOSITORY, Machine, MachineError

pytestmark = pytest.mark.root

NOTIFIER = textwrap.dedent(
    """
    import os, signal, socket
    wanted = {signal.SIGUSR1, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as say:
        say.connect(os.environ["NOTIFY_SOCKET"])
        say.send(b"READY=1\\nSTATUS=listening")
    while signal.sigwait(wanted) == signal.SIGUSR1:
        print("asked", flush=True)
    """
)


@pytest.fixture(scope="module")
def notifier(machine: Machine) -> str:
    machine.write("/opt/notifier.py", NOTIFIER)
    machine.write(
        "/etc/systemd/system/notifier.service",
        "[Service]\nType=notify\nExecStart=/usr/bin/python3 /opt/notifier.py\n"
        "Restart=on-failure\nRestartSec=100ms\n",
    )
    machine.systemctl("daemon-reload")
    return "notifier.service"


def test_start_blocks_until_ready_and_the_journal_has_what_was_said(machine, notifier):
    machine.systemctl("start", notifier)
    shown = machine.show(notifier, "ActiveState", "StatusText")
    assert shown == {"ActiveState": "active", "StatusText": "listening"}
    machine.systemctl("kill", "--signal=USR1", notifier)
    entry = machine.wait_for(lambda entry: entry["MESSAGE"] == "asked", f"--unit={notifier}")
    assert int(entry["_PID"]) == machine.main_pid(notifier)
    assert machine.processes(notifier) == [machine.main_pid(notifier)]


def test_a_killed_service_comes_back(machine, notifier):
    machine.systemctl("restart", notifier)
    here = machine.cursor()
    machine.systemctl("kill", "--signal=KILL", "--kill-whom=main", notifier)
    machine.wait_for(
        lambda entry: entry["MESSAGE"].startswith("Started notifier"), "_PID=1", after=here
    )
    assert machine.show(notifier, "NRestarts")["NRestarts"] == "1"
    machine.systemctl("stop", notifier)


def test_waiting_for_what_never_comes_ends_with_the_journal(machine):
    with pytest.raises(MachineError, match="Startup finished"):
        machine.wait_for(lambda _: False, timeout=0.5)


def test_nothing_that_happens_inside_reaches_the_disk():
    with Machine() as machine:
        machine.write("/etc/daydreamd-was-here", "x")
        machine.write("/opt/daydreamd-was-here", "x")
        alice = machine.add_user("alice")
        machine.systemctl("start", f"user@{alice}.service")
        pid, base, cgroup = machine.pid, machine._base, machine._cgroup
        inside = [entry.name for entry in machine.path("/proc").iterdir() if entry.name.isdigit()]
        assert "1" in inside
        assert len(inside) > 3
    assert not Path(f"/proc/{pid}").exists()
    assert not base.exists()
    assert not cgroup.exists()
    assert not Path("/etc/daydreamd-was-here").exists()
    assert not Path("/opt/daydreamd-was-here").exists()
    assert "alice:" not in Path("/etc/passwd").read_text()


def test_the_kernels_knobs_cannot_be_turned_from_inside(machine):
    with pytest.raises(MachineError, match="Read-only file system"):
        machine.run(["sh", "-c", "echo 1 >/proc/sys/kernel/panic"])


def test_there_is_no_network_but_its_own(machine):
    assert machine.run(["ip", "-brief", "link"]).stdout.split()[0] == "lo"


def test_commands_stay_inside_though_the_tests_run_in_a_chroot(tmp_path: Path) -> None:
    script = (
        "from tests.e2e.machine import Machine\n"
        "with Machine() as machine:\n"
        "    print(machine.run(['systemctl', 'is-active', 'machine.target']).stdout)\n"
    )
    enter = 'mount --rbind / "$0" && exec chroot "$0" env --chdir="$1" "$2" -c "$3"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", enter, tmp_path, REPOSITORY, sys.executable, script],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "active"), done.stderr
