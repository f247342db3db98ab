"""Where daydreamd keeps its things: a system unit's directories, or the caller's own (XDG).

Knows paths and their modes, not what is in them.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from daydreamd.errors import FileError, SettingsError

Scope = Literal["auto", "system", "user"]
_SYSTEM: Final = {
    "STATE_DIRECTORY": Path("/var/lib/daydreamd"),
    "LOGS_DIRECTORY": Path("/var/log/daydreamd"),
    "RUNTIME_DIRECTORY": Path("/run/daydreamd"),
    "CACHE_DIRECTORY": Path("/var/cache/daydreamd"),
}


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The four directories, and what lies in them."""

    state: Path
    insights: Path
    runtime: Path
    cache: Path

    @property
    def history_db(self) -> Path:
        """The SQLite file of the history."""
        return self.state / "history.db"

    @property
    def lock(self) -> Path:
        """Held by the session that runs."""
        return self.state / "lock"

    @property
    def daemon_lock(self) -> Path:
        """Held by the daemon that runs."""
        return self.state / "daemon.lock"

    @property
    def control_socket(self) -> Path:
        """Where the daemon listens."""
        return self.runtime / "control.sock"

    @property
    def noted_wish(self) -> Path:
        """There when a wish for a session came while the unit was still being started."""
        return self.state / "wish"

    def session_dir(self, session_id: str) -> Path:
        """What one session needs while it runs: prompt, snapshot, Aider's HOME."""
        return self.runtime / "session" / session_id

    @property
    def report(self) -> Path:
        """The newest report."""
        return self.insights / "daydream_insights.md"

    @property
    def archive(self) -> Path:
        """Former reports."""
        return self.insights / "archive"

    def create(self) -> None:
        """Make what is missing, for the owner alone; what is there keeps its mode."""
        for directory in (self.state, self.insights, self.runtime, self.cache):
            _make_private(directory)


def find_places(environ: Mapping[str, str], *, scope: Scope = "auto", insights: str = "") -> Places:
    """The caller's own directories, or the system's; `insights` is `insights.directory`.

    Whoever the system's daemon runs as has one history with it: the system's.
    """
    if scope == "system" or (scope == "auto" and is_system_unit(environ)):
        places = _system_places(environ)
    elif scope == "auto" and _is_the_daemons_user(environ):
        places = _with_runtime(_system_places({}))
    else:
        places = _user_places(environ)
    if insights:
        directory = _home(environ) / insights[2:] if insights.startswith("~/") else Path(insights)
        places = msgspec.structs.replace(places, insights=directory)
    return places


def find_places_to_read(
    environ: Mapping[str, str], *, scope: Scope = "auto", insights: str = ""
) -> Places:
    """Where a reading command looks: at the running daemon's things, else at what is there."""
    own = find_places(environ, scope=scope, insights=insights)
    if scope != "auto" or is_system_unit(environ):
        return own
    units = [find_places(unit, scope="system", insights=insights) for unit in ({}, _instance())]
    for places in units:
        if os.access(places.control_socket, os.W_OK):
            return places
    if own.control_socket.exists():
        return own
    return next((places for places in units if os.access(places.history_db, os.R_OK)), own)


def daemon_sockets(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where daemons that run as the caller may listen: the machine's, his instance's, his own.

    His own may have been started with or without the variables that a log-in sets.
    """
    machine, own = _system_places({}), _user_places(environ)
    bare = {name: value for name, value in environ.items() if not name.startswith("XDG_")}
    places = (
        machine,
        _system_places(_instance()),
        own,
        *(_with_runtime_in_state(kept) for kept in (machine, own, _user_places(bare))),
        msgspec.structs.replace(own, runtime=Path(f"/run/user/{os.geteuid()}/daydreamd")),
    )
    return tuple(dict.fromkeys(each.control_socket for each in places))


def is_system_unit(environ: Mapping[str, str]) -> bool:
    """Whether systemd's system manager started us. A user manager names itself in MANAGERPID.

    In a user unit of systemd 252 $STATE_DIRECTORY lies under ~/.config, where nobody would look for
    it by hand: such a unit keeps its things where `daydreamd once` does.
    """
    return bool(environ.get("STATE_DIRECTORY")) and not environ.get("MANAGERPID")


def _is_the_daemons_user(environ: Mapping[str, str]) -> bool:
    """Whether the system's directory is the caller's, who has not named another for himself."""
    try:
        at_home = _home(environ) == Path(pwd.getpwuid(os.geteuid()).pw_dir)
        owner = _SYSTEM["STATE_DIRECTORY"].stat().st_uid
    except (KeyError, OSError):  # nobody of that number, or no such directory
        return False
    return at_home and not environ.get("XDG_STATE_HOME") and owner == os.geteuid() != 0


def _with_runtime(places: Places) -> Places:
    """systemd takes the runtime directory along when the unit stops; then the state holds one."""
    if os.access(places.runtime, os.W_OK):
        return places
    return _with_runtime_in_state(places)


def _with_runtime_in_state(places: Places) -> Places:
    return msgspec.structs.replace(places, runtime=places.state / "run")


def instance_environ(name: str) -> dict[str, str]:
    """What systemd hands to daydreamd@NAME.service: its directories."""
    return {variable: f"{usual}@{name}" for variable, usual in _SYSTEM.items()}


def _instance() -> dict[str, str]:
    """The caller's own instance; for root, who is nobody's, the only one that runs."""
    if os.geteuid() == 0:
        running = list(_SYSTEM["RUNTIME_DIRECTORY"].parent.glob("daydreamd@*/control.sock"))
        only = running[0].parent.name.partition("@")[2] if len(running) == 1 else ""
        return instance_environ(only) if only else {}
    try:
        return instance_environ(pwd.getpwuid(os.geteuid()).pw_name)
    except KeyError:
        return {}


def config_home(environ: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME`, or `~/.config`."""
    return _xdg(environ, "XDG_CONFIG_HOME", ".config")


def _system_places(environ: Mapping[str, str]) -> Places:
    state, logs, runtime, cache = (
        # systemd separates several directories with colons; the first is the unit's main one
        Path(environ.get(name, "").split(":")[0] or usual)
        for name, usual in _SYSTEM.items()
    )
    return Places(state=state, insights=logs, runtime=runtime, cache=cache)


def _user_places(environ: Mapping[str, str]) -> Places:
    state = _xdg(environ, "XDG_STATE_HOME", ".local/state") / "daydreamd"
    return Places(
        state=state,
        insights=state / "logs",
        runtime=_user_runtime(environ) or state / "run",
        cache=_xdg(environ, "XDG_CACHE_HOME", ".cache") / "daydreamd",
    )


def _user_runtime(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_RUNTIME_DIR`, if it is ours: sudo and su leave another user's behind."""
    base = Path(environ.get("XDG_RUNTIME_DIR", ""))
    try:
        is_ours = base.is_absolute() and base.stat().st_uid == os.geteuid()
    except OSError:  # not there, or not to be looked at: then it is no use
        return None
    return base / "daydreamd" if is_ours else None


def _xdg(environ: Mapping[str, str], name: str, below_home: str) -> Path:
    given = Path(environ.get(name, ""))
    return given if given.is_absolute() else _home(environ) / below_home  # relative: not valid


def _home(environ: Mapping[str, str]) -> Path:
    given = environ.get("HOME", "")
    if given.startswith("/"):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:
        reason = f"HOME is not set and user {os.geteuid()} is unknown"
        raise SettingsError(f"cannot find a home directory: {reason}") from None


def _make_private(directory: Path) -> None:
    missing = [d for d in (directory, *directory.parents) if not os.path.lexists(d)]
    try:
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        if not directory.is_dir():
            raise NotADirectoryError(20, "not a directory")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"cannot create {directory}: {reason}", path=directory) from error
