"""What stands elsewhere and belongs to what is new: definitions that it calls, tests that name it.

The names are searched for in the files that may be shown; what is a definition, the file says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from daydreamd.context.excerpts import Source, read_lines
from daydreamd.context.roles import Role, role_of
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.workspace import Excerpt
from daydreamd.text.functions import Definition, definitions

MOST_NEWS: Final = 160_000
"""With more characters of what is new than this, there is no room for more."""
_MOST_NAMES: Final = 40
_MOST_FILES: Final = 24
_MOST_OF_A_KIND: Final = 12
_MOST_LINES: Final = 60
_MAX_BYTES: Final = 12 << 20
_MAX_FILE_BYTES: Final = 1_000_000
_COST_OF_A_FILE: Final = 4_096
_LONGEST_LINE: Final = 400
_CALL: Final = re.compile(r"\b([A-Za-z_]\w{3,60})\s*[({!]")
_WORD: Final = re.compile(rb"\w{4,}")
_DECLARES: Final = re.compile(
    r"\b(?:def|defp|fn|func|function|fun|sub|class|struct|interface|trait|module|type|const|let)\b"
    r"|^[A-Za-z_]"
)


def find_related(source: Source, news: Sequence[Excerpt], files: Sequence[str]) -> list[Excerpt]:
    """Definitions called by what is new, then tests that name what is new; at most a dozen each.

    Of `files` those are searched that lie nearest to what is new.
    """
    code = [one for one in news if role_of(one.path) is Role.SOURCE]
    changed = _changed_names(code)
    called = _called_names(code) - changed
    near = {PurePosixPath(one.path).parent for one in code}
    nearest = sorted(files, key=lambda path: PurePosixPath(path).parent not in near)
    hits = list(_search(Path(source.workspace.path), nearest, called | changed))
    return _chosen(source, news, hits, called, changed)


def _search(root: Path, files: Iterable[str], names: set[str]) -> Iterator[tuple[str, int, str]]:
    """Path, number and text of the lines with one of `names`; bounded by bytes read."""
    wanted = {name.encode() for name in names}
    left = _MAX_BYTES
    for path in files:
        if left <= 0 or not wanted:
            return
        try:
            content = read_beneath(root, path, max_bytes=_MAX_FILE_BYTES)
        except FileError:
            continue  # gone, a link, or larger than is read
        left -= len(content) + _COST_OF_A_FILE
        if wanted.isdisjoint(_WORD.findall(content)):
            continue
        for number, line in enumerate(content.split(b"\n"), 1):
            if len(line) < _LONGEST_LINE and not wanted.isdisjoint(_WORD.findall(line)):
                yield path, number, line.decode(errors="replace")


def _chosen(
    source: Source,
    news: Sequence[Excerpt],
    hits: Sequence[tuple[str, int, str]],
    called: Iterable[str],
    changed: Iterable[str],
) -> list[Excerpt]:
    defines, names = _words(called), _words(changed)
    defining = [
        (path, line)
        for path, line, text in hits
        if role_of(path) is Role.SOURCE and defines(text) and _DECLARES.search(text)
    ]
    naming = [
        (path, line) for path, line, text in hits if role_of(path) is Role.TEST and names(text)
    ]
    there = _Shown(source, news)
    found = there.take(defining, "called by what is new", lambda one: defines(_last(one.name)))
    return [*found, *there.take(naming, "a test of what is new", lambda _: True)]


class _Shown:
    """Takes whole functions, each once, and none that stands among the news."""

    def __init__(self, source: Source, news: Iterable[Excerpt]) -> None:
        self._source = source
        self._taken: dict[str, list[tuple[int, int]]] = {}
        for one in news:
            self._taken.setdefault(one.path, []).append((one.first_line, one.last_line))

    def take(
        self,
        places: Iterable[tuple[str, int]],
        why: str,
        is_wanted: Callable[[Definition], object],
    ) -> list[Excerpt]:
        """The functions around the places that are wanted."""
        by_path: dict[str, list[int]] = {}
        for path, line in places:
            by_path.setdefault(path, []).append(line)
        found: list[Excerpt] = []
        for path in list(by_path)[:_MOST_FILES]:
            lines = read_lines(Path(self._source.workspace.path), path)
            for one in _around("\n".join(lines), path, by_path[path]):
                if len(found) < _MOST_OF_A_KIND and is_wanted(one) and self._is_free(path, one):
                    self._taken.setdefault(path, []).append((one.first_line, one.last_line))
                    found.append(
                        self._source.excerpt(path, lines, one.first_line, one.last_line, why)
                    )
        return found

    def _is_free(self, path: str, one: Definition) -> bool:
        return one.last_line - one.first_line < _MOST_LINES and not any(
            first <= one.last_line and one.first_line <= last
            for first, last in self._taken.get(path, ())
        )


def _around(text: str, path: str, lines: Iterable[int]) -> Iterator[Definition]:
    known = definitions(text, path) if text else ()
    for line in lines:
        around = [one for one in known if one.first_line <= line <= one.last_line]
        if around:
            yield min(around, key=lambda one: one.last_line - one.first_line)


def _changed_names(news: Iterable[Excerpt]) -> set[str]:
    """The functions in which something is new."""
    return {
        _last(one.name)
        for excerpt in news
        for one in definitions(excerpt.text, excerpt.path)
        if len(one.name) > 3
        and any(
            one.first_line <= line - excerpt.first_line + 1 <= one.last_line
            for line in excerpt.new_lines
        )
    }


def _called_names(news: Iterable[Excerpt]) -> set[str]:
    """The names most often called in new lines."""
    counts: Counter[str] = Counter()
    for excerpt in news:
        lines = excerpt.text.split("\n")
        for line in excerpt.new_lines:
            counts.update(_CALL.findall(lines[line - excerpt.first_line][:400]))
    return {name for name, _ in counts.most_common(2 * _MOST_NAMES)}


def _words(names: Iterable[str]) -> Callable[[str], object]:
    found = "|".join(map(re.escape, sorted(names)))
    return re.compile(rf"\b(?:{found})\b").search if found else lambda _: None


def _last(name: str) -> str:
    return name.rpartition(".")[2]
