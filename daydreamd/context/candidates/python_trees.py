"""Python source as a syntax tree, made without running or importing anything of it."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import Final

_MAX_CHARS: Final = 400_000


@lru_cache(maxsize=128)
def parse_python(text: str | None) -> ast.Module | None:
    """The tree of a module; None where it is not Python as we know it, or too large."""
    if not text or len(text) > _MAX_CHARS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a wrong escape in other people's strings
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # another version's syntax, a NUL, or nested as no person nests
