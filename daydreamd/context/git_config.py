"""A reader for git's configuration files that obeys none of them.

`git config` would follow includes and be one more process; this reads the text of one file, keeps
what was said, and lets `harmless` choose the few keys whose values change facts but can never name
a program, a path or a host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

Config = Mapping[str, tuple[str, ...]]

_HEADER: Final = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\\n]|\\.)*)")?\s*\]')
_KEY: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b", "\\": "\\", '"': '"'}
_PIECE: Final = re.compile(
    r'\\\n|\\(?P<escaped>.?)|["\n]|(?P<space>[^\S\n]+)|(?P<plain>[#;]|[^\\"\s#;]+)'
)
_BOOLEAN: Final = re.compile(r"(?i:true|false|yes|no|on|off|1|0|)")
_NUMBER: Final = re.compile(r"\d{1,6}")
_ALLOWED: Final[dict[str, re.Pattern[str]]] = {
    "core.autocrlf": re.compile(r"(?i:true|false|yes|no|on|off|1|0|input)"),
    "core.eol": re.compile(r"(?i:lf|crlf|native)"),
    "core.filemode": _BOOLEAN,
    "core.symlinks": _BOOLEAN,
    "core.ignorecase": _BOOLEAN,
    "core.precomposeunicode": _BOOLEAN,
    "core.trustctime": _BOOLEAN,
    "core.ignorestat": _BOOLEAN,
    "core.checkstat": re.compile(r"(?i:default|minimal)"),
    "core.sparsecheckout": _BOOLEAN,
    "core.sparsecheckoutcone": _BOOLEAN,
    "core.untrackedcache": re.compile(r"(?i:true|false|keep)"),
    "index.sparse": _BOOLEAN,
    "status.renames": _BOOLEAN,
    "diff.renames": re.compile(r"(?i:true|false|copies|copy)"),
    "diff.renamelimit": _NUMBER,
    "status.renamelimit": _NUMBER,
    "status.showuntrackedfiles": re.compile(r"(?i:no|normal|all|true|false|0|1)"),
    "extensions.objectformat": re.compile(r"sha1|sha256"),
}

FOR_ALL: Final = frozenset(
    {*_ALLOWED, "core.excludesfile", "core.attributesfile"}
    - {"core.sparsecheckout", "core.sparsecheckoutcone", "extensions.objectformat"}
)
"""What may be said for all of an owner's repositories at once; the rest is a repository's own."""


def parse_config(text: str) -> dict[str, tuple[str, ...]]:
    """`section.subsection.key` (section and key in lower case) to its values in order.

    A key without `=` has the value "true". ValueError names the line that is no configuration.
    """
    return merged(parse_entries(text))


def merged(entries: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Every key's values in order."""
    found: dict[str, list[str]] = {}
    for key, value in entries:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def parse_entries(text: str) -> list[tuple[str, str]]:
    """Keys and values as they come: the order counts where one of them includes a file."""
    found: list[tuple[str, str]] = []
    section = ""
    at = 1 if text.startswith("\ufeff") else 0
    text = text.replace("\r\n", "\n")
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
        elif char in "#;":
            at = _line_end(text, at)
        elif header := _HEADER.match(text, at):
            section, at = _section_name(header), header.end()
        elif section and (key := _KEY.match(text, at)):
            value, at = _value(text, key.end()) if key[2] else ("true", _line_end(text, key.end()))
            found.append((f"{section}.{key[1].lower()}", value))
        else:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1} is not git configuration")
    return found


def harmless(config: Config) -> dict[str, str]:
    """The keys that facts depend on, where their last value is one of the few that git knows."""
    return {
        key: config[key][-1]
        for key, allowed in _ALLOWED.items()
        if key in config and allowed.fullmatch(config[key][-1])
    }


def is_true(config: Config, key: str) -> bool:
    """Whether a boolean key is set and on."""
    return config.get(key, ("false",))[-1].lower() in ("true", "yes", "on", "1")


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _section_name(header: re.Match[str]) -> str:
    if header[2] is None:
        return header[1].lower()
    subsection = re.sub(r"\\(.)", r"\1", header[2])
    return f"{header[1].lower()}.{subsection}"


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that starts at `at`, and where it ends."""
    kept: list[str] = []
    solid = 0  # blanks behind this count only once something follows them
    quoted = False
    while piece := _PIECE.match(text, at):
        plain, escaped, space = piece["plain"], piece["escaped"], piece["space"]
        if piece[0] == "\n" or (piece[0] in "#;" and not quoted):
            break
        at = piece.end()
        if piece[0] == "\\\n" or (space and not quoted and not kept):
            continue
        if piece[0] == '"':
            quoted = not quoted
        else:
            kept.append(plain or space or _escape(escaped))
        if quoted or not space:
            solid = len(kept)
    if quoted:
        raise ValueError("a quoted value does not end on its line")
    return "".join(kept[:solid]), _line_end(text, at)


def _escape(char: str) -> str:
    if char and char not in _ESCAPES:  # a backslash at the very end continues into nothing
        raise ValueError(f"\\{char} is no escape in git configuration")
    return _ESCAPES.get(char, "")
