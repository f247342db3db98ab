"""One raw value becomes one typed value, or a reason that says what to write instead.

Knows nothing of files, layers or defaults: a value comes in from TOML (typed) or from the
environment (text), and either is right or `ValueError` says why it is not.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
import typing
from typing import Any, Final

import msgspec
from msgspec.structs import FieldInfo

from daydreamd.settings.checks import VALUE_CHECKS
from daydreamd.settings.group import Group
from daydreamd.units import Duration, Size

_NOUNS: Final = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text in quotes",
    "array": 'a list; write ["…", "…"]',
    "object": "a table",
}
_PATTERNS: Final = {
    "^https?://": "must begin with http:// or https://",
    "^[A-Za-z_][A-Za-z0-9_]*$": "not a name; write letters, digits and _",
    "^[a-z][a-z0-9_-]*$": "not a name; write small letters, digits, _ and -",
}
_LARGEST_INT: Final = (1 << 63) - 1


def bare_type(annotation: Any) -> Any:
    """The type inside `Annotated[…]`."""
    return typing.get_args(annotation)[0] if _origin(annotation) is typing.Annotated else annotation


def group_of(annotation: Any) -> type[Group] | None:
    """The group that an annotation names, if it names one."""
    bare = bare_type(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, Group) else None


def entry_of(annotation: Any) -> type[Group] | None:
    """The group whose entries an array of tables holds, if the annotation is one."""
    bare = bare_type(annotation)
    return group_of(typing.get_args(bare)[0]) if _origin(bare) is tuple else None


def read_value(raw: object, annotation: Any, *, is_text: bool) -> Any:
    """The typed value of `raw`; ValueError says what is wrong and what to write."""
    if is_text and isinstance(raw, str):
        raw = untext(raw, annotation)
    try:
        value = msgspec.convert(raw, annotation, strict=not is_text, dec_hook=_read_unit)
    except msgspec.ValidationError as error:
        raise ValueError(_reason(str(error), annotation)) from None
    _refuse_odd(value)
    return value


def checked_value(owner: type[Group], field: FieldInfo, raw: object, *, is_text: bool) -> Any:
    """The typed value of a field of `owner`, with the bounds that its type cannot say."""
    value = read_value(raw, field.type, is_text=is_text)
    if check := VALUE_CHECKS.get((owner, field.name)):
        check(value)
    return value


def untext(text: str, annotation: Any) -> object:
    """Text of the environment: a list is written as in TOML, or with commas."""
    if _origin(bare_type(annotation)) is not tuple:
        return text
    if not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # not TOML, or nested a thousand deep
        raise ValueError('not a list; write ["…", "…"]') from None


def _origin(annotation: Any) -> Any:
    # get_origin(Annotated[x, …]) is Annotated itself, which get_type_hints would strip.
    return typing.get_origin(annotation)


def _read_unit(kind: type, raw: object) -> Any:
    """Durations and sizes, which msgspec does not know."""
    if isinstance(raw, kind):
        return raw
    parse = {Duration: Duration.parse, Size: Size.parse}[kind]
    return parse(raw if isinstance(raw, str) else "")


def _refuse_odd(value: object) -> None:
    """What passes every type and still breaks something later."""
    match value:
        case str():
            if "\0" in value:
                raise ValueError("holds a zero byte")
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("not UTF-8") from None
        case float() if not math.isfinite(value):
            raise ValueError("not a number")
        case int() if abs(value) > _LARGEST_INT:
            raise ValueError("too large a number")
        case tuple():
            for item in value:
                _refuse_odd(item)


def _reason(message: str, annotation: Any) -> str:
    """What msgspec found, in the words of the settings file."""
    found, _, where = message.partition(" - at `$")
    item = re.match(r"\[(\d+)\]", where)
    return _say(found, annotation) + (f" (item {int(item[1]) + 1})" if item else "")


def _say(found: str, annotation: Any) -> str:
    if found.startswith("Invalid enum value"):
        allowed = ", ".join(json.dumps(word) for word in typing.get_args(bare_type(annotation)))
        return f"write one of {allowed}"
    if match := re.fullmatch(r"Expected `str` matching regex '(.*)'", found):
        return _PATTERNS.get(match[1], f"must match {match[1]}")
    if "of length >= 1" in found:
        return "must not be empty"
    if match := re.fullmatch(r"Expected `\w+` (>=|<=) (\S+)", found):
        bound = "at least" if match[1] == ">=" else "at most"
        return f"must be {bound} {match[2].removesuffix('.0')}"
    if match := re.match(r"Expected `(\w+)", found):
        return f"not {_NOUNS.get(match[1], match[1])}"
    return found[:1].lower() + found[1:]
