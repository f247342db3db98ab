"""A typed path takes what the settings say of it, whatever way it was written."""

import pytest

from daydreamd.context.exclusion import make_exclusion
from daydreamd.context.workspaces import find_workspaces
from daydreamd.errors import WorkspaceError
from daydreamd.settings.schema import WorkspaceSetting


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "shop/src/gen").mkdir(parents=True)
    (tmp_path / "shop/private/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    return tmp_path / "shop"


def the_one(path, shop, *globs):
    setting = WorkspaceSetting(
        path=str(shop), name="till", priority=9, model="own", exclude=globs or ("private",)
    )
    (found,) = find_workspaces([path], configured=[setting])
    return found


@pytest.mark.parametrize("typed", ["shop", "link", "shop/../shop/", "shop/src"])
def test_a_typed_path_keeps_all_that_the_settings_say(typed, shop):
    found = the_one(shop.parent / typed, shop)
    assert (found.name, found.priority, found.model) == ("till", 9, "own")
    assert make_exclusion(found.exclude)("private/key.py")


def test_a_directory_around_a_workspace_reads_nothing_that_it_excludes(shop):
    found = the_one(shop.parent, shop)
    assert make_exclusion(found.exclude)("shop/private/key.py")
    assert found.model is None


@pytest.mark.parametrize("typed", ["private", "private/deep"])
def test_a_typed_path_that_is_excluded_is_refused(typed, shop):
    with pytest.raises(WorkspaceError, match="it is excluded from"):
        the_one(shop / typed, shop)


@pytest.mark.parametrize("glob", ["src/gen", "src/gen/**", "/src/gen/", "s*gen", "**/src/gen"])
def test_a_glob_reaches_into_a_typed_directory(glob, shop):
    excluded = make_exclusion(the_one(shop / "src", shop, glob).exclude)
    assert excluded("gen/made.py")
    assert not excluded("hand.py")


def test_a_path_beside_every_workspace_is_its_own(shop):
    (shop.parent / "shop2").mkdir()
    found = the_one(shop.parent / "shop2", shop)
    assert (found.name, found.exclude) == ("shop2", ())
