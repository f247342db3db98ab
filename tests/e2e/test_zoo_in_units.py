"""The housekeeping inside the shipped units: what a real systemd knows of who owns what.

Everything lives as alice's: what is abandoned lies in scopes that nobody named, what must live is a
service, a scope with a name, frozen, in other namespaces, or connected to somebody.
"""

from __future__ import annotations

import json
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.e2e.household import SETTINGS, UNIT, Household, until

pytestmark = pytest.mark.root

SPECIMEN = Path(__file__).parents[1] / "integration/zoo/specimen.c"
CLAUDE = "/home/alice/.npm/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe"
SERVER = "/home/alice/n/node_modules/@modelcontextprotocol/server-x/index.js"
QUICK = {"enabled": True, "max_age": "1s", "idle_for": "100ms", "max_count": 1000}
CLEANUP = {
    "cleanup.claude": QUICK,
    "cleanup.mcp": QUICK,
    "cleanup.temp": {"enabled": False},
    "cleanup.agent_files": {"enabled": False},
}
# Starts a server with one end of a socket pair as its input, and goes; with `keeps` somebody stays
# who holds the other end.
CONNECT = textwrap.dedent(
    """
    import os, socket, subprocess, sys, time
    keeps, *server = sys.argv[1:]
    ours, theirs = socket.socketpair()
    if os.fork(): os._exit(0)
    os.setsid()
    if os.fork():
        theirs.close()
        while keeps == "keeps": time.sleep(1000)
        os._exit(0)
    ours.close()
    os.dup2(theirs.fileno(), 0)
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1), os.dup2(null, 2)
    os.closerange(3, 100)
    os.execv(server[0], server)
    """
)


# What stays behind must not hold the pipes by which we wait for its starter.
_SILENTLY = 'exec "$@" </dev/null >/dev/null 2>&1'


class Specimens:
    """Starts processes of alice's inside the machine, and finds them again by their names."""

    def __init__(self, house: Household, binary: Path) -> None:
        self.house = house
        house.write("/home/alice/connect.py", CONNECT, mode=0o644)
        house.write(SERVER, "setInterval(() => {}, 1 << 30);\n", mode=0o644)
        manifest = '{"name": "@anthropic-ai/claude-code", "version": "2.1.0"}'
        house.write(str(Path(CLAUDE).parents[1] / "package.json"), manifest)
        target = house.path(CLAUDE)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(binary.read_bytes())
        target.chmod(0o755)
        house.run(["chown", "-R", "alice:", "/home/alice/.npm", "/home/alice/n"])

    def run(self, *words: str, how: tuple[str, ...], env: dict[str, str] | None = None) -> None:
        """Start a command by systemd-run as alice, with HOME hers."""
        pairs = {"HOME": "/home/alice", **(env or {})}
        options = [f"--setenv={name}={value}" for name, value in pairs.items()]
        argv = ["systemd-run", "--quiet", "--uid=alice", "--gid=alice", *how, *options]
        self.house.run([*argv, "sh", "-c", _SILENTLY, "sh", *words])

    def orphan(self, name: str, *, how: tuple[str, ...] = ("--scope",), **env: str) -> None:
        """A claude whose parents are all gone, in a scope."""
        line = "\x1f".join([CLAUDE, CLAUDE, f"--{name}"])
        self.run(CLAUDE, how=how, env={"ZOO_DETACH": "wreck", "ZOO_EXEC": line, **env})

    def server(self, name: str, *, keeps: str) -> None:
        words = ("/usr/bin/python3", "/home/alice/connect.py", keeps)
        self.run(*words, "/usr/bin/node", SERVER, f"--{name}", how=("--scope",))

    def pids(self, name: str) -> list[int]:
        found = self.house.run(["pgrep", "-u", "alice", "-f", f"[-]-{name}$"], check=False)
        return [int(pid) for pid in found.stdout.split()]

    def released(self) -> tuple[set[str], set[str]]:
        """All of them; the names of those that are abandoned, and of those that must live."""
        self.orphan("in-a-scope")
        self.server("closed-at-the-other-end", keeps="nobody")
        gone = {"in-a-scope", "closed-at-the-other-end"}
        script = f"{CLAUDE} --a-service-behind-a-script & wait"
        self.run("/bin/sh", "-c", script, how=("--unit=agent",))
        self.run("/bin/sh", "-c", f"/usr/bin/node {SERVER} --an-mcp-service", how=("--unit=mcp",))
        self.orphan("in-a-named-scope", how=("--scope", "--unit=nightly"))
        self.orphan("frozen", how=("--scope", "--unit=run-rfedcba98"))
        self.house.systemctl("freeze", "run-rfedcba98.scope")
        unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--setuid=0"]
        for name, words in {"in-its-own-pid-namespace": unshare}.items():
            inside = f"exec setpriv --reuid=alice --regid=alice --clear-groups {CLAUDE} --{name}"
            line = f"setsid {' '.join(words)} sh -c '{inside}' </dev/null >/dev/null 2>&1 &"
            self.house.run(["systemd-run", "--quiet", "--scope", "sh", "-c", line])
        self.server("with-a-client", keeps="keeps")
        stays = {
            "a-service-behind-a-script", "an-mcp-service", "in-a-named-scope", "frozen",
            "in-its-own-pid-namespace", "with-a-client",
        }  # fmt: skip
        for name in gone | stays:
            until(lambda name=name: self.pids(name), f"{name} runs")
        return gone, stays


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("specimen") / "specimen"
    subprocess.run(["cc", "-O1", "-static", "-o", path, SPECIMEN], check=True)
    return path


def by_system_unit(house: Household) -> None:
    house.systemctl("restart", UNIT)
    house.trigger()


def by_user_unit(house: Household) -> None:
    uid = house.run(["id", "-u", "alice"]).stdout.strip()
    house.systemctl("stop", UNIT)
    house.systemctl("start", f"user@{uid}.service")
    bus = {"XDG_RUNTIME_DIR": f"/run/user/{uid}"}
    house.write("/home/alice/.config/daydreamd/daydreamd.toml", house.path(SETTINGS).read_text())
    house.run(["chown", "-R", "alice:", "/home/alice/.config"])
    house.run(["systemctl", "--user", "start", "daydreamd"], user="alice", env=bus)
    house.change_workspace()
    ask = ["daydreamd", "--user", "trigger", "--wait", "--json"]
    done = house.run(ask, user="alice", env=bus, check=False)
    assert json.loads(done.stdout)["outcome"] in {"completed", "unchanged"}, done.stdout


@pytest.mark.parametrize("tidy", [by_system_unit, by_user_unit])
def test_inside_a_unit_the_abandoned_go_and_nobody_else(staged, binary, tidy):
    with Household(staged) as house:
        house.set({"analysis": {"engine": "direct"}, **CLEANUP})
        specimens = Specimens(house, binary)
        gone, stays = specimens.released()
        house.run(["sleep", "2"])
        tidy(house)
        alive = {name for name in gone | stays if specimens.pids(name)}
        assert alive == stays
        house.systemctl("thaw", "run-rfedcba98.scope")
