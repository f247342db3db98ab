"""Source code with its comments and literals blanked out, for those who read brackets and names.

Every character keeps its place and every line its number. Languages are told apart by the file's
suffix, as far as their comments and quotes differ; no grammar is known. What is never closed is
blanked up to the end, so that any text is read once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

_SUFFIXES: Final = {
    "hash": """py pyi rb sh bash zsh fish pl pm php r ex exs jl nim tcl mk yml yaml toml coffee gd
        cr rake cfg conf ini ps1 awk dockerfile makefile rakefile gemfile""",
    "slash": """c h cc hh cpp hpp cxx m mm js jsx mjs cjs ts tsx java go rs kt kts swift scala cs
        php dart groovy zig proto v sol glsl hlsl vue svelte scss less css jsonc vala d""",
    "dashes": "lua sql hs elm adb ads",
    "semicolon": "lisp el clj cljs scm rkt asm s",
    "triple": "py pyi kt kts swift scala java groovy ex exs jl gd nim",
    "backticks": "js jsx mjs cjs ts tsx vue svelte go",
    "scripts": "js jsx mjs cjs ts tsx vue svelte",
    # in these a lone ' is a lifetime, a mark or part of a name
    "lone quote": "rs hs elm lisp el clj cljs scm rkt adb ads",
}
_KINDS: Final = {name: frozenset(kinds.split()) for name, kinds in _SUFFIXES.items()}
_KNOWN: Final = frozenset().union(*_KINDS.values())
_LOOKS_LIKE_HASH: Final = re.compile(
    r"^\s*(?:def |elif |end$|fi$|done$|#!|from \w+ import)", re.MULTILINE
)

_WORD_STRING: Final = r'"(?:[^"\\\n]|\\.)*"'
_MARK_STRING: Final = r"'(?:[^'\\\n]|\\.)*'"
_CHARACTER: Final = r"'(?:[^'\\\n]|\\[^\n]{1,8}?)'"
_REGEX: Final = (
    r"(?<=[(,=:\[!&|?{};])[ \t]*/(?![*/ ])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]{0,6}"
)


def kind_of(path: str) -> str:
    """The suffix of a path in lower case, or the whole name where it has none: `py`, `makefile`."""
    name = PurePosixPath(path).name.lower()
    return name.rpartition(".")[2]


def is_code(path: str) -> bool:
    """Whether a path's suffix is that of a language that is known here."""
    return kind_of(path) in _KNOWN


@lru_cache(maxsize=32)
def masked(text: str, path: str = "") -> str:
    """`text` with blanks in place of comments and of what stands between quotes."""
    return _pattern(_known_kind(text, kind_of(path))).sub(_blank, text)


@lru_cache(maxsize=32)
def uncommented(text: str, path: str = "") -> str:
    """`text` with blanks in place of comments; literals stay."""
    return _pattern(_known_kind(text, kind_of(path))).sub(_blank_comment, text)


def _known_kind(text: str, kind: str) -> str:
    if kind in _KNOWN:
        return kind
    return "py" if _LOOKS_LIKE_HASH.search(text) else "c"


@lru_cache(maxsize=128)
def _pattern(kind: str) -> re.Pattern[str]:
    """What is blanked in a language: comments (the group `comment`) and literals."""
    comments = []
    if kind in _KINDS["hash"]:
        comments.append(r"(?<![\w$\"'{\\&])\#[^\n]*")
    if kind in _KINDS["slash"]:
        comments += [r"//[^\n]*", r"/\*[\s\S]*?(?:\*/|\Z)"]
    if kind in _KINDS["dashes"]:
        comments += [r"--\[\[[\s\S]*?(?:\]\]|\Z)", r"--[^\n]*"]
    if kind in _KINDS["semicolon"]:
        comments.append(r";[^\n]*")
    literals = []
    if kind in _KINDS["triple"]:
        literals += [r'"""(?:[^\\]|\\[\s\S])*?(?:"""|\Z)', r"'''(?:[^\\]|\\[\s\S])*?(?:'''|\Z)"]
    if kind in _KINDS["backticks"]:
        literals.append(r"`(?:[^`\\]|\\[\s\S])*(?:`|\Z)")
    if kind in _KINDS["scripts"]:
        literals.append(_REGEX)
    literals += [_WORD_STRING, _CHARACTER if kind in _KINDS["lone quote"] else _MARK_STRING]
    return re.compile(f"(?P<comment>{'|'.join(comments)})|{'|'.join(literals)}")


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    if found["comment"] is None and len(text) > 1 and text[0] in "\"'`":
        _, broken, last = text.rpartition("\n")
        end = " " if broken and not last[:1].isspace() else text[-1]
        return text[0] + _blanks(text[1:-1]) + end  # the marks stay, but at no margin
    return _blanks(text)


def _blank_comment(found: re.Match[str]) -> str:
    return found[0] if found["comment"] is None else _blanks(found[0])


def _blanks(text: str) -> str:
    return "".join(char if char == "\n" else " " for char in text)
