"""Which directories the system's units may write to: what their files and drop-ins say.

Only for telling people beforehand; what counts is what systemd makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ALWAYS: Final = (Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - as the units open them
_DROP_INS: Final = Path("/etc/systemd/system")
CLOSED: Final = (
    "the unit may not write there; open it with ReadWritePaths= (`systemctl edit daydreamd`)"
)


def is_open_to_the_unit(path: Path, *, drop_ins: Path = _DROP_INS) -> bool:
    """Whether a unit of ours may write to `path`, which is absolute."""
    return any(path.is_relative_to(place) for place in (*_ALWAYS, *_opened(drop_ins)))


def _opened(drop_ins: Path) -> Iterator[Path]:
    for file in sorted(drop_ins.glob("daydreamd*.service.d/*.conf")):
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:  # not for the caller's eyes: then it opens nothing that he knows of
            continue
        for line in lines:
            if line.strip().startswith("ReadWritePaths="):
                yield from map(_path, line.partition("=")[2].split())


def _path(word: str) -> Path:
    """One of the words of ReadWritePaths=; `-` before it lets it be away, `+` means a root."""
    return Path(word.strip('"').lstrip("-+"))
