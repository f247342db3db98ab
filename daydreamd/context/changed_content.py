"""What commits changed, as git's raw records say it: which content lies at which path.

A path is kept as the bytes that git prints. Equal content has equal ids, so that whether something
exists elsewhere is a question of ids, never of text that was compared loosely.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from daydreamd.context.foreign import ForeignGit

_RAW: Final = ("-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-color")
_MAX_PRINTED: Final = 48 << 20
EMPTY_TREES: Final = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


class Content(NamedTuple):
    """What lies at a path: its mode (`000000` where it was deleted) and the id of its content."""

    mode: str
    blob: str


@dataclass
class ContentChange:
    """One path: what it is now, and what it was on each side that it is compared with."""

    path: bytes
    now: Content
    before: tuple[Content, ...]


@dataclass
class Versions:
    """Every content that kept commits gave to the paths and ids that are asked about."""

    of_path: dict[bytes, list[tuple[str, Content]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    of_blob: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def parse_raw(printed: bytes) -> Iterator[tuple[str, list[ContentChange]]]:
    """Each commit (or pair of trees: the second) with its changes; those without any may lack."""
    commit, changes = "", list[ContentChange]()
    tokens = iter(printed.split(b"\0"))
    for token in tokens:
        said = token.lstrip(b"\n")
        while said and not said.startswith(b":"):  # the name of a commit, or a line of two trees
            name, _, said = said.partition(b"\n")
            if commit:
                yield commit, changes
            commit, changes = name.lstrip(b"\x01").split(b" ")[-1].decode(), []
        if said.startswith(b":"):
            changes.append(_change(said, next(tokens, b"")))
    if commit:
        yield commit, changes


def _change(record: bytes, path: bytes) -> ContentChange:
    sides = len(record) - len(record.lstrip(b":"))
    words = record[sides:].decode().split(" ")
    modes, blobs = words[: sides + 1], words[sides + 1 : 2 * sides + 2]
    *before, now = map(Content, modes, blobs)
    return ContentChange(path, now, tuple(before))


async def diff_tips(
    git: ForeignGit, pairs: Mapping[str, tuple[str, ...]]
) -> dict[str, list[ContentChange]]:
    """What each tip has that none of the commits beside it has."""
    if not pairs:
        return {}
    asked = "".join(f"{tip} {' '.join(bases)}\n" for tip, bases in pairs.items())
    printed = await git.run("diff-tree", "--stdin", "-c", *_RAW, stdin=asked.encode())
    return dict(parse_raw(printed))


async def diff_trees(git: ForeignGit, trees: Iterable[str]) -> dict[str, list[ContentChange]]:
    """All that is in each tree, as if it had been added to nothing; by the tree's id."""
    wanted = list(dict.fromkeys(trees))
    if not wanted:
        return {}
    asked = "".join(f"{EMPTY_TREES[len(tree)]} {tree}\n" for tree in wanted)
    printed = await git.run("diff-tree", "--stdin", *_RAW, stdin=asked.encode())
    return dict(parse_raw(printed))


async def read_changes(git: ForeignGit, commits: Iterable[str]) -> dict[str, list[ContentChange]]:
    """What each commit changed; of a merge only what differs from all of its parents."""
    asked = "\n".join(dict.fromkeys(commits))
    if not asked:
        return {}
    printed = await git.run(
        "diff-tree", "--stdin", "-c", "--root", *_RAW, stdin=asked.encode() + b"\n"
    )
    return dict(parse_raw(printed))


async def read_versions(
    git: ForeignGit,
    kept: Iterable[str],
    *,
    paths: frozenset[bytes],
    blobs: frozenset[str],
    since: int,
    until: int | None = None,
    into: Versions,
) -> None:
    """Add what the `kept` commits, made between two times, put at `paths`, or anywhere of `blobs`.

    CommandTooLarge where they changed too much to be read at once.
    """
    window = (f"--since=@{since}", *((f"--until=@{until}",) if until is not None else ()))
    printed = await git.run(
        "log", "--stdin", "--ignore-missing", "--no-show-signature", *_RAW, "--format=%x01%H",
        "--diff-merges=first-parent", *window,
        stdin="\n".join(kept).encode() + b"\n", max_stdout=_MAX_PRINTED,
    )  # fmt: skip
    for commit, changes in parse_raw(printed):
        for change in changes:
            if change.path in paths:
                into.of_path[change.path].append((commit, change.now))
            if change.now.blob in blobs:
                into.of_blob[change.now.blob].append(commit)
