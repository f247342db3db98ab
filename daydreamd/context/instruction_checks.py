"""Claims of instruction files held against the workspace: which of them are no longer true.

Only what the workspace itself contradicts is a fault. A path that is not there may be one to be
made, or relative to somewhere else: it is a fault where the history knows it and shows its end.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from daydreamd.context.instruction_text import Statement

_TARGET: Final = re.compile(r"^([^\s:#=][^:=#]*?)\s*::?(?!=)", re.MULTILINE)
_RECIPE: Final = re.compile(r"^@?([A-Za-z_][\w-]*)(?:\s[^:\n]*)?:(?!=)", re.MULTILINE)
_ALIAS: Final = re.compile(r"^alias\s+([\w-]+)\s*:=", re.MULTILINE)
_LOWEST: Final = re.compile(r">=\s*v?(\d+)(?:\.(\d+))?")
MANIFESTS: Final = re.compile(
    r"(?:^|/)(?:GNUmakefile|[Mm]akefile|[Jj]ustfile|\.justfile|package\.json|pyproject\.toml|go\.mod|Cargo\.toml)$"
    r"|\.mk$"
)


@dataclass
class Premises:
    """What there is: files, the directories above them, and the texts of manifests by path."""

    files: frozenset[str]
    manifests: Mapping[str, str]
    is_there: Callable[[str], bool] = lambda _: False
    """Whether something lies at a path that is in no list: ignored, or a submodule's."""
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        above = {place for file in self.files for place in _places_above(file)}
        self.directories = frozenset(above)
        self.names = frozenset(posixpath.basename(one) for one in (*self.files, *above))

    def has(self, path: str) -> bool:
        """Whether there is such a file or directory, at the top or anywhere below."""
        wanted = path.rstrip("/")
        if wanted in self.files or wanted in self.directories or self.is_there(wanted):
            return True
        ending = f"/{wanted}"
        return any(one.endswith(ending) for one in (*self.files, *self.directories))

    def texts(self, *names: str) -> dict[str, str]:
        """Manifests that have one of the names, by path."""
        return {p: t for p, t in self.manifests.items() if posixpath.basename(p).lower() in names}


def _places_above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def find_false(
    claims: Iterable[Statement], file: str, premises: Premises
) -> Iterator[tuple[Statement, str, tuple[str, ...]]]:
    """Claims of `file` that do not hold, with the reason.

    For a path that is merely not there the reason is empty, and the places that it may have meant
    are given: the history must be asked about those.
    """
    for claim in claims:
        if claim.kind == "path":
            if not premises.has(claim.what):
                yield claim, "", _meant(claim.what, file)
        elif claim.kind == "link":
            reason = _broken(claim.what, file, premises)
            yield from ((claim, reason, ()),) if reason else ()
        elif reason := _CHECKS[claim.kind](claim.what, premises):
            yield claim, reason, ()


def _meant(path: str, file: str) -> tuple[str, ...]:
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    return tuple(dict.fromkeys((posixpath.normpath(path), beside)))


def _broken(target: str, file: str, premises: Premises) -> str:
    """A link is relative to its file, or to the top."""
    if not posixpath.splitext(target)[1] or any(premises.has(p) for p in _meant(target, file)):
        return ""
    if target.startswith("..") and not posixpath.dirname(file):
        return ""  # out of the workspace
    return "" if premises.has(target.lstrip("./")) else "nothing lies there"


def _no_target(name: str, premises: Premises) -> str:
    makefiles = premises.texts("makefile", "gnumakefile")
    if not makefiles.keys() & {"Makefile", "makefile", "GNUmakefile"}:
        return ""
    known: set[str] = set()
    for text in (
        *makefiles.values(),
        *(t for p, t in premises.manifests.items() if p[-3:] == ".mk"),
    ):
        if re.search(
            r"^-?s?include\b|^[^\t#\n]*[%$][^\n]*:(?!=)|\$\(eval|^define\b", text, re.MULTILINE
        ):
            return ""  # targets may come from anywhere
        known |= {one for found in _TARGET.findall(text) for one in found.split()}
    return "" if name in known or premises.has(name) else "no Makefile has this target"


def _no_recipe(name: str, premises: Premises) -> str:
    justfiles = premises.texts("justfile", ".justfile")
    if not justfiles:
        return ""
    known: set[str] = set()
    for text in justfiles.values():
        if re.search(r"^(import|mod)\b", text, re.MULTILINE):
            return ""
        known |= {*_RECIPE.findall(text), *_ALIAS.findall(text)}
    return "" if name in known else "no justfile has this recipe"


def _no_script(name: str, premises: Premises) -> str:
    manifests = premises.texts("package.json")
    if "package.json" not in manifests or name == "env":
        return ""
    known: set[str] = set()
    for text in manifests.values():
        scripts = _object(text).get("scripts", {})
        if not isinstance(scripts, dict):
            return ""
        known |= scripts.keys()
    return "" if name in known else "no package.json has this script"


def _object(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _too_old(said: str, premises: Premises) -> str:
    language, stated = said.split(" ")
    asked = {lowest for lowest in _lowest(language, premises) if lowest}
    if len(asked) != 1:
        return ""
    (place, text, lowest), *_ = asked
    major, _, minor = stated.partition(".")
    return f"{place} asks for {text}" if (int(major), int(minor or 999)) < lowest else ""


def _lowest(language: str, premises: Premises) -> Iterator[tuple[str, str, tuple[int, int]] | None]:
    """What each manifest says is the lowest version."""
    names = {
        "python": "pyproject.toml",
        "node": "package.json",
        "go": "go.mod",
        "rust": "cargo.toml",
    }
    for path, text in premises.texts(names[language]).items():
        said = _ASKED[language](text)
        found = _LOWEST.search(said)
        if found and "|" not in said:
            yield path, said, (int(found[1]), int(found[2] or 0))


def _asked_of_python(text: str) -> str:
    try:
        project = tomllib.loads(text).get("project", {})
    except (ValueError, RecursionError):
        return ""
    said = project.get("requires-python", "") if isinstance(project, dict) else ""
    return said if isinstance(said, str) else ""


def _asked_of_node(text: str) -> str:
    engines = _object(text).get("engines")
    said = engines.get("node", "") if isinstance(engines, dict) else ""
    return said if isinstance(said, str) else ""


def _asked_of_go(text: str) -> str:
    found = re.search(r"^go (\d+\.\d+)", text, re.MULTILINE)
    return f">={found[1]}" if found else ""


def _asked_of_rust(text: str) -> str:
    found = re.search(r'^rust-version\s*=\s*"(\d+\.\d+)', text, re.MULTILINE)
    return f">={found[1]}" if found else ""


_ASKED: Final = {
    "python": _asked_of_python,
    "node": _asked_of_node,
    "go": _asked_of_go,
    "rust": _asked_of_rust,
}
_CHECKS: Final = {
    "make": _no_target,
    "just": _no_recipe,
    "script": _no_script,
    "version": _too_old,
}
