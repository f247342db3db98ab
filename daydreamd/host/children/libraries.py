"""Shared libraries that a program of ours needs and a small machine may not have.

Debian's minimal systems come without libgomp.so.1, which llama.cpp is linked to. A wheel brings
LLVM's (cmeel-libomp), which speaks for it; the machine's own is preferred where there is one.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_OPENMP: Final = "libgomp.so.1"
_IN_A_WHEEL: Final = Path("cmeel.prefix", "lib")


def engine_library_path(
    packages: Iterable[str | Path] = (), *, library: str = _OPENMP
) -> dict[str, str]:
    """The variable with which the embedded engine finds its OpenMP; empty where none is needed.

    `packages` are the directories in which wheels are installed, by default those of `sys.path`.
    """
    if _loads(library):
        return {}
    for place in packages or sys.path:
        brought = Path(place) / _IN_A_WHEEL / library
        if brought.is_file():
            return {"LD_LIBRARY_PATH": str(brought.parent)}
    return {}


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
