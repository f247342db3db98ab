"""Where names stand in the work tree, asked of git for all of them at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.foreign import ForeignGit
from daydreamd.errors import WorkspaceError

MOST_NAMES: Final = 60
_MAX_OUTPUT: Final = 8 << 20
_MAX_LINE: Final = 400
_MAX_LEFT_OUT: Final = 500_000
_WORD: Final = re.compile(r"\w+")
_RECORD: Final = re.compile(rb"([^\0\n]+)\0(\d+)\0([^\n]*)\n")


class NamedAt(NamedTuple):
    """A line that holds a name; `path` is relative to the workspace.

    What may not be shown counts all the same where the question is whether a name is there.
    """

    path: str
    line: int
    text: str
    may_be_shown: bool = True

    @property
    def suffix(self) -> str:
        """The ending of the file's name."""
        return PurePosixPath(self.path).suffix.lower()


async def find_names(
    git: ForeignGit,
    names: Iterable[str],
    *,
    excluded: Callable[[str], bool],
    without: Sequence[str] = (),
) -> dict[str, list[NamedAt]]:
    """Every line of tracked and untracked text files that holds one of `names` as a word.

    Git would read each file as a whole; those `without` are left out, and so are never read.
    """
    wanted = list(dict.fromkeys(names))[:MOST_NAMES]
    found: dict[str, list[NamedAt]] = {name: [] for name in wanted}
    if not wanted:
        return found
    prefix = git.repository.prefix
    if sum(map(len, without)) > _MAX_LEFT_OUT:
        raise WorkspaceError("cannot search for names: too many files are too large")
    left_out = [f":(top,exclude,literal){prefix}{path}" for path in without]
    printed = await git.run(
        "grep", "-I", "-n", "-z", "-w", "-F", "--untracked", "--no-recurse-submodules",
        "--no-textconv",
        *(word for name in wanted for word in ("-e", name)), "--", *git.within, *left_out,
        max_stdout=_MAX_OUTPUT, cut=True, ok=(0, 1),
    )  # fmt: skip
    for record in _RECORD.finditer(printed):
        path = os.fsdecode(record[1]).removeprefix(prefix)
        if len(record[3]) > _MAX_LINE:
            continue
        may_be_shown = is_worth_reading(path) and not excluded(path)
        text = record[3].decode(errors="replace")
        for name in found.keys() & set(_WORD.findall(text)) | _odd(found, text):
            found[name].append(NamedAt(path, int(record[2]), text, may_be_shown))
    return found


def _odd(names: Iterable[str], text: str) -> set[str]:
    """Names that are no plain word, as `--flag` is."""
    return {name for name in names if not _WORD.fullmatch(name) and name in text}
