"""Which parts of which files are worth a model's reading, and their text.

What is new comes first: source before tests before text, and in each the newest first. The text is
that of the work tree, opened beneath the root, and only of files that speak of code and not of
secrets. How much of it fits into a prompt is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.context.changed_parts import ChangedPart, cut
from daydreamd.context.exclusion import is_fit_to_show
from daydreamd.context.recent import News
from daydreamd.context.roles import role_of
from daydreamd.context.workspaces import printable
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.records.workspace import Excerpt, Removed, Workspace
from daydreamd.text.blocks import Blocks

MAX_CHARS: Final = 600_000
"""Of all excerpts of a workspace: more than any prompt holds."""
_MAX_FILE_BYTES: Final = 1_000_000
_MAX_READ_BYTES: Final = 24_000_000
_MOST_REMOVED: Final = 8
_LINE_CHARS: Final = 240
_SLIGHT: Final = re.compile(
    r"\s*(?:$|//|#\s*(?!if|else|define)|/?\*|--\s|;;|<!--|\"\"\"|(?:import|from|use|using|require|include"
    r"|package|export \*)\b|[\])}{;,]+$|end$)"
)


@dataclass(frozen=True)
class Source:
    """The workspace that excerpts are of, at the commit that is checked out."""

    workspace: Workspace
    commit: str

    def excerpt(self, path: str, lines: Sequence[str], first: int, last: int, why: str) -> Excerpt:
        """Lines `first` to `last` of a file."""
        text = "\n".join(lines[first - 1 : last])
        shown = printable(path)
        return Excerpt(
            workspace=self.workspace.name,
            path=shown,
            text=text,
            first_line=first,
            commit=self.commit,
            why=why,
            key=blake2b(f"{shown}\0{text}".encode(errors="replace"), digest_size=10).hexdigest(),
        )


def excerpts_of_news(source: Source, news: Iterable[News]) -> list[Excerpt]:
    """What is new, the best first; files that are gone, links, binary or unfit are passed over."""
    ranked = sorted(news, key=lambda one: (role_of(one.path), -one.newest, one.path))
    found: list[tuple[int, bool, int, Excerpt]] = []
    chars, left = 0, _MAX_READ_BYTES
    for rank, one in enumerate(ranked):
        lines = read_lines(Path(source.workspace.path), one.path) if left > 0 else []
        left -= sum(map(len, lines))
        for excerpt in _excerpts(source, one.of(len(lines)), lines) if lines else ():
            slight = not _says_something(excerpt)
            found.append((role_of(one.path), slight, -excerpt.changed_at, excerpt))
            chars += len(excerpt.text)
        if chars > 2 * MAX_CHARS and rank > 50:
            break
    found.sort(key=lambda item: item[:3])
    return list(_up_to(MAX_CHARS, (excerpt for *_, excerpt in found)))


def _says_something(excerpt: Excerpt) -> bool:
    """Whether more than comments and imports is new, or gone."""
    lines = excerpt.text.split("\n")
    new = [lines[number - excerpt.first_line] for number in excerpt.new_lines]
    gone = [one.text for one in excerpt.removed]
    return any(_SLIGHT.match(line) is None for line in (*new, *(gone if not new else ())))


def _up_to(most: int, excerpts: Iterable[Excerpt]) -> Iterator[Excerpt]:
    for one in excerpts:
        most -= len(one.text)
        if most < 0:
            return
        yield one


def _excerpts(source: Source, news: News, lines: Sequence[str]) -> Iterator[Excerpt]:
    blocks = Blocks(lines, news.path)
    for part in cut(blocks, news):
        yield _excerpt(source, news, part, blocks)


def _excerpt(source: Source, news: News, part: ChangedPart, blocks: Blocks) -> Excerpt:
    first, last = part.region
    made = source.excerpt(news.path, blocks.lines, first, last, _why(part))
    heading = blocks.heading(first)
    removed = tuple(
        Removed(before=before, text=text[:_LINE_CHARS])
        for before, texts in news.went.items()
        if first <= before <= last + 1
        for text in texts[:_MOST_REMOVED]
    )
    return msgspec.structs.replace(
        made,
        new_lines=tuple(line for line in news.came if first <= line <= last),
        removed=removed,
        subject=part.arrival.subject,
        changed_at=part.arrival.at,
        within=heading[1] if heading and heading[0] < first else "",
    )


def _why(part: ChangedPart) -> str:
    return f"new: {part.arrival.subject}" if part.arrival.commit else "uncommitted changes"


def read_lines(root: Path, path: str) -> list[str]:
    """The lines of a file that may be shown; none where it may not."""
    try:
        content = read_beneath(root, path, max_bytes=_MAX_FILE_BYTES + 1)
    except FileError:
        return []
    text = content.decode(errors="replace")
    if len(content) > _MAX_FILE_BYTES or not is_fit_to_show(text):
        return []
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")
