"""What is done to what lies around the daemon: its disk, its files, its descriptors, its clock."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.household import CACHE, LOGS, RUNTIME, STATE, UNIT, Household
from tests.e2e.strikes import expect


@contextmanager
def state_of_its_own(house: Household) -> Iterator[None]:
    """Its state on a disk of 2 MiB, which is full or broken sooner."""
    house.systemctl("stop", UNIT)
    house.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", STATE])
    house.run(["chown", "alice:", STATE])
    try:
        house.systemctl("start", UNIT)
        yield
    finally:
        house.systemctl("stop", UNIT)
        house.run(["umount", STATE])
        house.systemctl("start", UNIT)


def break_state(house: Household, break_it: str, mend_it: str) -> None:
    """A session fails and says so, the daemon stays; once it is mended, the next completes."""
    with state_of_its_own(house):
        main = house.main_pid(UNIT)
        house.run(["sh", "-c", break_it], check=False)
        broken = house.trigger()
        house.run(["sh", "-ec", mend_it])
        whole = house.trigger()
        expect(broken["outcome"] == "failed", f"it was said to have {broken['outcome']}")
        expect(broken["reasons"], "it failed without a reason")
        expect(whole["outcome"] == "completed", f"the next one {whole}")
        expect(house.main_pid(UNIT) == main, "the daemon did not survive it")
        ends = json.loads(house.daydreamd("sessions", "list", "--json"))
        expect(all(end["outcome"] for end in ends), f"a session without an end: {ends}")
        half_written = list(house.path(STATE).glob(".*.tmp"))
        expect(not half_written, f"left: {half_written}")


def refuse_to_start(house: Household, break_it: str, mend_it: str, named: str) -> None:
    """It does not start, and says in one line what it cannot do; once mended, it starts."""
    here = house.cursor()
    house.systemctl("stop", UNIT)
    house.run(["sh", "-ec", break_it])
    refused = house.systemctl("start", UNIT, check=False).returncode
    house.systemctl("stop", UNIT)
    house.run(["sh", "-ec", mend_it])
    house.systemctl("start", UNIT)
    lines = house.messages(f"--after-cursor={here}", f"--unit={UNIT}")
    expect(refused != 0, "it started")
    expect([line for line in lines if "cannot" in line and named in line], f"unsaid: {lines}")
    expect(not [line for line in lines if "Traceback" in line], "it left a traceback")
    expect(house.trigger()["outcome"] == "completed", "no session completes again")


def corrupt_history(house: Household) -> None:
    here = house.cursor()
    house.systemctl("stop", UNIT)
    for path in house.state.glob("history.db*"):
        path.unlink() if path.name != "history.db" else path.write_bytes(b"not a database" * 1000)
    house.systemctl("start", UNIT)
    said = "\n".join(house.messages(f"--after-cursor={here}", f"--unit={UNIT}"))
    expect("history was corrupt" in said, f"unsaid: {said}")
    expect(list(house.state.glob("history.db.corrupt*")), "it was not put aside")
    expect(house.trigger()["outcome"] == "completed", "no session completes with the new one")


def exhaust_descriptors(house: Household) -> None:
    """Clients take all the descriptors it may have: a session fails, the daemon stays."""
    house.drop_in(UNIT, "[Service]\nLimitNOFILE=44\n", name="few.conf")
    house.systemctl("restart", UNIT)
    main, here = house.main_pid(UNIT), house.cursor()
    argv = house.command(["/usr/bin/python3", "-c", _CROWD], user="alice")
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as crowd:
        assert crowd.stdout is not None
        crowd.stdout.readline()
        house.ask()
        house.wait_for(lambda entry: "open files" in entry["MESSAGE"].lower(), after=here)
        crowd.kill()
    expect(house.trigger()["outcome"] == "completed", "no session completes again")
    expect(house.main_pid(UNIT) == main, "the daemon did not survive it")
    house.run(["rm", f"/etc/systemd/system/{UNIT}.d/few.conf"])
    house.systemctl("daemon-reload")
    house.systemctl("restart", UNIT)


_CROWD = f"""
import signal, socket
crowd = []
for _ in range(32):
    one = socket.socket(socket.AF_UNIX)
    one.connect("{RUNTIME}/control.sock")
    one.sendall(b'{{"do": "watch"}}\\n')
    crowd.append(one)
crowd[0].recv(1)
print("all here", flush=True)
signal.pause()
"""


def start_second_daemon(house: Household) -> None:
    """The one that comes second ends at once with code 1, and says who the first is."""
    main = house.main_pid(UNIT)
    names = {"STATE": STATE, "LOGS": LOGS, "RUNTIME": RUNTIME, "CACHE": CACHE}
    env = {f"{name}_DIRECTORY": path for name, path in names.items()}
    second = house.run(["daydreamd", "run"], user="alice", env=env, check=False)
    expect(second.returncode == 1, f"it ended with {second.returncode}")
    expect(str(main) in second.stderr, f"it says nothing of process {main}: {second.stderr}")
    expect(house.trigger()["outcome"] == "completed", "no session completes beside it")


def set_clock(house: Household, by: str) -> None:
    """People's time jumps: once while the daemon runs and once while it does not; no burst."""
    clock = house.door / "clock"
    clock.write_text("+0")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    fake = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": "/run/clock", "FAKETIME_NO_CACHE": 1}
    fake |= {"DONT_FAKE_MONOTONIC": 1}
    pairs = " ".join(f"{name}={value}" for name, value in fake.items())
    house.run(["sh", "-c", "touch /run/clock; mount --bind /run/door/clock /run/clock"])
    house.drop_in(UNIT, f"[Service]\nEnvironment={pairs}\n", name="clock.conf")
    house.systemctl("restart", UNIT)
    before, here = len(house.sessions()), house.cursor()
    clock.write_text(by)
    house.systemctl("reload", UNIT)
    house.wait_for(lambda entry: entry["MESSAGE"].startswith("clock was set"), after=here)
    expect(len(house.sessions()) == before, "it began a session because the clock was set")
    house.systemctl("stop", UNIT)
    clock.write_text("+0")
    house.systemctl("start", UNIT)
    house.wait_until_waiting()
    begun = len(house.sessions()) - before
    expect(begun <= 1, f"{begun} sessions because the clock was set back")
    house.run(["sh", "-c", f"rm /etc/systemd/system/{UNIT}.d/clock.conf; umount /run/clock"])
    house.systemctl("daemon-reload")
    house.systemctl("restart", UNIT)
