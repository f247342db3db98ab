"""The package as the tests of this house read it: each file once."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = sorted((ROOT / "daydreamd").rglob("*.py"))


@cache
def text_of(file: Path) -> str:
    return file.read_text()


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def inside(file: Path, *rooms: str) -> bool:
    """Whether a file of the package lies in one of the rooms."""
    return file.relative_to(ROOT / "daydreamd").parts[0] in rooms
