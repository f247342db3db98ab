"""What was found out about a workspace, as context makes it and `context --json` prints it.

A part whose source failed is None; one that does not apply (no repository, no commit) is empty.
Paths and names are other people's, but printable: bytes that are no UTF-8 are U+FFFD. Moments are
ISO 8601 in UTC.
"""

from __future__ import annotations

import msgspec

from daydreamd.records.candidate import Candidate
from daydreamd.records.instructions import InstructionFault
from daydreamd.records.only_here import OnlyHere


class DirtyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How many paths differ from HEAD; a path may be both staged and unstaged.

    `unknown` are those of which only a filter could tell, which is not run. The oldest is the file
    whose change waits longest, `oldest_seconds` when it was looked at.
    """

    files: int = 0
    staged: int = 0
    unstaged: int = 0
    untracked: int = 0
    conflicted: int = 0
    unknown: int = 0
    oldest_at: str | None = None
    oldest_seconds: int | None = None
    oldest_path: str | None = None


class GitFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Where the repository stands.

    `state` is a rebase, merge or the like that is under way. `work_tree` is named where the files
    lie elsewhere. `ahead` and `behind` count commits against `upstream`; `branches_complete` is
    False where there are more branches than are read.
    """

    head: str | None = None
    branch: str | None = None
    state: str | None = None
    bare: bool = False
    work_tree: str | None = None
    shallow: bool = False
    partial: bool = False
    sparse: bool = False
    upstream: str | None = None
    upstream_gone: bool = False
    ahead: int | None = None
    behind: int | None = None
    dirty: DirtyFacts | None = None
    stashes: int = 0
    last_commit_at: str | None = None
    stale_branches: tuple[str, ...] = ()
    branches_complete: bool = True


class Technology(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a workspace is built with, and the file that says so."""

    name: str
    evidence: str = ""


class LanguageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The files of one language: their number, their lines by kind, their complexity."""

    files: int = 0
    code: int = 0
    comment: int = 0
    blank: int = 0
    complexity: int = 0


class Hotspot(msgspec.Struct, frozen=True, kw_only=True):
    """A complex file that is often changed: in 90 days, by `commits` and `churn` lines."""

    path: str
    code: int = 0
    complexity: int = 0
    commits: int = 0
    churn: int = 0


class CodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How much code there is, and its hottest files first."""

    files: int = 0
    code: int = 0
    hotspots: tuple[Hotspot, ...] = ()


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A `TODO`, `FIXME` or `HACK` at `line` (from 1); `at` is None where it is not committed."""

    path: str
    line: int
    kind: str
    text: str = ""
    at: str | None = None


class MarkerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How many markers there are, which came last, and how many came and went in seven days."""

    todo: int = 0
    fixme: int = 0
    hack: int = 0
    newest: tuple[Marker, ...] = ()
    added_7d: int | None = None
    removed_7d: int | None = None


class WeekFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Seven days of commits, from the day `week` on; `added` and `deleted` are lines."""

    week: str = ""
    commits: int = 0
    authors: int = 0
    added: int = 0
    deleted: int = 0


class ActivityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Five weeks, the one that ends now last, and its files, most often changed first."""

    weeks: tuple[WeekFacts, ...] = ()
    commits_7d: int = 0
    files_7d: tuple[str, ...] = ()
    files_changed_7d: int = 0


class WorkspaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One workspace. `fingerprint` changes with its content, and with nothing else.

    `failures` are sources with the reason each failed. `cached` says that nothing had changed since
    an earlier look; `seconds` is what this one took.
    """

    name: str = ""
    path: str = ""
    git: GitFacts | None = None
    tech_stack: tuple[Technology, ...] | None = None
    languages: dict[str, LanguageFacts] | None = None
    complexity: CodeFacts | None = None
    markers: MarkerFacts | None = None
    activity: ActivityFacts | None = None
    candidates: tuple[Candidate, ...] = ()
    only_here: tuple[OnlyHere, ...] | None = None
    instructions: tuple[InstructionFault, ...] | None = None
    fingerprint: str | None = None
    failures: tuple[str, ...] = ()
    cached: bool = False
    seconds: float = 0.0
