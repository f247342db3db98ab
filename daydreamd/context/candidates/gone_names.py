"""A function or class that was deleted or renamed, and is still named.

Only where nothing else can have brought the name back: no line of the workspace that could define
it. In Python the module it is imported from must be the one that lost it; in other languages it
must be called bare; in prose the name must stand as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile, is_test_path
from daydreamd.context.candidates.definitions import (
    defined_in,
    family_of,
    is_comment,
    may_define,
)
from daydreamd.context.candidates.name_search import NamedAt
from daydreamd.records.candidate import Candidate

SOURCE: Final = "deleted name still used"
_LEAST_IN_PROSE: Final = 8
_MOST_USES: Final = 60
_PROSE: Final = frozenset({".md", ".rst", ".adoc", ".txt"})
_OLD_NEWS: Final = re.compile(
    r"(?i)change|history|news|release|migrat|upgrad|deprecat|whatsnew|blog|posts?/|todo|roadmap"
    r"|rfc|adr|archive|legacy|proposal|decision|notes"
)
_DYNAMIC: Final = re.compile(r"def __getattr__|globals\(\)|import \*|lazy|setattr\(")
_GUARDED: Final = re.compile(
    r"ImportError|AttributeError|hasattr|getattr|typeof|defined\?|exists\("
)


@dataclass(frozen=True)
class _Gone:
    """A name that `file` no longer defines; `instead` is what came in its place, where it shows."""

    name: str
    file: ChangedFile
    instead: str = ""


async def find_gone_names(code: ChangedCode) -> list[Candidate]:
    """Uses of names that the changes took away."""
    gone = {one.name: one for one in _gone(code.files)}
    uses = await code.find_anywhere(gone)
    found: list[Candidate | None] = []
    for name, places in uses.items():
        if not places or len(places) > _MOST_USES:
            continue
        if any(_defines(place, name) for place in places if not _is_prose(place)):
            continue
        found += _told(code, gone[name], [place for place in places if place.may_be_shown])
    return present(found)


def _gone(files: Sequence[ChangedFile]) -> Iterator[_Gone]:
    now = {
        one.name for file in files for one in defined_in(file.after, family_of(file.suffix))
    }  # fmt: skip
    for file in files:
        family = family_of(file.suffix)
        if family is None or file.is_test or (file.after and _DYNAMIC.search(file.after)):
            continue
        before = [one.name for one in defined_in(file.before, family)]
        for name in dict.fromkeys(before):
            if name not in now and _is_telling(name):
                yield _Gone(name, file, _instead(file, name, set(before)))


def _defines(place: NamedAt, name: str) -> bool:
    """In C what begins a line is declared there: calls are indented."""
    begins = family_of(place.suffix) == "c" and re.match(
        rf"\S.*\b{re.escape(name)}\b|{re.escape(name)}\b", place.text
    )
    return bool(begins) or may_define(place.text, name)


def _is_telling(name: str) -> bool:
    """Whether a name is unlikely to mean two things."""
    return len(name) >= 6 and not name.isupper() and ("_" in name.strip("_") or not name.islower())


def _instead(file: ChangedFile, name: str, before: set[str]) -> str:
    """The name that stands where the old one stood, if one hunk swapped just those two."""
    family = family_of(file.suffix)
    for hunk in file.hunks:
        old = [one.name for one in defined_in(_joined(hunk.removed), family)]
        new = [one.name for one in defined_in(_joined(hunk.added), family)]
        if name in old and len(old) == len(new):
            other = new[old.index(name)]
            return "" if other in before else other
    return ""


def _joined(lines: Iterable[bytes]) -> str:
    return b"\n".join(lines).decode(errors="replace")


def _is_prose(place: NamedAt) -> bool:
    return place.suffix in _PROSE


def _told(code: ChangedCode, gone: _Gone, places: Sequence[NamedAt]) -> Iterator[Candidate | None]:
    """One candidate for code that still uses the name, else one for prose."""
    used = [place for place in places if _is_use(code, gone, place)]
    if used:
        yield _candidate(code, gone, used, is_code=True)
        return
    in_code = [place for place in places if not _is_prose(place) and not is_comment(place.text)]
    named = [place for place in places if _is_named_in_prose(gone.name, place)]
    if (
        named
        and not in_code
        and len(gone.name) >= _LEAST_IN_PROSE
        and not gone.name.startswith("_")
    ):
        yield _candidate(code, gone, named, is_code=False)


def _is_named_in_prose(name: str, place: NamedAt) -> bool:
    if not _is_prose(place) or _OLD_NEWS.search(place.path):
        return False
    word = re.escape(name)
    return re.search(rf"`[^`]*\b{word}\b[^`]*`|\b{word}\(", place.text) is not None


def _is_use(code: ChangedCode, gone: _Gone, place: NamedAt) -> bool:
    family = family_of(gone.file.suffix)
    if family_of(place.suffix) != family or is_comment(place.text):
        return False
    text = code.text(place.path) or ""
    if gone.name not in text or _is_inside_a_string(place.text, gone.name):
        return False
    around = "\n".join(text.split("\n")[max(0, place.line - 4) : place.line + 2])
    if _GUARDED.search(around):
        return False
    if family == "python":
        return _python_needs(gone, place, text)
    if family == "javascript":
        return _javascript_needs(gone, place, text)
    return _is_bare_call(gone.name, place.text)


def _is_inside_a_string(line: str, name: str) -> bool:
    before = line[: line.find(name)]
    return any(before.count(mark) % 2 for mark in "\"'`")


def _is_bare_call(name: str, line: str) -> bool:
    word = re.escape(name)
    return re.search(rf"(?<![\w.$>:\\\"'@-]){word}\s*\(", line) is not None


def _python_needs(gone: _Gone, place: NamedAt, text: str) -> bool:
    """Whether the file gets the name from the module that lost it, or is that module."""
    if place.path == gone.file.path:
        return _is_bare_call(gone.name, place.text)
    module = PurePosixPath(gone.file.was or gone.file.path)
    stem = module.parent.name if module.stem == "__init__" else module.stem
    word, name = re.escape(stem), re.escape(gone.name)
    imported = re.search(
        rf"^[ \t]*from[ \t]+[\w.]*\b{word}[ \t]+import[ \t]+(?:\([^)]{{0,2000}}?|[^\n(]{{0,400}}?)"
        rf"\b{name}\b",
        text,
        re.MULTILINE,
    )
    if imported:
        at = text[: imported.end()].count("\n") + 1
        return at == place.line or _is_bare_call(gone.name, place.text)
    has_module = re.search(
        rf"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t][^\n]{{0,400}}\b{word}\b",
        text,
        re.MULTILINE,
    )
    return bool(has_module and re.search(rf"\b{word}\.{name}\b", place.text))


def _javascript_needs(gone: _Gone, place: NamedAt, text: str) -> bool:
    if place.path == gone.file.path:
        return _is_bare_call(gone.name, place.text)
    stem, name = re.escape(PurePosixPath(gone.file.path).stem), re.escape(gone.name)
    if stem == "index":
        stem = re.escape(PurePosixPath(gone.file.path).parent.name)
    imported = re.search(
        rf"\{{[^}}]{{0,400}}\b{name}\b[^}}]{{0,400}}\}}\s{{0,9}}(?:from\s{{0,9}}|=\s*require\()[\"']\.[^\"'\n]*\b{stem}(?:\.\w+)?[\"']",
        text,
    )
    return imported is not None


def _candidate(
    code: ChangedCode, gone: _Gone, places: Sequence[NamedAt], *, is_code: bool
) -> Candidate | None:
    places = sorted(places, key=lambda place: (is_test_path(place.path), place.path, place.line))
    first = places[0]
    what = f"`{gone.name}`"
    became = f" (now `{gone.instead}`)" if gone.instead else ""
    where = f"`{gone.file.path}`"
    others = [f"`{place.path}:{place.line}`" for place in places[1:4]]
    also = f" So do {', '.join(others)}." if others else ""
    if is_code:
        title = f"{what} is gone from {where} and still used"
        body = (
            f"Nothing in the workspace defines {what} any more{became}; it was taken out of "
            f"{where}, and this line still needs it.{also}"
        )
    else:
        title = f"The text still names {what}, which is gone"
        body = (
            f"{what} was taken out of {where}{became} and no code holds it any more, but this "
            f"text tells readers to use it.{also}"
        )
    return code.candidate(
        SOURCE,
        first.path,
        first.line,
        subject=gone.name,
        title=title,
        body=body,
        category="bug" if is_code else "documentation",
    )
