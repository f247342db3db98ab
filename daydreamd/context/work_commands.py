"""Commands that keep a piece of work, and that remove one which exists elsewhere; none is run here.

Every command names the place it works in and the commit it was proven for, so that it does just
that whenever it is run: a branch that has moved on since is not removed.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Final

SHORT: Final = 10


def git_in(place: Path | str) -> str:
    """`git -C PLACE`, quoted."""
    return f"git -C {quote(str(place))}"


def push_branch(place: Path, remote: str, branch: str) -> str:
    """Push a branch under its own name, and have it follow that."""
    named = quote(f"refs/heads/{branch}")
    return f"{git_in(place)} push -u {quote(remote)} {named}:{named}"


def push_commit(place: Path, remote: str, oid: str, name: str) -> str:
    """Push a commit as a new branch of the remote."""
    target = quote(f"refs/heads/keep/{name}-{oid[:SHORT]}")
    return f"{git_in(place)} push {quote(remote)} {oid}:{target}"


def name_commit(place: Path, oid: str) -> str:
    """Give a commit a branch, where there is no remote: git forgets what has no name."""
    return f"{git_in(place)} branch {quote(f'keep/{oid[:SHORT]}')} {oid}"


def commit_all(tree: Path, name: str, remote: str | None) -> str:
    """Commit all that is uncommitted and untracked to a new branch, and push that."""
    here, branch = git_in(tree), quote(f"keep/{name}")
    made = f"{here} switch -c {branch} && {here} add -A && {here} commit -m {quote(f'Keep {name}')}"
    return f"{made} && {here} push -u {quote(remote)} HEAD" if remote else made


def remove_branch(place: Path, branch: str, oid: str, *, merged: bool) -> str:
    """Remove a branch: by git's own check where that agrees, else only while it is at `oid`."""
    if merged and not branch.startswith("-"):
        return f"{git_in(place)} branch -d {quote(branch)}"
    return f"{git_in(place)} update-ref -d {quote(f'refs/heads/{branch}')} {oid}"


def remove_work_tree(place: Path, tree: Path) -> str:
    """Remove a linked work tree: git refuses where anything in it is not committed."""
    return f"{git_in(place)} worktree remove {quote(str(tree))}"


def drop_stash(place: Path, number: int, oid: str) -> str:
    """Drop a stash, while it is still the one with this number."""
    entry = quote(f"stash@{{{number}}}")
    here = git_in(place)
    return f'test "$({here} rev-parse {entry})" = {oid} && {here} stash drop {entry}'
