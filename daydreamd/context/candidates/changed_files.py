"""The files that changed lately: their text before and now, and which of their lines are new."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.foreign import NO_PROGRAMS, ForeignGit
from daydreamd.context.patches import Hunk, parse_patch
from daydreamd.errors import FileError
from daydreamd.host.files.access import read_beneath
from daydreamd.host.threads import in_spare_thread

MOST_FILES: Final = 160
_MAX_BYTES: Final = 400 << 10
_MAX_ALL_BYTES: Final = 24 << 20
_MAX_PATCH: Final = 16 << 20
_TEST_PATH: Final = re.compile(
    r"(?i)(^|/)(t|tests?|testsuites?|specs?|__tests__|testing|testdata|fixtures?|e2e|playground|examples?"
    r"|benchmarks?)(/|$)|(^|/)(test_|conftest)[^/]*$|[._-](test|spec|tests|specs)\.\w+$"
    r"|[a-z](Test|Tests|Spec)\.(java|kt|php|cs|swift|scala)$"
)


@dataclass(frozen=True)
class ChangedFile:
    """A file as it was and as it is; `was` is its former path, or None where it is new.

    `after` is None where the file is gone, `before` where it was not there. `added` are the numbers
    of its new lines, from 1.
    """

    path: str
    was: str | None = None
    before: str | None = None
    after: str | None = None
    hunks: tuple[Hunk, ...] = field(default=(), repr=False)

    @cached_property
    def added(self) -> frozenset[int]:
        """The numbers of the lines that are new; all of them in a new file."""
        if self.was is None and not self.hunks:
            return frozenset(range(1, len(self.lines) + 1))
        return frozenset(
            number
            for hunk in self.hunks
            for number in range(hunk.start, hunk.start + len(hunk.added))
        )

    @cached_property
    def lines(self) -> list[str]:
        """Its lines now."""
        return split_lines(self.after)

    @property
    def suffix(self) -> str:
        """The ending of its name, such as `.py`."""
        return PurePosixPath(self.path).suffix.lower()

    @property
    def is_test(self) -> bool:
        """Whether its path says that it is a test, or made for one."""
        return is_test_path(self.path)

    def quote(self, line: int, end_line: int | None = None) -> str:
        """The text of lines `line` to `end_line`."""
        return "\n".join(self.lines[line - 1 : end_line or line])

    def has_new(self, line: int, end_line: int | None = None) -> bool:
        """Whether one of these lines is new."""
        return not self.added.isdisjoint(range(line, (end_line or line) + 1))


def is_test_path(path: str) -> bool:
    """Whether a path is that of a test, an example or a fixture."""
    return _TEST_PATH.search(path) is not None


def split_lines(text: str | None) -> list[str]:
    """Lines as git and editors count them."""
    return (text or "").replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []


@dataclass(frozen=True)
class _Entry:
    """A line of `git diff --raw`; paths are relative to the workspace."""

    status: str
    oid: str
    was: str
    path: str


async def empty_tree(git: ForeignGit) -> str:
    """The tree that holds nothing: what a repository younger than the window is compared with."""
    return (await git.run("hash-object", "-t", "tree", "--stdin")).decode().strip()


async def find_base(git: ForeignGit, *, since: float) -> str:
    """The commit that HEAD stood at then, by first parents; an empty tree where there was none."""
    printed = await git.run(
        "rev-list", "-1", "--first-parent", f"--min-age={int(since)}", str(git.repository.head)
    )
    return printed.decode().strip() or await empty_tree(git)


async def read_changes(
    git: ForeignGit,
    root: Path,
    base: str,
    *,
    untracked: Sequence[str] = (),
    excluded: Callable[[str], bool],
) -> list[ChangedFile]:
    """What of the work tree differs from `base`, as far as it is code that may be read."""
    prefix = git.repository.prefix
    raw = await git.run(
        "diff", "--raw", "-z", "-M", "-l400", "--no-abbrev", *NO_PROGRAMS, base, "--"
    )
    entries = [one for one in _parse_raw(raw, prefix) if _may_be_read(one.path, excluded)]
    entries = sorted(entries, key=lambda one: is_test_path(one.path))[:MOST_FILES]
    named = [f":(top,literal){prefix}{path}" for one in entries for path in {one.path, one.was}]
    if not named:
        return await in_spare_thread(lambda: _new_files(root, untracked, excluded))
    printed = await git.run(
        "diff", "-U0", "--no-color", "-M", "-l400", *NO_PROGRAMS, base, "--", *named,
        max_stdout=_MAX_PATCH, cut=True,
    )  # fmt: skip
    hunks: dict[str, list[Hunk]] = {}
    for hunk in parse_patch(printed, prefix=prefix):
        hunks.setdefault(hunk.path, []).append(hunk)
    former = await _read_blobs(git, [one.oid for one in entries if one.status != "A"])

    def put_together() -> list[ChangedFile]:
        found = [_changed(root, one, former, hunks.get(one.path, ())) for one in entries]
        found += _new_files(root, untracked, excluded)
        return [one for one in found if one.before is not None or one.after is not None]

    return await in_spare_thread(put_together)


def _may_be_read(path: str, excluded: Callable[[str], bool]) -> bool:
    return is_worth_reading(path) and not excluded(path)


def _parse_raw(printed: bytes, prefix: str) -> Iterable[_Entry]:
    tokens = iter(os.fsdecode(one) for one in printed.split(b"\0"))
    for token in tokens:
        fields = token.removeprefix(":").split(" ")
        if len(fields) != 5:
            continue
        was = next(tokens, "")
        path = next(tokens, "") if fields[4][:1] in "RC" else was
        regular = fields[0][:3] in ("100", "000") and fields[1][:3] in ("100", "000")
        if regular and path.startswith(prefix) and was.startswith(prefix):
            yield _Entry(fields[4][:1], fields[2], was[len(prefix) :], path[len(prefix) :])


async def _read_blobs(git: ForeignGit, oids: Sequence[str]) -> dict[str, str]:
    """Texts by id; what is too large or no text is left out."""
    asked = "\n".join(dict.fromkeys(oids))
    if not asked:
        return {}
    sizes = await git.run("cat-file", "--batch-check=%(objectname) %(objectsize)",
                          stdin=f"{asked}\n".encode())  # fmt: skip
    small, left = [], _MAX_ALL_BYTES
    for oid, _, size in (line.partition(b" ") for line in sizes.splitlines()):
        if size.isdigit() and int(size) <= min(_MAX_BYTES, left):
            left -= int(size)
            small.append(oid)
    if not small:
        return {}
    printed = await git.run("cat-file", "--batch=%(objectname) %(objectsize)",
                            stdin=b"\n".join(small) + b"\n")  # fmt: skip
    texts, at = {}, 0
    while at < len(printed):
        end = printed.index(b"\n", at)
        name, size = printed[at:end].split()
        texts[name.decode()] = printed[end + 1 : end + 1 + int(size)].decode(errors="replace")
        at = end + 2 + int(size)
    return texts


def _changed(root: Path, one: _Entry, former: dict[str, str], hunks: Sequence[Hunk]) -> ChangedFile:
    return ChangedFile(
        path=one.path,
        was=None if one.status == "A" else one.was,
        before=None if one.status == "A" else former.get(one.oid),
        after=None if one.status == "D" else read_text(root, one.path),
        hunks=tuple(hunks),
    )


def _new_files(
    root: Path, untracked: Sequence[str], excluded: Callable[[str], bool]
) -> list[ChangedFile]:
    fit = [path for path in untracked if not path.endswith("/") and _may_be_read(path, excluded)]
    texts = {path: read_text(root, path) for path in fit[:MOST_FILES]}
    return [ChangedFile(path=path, after=text) for path, text in texts.items() if text is not None]


def read_text(root: Path, path: str) -> str | None:
    """The text of a file of the work tree, None where there is none to be read.

    Whether it may be shown is asked where something of it is.
    """
    try:
        data = read_beneath(root, path, max_bytes=_MAX_BYTES + 1)
    except FileError:
        return None
    is_text = len(data) <= _MAX_BYTES and b"\0" not in data
    return data.decode(errors="replace") if is_text else None
