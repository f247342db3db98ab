"""The names of code in what people and models write about it, told apart from words of prose.

A name is what stands in backticks, or is written as prose never is: `snake_case`, `camelCase`,
`a.b`, `call()`. No human language is known here but for a few English words around a name.
"""

from __future__ import annotations

import builtins
import re
import sys
from functools import lru_cache
from typing import Final, NamedTuple

_SPAN: Final = re.compile(r"`+([^`\n]{1,200})`+")
_NAME: Final = r"[^\W\d][\w$]*"
_DOTTED: Final = re.compile(rf"[$@&*!]*(?:{_NAME}(?:\.|::|->|#))*{_NAME}[?!]?(?=\W|$)")
_ALONE: Final = re.compile(
    rf"[$@&*]*(?P<name>(?:{_NAME}(?:\[\])?(?:\.|::|->|#))*{_NAME}[?!]?)(?:\(.*\))?;?"
)
_CODE_LIKE: Final = re.compile(
    r"(?<![\w/.`$@-])(?P<name>"
    r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)+(?=\()"  # a.b(
    r"|[A-Za-z_$][\w$]*(?=\(\))"  # call()
    r"|_*[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+"  # snake_case
    r"|[a-z][a-z0-9]+[A-Z][A-Za-z0-9]*"  # camelCase
    r"|[A-Z][a-z0-9]+[A-Z][a-z0-9]+[A-Za-z0-9]*"  # PascalCase
    r"|(?:self|this|cls)\.[A-Za-z_]\w*"
    r")(?![\w/$-])"
)
_FILE: Final = re.compile(
    r"[\w./-]+\.(?:py|js|ts|tsx|jsx|go|rs|c|h|cc|cpp|java|kt|rb|php|sh|md|txt|json|ya?ml|toml|cfg|"
    r"ini|lock|sql|css|html|xml|cs|swift|scala|lua|pl|ex|env|log|csv)\b"
)
_WORDS_OF_ANY_CODE: Final = """
    null nil none undefined true false nan inf infinity self this cls super void int float double
    str string char bool boolean byte bytes long short unsigned size_t ssize_t int32_t int64_t
    uint8_t uint16_t uint32_t uint64_t i32 i64 u8 u16 u32 u64 usize isize f32 f64 list dict set
    tuple map array object number bigint symbol any never unknown vec option result some ok err
    error exception errno finally defer panic await async yield foo bar baz qux main args kwargs
    argv github gitlab javascript typescript postgresql mysql sqlite numpy openssl macos ios youtube
    powershell graphql websocket utf8 utf_8 latin1 ascii json yaml toml xml html http https url uri
    iterable iterator generator closure stdin stdout stderr eof utc iso8601 o_excl try_except
"""
_OF_ANY_CODE: Final = frozenset(_WORDS_OF_ANY_CODE.split())
_BUILTIN: Final = frozenset(
    {*dir(builtins), *sys.stdlib_module_names}
    | {name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind)}
)
_RUN_TIME: Final = re.compile(
    r"(?:\w*(?:Error|Exception|Warning|Panic|Interrupt)|E[A-Z]{3,12}|SIG[A-Z]{2,6}|[A-Z]|__\w+__)"
)


class SpokenOf(NamedTuple):
    """A name in a text, and where it begins and ends there."""

    name: str
    start: int
    end: int

    @property
    def last(self) -> str:
        """The name without what it belongs to: `total` of `Cart.total`."""
        return re.split(r"\.|::|->|#", self.name)[-1]

    @property
    def first(self) -> str:
        """The first part of a dotted name."""
        return re.split(r"\.|::|->|#", self.name)[0]


@lru_cache(maxsize=256)
def names_in(text: str) -> tuple[SpokenOf, ...]:
    """The names that a text speaks of, in its order: whole names, no expressions."""
    found: dict[int, SpokenOf] = {}
    spans = list(_SPAN.finditer(text))
    for span in spans:
        alone = _ALONE.fullmatch(span[1].strip())
        if alone and not _FILE.fullmatch(span[1].strip()):
            found[span.start()] = SpokenOf(alone["name"], span.start(), span.end())
    bare = _SPAN.sub(lambda span: " " * len(span[0]), text)
    bare = _FILE.sub(lambda file: " " * len(file[0]), bare)
    for name in _CODE_LIKE.finditer(bare):
        found[name.start()] = SpokenOf(name["name"], name.start(), name.end())
    return tuple(found[at] for at in sorted(found))


@lru_cache(maxsize=256)
def identifiers_in(text: str) -> frozenset[str]:
    """Every identifier that stands in code or in a text, each part of a dotted name by itself."""
    return frozenset(re.findall(_NAME, text))


@lru_cache(maxsize=256)
def code_in(text: str) -> tuple[str, ...]:
    """What stands in backticks, as it stands there."""
    return tuple(span[1].strip() for span in _SPAN.finditer(text))


def is_of_any_code(name: str) -> bool:
    """Whether a name may be spoken of where it stands nowhere: built in, or of the run time."""
    last = re.split(r"\.|::|->|#", name)[-1].rstrip("?!")
    return (
        last.lower() in _OF_ANY_CODE
        or last in _BUILTIN
        or name in _BUILTIN
        or _RUN_TIME.fullmatch(last) is not None
        or len(last) < 3
    )
