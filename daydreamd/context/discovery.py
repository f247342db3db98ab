"""Finding the repository that a workspace is in, and refusing one whose format is not ours."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from daydreamd.context.repository import Repository
from daydreamd.errors import FileError, WorkspaceError
from daydreamd.host.files.access import read_beneath

_KNOWN_EXTENSIONS: Final = frozenset(
    {
        "noop", "noop-v1", "objectformat", "compatobjectformat", "worktreeconfig", "partialclone",
        "preciousobjects", "refstorage", "relativeworktrees",
    }
)  # fmt: skip


def find_repository(workspace: Path) -> Repository | None:
    """The repository that `workspace` is in or is; None where there is none.

    A repository around the workspace counts only on the same file system and of the same owner: a
    `.git` that somebody put into a shared parent says nothing about this directory.
    WorkspaceError where there is one that cannot be read.
    """
    here = workspace.stat()
    for top in (workspace, *workspace.parents):
        facts = top.stat()
        if (facts.st_dev, facts.st_uid) != (here.st_dev, here.st_uid):
            return None
        if os.path.lexists(top / ".git"):
            if directory := _git_directory_of(top):
                prefix = "" if top == workspace else f"{workspace.relative_to(top)}/"
                return _checked(Repository(top, prefix, directory, _common(directory)))
            if top == workspace:
                raise WorkspaceError(f"cannot read {top}/.git: no repository there", path=top)
        elif top == workspace and _is_git_directory(top):
            return _checked(Repository(top, "", top, _common(top), bare=True))
    return None


def _is_git_directory(path: Path) -> bool:
    return ((path / "HEAD").is_file() or (path / "HEAD").is_symlink()) and (
        (path / "commondir").is_file() or ((path / "objects").is_dir() and (path / "refs").is_dir())
    )


def _git_directory_of(top: Path) -> Path | None:
    """Where `.git` leads: itself, or what the `.git` file of a worktree or submodule names."""
    place = top / ".git"
    if not place.is_dir():
        try:
            text = os.fsdecode(read_beneath(top, ".git", max_bytes=8192))
        except FileError:
            return None
        if not text.startswith("gitdir:"):
            return None
        place = top / text[7:].strip()
    try:
        place = place.resolve()
    except (OSError, RuntimeError, ValueError):
        return None  # a loop of links, or no path at all
    return place if _is_git_directory(place) else None


def _common(directory: Path) -> Path:
    try:
        text = os.fsdecode(read_beneath(directory, "commondir", max_bytes=8192)).strip()
    except FileError:
        return directory
    return (directory / text).resolve()


def _checked(repository: Repository) -> Repository:
    """The repository, or a WorkspaceError where its format is not ours to read."""
    try:
        config = repository.config
    except ValueError as error:
        raise _unreadable(repository, f"its configuration: {error}") from error
    version = config.get("core.repositoryformatversion", ("0",))[-1]
    extensions = {key.split(".", 1)[1] for key in config if key.startswith("extensions.")}
    storage = config.get("extensions.refstorage", ("files",))[-1]
    reason = ""
    if storage != "files":
        reason = f"its refs are stored as {storage}, which is not supported"
    elif version not in ("0", "1"):
        reason = f"its format version {version} is not supported"
    elif version == "1" and (unknown := sorted(extensions - _KNOWN_EXTENSIONS)):
        reason = f"its extension {unknown[0]} is not supported"
    if reason:
        raise _unreadable(repository, reason)
    work_tree = _work_tree_elsewhere(repository)
    return replace(repository, work_tree=work_tree) if work_tree else repository


def _work_tree_elsewhere(repository: Repository) -> Path | None:
    """The work tree that the configuration names, unless the workspace is in it as usual."""
    said = repository.config.get("core.worktree", ("",))[-1]
    # Git does not read it for a linked work tree, whose place its `.git` file says.
    if not said or "\0" in said or repository.directory != repository.common:
        return None
    named = Path(os.path.realpath(repository.directory / said))
    is_here = not repository.bare and named == Path(os.path.realpath(repository.top))
    return None if is_here else named


def _unreadable(repository: Repository, reason: str) -> WorkspaceError:
    top = repository.top
    return WorkspaceError(f"cannot read the repository of {top}: {reason}", path=top)
