"""`etc/daydreamd.toml` is what people read: it must be complete, true and loadable."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from msgspec.structs import fields

from daydreamd.settings.group import Group
from daydreamd.settings.loading import load_settings
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import entry_of, group_of
from tests.unit.sample import render_sample

SAMPLE = Path(__file__).parents[2] / "etc" / "daydreamd.toml"


def keys(kind: type[Group], path: str = "") -> Iterator[str]:
    for field in fields(kind):
        inner = group_of(field.type) or entry_of(field.type)
        where = f"{path}{field.name}"
        if inner:
            yield from keys(inner, f"{where}.")
        else:
            yield where


def keys_of_table(table: dict[str, object], path: str = "") -> Iterator[str]:
    for name, value in table.items():
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            yield from keys_of_table(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def uncommented() -> str:
    return re.sub(r"(?m)^#(?=\[\[|#|[a-z_]+ = )", "", SAMPLE.read_text())


def test_the_sample_is_what_the_structs_say() -> None:
    # Written anew with: python -c 'from tests.unit.sample import render_sample as r;
    # print(r(), end="")' > etc/daydreamd.toml
    assert SAMPLE.read_text() == render_sample()


def test_the_sample_equals_the_defaults() -> None:
    loaded = load_settings(SAMPLE, environ={})
    assert loaded.faults == ()
    assert loaded.settings == Settings()


def test_the_sample_has_every_key() -> None:
    assert set(keys_of_table(tomllib.loads(uncommented()))) == set(keys(Settings))


def test_every_setting_in_the_sample_has_its_sentence_above_it() -> None:
    lines = SAMPLE.read_text().splitlines()
    for above, line in pairwise(lines):
        if re.match(r"#?[a-z_]+ = ", line):
            assert re.match(r"##? \S.*\.$|##? .*[a-z,]$", above), line


def test_the_commented_tables_are_sound_once_uncommented(tmp_path: Path) -> None:
    file = tmp_path / "daydreamd.toml"
    file.write_text(uncommented())
    loaded = load_settings(file, environ={})
    assert loaded.faults == ()
    assert len(loaded.settings.workspaces) == 1
    assert len(loaded.settings.cleanup.logs) == len(loaded.settings.cleanup.kinds) == 1
