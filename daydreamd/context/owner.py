"""What the owner told git about all repositories: which files are never worth a word.

Editors' leftovers ignored globally would else count as uncommitted work. Only patterns are taken;
the rest of the owner's configuration is not for a program that must not run anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from daydreamd.context.git_config import parse_config

_MAX_BYTES: Final = 1 << 20


def read_global_ignores(environ: Mapping[str, str]) -> bytes:
    """The patterns of `core.excludesFile`, or of `~/.config/git/ignore`; empty without them."""
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        return b""
    config = Path(environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "git")
    named = ""
    for file in (config / "config", Path(home, ".gitconfig")):
        try:
            named = parse_config(_read(file).decode()).get("core.excludesfile", (named,))[-1]
        except ValueError:
            continue  # git itself would refuse it; without it there are only more files to count
    if named.startswith("~/"):
        named = home + named[1:]
    return _read(Path(named) if named.startswith("/") else config / "ignore")


def _read(file: Path) -> bytes:
    """An owner's file; links among them are usual."""
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as opened:
            return opened.read(_MAX_BYTES)
    except OSError:
        return b""  # not ours to read: nothing is ignored then
