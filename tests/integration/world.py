"""A machine of its own for the program under test: an empty HOME, a workspace, a model server."""

import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

FAKES = Path(__file__).parents[1] / "fakes"
PROGRAM = (sys.executable, "-m", "daydreamd")
READY = {
    "DAYDREAMD_READINESS__MIN_FREE_MEMORY": "64MiB",
    "DAYDREAMD_READINESS__MIN_FREE_DISK": "16MiB",
    "DAYDREAMD_CLEANUP__OBSERVE": "100ms",
    "DAYDREAMD_ANALYSIS__ENGINE": "direct",
    "DAYDREAMD_MODEL__PROVIDER": "ollama",
}
SOURCE = '''def charge(client, price):
    """Charge a price, trying three times."""
    for attempt in range(3):
        try:
            return client.charge(price, timeout=attempt + 1)
        except Exception:
            continue
    return None  # TODO: tell the caller
'''


class World:
    """Runs the program with nothing of this machine's user in its environment."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.workspace = root / "shop"
        self.home.mkdir(parents=True)
        make_repository(self.workspace)
        self.state = self.home / ".local/state/daydreamd"
        self.report = self.state / "logs/daydream_insights.md"

    def environment(self, **settings):
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], **READY, **settings}

    def run(self, *arguments, seconds=120, **settings):
        """Run `daydreamd ARGUMENTS` to its end."""
        return subprocess.run(
            [*PROGRAM, *map(str, arguments)],
            env=self.environment(**settings),
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *arguments, **settings):
        """Start `daydreamd ARGUMENTS`, its stdout a pipe of lines."""
        return subprocess.Popen(
            [*PROGRAM, *map(str, arguments)],
            env=self.environment(**settings),
            cwd=self.workspace,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def watched(self, *workspaces):
        """Options that name a settings file with these workspaces, by default the one there is."""
        file = self.home / "daydreamd.toml"
        paths = workspaces or (self.workspace,)
        file.write_text("".join(f'[[workspaces]]\npath = "{path}"\n' for path in paths))
        return ("--config", file)

    def sessions(self):
        """The history, newest first."""
        return json.loads(self.run("sessions", "list", "--json").stdout)

    def scratch(self):
        """What sessions have in their runtime directories."""
        return list((self.state / "run/session").glob("*/*"))

    def marked_processes(self):
        """Living processes that carry a session's mark and this world's HOME."""
        return [pid for pid in Path("/proc").glob("[0-9]*") if _is_ours(pid, str(self.home))]


@contextmanager
def serving(*argv):
    """A fake model server, by its address."""
    command = [sys.executable, "-S", str(FAKES / argv[0]), *map(str, argv[1:])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def make_repository(path: Path) -> None:
    """A small repository with a history and something uncommitted."""
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "client.py").write_text(SOURCE)
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Charge")
    (path / "client.py").write_text(SOURCE.replace("range(3)", "range(5)"))


def git(path: Path, *arguments: str) -> None:
    """Plain git, with an identity."""
    identity = ("-c", "user.name=Dev", "-c", "user.email=dev@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=path, check=True, capture_output=True)


def photograph(root: Path) -> dict[str, tuple[int, int, str]]:
    """Every file below `root` with its mode, time and content, `.git` included."""
    seen = {}
    for path in sorted([root, *root.rglob("*")]):
        facts = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        seen[str(path)] = (facts.st_mode, facts.st_mtime_ns, content)
    return seen


def _is_ours(pid: Path, home: str) -> bool:
    try:
        environment = (pid / "environ").read_bytes()
    except OSError:
        return False
    return b"DAYDREAMD_SESSION_ID=" in environment and home.encode() in environment
