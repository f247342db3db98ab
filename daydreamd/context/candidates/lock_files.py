"""A manifest that asks for what its lock file does not hold.

Only dependencies on changed lines, and only where the lock file lies beside the manifest and could
be read: a name that is missing from it is missing for everybody who installs from it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.candidate import Candidate

SOURCE: Final = "lock file behind its manifest"
_MAX_LOCK: Final = 16 << 20
_REQUIREMENT: Final = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_GO: Final = re.compile(
    r"^[ \t]*(?:require[ \t]+)?([\w.-]{1,200}\.[\w./~-]{1,200})[ \t]+(v\S{1,80})", re.MULTILINE
)
_GEM: Final = re.compile(r"^[ \t]*gem[ \t]+[\"']([\w.-]+)[\"']", re.MULTILINE)

Names = dict[str, str]
"""What is asked for: each name with the version that is asked, or "" where that is not compared."""


async def find_stale_locks(code: ChangedCode) -> list[Candidate]:
    """Dependencies on new lines of manifests that the lock file beside them does not know."""
    found: list[Candidate | None] = []
    for file in code.files:
        name = PurePosixPath(file.path).name
        if file.after and not file.is_test and name in _KINDS:
            pairs = [_Pair(code, file, *kind) for kind in _KINDS[name].items()]
            found += await in_spare_thread(partial(_tell, pairs))
    return present(found)


def _tell(pairs: Sequence[_Pair]) -> list[Candidate | None]:
    return [one for pair in pairs for one in pair.told()]


class _Pair:
    """A manifest held against one lock file that may lie beside it, or above in a workspace."""

    def __init__(
        self, code: ChangedCode, file: ChangedFile, lock: str,
        holds: Callable[[str, str, str], bool],
    ) -> None:  # fmt: skip
        self._code, self._file, self._lock, self._holds = code, file, lock, holds

    def told(self) -> Iterator[Candidate | None]:
        path = str(PurePosixPath(self._file.path).parent / self._lock)
        text = _read(self._code.root, path)
        if not text:
            return
        name = PurePosixPath(self._file.path).name
        asked = _ASKED[name](self._file.after or "")
        before = _ASKED[name](self._file.before or "")
        for package, version in asked.items():
            if before.get(package) == version or self._holds(text, package, version):
                continue
            if line := self._line_of(package):
                yield self._candidate(path, package, version, line)
                return

    def _line_of(self, package: str) -> int:
        """The new line that asks for the package; 0 where there is none."""
        word = re.compile(rf"(?<![\w.-]){re.escape(package)}(?![\w-])", re.IGNORECASE)
        lines = self._file.lines
        return next((n for n in sorted(self._file.added) if word.search(lines[n - 1])), 0)

    def _candidate(self, lock: str, package: str, version: str, line: int) -> Candidate | None:
        what = f"`{package}`" + (f" at `{version}`" if version else "")
        return self._code.candidate(
            SOURCE, self._file.path, line, subject=f"{package} {version}", category="bug",
            title=f"`{PurePosixPath(lock).name}` does not hold {what}",
            body=f"This line asks for {what}, and `{lock}` beside it does not: whoever installs "
            "from the lock file fails or gets something else. Make the lock file anew and commit "
            "it.",
        )  # fmt: skip


def _read(root: Path, path: str) -> str:
    try:
        data = read_beneath(root, path, max_bytes=_MAX_LOCK + 1)
    except FileError:
        return ""
    return "" if len(data) > _MAX_LOCK else data.decode(errors="replace")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return {}


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(value: Any, *keys: str) -> Mapping[str, Any]:
    """The table at `keys`; an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _npm_asked(text: str) -> Names:
    read = _json(text)
    kinds = ("dependencies", "devDependencies", "optionalDependencies")
    tables = [_table(read, kind) for kind in kinds]
    return {
        name: version
        for table in tables
        for name, version in table.items()
        if isinstance(version, str)
        and not re.match(r"(?:workspace|link|file|catalog|portal):", version)
    }


def _npm_holds(text: str, name: str, version: str) -> bool:
    root = _table(_json(text), "packages", "")
    if not root:  # an older form, or one that we do not know
        return True
    kinds = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
    return any(_table(root, kind).get(name) == version for kind in kinds)


def _yarn_holds(text: str, name: str, _version: str) -> bool:
    return f"{name}@" in text


def _pnpm_holds(text: str, name: str, _version: str) -> bool:
    return re.search(rf"^[ \t]+[\"']?{re.escape(name)}[\"']?:", text, re.MULTILINE) is not None


def _cargo_asked(text: str) -> Names:
    read = _toml(text)
    tables = [_table(read, kind) for kind in ("dependencies", "dev-dependencies")]
    found: Names = {}
    for table in tables:
        for name, value in table.items():
            named = value.get("package") if isinstance(value, dict) else None
            found[named if isinstance(named, str) else name] = ""
    return found


def _named_in_toml(text: str, name: str, _version: str) -> bool:
    """Whether a lock file in TOML has a package of this name, as Python and Rust write it."""
    wanted = _folded(name)
    named = re.findall(r'^name = "([^"]+)"', text, re.MULTILINE)
    return any(_folded(one) == wanted for one in named)


def _folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _python_asked(text: str) -> Names:
    read = _toml(text)
    listed = _table(read, "project").get("dependencies")
    said = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    names = [found[1] for one in said if (found := _REQUIREMENT.match(one))]
    poetry = [one for one in _table(read, "tool", "poetry", "dependencies") if one != "python"]
    return dict.fromkeys([*names, *poetry], "")


def _go_asked(text: str) -> Names:
    sides = [line.partition("=>") for line in text.split("\n") if "=>" in line]
    replaced = {word for left, _, _ in sides for word in left.split()}
    return {name: version for name, version in _GO.findall(text) if name not in replaced}


def _go_holds(text: str, name: str, version: str) -> bool:
    return f"{name} {version}" in text


def _composer_asked(text: str) -> Names:
    read = _json(text)
    named = [name for kind in ("require", "require-dev") for name in _table(read, kind)]
    return dict.fromkeys((name for name in named if "/" in name), "")


def _composer_holds(text: str, name: str, _version: str) -> bool:
    return f'"{name}"'.lower() in text.lower()


def _gem_asked(text: str) -> Names:
    return dict.fromkeys(_GEM.findall(text), "")


def _gem_holds(text: str, name: str, _version: str) -> bool:
    return re.search(rf"^[ \t]+{re.escape(name)}(?:\s|!|$)", text, re.MULTILINE) is not None


_ASKED: Final[dict[str, Callable[[str], Names]]] = {
    "package.json": _npm_asked,
    "Cargo.toml": _cargo_asked,
    "pyproject.toml": _python_asked,
    "go.mod": _go_asked,
    "composer.json": _composer_asked,
    "Gemfile": _gem_asked,
}
_KINDS: Final[dict[str, dict[str, Callable[[str, str, str], bool]]]] = {
    "package.json": {
        "package-lock.json": _npm_holds,
        "npm-shrinkwrap.json": _npm_holds,
        "yarn.lock": _yarn_holds,
        "pnpm-lock.yaml": _pnpm_holds,
    },
    "Cargo.toml": {"Cargo.lock": _named_in_toml},
    "pyproject.toml": {"uv.lock": _named_in_toml, "poetry.lock": _named_in_toml},
    "go.mod": {"go.sum": _go_holds},
    "composer.json": {"composer.lock": _composer_holds},
    "Gemfile": {"Gemfile.lock": _gem_holds},
}
