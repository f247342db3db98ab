"""What the system's units may write to, told before a rotation fails there."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.settings.unit_paths import is_open_to_the_unit


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/var/tmp/app/app.log", True),
        ("/tmp/app.log", True),
        ("/tmpfiles/app.log", False),
        ("/home/alice/.local/share/app/app.log", False),
        ("/var/log/app.log", False),
        ("/", False),
    ],
)
def test_a_unit_writes_where_its_file_says(tmp_path: Path, path: str, is_open: bool) -> None:
    assert is_open_to_the_unit(Path(path), drop_ins=tmp_path) is is_open


@pytest.mark.parametrize("unit", ["daydreamd.service", "daydreamd@alice.service"])
def test_a_drop_in_opens_a_directory(tmp_path: Path, unit: str) -> None:
    drop_in = tmp_path / f"{unit}.d" / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\n# ReadWritePaths=/etc\nReadWritePaths=/srv/a -/var/log/app\n")
    assert is_open_to_the_unit(Path("/var/log/app/app.log"), drop_ins=tmp_path)
    assert is_open_to_the_unit(Path("/srv/a/b/c.log"), drop_ins=tmp_path)
    assert not is_open_to_the_unit(Path("/etc/app.log"), drop_ins=tmp_path)
