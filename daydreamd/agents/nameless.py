"""What agents started and nobody owns any more, proven without a name.

A dev server, a watcher, a headless browser or a polling shell is no kind of its own. What proves it
is where it comes from and what became of that: it bears the mark of an agent in its environment, it
is an orphan without a terminal, no agent lives that could have started it, and as a rule its
working directory has been removed from under it.

The mark alone proves little, as it is inherited by everything that a person starts from an agent's
shell. So whatever became a daemon by design is only reported: such programs work in `/` or in a
directory that exists, keep files open to write to, ignore a hang-up, serve a unix socket, show a
window or are a unit of their own. Names appear here in one place only, and there they spare.
"""

from __future__ import annotations

import os
import stat as modes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.agents.bystanders import ADOPTERS, MULTIPLEXERS, personal_program
from daydreamd.agents.marks import ANY_AGENT, MARKS, started_by
from daydreamd.host.files.cached_facts import cached_facts
from daydreamd.host.files.disks import glance
from daydreamd.host.processes import Stat, environ_mentions, read_argv, read_environ, read_exe

_SIGHUP_BIT: Final = 1
# They outlive whoever started them on purpose. A name here spares, and nothing else.
_DAEMONS: Final = (
    "postgres", "mysqld", "mariadbd", "redis-server", "valkey-server", "mongod", "memcached",
    "etcd", "clickhouse", "influxd", "neo4j", "elasticsearch", "rabbitmq", "beam.smp",
    "nats-server", "minio", "consul", "vault", "dockerd", "containerd", "rootlesskit", "podman",
    "conmon",
    "buildkitd", "slirp4netns", "pasta", "vpnkit", "qemu-", "virtiofsd", "VBox", "limactl",
    "gpg-agent", "ssh-agent", "keyboxd", "dirmngr", "scdaemon", "dbus-", "gnome-keyring",
    "kwalletd", "at-spi", "gvfsd", "dconf-service", "xdg-", "pulseaudio", "pipewire", "wireplumber",
    "adb", "watchman", "bazel", "buck2d", "sccache", "ccache", "distccd", "icecc", "eden", "ollama",
    "llama-server", "vllm", "sshd", "ssh", "autossh", "sshfs", "rclone", "rsync", "syncthing",
    "cloudflared", "ngrok", "tailscaled", "openvpn", "wireguard", "code-server", "code-tunnel",
    "systemd", "supervisord", "pm2", "emacs", "jupyter", "Xvfb", "Xorg", "Xwayland", "Xvnc",
    "sway", "crond", "atd", "fcitx", "ibus", "git-credential-",
)  # fmt: skip
_DAEMON_WORDS: Final = (
    "org.gradle.launcher.daemon", "GradleDaemon", "KotlinCompileDaemon", "mvnd", "sbt-launch",
    "A-server.jar", "ipykernel", "jupyter", "vscode-server", "code-server", "cursor-server", "pm2",
    "nohup", "supervisord", "remote-dev-server", "dask", "ray::",
)  # fmt: skip


@dataclass(frozen=True)
class LeftProcess:
    """How a process shows that an agent left it. `agent` is one that lives and may want it, or 0.

    `by` are the kinds of agent that it comes from, one or more. `cwd_is_gone` None: that cannot be
    told. `by_design` says why it is meant to go on.
    """

    by: tuple[str, ...]
    cwd_is_gone: bool | None
    agent: int = 0
    by_design: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say: its directory is gone, or its agent is."""
        return bool(self.cwd_is_gone) or not self.agent

    @property
    def never(self) -> str:
        """Why it is not ended whatever the setting says; "" where the proof is whole."""
        if self.agent:
            return f"may belong to the agent with pid {self.agent}, which lives"
        if self.by_design:
            return f"only reported: {self.by_design}"
        if self.cwd_is_gone is None:
            return "only reported: its working directory cannot be seen"
        return "" if self.cwd_is_gone else "only reported: its working directory is still there"

    @property
    def proof(self) -> tuple[str, ...]:
        """What was found, for people."""
        named = [f"a session of {kind}" for kind in self.by if kind != ANY_AGENT]
        whose = " or ".join(named) or ANY_AGENT
        gone = ("its working directory has been removed",) if self.cwd_is_gone else ()
        return (f"was started by {whose}, as its environment says", *gone)


def may_be_left(stat: Stat, table: Mapping[int, Stat]) -> bool:
    """Whether a process may be an orphan without a terminal; asks for nothing but the table."""
    if stat.tty_nr or stat.pid == 1:
        return False
    parent = table.get(stat.ppid)
    if parent is None:
        return False
    return stat.ppid == 1 or parent.comm in ADOPTERS or parent.comm.startswith("init(")


def look_at_left(stat: Stat, uid: int | None) -> LeftProcess | None:
    """What shows that an agent left this process; None where nothing does.

    `uid` None looks at everybody's. Only the owner is asked for before the environment is read.
    """
    try:
        if uid is not None and os.stat(f"/proc/{stat.pid}").st_uid != uid:  # noqa: PTH116 - asked of every orphan
            return None
    except OSError:  # gone meanwhile
        return None
    if not environ_mentions(stat.pid, MARKS):
        return None
    by = started_by(read_environ(stat.pid) or {})
    if not by:
        return None
    return LeftProcess(by, cwd_is_gone(stat.pid), by_design=by_design(stat))


def cwd_is_gone(pid: int) -> bool | None:
    """Whether the directory that it works in was removed; None where it cannot be seen.

    The kernel's count of links tells; a directory may well be called `x (deleted)`.
    """
    try:
        link = f"/proc/{pid}/cwd"
        unlinked = cached_facts(link).st_nlink == 0
        name = os.readlink(link)  # noqa: PTH115 - its text says what was removed
    except OSError:
        return None
    if not unlinked or not name.endswith(" (deleted)"):
        return False
    # One made anew at the same place is where its work goes on: a branch switched there and back.
    place = name.removesuffix(" (deleted)")
    return not glance(place, partial(os.path.lexists, place), unknown=True)


def by_design(stat: Stat) -> str:
    """Why a process is meant to outlive its starter; "" where nothing says so."""
    argv, name = read_argv(stat.pid), os.path.basename(read_exe(stat.pid))  # noqa: PTH119 - a name, no path
    if personal_program(name, argv):
        return "somebody may work in it"
    if is_daemon(name, stat.comm, argv):
        return "it is a daemon by design"
    if _ignores_hangup(stat.pid):
        return "it was told to outlive its terminal, as by nohup"
    if kept := _file_kept_open(stat.pid):
        return f"it keeps {kept} open to write to"
    return ""


def is_daemon(name: str, comm: str, argv: tuple[str, ...]) -> bool:
    """Whether a program is one of those that outlive their starter on purpose."""
    if name.startswith(_DAEMONS) or comm.startswith((*_DAEMONS, *MULTIPLEXERS)):
        return True
    if name.startswith(MULTIPLEXERS):
        return True
    return any(word in argument for argument in argv for word in _DAEMON_WORDS)


def _ignores_hangup(pid: int) -> bool:
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
    except OSError:  # gone or hidden: then whoever asks spares it for its working directory's sake
        return True
    masks = [line.split()[1] for line in lines if line.startswith(b"SigIgn:")]
    return not masks or bool(int(masks[0], 16) & _SIGHUP_BIT)


def _file_kept_open(pid: int) -> str:
    """A file that still exists and is open to write to: data of somebody, not just a log.

    Standard output and error are left out, as every shell redirects those.
    """
    try:
        names = os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - names are what we want
    except OSError:
        return "files that cannot be seen"
    for name in names:
        link = f"/proc/{pid}/fd/{name}"
        try:
            if int(name) < 3 or not os.lstat(link).st_mode & 0o200:
                continue
            about = cached_facts(link)
            if modes.S_ISREG(about.st_mode) and about.st_nlink:
                return "a file"
        except OSError:  # closed meanwhile
            continue
    return ""


def living_agent(left: LeftProcess, start_ticks: int, agents: Mapping[int, tuple[str, int]]) -> int:
    """An agent of the kind that began before the process, and so may have started it; 0: none.

    `agents` gives the kind and the start of each by pid. A mark that names no kind may be anyone's.
    """
    any_kind = ANY_AGENT in left.by
    may = (
        pid
        for pid, (kind, began) in sorted(agents.items())
        if began <= start_ticks and (any_kind or kind in left.by)
    )
    return next(may, 0)
