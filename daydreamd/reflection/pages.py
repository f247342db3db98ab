"""Excerpts as the model sees them: harmless, numbered, and short enough.

What is shown is what may be cited, so a page and its excerpt are shortened together.
"""

from __future__ import annotations

from typing import Final

import msgspec

from daydreamd.records.workspace import Excerpt
from daydreamd.text.prompting import harmless, one_line

_LINE_CHARS: Final = 240
MIN_LINES: Final = 4
"""Fewer lines of a longer excerpt say too little to be worth their tokens."""


class Page(msgspec.Struct, frozen=True):
    """An excerpt as it stands in the prompt; `path` is what the model cites it by."""

    excerpt: Excerpt
    path: str

    @property
    def lines(self) -> list[str]:
        return self.excerpt.text.split("\n")

    @property
    def heading(self) -> str:
        last = self.excerpt.first_line + len(self.lines) - 1
        why = f" ({one_line(self.excerpt.why, limit=100)})" if self.excerpt.why else ""
        return f"{self.path} lines {self.excerpt.first_line}-{last}{why}"

    @property
    def numbered(self) -> str:
        return "\n".join(
            f"{number}| {line}" for number, line in enumerate(self.lines, self.excerpt.first_line)
        )

    def shortened(self, count: int) -> Page | None:
        """The page's first `count` lines; `None` where that would be too little."""
        lines = self.lines
        if count >= len(lines):
            return self
        if count < MIN_LINES:
            return None
        text = "\n".join(lines[:count])
        return Page(msgspec.structs.replace(self.excerpt, text=text), self.path)


def lay_out(excerpts: tuple[Excerpt, ...]) -> list[Page]:
    """A page for each excerpt that holds anything; cited by `workspace/path` among several."""
    several = len({excerpt.workspace for excerpt in excerpts}) > 1
    pages = []
    for excerpt in excerpts:
        # Only "\n" ends a line, as in git and editors; str.splitlines knows eight more ends.
        lines = excerpt.text.removesuffix("\n").split("\n")
        text = "\n".join(_cut(harmless(line.rstrip("\r"))) for line in lines)
        path = one_line(excerpt.path, limit=300)
        if text.strip() and path == excerpt.path:  # a name that cannot be printed cannot be cited
            shown = msgspec.structs.replace(excerpt, text=text)
            prefix = f"{one_line(excerpt.workspace, limit=80)}/" if several else ""
            pages.append(Page(shown, prefix + path))
    return pages


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_CHARS else line[:_LINE_CHARS]
