"""An error that is newly caught and thrown away, whatever it is, with no word why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile
from daydreamd.context.candidates.definitions import family_of
from daydreamd.context.candidates.python_trees import parse_python
from daydreamd.records.candidate import Candidate

SOURCE: Final = "swallowed error"
_BROAD: Final = frozenset({"Exception", "BaseException"})
_BRACES: Final = frozenset({"javascript", "java", "kotlin", "csharp", "php", "swift", "scala"})
_EMPTY_CATCH: Final = re.compile(r"\bcatch\s*(?:\([^(){}]*\))?\s*\{\s*\}")
_MEANT: Final = re.compile(
    r"(?i)\b(?!Exception\b|Throwable\b|Error\b)\w+(?:Exception|Error)\b|ignor|expected|unused"
)
_RESCUE: Final = re.compile(
    r"^[ \t]*rescue(?:[ \t]+(?:StandardError|Exception))?(?:[ \t]*=>[ \t]*\w+)?[ \t]*\n"
    r"(?:[ \t]*nil[ \t]*\n)?[ \t]*end\b",
    re.MULTILINE,
)


async def find_swallowed(code: ChangedCode) -> list[Candidate]:
    """Handlers on changed lines that catch everything and do nothing."""
    return present(
        _candidate(code, file, first, last)
        for file in code.files
        if file.after and not file.is_test
        for first, last in _swallowing(file)
    )


def _swallowing(file: ChangedFile) -> Iterator[tuple[int, int]]:
    if file.suffix == ".py":
        yield from _python(file)
        return
    family = family_of(file.suffix)
    pattern = _EMPTY_CATCH if family in _BRACES else _RESCUE if family == "ruby" else None
    text = "\n".join(file.lines)
    for found in pattern.finditer(text) if pattern else ():
        first = text[: found.start()].count("\n") + 1
        last = first + found[0].count("\n")
        newly = file.has_new(first, last) and found[0] not in (file.before or "")
        if newly and not _MEANT.search(found[0]) and not _has_reason(file, first, last):
            yield first, last


def _python(file: ChangedFile) -> Iterator[tuple[int, int]]:
    tree, former = parse_python(file.after), parse_python(file.before)
    if tree is None:
        return
    old = ast.walk(former) if former else ()
    before = {ast.dump(node) for node in old if isinstance(node, ast.Try)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Try):
            continue
        for handler in node.handlers:
            last = handler.end_lineno or handler.lineno
            if (
                file.has_new(handler.lineno, last)
                and _catches_all(handler)
                and _does_nothing(handler)
                and not _has_reason(file, handler.lineno, last)
                and not _only_leaves(node)
                and ast.dump(node) not in before
            ):
                yield handler.lineno, last


def _catches_all(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    kinds = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return caught is None or any(isinstance(one, ast.Name) and one.id in _BROAD for one in kinds)


def _does_nothing(handler: ast.ExceptHandler) -> bool:
    only = handler.body[0]
    is_dots = isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant)
    return len(handler.body) == 1 and (isinstance(only, ast.Pass | ast.Continue) or is_dots)


def _only_leaves(node: ast.Try) -> bool:
    """Whether the guarded code only tidies up, where nothing is lost by an error."""
    said = " ".join(ast.unparse(one) for one in node.body).lower()
    return (
        len(node.body) == 1
        and re.search(r"close|unlink|remove|clean|kill|terminate|log", said) is not None
    )


def _has_reason(file: ChangedFile, first: int, last: int) -> bool:
    """Whether somebody says why, in the handler or on the line before or after."""
    around = file.lines[max(0, first - 2) : last + 1]
    # A backtick: the handler is text that this code writes.
    return any(re.search(r"#|//|/\*|noqa|`", line) for line in around)


def _candidate(code: ChangedCode, file: ChangedFile, first: int, last: int) -> Candidate | None:
    return code.candidate(
        SOURCE,
        file.path,
        first,
        end_line=last,
        subject=file.quote(max(1, first - 3), last),
        title="Every error is caught here and thrown away",
        body=(
            "This handler is new, catches whatever goes wrong above it and does nothing with it: "
            "a failure, a mistyped name too, will look like success. Catch the error that is "
            "meant, or say why none matters."
        ),
        category="risk",
    )
