"""Which models propose about a workspace, and which one judges what they say."""

import pytest

from daydreamd.records.facts import LanguageFacts, WorkspaceFacts
from daydreamd.records.workspace import Workspace
from daydreamd.reflection.portions import Portion
from daydreamd.reflection.reflecting import Material
from daydreamd.sessions.plan import model_settings, models_for
from daydreamd.settings.schema import Analysis, Model, Settings

GO = WorkspaceFacts(languages={"Go": LanguageFacts(files=9, code=900), "C": LanguageFacts(code=10)})


def shop(model=None):
    return Workspace(name="shop", path="/shop", model=model)


@pytest.mark.parametrize(
    ("workspace", "analysis", "proposers", "refuter"),
    [
        (shop(), Analysis(), (), ""),
        (shop("own"), Analysis(), ("own",), ""),
        (shop(), Analysis(models=("a", "b")), ("a",), "b"),
        (shop("own"), Analysis(models=("a", "b")), ("own",), "a"),
        (shop("b"), Analysis(models=("a", "b")), ("b",), "a"),
        (shop(), Analysis(models=("a", "b"), second_model="proposes"), ("a", "b"), ""),
        (shop(), Analysis(models=("a",)), ("a",), ""),
        (shop(), Analysis(language_models=("C=c", "Go = g")), ("g",), ""),
        (shop("own"), Analysis(language_models=("Go=g",)), ("own",), ""),
        (shop(), Analysis(models=("a", "b"), language_models=("Go=g",)), ("g",), "a"),
    ],
)
def test_the_nearest_setting_names_the_model(workspace, analysis, proposers, refuter):
    found = models_for(workspace, GO, Settings(analysis=analysis))
    assert found == (proposers, refuter)


@pytest.mark.parametrize(
    ("portion", "proposer", "judge"),
    [
        (Portion(Material()), "a", "a"),
        (Portion(Material(), ("a",), "b"), "a", "b"),
        (Portion(Material(), ("a", "b")), "a", "b"),
        (Portion(Material(), ("a", "b")), "b", "a"),
    ],
)
def test_nobody_judges_what_it_proposed_where_there_is_another(portion, proposer, judge):
    assert portion.judge_of(proposer) == judge


def test_the_first_model_of_the_list_is_looked_for_in_place_of_the_usual_one():
    settings = Settings(analysis=Analysis(models=("a", "b")), model=Model(name="usual"))
    assert model_settings(settings, [shop()]).name == "a"
    assert model_settings(settings, [shop("own")]).name == "own"
    assert model_settings(Settings(model=Model(name="usual")), []).name == "usual"
