"""The key of a model server: from the settings, a file of its own, or the unit's credential.

A key is for its owner's eyes. A file that others may read is refused, as ssh refuses such keys:
whoever reads the refusal changes the mode, while a key that works is never looked at again.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SYSTEM_KEY: Final = Path("/etc/daydreamd/api_key")
_MAX_BYTES: Final = 16_384


def find_key(file: str, environ: Mapping[str, str]) -> str:
    """The key in `file`, else the unit's credential `api_key`, else none; ValueError says why not.

    Source of the credential: systemd.exec(5), LoadCredential=, which sees to the file's mode.
    """
    if file:
        return _read(Path(file).expanduser(), private=True)
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    credential = Path(directory, "api_key")
    if not directory or not (os.access(credential, os.R_OK) or SYSTEM_KEY.exists()):
        # In some containers systemd cannot hand credentials over: no matter where there is no key.
        return ""
    return _read(credential, private=False)


def is_private(about: os.stat_result) -> bool:
    """Whether only the owner, who is the caller or root, may read a file."""
    return not about.st_mode & 0o077 and about.st_uid in (0, os.geteuid())


def may_be_read_by_all(path: Path) -> bool:
    """Whether anybody on this machine gets at a file: by its mode, and through its directories."""
    reachable = all(above.stat().st_mode & stat.S_IXOTH for above in path.resolve().parents)
    return reachable and bool(path.stat().st_mode & stat.S_IROTH)


def _read(path: Path, *, private: bool) -> str:
    try:
        # Opening a FIFO that nobody writes to must not hang.
        with open(path, "rb", opener=lambda p, flags: os.open(p, flags | os.O_NONBLOCK)) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ValueError("not a regular file")
            if private and not is_private(about):
                raise ValueError(f"others may read it; `chmod 600 {path}`, and let it be yours")
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    key = data.decode(errors="replace").strip()
    if len(data) > _MAX_BYTES or len(key.split()) > 1 or not key.isprintable():
        raise ValueError("does not hold one key on one line")
    return key
