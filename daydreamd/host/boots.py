"""The ids of this machine and of its current boot, within which a pid and its start are unique."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_ID: Final = Path("/etc/machine-id")
_OURS: Final = b"daydreamd"


def read_boot_id() -> str:
    """The kernel's id of this boot, a UUID: another after each start, and on each machine."""
    return _BOOT_ID.read_text("ascii").strip()


def read_machine_id(file: Path = _MACHINE_ID) -> str | None:
    """An id of this machine for our use alone, 32 hex digits; None where the machine has none.

    Made of machine-id(5), which itself is to be kept confidential.
    """
    try:
        own = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):  # not there in many a container
        return None
    known = own not in ("", "uninitialized")
    return blake2b(_OURS, key=own.encode()[:64], digest_size=16).hexdigest() if known else None
