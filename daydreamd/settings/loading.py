"""Finds the sources of the settings and lays them over each other.

Defaults < the settings file < `conf.d/*.toml` beside it < environment. What is wrong with any of
them is a `Fault` and never an exception: only an explicit `--config` file that cannot be read stops
anything.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from daydreamd.errors import SettingsError
from daydreamd.settings.faults import Fault
from daydreamd.settings.keys import may_be_read_by_all
from daydreamd.settings.layers import Layers
from daydreamd.settings.places import Scope, config_home, is_system_unit
from daydreamd.settings.schema import Settings

SYSTEM_FILE: Final = Path("/etc/daydreamd/daydreamd.toml")
Table = dict[str, Any]
"""A table of a file or of the environment, before it is settings: it may hold anything."""

_MAX_BYTES: Final = 1 << 20
_PREFIX: Final = "DAYDREAMD_"


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The settings in force, what was wrong, and the files that were read, lowest first."""

    settings: Settings
    faults: tuple[Fault, ...]
    files: tuple[Path, ...]


def load_settings(
    path: Path | None,
    *,
    environ: Mapping[str, str],
    scope: Scope = "auto",
) -> Loaded:
    """Read every source; SettingsError only where the file `path` cannot be read at all."""
    layers = Layers()
    files: list[Path] = []
    file = path or _usual_file(environ, scope)
    for source in (file, *_fragments(file.parent / "conf.d", layers)):
        try:
            table = _read_toml(source, any_kind=path is not None and source == path)
        except FileNotFoundError as error:
            if source == path:
                raise _unreadable(source, error) from error
            continue
        except OSError as error:
            if source == path:
                raise _unreadable(source, error) from error
            layers.broken(str(source), f"cannot be read: {error.strerror or error}")
        except ValueError as error:
            layers.broken(str(source), str(error))
        else:
            if _shows_a_key(source, table):
                layers.shown_key(str(source))
                del table["model"]["api_key"]
            layers.lay(str(source), table)
        files.append(source)
    for name, table in _from_environment(environ):
        layers.lay(f"${name}", table, is_text=True)
    layers.take_key(environ)
    settings, faults = layers.finish()
    return Loaded(settings=settings, faults=faults, files=tuple(files))


def _shows_a_key(source: Path, table: Mapping[str, Any]) -> bool:
    """Whether the model's key stands in a file that everybody may read."""
    model = table.get("model")
    has_key = isinstance(model, dict) and bool(model.get("api_key"))
    return has_key and may_be_read_by_all(source)


def _usual_file(environ: Mapping[str, str], scope: Scope) -> Path:
    """The file of the scope; by itself a caller has his own if there is one, else the system's."""
    if scope == "system" or (scope == "auto" and is_system_unit(environ)):
        return SYSTEM_FILE
    own = config_home(environ) / "daydreamd" / "daydreamd.toml"
    is_there = os.path.lexists(own) or any(own.parent.glob("conf.d/*.toml"))
    return own if scope == "user" or is_there else SYSTEM_FILE


def _fragments(directory: Path, layers: Layers) -> list[Path]:
    """`conf.d/*.toml` by name. A directory that anybody may write to is not obeyed."""
    try:
        about = directory.stat()
        if about.st_mode & stat.S_IWOTH or about.st_uid not in (0, os.geteuid()):
            layers.broken(str(directory), "not read: somebody else may write to it")
            return []
        return sorted(entry for entry in directory.iterdir() if entry.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        layers.broken(str(directory), f"cannot be read: {error.strerror or error}")
        return []


def _read_toml(path: Path, *, any_kind: bool) -> Table:
    """The tables of a file; OSError, or ValueError with the line at which it is broken."""
    # Opening a FIFO that nobody writes to must not hang the start.
    extra = 0 if any_kind else os.O_NONBLOCK
    with open(path, "rb", opener=lambda p, flags: os.open(p, flags | extra)) as file:
        if not (any_kind or stat.S_ISREG(os.fstat(file.fileno()).st_mode)):
            raise OSError("not a regular file")
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError("larger than 1 MiB")
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: not UTF-8") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        raise ValueError(_say_broken(str(error), data)) from None


def _say_broken(message: str, data: bytes) -> str:
    """`line 3: not TOML: Invalid value`, from what tomllib says."""
    found = re.fullmatch(
        r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", message, re.DOTALL
    )
    if found is None:  # such as an integer of 5,000 digits, which has no place
        return f"not TOML: {message}"
    line = found[2] or data.count(b"\n") + 1
    return f"line {line}: not TOML: {found[1][:1].lower()}{found[1][1:]}"


def _unreadable(path: Path, error: OSError) -> SettingsError:
    reason = error.strerror or str(error)
    return SettingsError(f"cannot read {path}: {reason.lower()}", file=str(path))


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, Table]]:
    """`DAYDREAMD_SCHEDULE__INTERVAL=1h` as a table. Names without `__` are not settings."""
    tables: list[tuple[str, Table]] = []
    for name in sorted(environ):
        keys = name.removeprefix(_PREFIX).lower().split("__")
        if not name.startswith(_PREFIX) or len(keys) < 2:
            continue
        value: Any = environ[name]
        for key in reversed(keys):
            value = {key: value}
        tables.append((name, value))
    return tables
