"""The files of a workspace that may be searched, as git lists them at this moment.

For whoever holds a claim against the code once the survey is over, which may have come from a cache
and so have listed nothing.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from daydreamd.context.discovery import find_repository
from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.foreign import open_foreign
from daydreamd.context.listing import list_files
from daydreamd.context.sources import Sources
from daydreamd.context.state import in_thread
from daydreamd.records.workspace import Workspace

_SECONDS: Final = 10.0


class SearchableFiles(msgspec.Struct, frozen=True, kw_only=True):
    """Paths relative to the workspace. Unless they are `whole`, it has more that is not listed."""

    files: tuple[str, ...] = ()
    whole: bool = False


async def list_searchable(workspace: Workspace, *, scratch: Path) -> SearchableFiles:
    """What may be searched, within ten seconds; none where the workspace cannot be listed.

    A foreign git directory is laid below `scratch` and removed.
    """
    root, sources = Path(workspace.path), Sources(_SECONDS)
    excluded = make_exclusion(workspace.exclude)
    with tempfile.TemporaryDirectory(prefix="search-", dir=scratch) as place:
        repository = await sources.ask("repository", lambda: in_thread(find_repository, root))
        git = None
        if repository is not None:
            lay = partial(open_foreign, repository, Path(place), deadline=_SECONDS / 2)
            git = await sources.ask("git", lay)
        if sources.failures or (repository is not None and repository.bare):
            return SearchableFiles()
        listed = await sources.ask("files", partial(list_files, root, git, excluded=excluded))
    if listed is None:
        return SearchableFiles()
    return SearchableFiles(files=listed.files, whole=not listed.too_large and not workspace.exclude)
