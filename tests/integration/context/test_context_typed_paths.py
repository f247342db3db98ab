"""What the settings say of a workspace holds whichever way its directory is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.workspaces import find_workspaces
from daydreamd.errors import WorkspaceError
from daydreamd.settings.schema import WorkspaceSetting


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name in ("src/private", "src/public", "docs"):
        (tmp_path / "all/shop" / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "all/shop")
    return tmp_path / "all/shop"


def configured(shop: Path, *exclude: str) -> list[WorkspaceSetting]:
    return [WorkspaceSetting(path=str(shop), name="shop", priority=8, model="m", exclude=exclude)]


def test_a_typed_path_takes_over_name_priority_model_and_exclusions(shop: Path) -> None:
    settings = configured(shop, "secrets.py")
    for typed in (shop, shop.parent.parent / "link", f"{shop}/docs/.."):
        (one,) = find_workspaces([typed], settings)
        assert (one.name, one.priority, one.model) == ("shop", 8, "m")
        assert one.exclude == ("secrets.py",)


@pytest.mark.parametrize("glob", ["src/private", "private", "src/private/**", "/src/private"])
def test_what_is_excluded_is_not_read_by_a_directory_within(shop: Path, glob: str) -> None:
    settings = configured(shop, glob)
    (inner,) = find_workspaces([shop / "src"], settings)
    assert make_exclusion(inner.exclude)("private/key.py")
    assert not make_exclusion(inner.exclude)("public/a.py")
    with pytest.raises(WorkspaceError, match="excluded from"):
        find_workspaces([shop / "src/private"], settings)


@pytest.mark.parametrize("glob", ["src/private", "private", "*.key"])
def test_what_is_excluded_is_not_read_by_a_directory_around(shop: Path, glob: str) -> None:
    (outer,) = find_workspaces([shop.parent], configured(shop, glob))
    path = "shop/src/a.key" if "*" in glob else "shop/src/private/key.py"
    assert make_exclusion(outer.exclude)(path)
    assert not make_exclusion(outer.exclude)("other/src/public/a.py")


def test_a_path_that_no_setting_speaks_of_stays_as_it_is(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "else").mkdir()
    (one,) = find_workspaces([tmp_path / "else"], configured(shop, "x"))
    assert (one.name, one.exclude) == ("else", ())
