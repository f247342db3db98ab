"""Excerpts as the model sees them: harmless, numbered, what is new told, and short enough.

What is shown is what may be cited, so a page and its excerpt are shortened together. Lines that are
gone are shown without a number: they cannot be cited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from daydreamd.records.workspace import Excerpt, Removed
from daydreamd.text import holds_secret
from daydreamd.text.blocks import Blocks, Region
from daydreamd.text.prompting import harmless, one_line

_LINE_CHARS: Final = 240
_SUBJECT_CHARS: Final = 60
MIN_LINES: Final = 4
"""Fewer lines of a longer excerpt say too little to be worth their tokens."""
_CLOSE: Final = 12
_AROUND: Final = 3


class Page(msgspec.Struct, frozen=True):
    """An excerpt as it stands in the prompt; `path` is what the model cites it by."""

    excerpt: Excerpt
    path: str

    @property
    def lines(self) -> list[str]:
        return self.excerpt.text.split("\n")

    @property
    def heading(self) -> str:
        within = f", in `{self.excerpt.within}`" if self.excerpt.within else ""
        said = [self.excerpt.why, self._new_lines]
        why = f" ({'; '.join(filter(None, said))})" if any(said) else ""
        return f"{self.path} lines {self.excerpt.first_line}-{self.excerpt.last_line}{within}{why}"

    @property
    def _new_lines(self) -> str:
        """Which lines are new, where not all are."""
        new = self.excerpt.new_lines
        if not new or len(new) == len(self.lines):
            return "all new" if new else ""
        spans: list[Region] = []
        for line in new:
            if spans and line == spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], line)
            else:
                spans.append((line, line))
        said = [f"{a}-{b}" if a < b else f"{a}" for a, b in spans]
        return f"new lines: {', '.join(said)}"

    @property
    def numbered(self) -> str:
        """The lines with their numbers, and behind a `-` those that stood there before."""
        return "\n".join(self._numbered())

    def _numbered(self) -> Iterator[str]:
        gone: dict[int, list[str]] = {}
        for one in self.excerpt.removed:
            gone.setdefault(one.before, []).append(f"-{one.text}")
        for number, line in enumerate(self.lines, self.excerpt.first_line):
            yield from gone.get(number, ())
            yield f"{number}| {line}"
        yield from gone.get(self.excerpt.last_line + 1, ())

    def part(self, first: int, last: int, *, within: str = "") -> Page:
        """The page's lines `first` to `last`, by their numbers in the file."""
        one = self.excerpt
        text = "\n".join(self.lines[first - one.first_line : last - one.first_line + 1])
        shown = msgspec.structs.replace(
            one,
            text=text,
            first_line=first,
            new_lines=tuple(line for line in one.new_lines if first <= line <= last),
            removed=tuple(gone for gone in one.removed if first <= gone.before <= last + 1),
            within=within or one.within,
        )
        return Page(shown, self.path)

    def shortened(self, count: int) -> Page | None:
        """`count` lines of the page, the first new one among them; `None` if that is too few."""
        one = self.excerpt
        if count >= len(self.lines):
            return self
        if count < MIN_LINES:
            return None
        start = max(one.first_line, min(self._marked, default=one.first_line) - 1)
        start = max(one.first_line, min(start, one.last_line - count + 1))
        return self.part(start, start + count - 1)

    def tightened(self) -> list[Page]:
        """The page as pages of what is new and the little block around each."""
        blocks = Blocks(self.lines, self.path)
        offset = self.excerpt.first_line - 1
        regions = [_closely(blocks, line - offset) for line in self._marked]
        if not regions:
            return [self]
        found = []
        for first, last in _joined(regions):
            heading = blocks.heading(first)
            within = heading[1][:_SUBJECT_CHARS] if heading and heading[0] < first else ""
            found.append(self.part(first + offset, last + offset, within=within))
        return found

    @property
    def _marked(self) -> list[int]:
        """The lines that are new or stand where others are gone."""
        one = self.excerpt
        marked = {*one.new_lines, *(removed.before for removed in one.removed)}
        return sorted({min(max(line, one.first_line), one.last_line) for line in marked})


def _closely(blocks: Blocks, line: int) -> Region:
    first, last = max(1, line - _AROUND), min(len(blocks.lines), line + _AROUND)
    if block := blocks.around(line, most=_CLOSE):
        return min(first, block[0]), max(last, block[1])
    return first, last


def _joined(regions: Iterable[Region]) -> list[Region]:
    joined: list[Region] = []
    for first, last in sorted(regions):
        if joined and first <= joined[-1][1] + _AROUND:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def lay_out(excerpts: tuple[Excerpt, ...]) -> list[Page]:
    """A page for each excerpt that holds anything; cited by `workspace/path` among several."""
    several = len({excerpt.workspace for excerpt in excerpts}) > 1
    pages = []
    for excerpt in excerpts:
        path = one_line(excerpt.path, limit=300)
        shown = _harmless(excerpt)
        if shown.text.strip() and path == excerpt.path:  # what cannot be printed cannot be cited
            prefix = f"{one_line(excerpt.workspace, limit=80)}/" if several else ""
            pages.append(Page(shown, prefix + path))
    return pages


def _harmless(excerpt: Excerpt) -> Excerpt:
    # Only "\n" ends a line, as in git and editors; str.splitlines knows eight more ends.
    lines = excerpt.text.removesuffix("\n").split("\n")
    gone = (one for one in excerpt.removed if not holds_secret(one.text))
    return msgspec.structs.replace(
        excerpt,
        text="\n".join(map(_line, lines)),
        removed=tuple(Removed(before=one.before, text=_line(one.text)) for one in gone),
        why=one_line(excerpt.why, limit=_SUBJECT_CHARS),
        subject=one_line(excerpt.subject, limit=_SUBJECT_CHARS),
        within=one_line(excerpt.within, limit=_SUBJECT_CHARS).replace("`", "'"),
    )


def _line(text: str) -> str:
    return harmless(text.rstrip("\r"))[:_LINE_CHARS]
