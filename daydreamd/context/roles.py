"""What a file is for, by its path: code that runs, a test, or text beside the code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import PurePosixPath
from typing import Final

from daydreamd.context.activity import Churn
from daydreamd.context.exclusion import is_worth_reading
from daydreamd.context.lines import CountedFile

_MAX_RANKED: Final = 10_000


class Role(IntEnum):
    """In the order in which they are read."""

    SOURCE = 0
    TEST = 1
    TEXT = 2


_TEST_PLACE: Final = re.compile(
    r"(?i)(.*[_-])?(tests?|specs?|testing|testdata|test[_-]?(fixtures?|support|util\w*|helpers?)"
    r"|regress(ion)?|t|testsuite|__tests__|__mocks__|fixtures?|e2e|features|playground|bench(marks?)?|examples?|samples?|demos?)"
)
_TEST_NAME: Final = re.compile(
    r"(?i)(test|spec)[_.-].*|.*[_.-](test|spec|e2e|bench)s?(\.\w+)+|conftest\.py|spec_helper\.rb"
)
_TEST_CLASS: Final = re.compile(r".*(Tests?|TestCase|Spec|IT)\.\w+")
_TEXT_NAME: Final = re.compile(
    r"""(?ix)
    .*\.(md|mdx|markdown|rst|txt|adoc|asciidoc|org|textile|json[5cl]?|ya?ml|toml|ini|cfg|conf
        |properties|xml|xsd|dtd|plist|tex|\d|html?|rbs|pyi)
    |readme.*|authors.*|news|todo|codeowners|\.[^.]*(ignore|attributes|config|rc)
    """
)
_TEXT_PLACE: Final = frozenset(
    ("docs", "doc", "documentation", "dist", "build", "out", "generated", "gen", "man", "locale",
     "locales", "i18n", "translations", ".github", "changelog.d")
)  # fmt: skip


def role_of(path: str) -> Role:
    """The role of the file at `path`, which is relative to its workspace."""
    *places, name = PurePosixPath(path).parts or ("",)
    if _TEXT_NAME.fullmatch(name) or any(place.lower() in _TEXT_PLACE for place in places):
        return Role.TEXT
    if _TEST_NAME.fullmatch(name) or _TEST_CLASS.fullmatch(name):
        return Role.TEST
    return Role.TEST if any(map(_TEST_PLACE.fullmatch, places)) else Role.SOURCE


def rank_files(counted: Iterable[CountedFile], churn: Mapping[str, Churn]) -> tuple[str, ...]:
    """The files that may be shown, those first in which reading pays most."""
    nothing = Churn()
    ranked = [
        (role_of(file.path), -file.complexity * (1 + churn.get(file.path, nothing).commits), file)
        for file in counted
        if file.is_code and is_worth_reading(file.path)
    ]
    ranked.sort(key=lambda one: (one[0], one[1], one[2].path))
    return tuple(file.path for role, _, file in ranked[:_MAX_RANKED] if role is not Role.TEXT)
