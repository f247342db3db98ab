"""What an instruction file claims that can be looked up: paths, links, commands, versions.

Conservative on purpose: a claim is taken only from code or a link, and only where nothing in its
line says that it is an example, a pattern, or about something that is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["path", "link", "make", "just", "script", "version"]

_FENCE: Final = re.compile(r"^\s*(?:>\s*)?(`{3,}|~{3,})\s*([\w+-]*)")
_SPAN: Final = re.compile(r"(`+)(.+?)\1(?!`)")
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(\s*([^)\s]+)(?:\s+\"[^\"]*\")?\s*\)")
_PATH: Final = re.compile(r"(?:\./)?([\w@][\w.@+-]*(?:/[\w.@+-]+)+/?)(?::\d+(?:-\d+)?)?")
_HEDGED: Final = re.compile(
    r"(?i)\b(remov\w+|delet\w+|deprecat\w+|no longer|former\w*|legacy|moved?|renam\w+|replac\w+|"
    r"instead|previous\w*|never|don'?t|do not|must not|avoid|migrat\w+|obsolete|gone|dropped|old|"
    r"examples?|e\.g|for instance|such as|like|template|placeholder|creat\w+|add|new|generat\w+|"
    r"writes?|written|outputs?|will be|would|should|planned|todo|future|optional\w*|if (?:present|"
    r"it exists|needed|any)|missing|archiv\w+|not exist|was|were|used to|deleted|superseded|history"
    r"|produc\w+|emit\w*|build artifacts?|temp\w*|download\w*|clone\w*|external\w*|upstream"
    r"|other repo\w*|goes|sav(?:ed?|es)|stor(?:ed?|es)|upload\w*|local(?:ly)?|ignored|private)\b"
)
_MADE: Final = re.compile(
    r"dist|build|out|outputs?|target|te?mp|logs?|cache|coverage|results|artifacts|uploads|vendor"
    r"|node_modules|generated|gen|bin|obj|storage|data|v?env"
)
_EXAMPLES: Final = re.compile(r"path|foo|bar|xxx|yyyy|example|my|your|name")
_SHELLS: Final = frozenset({"", "bash", "sh", "shell", "zsh", "console", "shell-session"})
_MAKE: Final = re.compile(r"(?:^|&& ?|; ?)make\s+([a-z][\w.-]*)(?=\s|$|;|&|`)")
_JUST: Final = re.compile(r"(?:^|&& ?|; ?)just\s+([a-z][\w-]*)(?=\s|$|;|&|`)")
_SCRIPT: Final = re.compile(
    r"(?:^|&& ?|; ?)(?:npm|pnpm|yarn|bun) run\s+([A-Za-z][\w:.-]*)(?=\s|$|;|&|`)"
)
_VERSION: Final = re.compile(
    r"\b(Python|Node(?:\.js)?|Go|Rust)\s*(>=|≥)?\s*v?(\d+(?:\.\d+)?)(?:\.\d+)?\s*"
    r"(\+|or (?:later|newer|higher|above))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Statement:
    """Something that is said at a line (from 1). `what` is the path, target, script or version."""

    kind: Kind
    what: str
    line: int
    said: str


def find_statements(text: str) -> Iterator[Statement]:
    """Every claim of a file that can be looked up."""
    fence, language = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if opened := _FENCE.match(line):
            if not fence:
                fence, language = opened[1], opened[2].lower()
            elif opened[1][0] == fence[0] and len(opened[1]) >= len(fence):
                fence = ""
            continue
        if fence:
            yield from _in_code(line, number) if language in _SHELLS else ()
        else:
            yield from _in_prose(line, number)


def _in_code(line: str, number: int) -> Iterator[Statement]:
    """Commands of a block for a shell; a comment at the end of the line may hedge them."""
    command = line.strip().removeprefix("$ ").removeprefix("> ").split(" #")[0]
    if command.startswith("#") or _HEDGED.search(line.partition(" #")[2]):
        return
    yield from _commands(command, number)


def _in_prose(line: str, number: int) -> Iterator[Statement]:
    hedged = bool(_HEDGED.search(_SPAN.sub("", _LINK.sub("", line))))
    for link in _LINK.finditer(_SPAN.sub("", line)):
        target = link[1].strip("<>").partition("#")[0].partition("?")[0]
        if target and not hedged and is_plain(target):
            yield Statement("link", target, number, link[0])
    for span in _SPAN.finditer(line):
        words = span[2].strip()
        if hedged:
            continue
        found = _PATH.fullmatch(words)
        if found and is_plain(words):
            yield Statement("path", found[1], number, words)
        yield from _commands(words, number)
    if not hedged:
        yield from _versions(line, number)


def is_plain(path: str) -> bool:
    """Whether a path names one thing here: no pattern, placeholder, address or other place."""
    if re.search(r"[<>{}*$~|%\[\]()!,…\\ ]|\.\.\.|^/|^@|^[a-z][a-z0-9+.-]+:|^\d+/\d+$", path):
        return False
    words, places = re.split(r"[/._-]", path.lower()), path.lower().split("/")
    return not any(map(_EXAMPLES.fullmatch, words)) and not any(map(_MADE.fullmatch, places))


def _commands(command: str, number: int) -> Iterator[Statement]:
    # After `cd`, another directory's commands are meant.
    if re.search(r"[<>{}*$…\[\]]|\.\.\.|\bcd |\b-C\b|--prefix|--cwd|--dir", command):
        return
    for kind, pattern in _COMMANDS.items():
        for found in pattern.finditer(command):
            yield Statement(kind, found[1], number, found[0].strip("&; "))


_COMMANDS: Final[dict[Kind, re.Pattern[str]]] = {
    "make": _MAKE,
    "just": _JUST,
    "script": _SCRIPT,
}


def _versions(line: str, number: int) -> Iterator[Statement]:
    for found in _VERSION.finditer(line):
        if found[2] or found[4]:
            language = found[1].lower().removesuffix(".js")
            yield Statement("version", f"{language} {found[3]}", number, found[0].strip())
