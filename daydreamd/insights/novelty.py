"""Whether an insight has been said before, and which of the old ones the code has outgrown.

Two insights are the same where they cite the same lines, or speak alike of the same file. What was
dismissed stays so. Whether an insight is true is not asked here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from rapidfuzz import fuzz, utils

from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.files.disks import ask_disk
from daydreamd.insights.quoting import folded
from daydreamd.insights.verification import Checked, says_something
from daydreamd.records.insight import AnyInsight
from daydreamd.records.workspace import Excerpt
from daydreamd.text import visible

CurrentText = Callable[[str, str], str | None]
"""The text of `(workspace, path)` now; "" where the file is gone, None where nobody can tell."""

_SAME_TITLE: Final = 85.0
_SAME_WORDING: Final = 80.0
_SAME_ANYWHERE: Final = 95.0
_ID_LENGTH: Final = 3
_UNSHOWN: Final = "\N{REPLACEMENT CHARACTER}"
_MAX_FILE_BYTES: Final = 4 << 20


def find_known(checked: Checked, known: Iterable[AnyInsight]) -> AnyInsight | None:
    """The insight that says the same already, if any; a dismissed one before all others."""
    same = [item for item in known if _is_same(checked, item)]
    return min(same, key=lambda item: item.status != "dismissed", default=None)


def _is_same(checked: Checked, known: AnyInsight) -> bool:
    if checked.workspace != known.workspace:
        return False
    new = checked.proposal
    title = fuzz.token_sort_ratio(new.title, known.title, processor=utils.default_process)
    wording = fuzz.token_sort_ratio(
        f"{new.title} {new.body}", f"{known.title} {known.body}", processor=utils.default_process
    )
    there = [evidence for evidence in known.evidence if evidence.path == checked.evidence.path]
    if not there:
        return title >= _SAME_ANYWHERE and wording >= _SAME_WORDING
    if title >= _SAME_TITLE or wording >= _SAME_WORDING:
        return True
    return any(_same_quote(checked.evidence.quote, evidence.quote) for evidence in there)


def _same_quote(one: str, other: str) -> bool:
    """One holds the other. Too short a quote (of an older version) says nothing."""
    one, other = sorted((folded(one), folded(other)), key=len)
    return says_something(one) and one in other


def is_addressed(known: AnyInsight, current: CurrentText) -> bool:
    """Whether every line that `known` cites has changed since. What cannot be read has not."""
    return bool(known.evidence) and all(
        _has_changed(evidence.quote, current(known.workspace, evidence.path))
        for evidence in known.evidence
    )


def _has_changed(quote: str, text: str | None) -> bool:
    """Line by line and without blanks: excerpts are shown with long lines cut and marks spaced."""
    if text is None:
        return False
    there = _squeezed(text)
    comparable = [line for line in quote.split("\n") if _UNSHOWN not in line]
    return any(_squeezed(line) not in there for line in comparable)


def _squeezed(text: str) -> str:
    return "".join(visible(text).split())


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
