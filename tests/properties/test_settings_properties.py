"""Whatever the settings hold: only SettingsError is ever raised, and cleanup never does more."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from daydreamd.errors import SettingsError
from daydreamd.settings.cleanup import Cleanup
from daydreamd.settings.group import Group
from daydreamd.settings.layers import Layers
from daydreamd.settings.loading import load_settings
from daydreamd.settings.schema import Settings
from daydreamd.settings.values import entry_of, group_of
from daydreamd.units import Duration, Size

SCALARS = st.one_of(
    st.booleans(), st.integers(), st.integers(10**300, 10**310), st.floats(), st.text(max_size=20),
    st.dates(), st.datetimes(), st.times(),
    st.sampled_from(["6h", "1day", "5m", "/x", "*", "sqlite"]),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


def tables(kind: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    """Tables that use the names of real settings, for anything at all."""
    known: dict[str, st.SearchStrategy[Any]] = {}
    for field in fields(kind):
        inner = group_of(field.type) or entry_of(field.type)
        within = tables(inner) if inner else SCALARS
        known[field.name] = st.one_of(
            st.lists(within, max_size=3) if entry_of(field.type) else within, VALUES
        )
    return st.fixed_dictionaries({}, optional={**known, "unknown": VALUES})


TABLES = tables(Settings) | st.dictionaries(st.text(max_size=12), VALUES, max_size=4)


def laid(table: dict[str, Any], *, is_text: bool = False) -> tuple[Settings, tuple[Any, ...]]:
    layers = Layers()
    layers.lay("a.toml", table, is_text=is_text)
    return layers.finish()


@given(TABLES)
def test_any_table_gives_settings_and_printable_faults(table: dict[str, Any]) -> None:
    settings, faults = laid(table)
    assert isinstance(settings, Settings)
    for fault in faults:
        assert str(fault).isprintable()
    msgspec.json.encode(faults)
    msgspec.json.encode(settings, enc_hook=str)


@given(TABLES)
def test_settings_are_sound_whatever_the_table(table: dict[str, Any]) -> None:
    """What is in force passes every check: laying it once more finds no fault."""
    settings, _ = laid(table)
    again, faults = laid(as_written(settings))
    assert faults == ()
    assert again == settings


_SWITCHED = ("claude", "aider", "mcp", "temp", "outputs", "pressure")
_RULES = (*_SWITCHED, "other_agents", "left_by_agents", "transcripts")


@given(st.fixed_dictionaries({"cleanup": tables(Cleanup) | VALUES}))
def test_a_fault_under_cleanup_always_disarms_its_rule(table: dict[str, Any]) -> None:
    settings, faults = laid(table)
    cleanup = settings.cleanup
    for fault in faults:
        rule = fault.key.split(".")[1:2]
        name = rule[0] if rule else ""
        if name in _SWITCHED and not cleanup.dry_run:
            assert getattr(cleanup, name).enabled is False
        elif name in ("other_agents", "left_by_agents") and not cleanup.dry_run:
            assert not getattr(cleanup, name).end
        elif name == "transcripts" and not cleanup.dry_run:
            assert not cleanup.transcripts.archive
        elif not name.startswith(("logs", "kinds", *_RULES)):
            assert cleanup.dry_run is True


def as_written(value: Any) -> Any:
    """Settings as they would stand in a file; what is None would not stand there."""
    match value:
        case Group():
            pairs = msgspec.structs.asdict(value).items()
            return {name: as_written(inner) for name, inner in pairs if inner is not None}
        case tuple():
            return [as_written(item) for item in value]
        case Duration() | Size():
            return str(value)
        case _:
            return value


NAMES = st.text(alphabet=string.ascii_uppercase + "_", max_size=30).map("DAYDREAMD_{}".format)
TEXTS = st.text(max_size=30).map(lambda text: text.replace("\0", "")) | st.text(
    alphabet=st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=4
)
KNOWN = st.sampled_from(
    [
        "SCHEDULE__INTERVAL",
        "SCHEDULE__QUIET_HOURS",
        "CLEANUP__LOGS",
        "MODEL__NAME",
        "QUEUE",
        "CLEANUP",
    ]
).map("DAYDREAMD_{}".format)


@given(st.dictionaries(NAMES | KNOWN, TEXTS, max_size=4))
def test_any_environment_gives_settings(environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as home:
        loaded = load_settings(None, environ={"HOME": home, **environ}, scope="user")
    for fault in loaded.faults:
        assert str(fault).isprintable()
        str(fault).encode()
    msgspec.json.encode(loaded.settings, enc_hook=str)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}"=.#\n ax1-:', max_size=80).map(str.encode))
def test_any_file_gives_settings_or_a_settings_error(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as home:
        file = Path(home) / "daydreamd.toml"
        file.write_bytes(data)
        try:
            loaded = load_settings(file, environ={})
        except SettingsError:
            return
    assert isinstance(loaded.settings, Settings)
