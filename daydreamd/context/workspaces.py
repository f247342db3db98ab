"""Which directories are looked at, and what they are called.

A path that a person typed must be there, or they are told at once. A configured one that is missing
today (an unmounted disk) must not stop the session: `gather_context` reports it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.context.typed import setting_for
from daydreamd.errors import WorkspaceError
from daydreamd.host.children.programs import keep_out_of
from daydreamd.host.files.disks import ask_disk, ask_disks
from daydreamd.host.threads import in_spare_thread
from daydreamd.records.workspace import Workspace
from daydreamd.settings.schema import WorkspaceSetting

_MOMENT_SECONDS: Final = 1.0


def find_workspaces(
    wanted: Iterable[WorkspaceSetting | Path | str],
    configured: Sequence[WorkspaceSetting] = (),
) -> tuple[Workspace, ...]:
    """The workspaces behind settings or typed paths: highest priority first, each path once.

    What `configured` says of a typed path counts. From now on no program is looked for in any.
    WorkspaceError where a typed path is missing, no directory, the root of the machine or excluded.
    """
    wanted = list(wanted)
    found = _by_path([one for one in wanted if isinstance(one, WorkspaceSetting)])
    known = _by_path(configured)
    for one in wanted:
        if not isinstance(one, WorkspaceSetting):
            path = _resolved(str(one))
            require_directory(path)
            found.setdefault(path, setting_for(path, known))
    keep_out_of(found)
    ordered = sorted(found.items(), key=lambda item: -item[1].priority)
    taken: set[str] = set()
    return tuple(
        Workspace(
            name=_unique_name(setting.name, path, taken),
            path=str(path),
            priority=setting.priority,
            model=setting.model,
            exclude=setting.exclude,
        )
        for path, setting in ordered
    )


def _by_path(configured: Sequence[WorkspaceSetting]) -> dict[Path, WorkspaceSetting]:
    """Each setting by where it leads, or as it is written where that cannot be known now.

    That its disk does not answer, say, is told where it is looked at.
    """
    answers = ask_disks({one.path: partial(_follow, one.path) for one in configured})
    known: dict[Path, WorkspaceSetting] = {}
    for setting in configured:
        path = answers[setting.path]
        known.setdefault(Path(setting.path) if isinstance(path, Exception) else path, setting)
    return known


def require_directory(path: Path) -> None:
    """WorkspaceError with the reason where `path` cannot be a workspace."""
    try:
        reason = ask_disk(path, lambda: _reason_against(path))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
    if reason:
        raise WorkspaceError(f"cannot look at {path}: {reason}", path=path)


async def is_there(path: Path) -> bool:
    """Whether `path` can be looked at by now; a disk that takes long cannot."""
    look = partial(ask_disk, path, lambda: _reason_against(path), seconds=_MOMENT_SECONDS)
    try:
        return not await in_spare_thread(look)
    except (OSError, ValueError):
        return False


def _reason_against(path: Path) -> str:
    if not path.is_dir():
        return "not a directory" if path.exists() else "no such directory"
    if path == Path(path.anchor):
        return "the root of the machine is no workspace"
    next(path.iterdir(), None)
    return ""


def _resolved(text: str) -> Path:
    try:
        return ask_disk(text, lambda: _follow(text))
    except (OSError, RuntimeError, ValueError) as error:
        # silent, a loop of links, no home for "~", a NUL in the text
        said = error.strerror if isinstance(error, OSError) else error
        raise WorkspaceError(f"cannot look at {text!r}: {said}", path=text) from error


def _follow(text: str) -> Path:
    return Path(text).expanduser().resolve()


def _unique_name(wished: str, path: Path, taken: set[str]) -> str:
    name = first = wished or printable(path.name)
    if name in taken and not wished:
        name = first = printable(f"{path.parent.name}/{path.name}")
    number = 2
    while name in taken:
        name = f"{first}-{number}"
        number += 1
    taken.add(name)
    return name


def printable(path: str) -> str:
    """A file name as JSON and screens can carry it: bytes that are no UTF-8 become U+FFFD."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
