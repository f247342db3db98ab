"""A function whose parameters changed, and a caller that still hands it the old arguments.

Python only, where a call can be held against the definition for certain and nothing else does so
before it runs. Only names that one function of the workspace has, without decorators.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from daydreamd.context.candidates.changed_code import ChangedCode, present
from daydreamd.context.candidates.changed_files import ChangedFile
from daydreamd.context.candidates.name_search import NamedAt
from daydreamd.context.candidates.python_trees import parse_python
from daydreamd.records.candidate import Candidate

SOURCE: Final = "caller of a changed signature"
_MOST_CALLERS: Final = 40
_PLAIN: Final = frozenset({"staticmethod", "classmethod"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class _Signature:
    """What a function can be called with, without `self`."""

    positional: tuple[str, ...]
    defaults: int
    keywords: tuple[str, ...]
    needed_keywords: frozenset[str]
    only_positional: int
    takes_any: bool
    takes_any_keyword: bool

    def takes(self, call: ast.Call) -> bool:
        """Whether Python would accept this call."""
        given = len(call.args)
        named = [one.arg for one in call.keywords if one.arg]
        if given > len(self.positional) and not self.takes_any:
            return False
        filled = set(self.positional[:given])
        for name in named:
            known = name in self.positional[self.only_positional :] or name in self.keywords
            if name in filled or not (known or self.takes_any_keyword):
                return False
            filled.add(name)
        needed = self.positional[: len(self.positional) - self.defaults]
        return set(needed) | self.needed_keywords <= filled


@dataclass(frozen=True)
class _Change:
    file: ChangedFile
    name: str
    line: int
    owner: str
    old: _Signature
    new: _Signature


async def find_old_calls(code: ChangedCode) -> list[Candidate]:
    """Calls that were right before the signature changed, and are not now."""
    changes = [one for file in code.files for one in _changes(file)]
    places = await code.find(one.name for one in changes)
    return present(found for one in changes for found in _told(code, one, places.get(one.name, ())))


def _changes(file: ChangedFile) -> Iterator[_Change]:
    if file.suffix != ".py" or file.before is None or file.after is None:
        return
    before, after = parse_python(file.before), parse_python(file.after)
    if before is None or after is None:
        return
    old, new = _functions(before), _functions(after)
    for key, function in new.items():
        if key in old and len(function.name) >= 4 and not function.name.startswith("__"):
            was, now = _signature(old[key], key), _signature(function, key)
            if was and now and was != now:
                yield _Change(file, function.name, function.lineno, "".join(key[:-1]), was, now)


def _functions(tree: ast.Module) -> dict[tuple[str, ...], _Function]:
    """Functions of the module and methods of its classes, by where they stand."""
    found: dict[tuple[str, ...], _Function] = {}
    for node in tree.body:
        if isinstance(node, _Function):
            found[node.name,] = node
        elif isinstance(node, ast.ClassDef):
            found |= {
                (node.name, inner.name): inner
                for inner in node.body
                if isinstance(inner, _Function)
            }
    return found


def _signature(function: _Function, key: tuple[str, ...]) -> _Signature | None:
    """None where a decorator may change it."""
    decorators = [one.id if isinstance(one, ast.Name) else "" for one in function.decorator_list]
    if not _PLAIN.issuperset(decorators):
        return None
    given = function.args
    positional = tuple(one.arg for one in (*given.posonlyargs, *given.args))
    has_self = len(key) > 1 and "staticmethod" not in decorators
    cut = 1 if has_self else 0
    needed = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return _Signature(
        positional=positional[cut:],
        defaults=len(given.defaults),
        keywords=tuple(one.arg for one in given.kwonlyargs),
        needed_keywords=frozenset(one.arg for one, default in needed if default is None),
        only_positional=max(0, len(given.posonlyargs) - cut),
        takes_any=given.vararg is not None,
        takes_any_keyword=given.kwarg is not None,
    )


def _told(
    code: ChangedCode, change: _Change, places: Sequence[NamedAt]
) -> Iterator[Candidate | None]:
    if sum(f"def {change.name}(" in place.text for place in places) != 1:
        return
    calling = {
        place.path
        for place in places
        if place.suffix == ".py" and f"{change.name}(" in place.text and "def " not in place.text
    }
    wrong = [
        (path, call)
        for path in sorted(calling)[:_MOST_CALLERS]
        for call in _calls(code, path, change)
        if change.old.takes(call) and not change.new.takes(call)
    ]
    if wrong:
        yield _candidate(code, change, wrong)


def _calls(code: ChangedCode, path: str, change: _Change) -> Iterator[ast.Call]:
    """Plain calls of the name in a file, those without stars."""
    tree = parse_python(code.text(path))
    for node in ast.walk(tree) if tree else ():
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        is_name = isinstance(called, ast.Name) and called.id == change.name
        is_attribute = isinstance(called, ast.Attribute) and called.attr == change.name
        if is_attribute and not _is_of(change, called, path):
            continue
        if not (is_attribute or (is_name and not change.owner)):
            continue
        starred = any(isinstance(one, ast.Starred) for one in node.args)
        if not starred and all(one.arg for one in node.keywords):
            yield node


def _is_of(change: _Change, called: ast.expr, path: str) -> bool:
    """Whether what stands before the dot is likely what the function belongs to.

    Other things have methods of the same name, those of libraries too.
    """
    if not isinstance(called, ast.Attribute):
        return False
    before = called.value
    name = before.attr if isinstance(before, ast.Attribute) else ""
    name = before.id if isinstance(before, ast.Name) else name
    if not change.owner:
        return name == PurePosixPath(change.file.path).stem
    if isinstance(before, ast.Name) and name in ("self", "cls"):
        return path == change.file.path
    said = name.replace("_", "").lower()
    return len(said) >= 4 and change.owner.lower().endswith(said)


def _candidate(
    code: ChangedCode, change: _Change, wrong: Sequence[tuple[str, ast.Call]]
) -> Candidate | None:
    path, call = wrong[0]
    others = [f"`{other}:{node.lineno}`" for other, node in wrong[1:4]]
    also = f" So do {', '.join(others)}." if others else ""
    return code.candidate(
        SOURCE,
        path,
        call.lineno,
        end_line=min(call.end_lineno or call.lineno, call.lineno + 5),
        subject=change.name,
        title=f"This call no longer fits `{change.name}`",
        body=(
            f"`{change.name}` in `{change.file.path}:{change.line}` changed its parameters: it took"
            f" ({_said(change.old)}) and now takes ({_said(change.new)}). This call still passes "
            f"the old arguments and will raise a TypeError.{also}"
        ),
        category="bug",
    )


def _said(signature: _Signature) -> str:
    count = len(signature.positional) - signature.defaults
    optional = [f"{name}=…" for name in signature.positional[count:]]
    stars = ["*…"] if signature.takes_any else []
    named = [*signature.keywords, "**…"] if signature.takes_any_keyword else [*signature.keywords]
    return ", ".join((*signature.positional[:count], *optional, *stars, *named))
