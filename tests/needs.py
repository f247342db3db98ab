"""What the tests need of the machine: installed where that is possible, else said in one line.

`python3 -m tests.needs` is run by `make test` before anything else, so it needs Python alone. The
tests ask it too (`reason_to_skip`): one whose needs are not there is skipped, with that reason.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ZOO, SERVICE, QUEUE, ALL = "the zoo", "a real systemd", "a real Redis queue", "all"


class Need(NamedTuple):
    """A package of Debian, a program or file that it brings, and the tests that need it."""

    package: str
    brings: str
    tests: str


NEEDS = (
    Need("git", "git", ALL),
    Need("util-linux", "unshare", ALL),
    Need("tmux", "tmux", ZOO),
    Need("gcc", "cc", ZOO),
    Need("e2fsprogs", "mkfs.ext4", ZOO),
    Need("libc6-dev", "/usr/include/stdio.h", ZOO),
    Need("nodejs", "node", ZOO),
    Need("systemd", "/lib/systemd/systemd", SERVICE),
    Need("dbus", "dbus-daemon", SERVICE),
    Need("dbus-user-session", "/usr/lib/systemd/user/dbus.socket", SERVICE),
    Need("libpam-systemd", "/usr/share/pam-configs/systemd", SERVICE),
    Need("libfaketime", "/usr/lib/*/faketime/libfaketime.so.1", SERVICE),
    Need("iproute2", "ip", SERVICE),
    Need("passwd", "useradd", SERVICE),
    Need("procps", "pgrep", SERVICE),
    Need("sudo", "sudo", SERVICE),
    Need("redis-server", "redis-server", QUEUE),
)
# By a word in the path of a test, or in what it imports.
_SIGNS = {"e2e": SERVICE, "zoo": ZOO, "test_cleanup": ZOO, "huey": QUEUE}
_SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def missing(needs: Iterable[Need] = NEEDS) -> list[Need]:
    """The needs that are not met here."""
    return [need for need in needs if not _is_here(need.brings)]


def reason_to_skip(test: Path, root: Path) -> str:
    """Why the tests in a file below `root` cannot run here; "" where they can."""
    lines = test.read_text().splitlines()
    imports = (line for line in lines if line.startswith(("import ", "from ")))
    said = "\n".join([str(test.relative_to(root)), *imports])
    of = next((kind for word, kind in _SIGNS.items() if word in said), ALL)
    lacking = [need.package for need in missing() if need.tests in (of, ALL)]
    from tests.aider import AIDER  # not for `python3 -m tests.needs`, which comes before it

    if test.name == "test_analysis_model.py" and not AIDER.exists():
        return "missing here: Aider, which needs Python 3.10 to 3.12"
    if test.name == "test_daemon_pressure.py" and (lack := _no_pressure()):
        return lack
    if of == SERVICE and os.geteuid() != 0:
        return "a real systemd in namespaces needs root"
    return f"missing here: {' '.join(lacking)}" if lacking else ""


def _no_pressure() -> str:
    from tests.integration.pressed import why_not

    return why_not()


def main() -> int:
    """Install what is missing, or say so in one line; under CI=true that is a failure."""
    lacking = missing()
    if lacking and os.geteuid() == 0 and shutil.which("apt-get"):
        _install([need.package for need in lacking])
        lacking = missing()
    lines = list(_say(lacking))
    print("".join(f"make: {line}\n" for line in lines), end="", file=sys.stderr)
    return int(bool(lines) and os.environ.get("CI") == "true")


def _say(lacking: list[Need]) -> Iterator[str]:
    if lacking:
        packages = " ".join(need.package for need in lacking)
        kinds = " and ".join(sorted({need.tests for need in lacking}))
        yield f"skipped are the tests of {kinds}, for want of: {packages}"
    if os.geteuid() != 0:
        yield "skipped are the tests of a real systemd, for want of root: `sudo make test`"


def _install(packages: list[str]) -> None:
    print(f"make: installing for the tests: {' '.join(packages)}", file=sys.stderr)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for argv in (["apt-get", "update", "-qq"], install):
        subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, check=False)


def _is_here(brings: str) -> bool:
    if brings.startswith("/"):
        return any(Path("/").glob(brings.lstrip("/")))
    return shutil.which(brings, path=f"{os.environ.get('PATH', '')}:{_SYSTEM}") is not None


if __name__ == "__main__":
    sys.exit(main())
