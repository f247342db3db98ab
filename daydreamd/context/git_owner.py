"""What the owner told git about all repositories, taken as values and as patterns.

Line endings, modes and ignored files decide what counts as uncommitted. Files are read in git's
order, with what they include; nothing that they name is ever run, and `harmless` chooses the keys.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daydreamd.context.git_config import Config, merged, parse_entries

_MAX_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 10  # as many as git follows
_MAX_FROM_ENVIRONMENT: Final = 1_000
_TO_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # opening a FIFO would hang
_SYSTEM: Final = "/etc/gitconfig"
_SYSTEM_ATTRIBUTES: Final = "/etc/gitattributes"

Entries = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class GitOwner:
    """Whose settings count, and where: `directory` is git's own of the repository looked at.

    An include that lies below `workspace` is not followed: it would be the workspace that speaks.
    """

    environ: Mapping[str, str]
    directory: Path
    workspace: Path
    branch: str | None = None

    @property
    def home(self) -> str:
        """The home directory; "" where none is known."""
        home = self.environ.get("HOME", "")
        return home if home.startswith("/") else ""

    @property
    def _git_home(self) -> Path | None:
        place = self.environ.get("XDG_CONFIG_HOME") or (self.home and f"{self.home}/.config")
        return Path(place, "git") if place else None

    def settings(self) -> Config:
        """The settings of the machine and of the owner; a file that git would refuse says none."""
        return merged(entry for file in self._files() for entry in self._entries(file))

    def commanded(self) -> Config:
        """What GIT_CONFIG_COUNT and its like say: it stands above the repository's own settings."""
        count = self.environ.get("GIT_CONFIG_COUNT", "")
        number = min(int(count), _MAX_FROM_ENVIRONMENT) if count.isdecimal() else 0
        found: dict[str, tuple[str, ...]] = {}
        for at in range(number):
            key = self.environ.get(f"GIT_CONFIG_KEY_{at}", "").lower()
            found[key] = (self.environ.get(f"GIT_CONFIG_VALUE_{at}", ""),)
        return found

    def ignores(self, named: str | None) -> bytes:
        """The patterns of `core.excludesFile`, or of git's usual place for them."""
        return self._patterns(named, "ignore")

    def attributes(self, named: str | None) -> bytes:
        """The machine's attributes, and those of `core.attributesFile` or its usual place."""
        system = b"" if _is_set(self.environ, "GIT_ATTR_NOSYSTEM") else _read(_SYSTEM_ATTRIBUTES)
        return system + b"\n" + self._patterns(named, "attributes")

    def _patterns(self, named: str | None, usual: str) -> bytes:
        if named is not None:
            return _read(self._expanded(named, self.workspace)) if named else b""
        return _read(self._git_home / usual) if self._git_home else b""

    def _files(self) -> Iterator[Path]:
        if not _is_set(self.environ, "GIT_CONFIG_NOSYSTEM"):
            yield Path(self.environ.get("GIT_CONFIG_SYSTEM") or _SYSTEM)
        if "GIT_CONFIG_GLOBAL" in self.environ:
            yield Path(self.environ["GIT_CONFIG_GLOBAL"] or os.devnull)
            return
        if self._git_home:
            yield self._git_home / "config"
        if self.home:
            yield Path(self.home, ".gitconfig")

    def _entries(self, file: Path, depth: int = 0) -> Entries:
        try:
            said = parse_entries(_read(file).decode(errors="surrogateescape"))
        except ValueError:
            return  # git itself would refuse it
        for key, value in said:
            yield key, value
            condition = _condition(key)
            if condition is None or depth >= _MAX_DEPTH or not self._applies(condition, file):
                continue
            included = self._expanded(value, file.parent)
            if not included.resolve().is_relative_to(self.workspace):
                yield from self._entries(included, depth + 1)

    def _expanded(self, named: str, beside: Path) -> Path:
        if named.startswith("~/") and self.home:
            return Path(self.home, named[2:])
        return beside / named

    def _applies(self, condition: str, file: Path) -> bool:
        kind, _, pattern = condition.partition(":")
        if not condition:
            return True
        if kind == "onbranch":
            whole = f"{pattern}**" if pattern.endswith("/") else pattern
            return self.branch is not None and _matches(self.branch, whole)
        if kind not in ("gitdir", "gitdir/i"):
            return False  # hasconfig: may only include what says nothing of files
        whole = self._place(pattern, file)
        places = {str(self.directory), os.path.realpath(self.directory)}
        return any(_matches(place, whole, blind=kind.endswith("/i")) for place in places)

    def _place(self, pattern: str, file: Path) -> str:
        whole = pattern
        if pattern.startswith("~/"):
            whole = f"{os.path.realpath(self.home)}/{pattern[2:]}"
        elif pattern.startswith("./"):
            whole = f"{os.path.realpath(file.parent)}/{pattern[2:]}"
        elif not pattern.startswith("/"):
            whole = f"**/{pattern}"
        return f"{whole}**" if whole.endswith("/") else whole


def _condition(key: str) -> str | None:
    """Under what condition an entry includes a file; "" for always, None for no include."""
    if key == "include.path":
        return ""
    found = re.fullmatch(r"includeif\.(.*)\.path", key, re.DOTALL)
    return found[1] if found else None


def _matches(text: str, pattern: str, *, blind: bool = False) -> bool:
    """git's wildcards but for brackets: `*` stays within a directory, `**/` and `/**` do not."""
    parts: Iterable[str] = re.split(r"(\*\*/|/\*\*$|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "/**": "/.*", "*": "[^/]*", "?": "[^/]"}
    body = "".join(known.get(part) or re.escape(part) for part in parts)
    return re.fullmatch(body, text, re.IGNORECASE if blind else re.NOFLAG) is not None


def _is_set(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in ("", "0", "false", "no", "off")


def _read(file: Path | str) -> bytes:
    """A regular file of ours or of root's; links among them are usual."""
    try:
        with os.fdopen(os.open(file, _TO_READ), "rb") as opened:
            facts = os.fstat(opened.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_uid not in (0, os.geteuid()):
                return b""
            return opened.read(_MAX_BYTES)
    except (OSError, ValueError):
        return b""  # not there, or not ours to read: nothing is said then
