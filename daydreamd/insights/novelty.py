"""Whether an insight has been said before, and what each file holds now.

An insight is about a function and a claim. It is the same where it says the same of the same
function, wherever that lies now. What was dismissed stays so. Whether an insight is true is not
asked here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.disks import ask_disk
from daydreamd.insights.likeness import is_same_claim, likeness
from daydreamd.insights.quoting import folded
from daydreamd.insights.relocation import CurrentText
from daydreamd.insights.verification import Checked, says_something
from daydreamd.records.insight import AnyInsight, Evidence
from daydreamd.records.workspace import Excerpt

_SAME_ANYWHERE: Final = 85.0
_SAME_FILE: Final = 80.0
_BESIDE: Final = 1  # lines
_ID_LENGTH: Final = 3
_MAX_FILE_BYTES: Final = 4 << 20


def find_known(checked: Checked, known: Iterable[AnyInsight]) -> AnyInsight | None:
    """The insight that says the same already, if any; a dismissed one before all others."""
    same = [item for item in known if _is_same(checked, item)]
    return min(same, key=lambda item: item.status != "dismissed", default=None)


def _is_same(checked: Checked, known: AnyInsight) -> bool:
    if checked.workspace != known.workspace:
        return False
    new = (checked.proposal.title, checked.proposal.body)
    old = (known.title, known.body)
    there = [evidence for evidence in known.evidence if evidence.path == checked.evidence.path]
    if not there:
        alike_function = checked.function and checked.function == known.function
        quotes = any(_same_quote(checked.evidence.quote, one.quote) for one in known.evidence)
        if alike_function and quotes:
            return is_same_claim(new, old, same_lines=True, about=checked.function)
        return likeness(new, old) >= _SAME_ANYWHERE
    same_lines = any(_overlaps(checked, one) for one in there)
    same_function = checked.function == known.function or not known.function
    if not (same_lines or same_function):
        return likeness(new, old) >= _SAME_ANYWHERE
    if not checked.function and not same_lines:
        return likeness(new, old) >= _SAME_FILE
    near = any(_is_beside(checked, one) for one in there)
    return is_same_claim(new, old, same_lines=same_lines, near=near, about=checked.function)


def _is_beside(checked: Checked, known: Evidence) -> bool:
    first, last = checked.quoted
    return first - _BESIDE <= known.end_line and known.line <= last + _BESIDE


def _overlaps(checked: Checked, known: Evidence) -> bool:
    """Whether the quoted lines are among those known, or say what those say."""
    first, last = checked.quoted
    if first <= known.end_line and known.line <= last:
        return True
    return _same_quote(checked.evidence.quote, known.quote)


def _same_quote(one: str, other: str) -> bool:
    """One holds the other. Too short a quote (of an older version) says nothing."""
    one, other = sorted((folded(one), folded(other)), key=len)
    return says_something(one) and one in other


def from_excerpts(excerpts: Sequence[Excerpt]) -> CurrentText:
    """What excerpts can tell: only of files that they hold from the first line on."""
    whole = {(page.workspace, page.path): page.text for page in excerpts if page.first_line == 1}
    return lambda workspace, path: whole.get((workspace, path))


def from_workspaces(roots: dict[str, Path]) -> CurrentText:
    """Read the files themselves, following no link; `roots` is name to directory."""

    def current(workspace: str, path: str) -> str | None:
        root = roots.get(workspace)
        if root is None:
            return None
        try:
            return ask_disk(root, partial(_read_whole, root, path))
        except OSError:  # silent, or a dead mount: nothing is known of what it holds
            return None

    return current


def _read_whole(root: Path, path: str) -> str | None:
    if not root.is_dir():
        return None
    try:
        data = read_beneath(root, path, max_bytes=_MAX_FILE_BYTES)
    except FileError as error:
        return "" if isinstance(error.__cause__, FileNotFoundError) else None
    return None if len(data) == _MAX_FILE_BYTES else data.decode(errors="replace")


def short_id(checked: Checked, taken: Collection[str]) -> str:
    """Three hex digits, or as many as it takes: the same insight gets the same one again."""
    new = checked.proposal
    said = "\0".join((checked.workspace, checked.evidence.path, new.title, folded(new.quote)))
    digest = hashlib.sha256(said.encode(errors="replace")).hexdigest()
    return next(
        digest[:length]
        for length in range(_ID_LENGTH, len(digest) + 1)
        if digest[:length] not in taken
    )
