"""Where the key of a model server may lie, and that nobody else may read it there."""

from __future__ import annotations

import os
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from daydreamd.settings.keys import may_be_read_by_all
from daydreamd.settings.loading import load_settings

KEY = "sk-0123456789abcdef"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    return file


def load(tmp_path: Path, text: str = "", **environ: str):
    config = tmp_path / "d.toml"
    config.write_text(text)
    return load_settings(config, environ=environ)


def test_a_key_is_read_from_a_private_file(tmp_path: Path, key_file: Path) -> None:
    loaded = load(tmp_path, f'[model]\napi_key_file = "{key_file}"')
    assert loaded.settings.model.api_key == KEY
    assert loaded.faults == ()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_file_that_others_may_read_is_refused(
    tmp_path: Path, key_file: Path, mode: int
) -> None:
    key_file.chmod(mode)
    loaded = load(tmp_path, f'[model]\napi_key_file = "{key_file}"')
    assert loaded.settings.model.api_key == ""
    [fault] = loaded.faults
    assert "others may read it" in str(fault)
    assert KEY not in str(fault)


@pytest.mark.parametrize("content", ["two words", "two\nlines", "x" * 20_000, "a\x1b[1m"])
def test_a_file_without_one_key_is_refused_without_showing_it(
    tmp_path: Path, key_file: Path, content: str
) -> None:
    key_file.write_text(content)
    loaded = load(tmp_path, f'[model]\napi_key_file = "{key_file}"')
    assert [fault.key for fault in loaded.faults] == ["model.api_key_file"]
    assert content not in str(loaded.faults[0])


def test_a_fifo_as_key_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    [fault] = load(tmp_path, f'[model]\napi_key_file = "{tmp_path}/pipe"').faults
    assert "not a regular file" in fault.reason


def test_the_units_credential_is_the_key_unless_settings_name_one(
    tmp_path: Path, key_file: Path
) -> None:
    (tmp_path / "api_key").write_text("from-the-unit\n")
    unit = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert load(tmp_path, **unit).settings.model.api_key == "from-the-unit"
    named = load(tmp_path, f'[model]\napi_key_file = "{key_file}"', **unit)
    assert named.settings.model.api_key == KEY
    (tmp_path / "api_key").write_text("\n")  # what the unit has where there is no key
    empty = load(tmp_path, **unit)
    assert (empty.settings.model.api_key, empty.faults) == ("", ())


def test_a_key_in_settings_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    for directory in takewhile(Path(gettempdir()).__ne__, (tmp_path, *tmp_path.parents)):
        directory.chmod(0o755)
    text = f'[model]\napi_key = "{KEY}"\nname = "coder"'
    loaded = load(tmp_path, text)
    assert loaded.settings.model.api_key == ""
    assert loaded.settings.model.name == "coder"
    assert "chmod o-r" in str(loaded.faults[0])
    (tmp_path / "d.toml").chmod(0o640)
    assert load(tmp_path, text).settings.model.api_key == KEY


def test_a_closed_directory_keeps_a_file_private(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    file = tmp_path / "closed" / "d.toml"
    file.write_text("")
    assert not may_be_read_by_all(file)
