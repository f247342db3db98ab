"""Which machine it is: always told alike, and nothing of its own id with it."""

from __future__ import annotations

from pathlib import Path

from daydreamd.host.boots import read_machine_id


def test_a_machine_is_told_by_an_id_that_gives_its_own_away_to_nobody(tmp_path: Path) -> None:
    own = tmp_path / "machine-id"
    own.write_text("0123456789abcdef0123456789abcdef\n")
    told = read_machine_id(own)
    assert told is not None
    assert (len(told), told in own.read_text()) == (32, False)
    assert told == read_machine_id(own)
    own.write_text("uninitialized\n")
    assert read_machine_id(own) is None
    assert read_machine_id(tmp_path / "none") is None
