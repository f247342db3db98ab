"""What lives beside the daemon: a container, a /proc that hides, logs that are large or full."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.household import LOGS, UNIT, Household, until
from tests.e2e.stepping import parked
from tests.e2e.strikes import expect, unharmed

CLAUDE = "/home/alice/.npm/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe"
MANIFEST = "/home/alice/.npm/lib/node_modules/@anthropic-ai/claude-code/package.json"
LOG = f"{LOGS}/app.log"
_PARTS = f"{LOGS}/.app.log.*"  # packed so far, of a log that the next session goes on with
LINES = 2_000_000
POINTS = 6  # of the eight pieces in which so many lines are packed
LARGE = 2 << 30
QUICK = {"enabled": True, "max_age": "1s", "idle_for": "100ms"}
AS_ALICE = "setpriv --reuid=alice --regid=alice --clear-groups"
_APART = f"unshare --pid --fork --mount-proc {AS_ALICE}"


def stand_beside_container(house: Household) -> None:
    """An abandoned agent goes; the same one in another pid namespace is spared."""
    install_claude(house)
    house.set({"cleanup.claude": QUICK})
    house.systemctl("reload", UNIT)
    leave_behind(house, f"{AS_ALICE} {CLAUDE} 7001")
    leave_behind(house, f"{_APART} {CLAUDE} 7002")
    for seconds in (7001, 7002):
        until(lambda seconds=seconds: agents(house, seconds, age=1), f"agent {seconds} is of age")
    spared = agents(house, 7002)
    try:
        house.trigger()
        expect(not agents(house, 7001), "the abandoned one beside the container is left")
        expect(agents(house, 7002) == spared, "one in the container was ended")
    finally:
        # The first process of a namespace ends by nothing less.
        left = [*agents(house, 7001), *agents(house, 7002)]
        house.run(["kill", "-KILL", *left], check=False)
        house.set({})
        house.systemctl("reload", UNIT)


def install_claude(house: Household) -> None:
    """An agent that sleeps for as many seconds as it is told."""
    house.write(MANIFEST, '{"name": "@anthropic-ai/claude-code", "version": "2.1.0"}')
    house.run(["install", "-D", "/usr/bin/sleep", CLAUDE])
    house.run(["chown", "-R", "alice:", "/home/alice/.npm"])


def leave_behind(house: Household, words: str) -> None:
    """Start a command for which nobody waits."""
    line = f"setsid {words} </dev/null >/dev/null 2>&1 &"
    argv = ["systemd-run", "--quiet", "--scope", "--setenv=HOME=/home/alice", "sh", "-c", line]
    house.run(argv)


def agents(house: Household, seconds: int, program: str = CLAUDE, *, age: int = 0) -> list[str]:
    """The pids of those that sleep for so many seconds, and have done so for `age` seconds."""
    argv = ["pgrep", f"--older={age}", "-f", f"^{program} {seconds}$"]
    return house.run(argv, check=False).stdout.split()


def hide_processes(house: Household, hiding: int) -> None:
    """With other people's processes hidden a session completes, and leaves none of its own."""
    house.run(["mount", "-o", f"remount,hidepid={hiding}", "/proc"])
    try:
        house.systemctl("restart", UNIT)
        with unharmed(house, sessions=1):
            expect(house.trigger()["outcome"] == "completed", "no session completes")
    finally:
        house.run(["mount", "-o", "remount,hidepid=0", "/proc"])
        house.systemctl("restart", UNIT)


def fill_logs(house: Household, phase: str) -> None:
    """The disk of the reports is full from a phase on: the session ends, the next completes."""
    house.systemctl("stop", UNIT)
    house.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0750", "tmpfs", LOGS])
    house.run(["chown", "alice:", LOGS])
    try:
        house.systemctl("start", UNIT)
        with unharmed(house, sessions=1):
            house.ask()
            with parked(house, phase):
                house.run(["dd", "if=/dev/zero", f"of={LOGS}/filler", "bs=4k"], check=False)
        house.run(["rm", f"{LOGS}/filler"])
        with unharmed(house, sessions=1):
            expect(house.trigger()["outcome"] == "completed", "no session completes again")
    finally:
        house.systemctl("stop", UNIT)
        house.run(["umount", LOGS])
        house.systemctl("start", UNIT)


@contextmanager
def _rotated_log(house: Household, make: str) -> Iterator[None]:
    """A log of alice's that is due, made by a shell command."""
    house.run(["sh", "-ec", f"rm -f {LOG}* {_PARTS}; {make}; chown alice: {LOG}; chmod 600 {LOG}"])
    house.set({"cleanup": {"observe": "100ms", "grace": "1s"}, "[cleanup.logs]": {"path": LOG}})
    house.systemctl("reload", UNIT)
    try:
        yield
    finally:
        house.set({})
        house.systemctl("reload", UNIT)
        house.run(["sh", "-c", f"rm -f {LOG}* {_PARTS}"])


def kill_in_rotation(house: Household, number: int) -> None:
    """The daemon is killed while it rotates: the next session carries on, no line is lost."""
    with _rotated_log(house, f"seq -f %015.0f {LINES} >{LOG}"):
        here, whole = house.cursor(), house.path(LOG).stat().st_size
        with unharmed(house, sessions=1, restarts=1):
            house.ask()
            with parked(house, "pre_cleanup", once=_pieces_are_packed(house, number + 1)):
                house.kill("KILL")
                house.wait_for_restart(here)
        half = [path.name for path in _parts(house) if path.stat().st_size]
        expect(len(half) == 1, f"it was not killed within the rotation: packed are {half}")
        expect(house.path(LOG).stat().st_size == whole, "the log was cut before it was packed")
        expect(house.trigger()["outcome"] == "completed", "no session completes again")
        lost = LINES - len(_numbers(house))
        expect(lost == 0, f"{lost} lines are lost")
        expect(house.path(f"{LOG}.1.gz").exists(), "nothing was rotated")


def _pieces_are_packed(house: Household, count: int) -> Callable[[], bool]:
    """Whether the part that is under way was seen to grow so often."""
    seen: set[int] = set()

    def look() -> bool:
        seen.update(size for path in _parts(house) if (size := path.stat().st_size))
        return len(seen) >= count

    return look


def _parts(house: Household) -> list[Path]:
    return list(house.path(LOGS).glob(".app.log.*.part"))


def _numbers(house: Household) -> set[int]:
    found: set[int] = set()
    for path in house.path(LOGS).glob("app.log*"):
        data = path.read_bytes()
        found |= {
            int(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).split()
        }
    return found


def rotate_large_log(house: Household) -> None:
    """2 GiB are due: no phase takes longer than it may, and the log or its archives hold it all."""
    with _rotated_log(house, f"truncate -s {LARGE} {LOG}"), unharmed(house, sessions=1):
        ended = house.trigger()
        expect(ended["outcome"] == "completed", f"it {ended['outcome']}")
        count = f"{{ cat {LOG}; zcat -f {LOG}.*gz; }} 2>/dev/null | wc -c"
        held = int(house.run(["sh", "-c", count]).stdout)
        expect(held >= LARGE, f"only {held} bytes are left")
