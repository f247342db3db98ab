"""A copy of code that was changed, which kept the old lines: mended in one place of two.

The old lines and those around them must stand elsewhere word for word, long enough that this is no
chance, and in code that belongs together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz import fuzz

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile, is_test_path, split_lines
from daydreamd.context.candidates.definitions import family_of, is_comment
from daydreamd.context.candidates.name_search import NamedAt
from daydreamd.context.patches import Hunk
from daydreamd.records.candidate import Candidate

SOURCE: Final = "unchanged twin"
_AROUND: Final = 2
_LEAST_LINES: Final = 4
_LEAST_CHARS: Final = 100
_MOST_REMOVED: Final = 12
_LEAST_ALIKE: Final = 50.0
_MOST_TWINS: Final = 2
_MOST_HUNKS: Final = 40
_TRIVIAL: Final = re.compile(
    r"^\W*$|^\W*(?:else|end|try|pass|return|break|continue|import|use|from|require|include)\b"
)
_WORD: Final = re.compile(r"[A-Za-z_]\w{5,}")


async def find_twins(code: ChangedCode) -> list[Candidate]:
    """Stretches that still stand as the changed ones stood before."""
    blocks = [one for file in code.files for one in _blocks(file)][:_MOST_HUNKS]
    words = {block.word for block in blocks}
    places = await code.find(words)
    found = [one for block in blocks for one in _told(code, block, places.get(block.word, ()))]
    return present(found)


class _Block:
    """Lines as they stood before a hunk changed some of them, and a rare word of those."""

    def __init__(self, file: ChangedFile, hunk: Hunk, old: list[str], lead: int) -> None:
        self.file = file
        self.hunk = hunk
        self.old = old
        self.lead = lead
        removed = [line.decode(errors="replace") for line in hunk.removed]
        self.removed = [line for line in removed if line.strip()]
        words = [word for line in self.removed for word in _WORD.findall(line)]
        self.word = max(words, key=len, default="")


def _blocks(file: ChangedFile) -> Iterator[_Block]:
    if file.before is None or file.after is None or file.is_test or not family_of(file.suffix):
        return
    if len(file.hunks) > 12:  # rewritten, not mended
        return
    for hunk in file.hunks:
        if not 1 <= len(hunk.removed) <= _MOST_REMOVED or not _is_a_mend(hunk):
            continue
        first = hunk.start - 1
        lead = file.lines[max(0, first - _AROUND) : first]
        tail = file.lines[first + len(hunk.added) : first + len(hunk.added) + _AROUND]
        removed = [line.decode(errors="replace").rstrip("\r") for line in hunk.removed]
        block = _Block(file, hunk, [*lead, *removed, *tail], len(lead))
        if block.word and _is_telling(block) and not _only_blanks(hunk):
            yield block


def _is_a_mend(hunk: Hunk) -> bool:
    """Whether lines became others like them: not replaced, nor only names declared."""
    old, new = b"\n".join(hunk.removed).decode(errors="replace"), b"\n".join(hunk.added)
    if not new or len(hunk.added) > len(hunk.removed) + 4 or not re.search(r"[(=<>]", old):
        return False
    return fuzz.ratio(old, new.decode(errors="replace")) >= _LEAST_ALIKE


def _only_blanks(hunk: Hunk) -> bool:
    """Whether nothing but layout, a comment or a name of a version changed."""
    old = b"".join(b"".join(hunk.removed).split())
    new = b"".join(b"".join(hunk.added).split())
    if old == new:
        return True
    code = [line.decode(errors="replace") for line in hunk.removed if line.strip()]
    return all(is_comment(line) or _TRIVIAL.match(line) for line in code)


def _is_telling(block: _Block) -> bool:
    lines = [
        line.strip() for line in block.old if not _TRIVIAL.match(line) and not is_comment(line)
    ]
    return len(lines) >= _LEAST_LINES and sum(map(len, lines)) >= _LEAST_CHARS


def _told(
    code: ChangedCode, block: _Block, places: Sequence[NamedAt]
) -> Iterator[Candidate | None]:
    family = family_of(block.file.suffix)
    paths = {
        place.path
        for place in places
        if family_of(place.suffix) == family and not is_test_path(place.path)
    }
    if len(paths) > 40:
        return
    twins = [(path, at) for path in sorted(paths) for at in _standing(code, block, path)]
    if 1 <= len(twins) <= _MOST_TWINS:
        path, at = twins[0]
        first = at + block.lead
        yield code.candidate(
            SOURCE,
            path,
            first,
            end_line=first + len(block.hunk.removed) - 1,
            subject="\n".join(block.removed),
            title=f"The copy in `{block.file.path}` was changed, this one was not",
            body=_body(block, at),
            category="bug",
        )


def _body(block: _Block, at: int) -> str:
    new = next((line for line in block.hunk.added if line.strip()), b"").decode(errors="replace")
    shown = new.strip().replace("`", "'")[:120]
    return (
        f"The same {len(block.old)} lines stood at `{block.file.path}:{block.hunk.start}`, where "
        f"they now read `{shown}`. From line {at} on they stand here as they did there before: "
        f"does the change belong here too?"
    )


def _standing(code: ChangedCode, block: _Block, path: str) -> Iterator[int]:
    """The first lines (from 1) of stretches in `path` that are as the block was."""
    lines = [line.strip() for line in split_lines(code.text(path))]
    old = [line.strip() for line in block.old]
    there = list(_places(lines, old))
    changed = code.by_path.get(path)
    if changed is not None:
        before = [line.strip() for line in split_lines(changed.before)]
        # A copy that is new is none that was left behind: one stood here before, and still does.
        left = sum(1 for _ in _places(before, old)) - (path == block.file.path)
        if left < 1 or len(there) != left:
            return
    yield from there


def _places(lines: Sequence[str], old: Sequence[str]) -> Iterator[int]:
    for at in range(len(lines) - len(old) + 1):
        if lines[at] == old[0] and lines[at : at + len(old)] == old:
            yield at + 1
