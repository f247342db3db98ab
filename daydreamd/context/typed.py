"""What the settings say of a directory that a person typed: it may be, lie in or hold a workspace.

What the owner excludes is never read, whatever way a command was pointed at it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from daydreamd.context.exclusion import make_exclusion
from daydreamd.errors import WorkspaceError
from daydreamd.settings.schema import WorkspaceSetting


def setting_for(path: Path, configured: Mapping[Path, WorkspaceSetting]) -> WorkspaceSetting:
    """The setting of `path`, which is resolved, as are the keys of `configured`.

    The innermost workspace around it lends name, model and priority; what any workspace around it
    or inside it excludes stays excluded. WorkspaceError where `path` itself is excluded.
    """
    around = [root for root in configured if path.is_relative_to(root)]
    excluded: list[str] = []
    for root in around:
        setting = configured[root]
        inside = path.relative_to(root).as_posix()
        if path != root and make_exclusion(setting.exclude)(inside):
            reason = f"it is excluded from {root} (workspaces.exclude)"
            raise WorkspaceError(f"cannot look at {path}: {reason}", path=path)
        excluded += setting.exclude if path == root else globs_below(inside, setting.exclude)
    for root, setting in configured.items():
        if path != root and root.is_relative_to(path):
            excluded += setting.exclude
    innermost = max(around, key=lambda root: len(root.parts), default=None)
    base = configured[innermost] if innermost else WorkspaceSetting(path=str(path))
    return msgspec.structs.replace(base, path=str(path), exclude=tuple(dict.fromkeys(excluded)))


def globs_below(directory: str, globs: Sequence[str]) -> Iterator[str]:
    """The globs of a workspace as they read from a directory in it; rather one too many."""
    for glob in globs:
        yield glob
        plain = glob.strip().strip("/")
        for at, char in enumerate(plain):
            # a glob may end its way to `directory` at a slash, or inside of a star
            if char == "/" and make_exclusion([plain[:at]])(directory):
                yield plain[at + 1 :]
            elif char == "*" and make_exclusion([plain[: at + 1]])(directory):
                yield plain[at:]
