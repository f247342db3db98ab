"""A note left on a new line that names who is to do it, or that says it must not be merged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile
from daydreamd.context.candidates.definitions import family_of
from daydreamd.records.candidate import Candidate
from daydreamd.text import one_line

SOURCE: Final = "named todo"
_OWNED: Final = re.compile(
    r"\b(?:TODO|FIXME|XXX)\s*(?:\(\s*@?([A-Za-z][A-Za-z_.-]+)\s*\)|@([A-Za-z][\w.-]+))"
)
_BLOCKING: Final = re.compile(
    r"\b(?:NOCOMMIT|DO[ _-]?NOT[ _-]?(?:MERGE|COMMIT|SUBMIT|SHIP)|DONOTMERGE)\b"
    r"|\b(?:TODO|FIXME|XXX|HACK)\b[^\n]{0,60}\b(?:before (?:merg|release|ship|commit|land)\w*"
    r"|remove (?:this )?(?:before|debug)|undo (?:this|before)|don'?t (?:commit|merge|ship))",
    re.IGNORECASE,
)
_COMMENT_MARK: Final = re.compile(r"#|//|/\*|\*|--|<!--|;|%")


async def find_named_todos(code: ChangedCode) -> list[Candidate]:
    """Notes on changed lines that a person or a merge waits for."""
    return present(one for file in code.files for one in _told(code, file))


def _told(code: ChangedCode, file: ChangedFile) -> Iterator[Candidate | None]:
    if file.after is None or file.is_test or family_of(file.suffix) is None:
        return
    before = file.before or ""
    for number in sorted(file.added):
        line = file.lines[number - 1] if number <= len(file.lines) else ""
        said = line.strip()
        if not said or said in before or not _COMMENT_MARK.search(line):
            continue
        if _BLOCKING.search(line):
            yield _candidate(code, file, number, "A note says that this must not stay")
        elif owned := _OWNED.search(line):
            name = one_line(owned[1] or owned[2], limit=40)
            yield _candidate(code, file, number, f"A new note waits for {name}")


def _candidate(code: ChangedCode, file: ChangedFile, line: int, title: str) -> Candidate | None:
    said = one_line(file.lines[line - 1], limit=160).replace("`", "'")
    return code.candidate(
        SOURCE,
        file.path,
        line,
        subject=said,
        title=title,
        body=f"It came with a change of these days and is still there: `{said}`.",
        category="quality",
    )
