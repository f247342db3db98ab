"""What a model has seen gives way to what it has not, and what it was not shown does not count."""

from datetime import UTC, datetime

import pytest

from daydreamd.context.workspaces import find_workspaces
from daydreamd.history.store import open_history
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.daydream_session import DaydreamSession
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.composition import compose_prompt
from daydreamd.reflection.portions import Answered
from daydreamd.reflection.reflecting import Reflection
from daydreamd.reflection.tokens import estimated
from daydreamd.sessions.findings import Findings, Recalled, Reflected
from daydreamd.sessions.material import gather_material
from daydreamd.sessions.recollection import Recollection
from daydreamd.sessions.tokenizers import note_token_ratios, with_token_ratio

CODE = "first = {0}\nsecond = {0}\nthird = {0}\n"


@pytest.fixture
async def history(tmp_path):
    async with open_history(tmp_path / "history.db") as opened:
        yield opened


class Sessions:
    """Sessions on some workspaces, as far as what is shown goes."""

    def __init__(self, history, gather, *paths):
        self.paths = paths
        self.history = history
        self.gather = gather
        self.recollection = Recollection(history, find_workspaces(list(paths)))

    async def material(self):
        """What a prompt may hold now."""
        recalled = await self.recollection.recall()
        self.context = await self.gather(*self.paths, before=recalled.before)
        self.context.workspaces = self.context.typed
        return gather_material(self.context, recalled)

    async def reflect(self, *, budget=6000, only=None):
        """Show what fits (of the workspace `only`), and remember it; gives what was shown."""
        prompt = await compose_prompt(
            await self.material(), budget_tokens=budget, count_tokens=estimated
        )
        shown = tuple(one for one in prompt.excerpts if only in (None, one.workspace))
        reflection = Reflection(AnalysisFacts(), answers=(Answered("", shown),))
        found = Findings(context=self.context, reflected=Reflected(Recalled(), reflection))
        session = DaydreamSession(session_id="s", start_time=datetime.now(UTC))
        await self.recollection.note_reflections(session, found)
        return shown

    async def is_remembered(self, path):
        return await self.history.last_reflection(str(path)) is not None


def some_repository(make_repo, name, *files):
    repo = make_repo(name)
    repo.commit(days_ago=30)
    for number, file in enumerate(files):
        repo.write(file, CODE.format(number))
        repo.commit(days_ago=len(files) - number)
    return repo


async def test_what_was_shown_gives_way_until_it_changes(history, gather, make_repo):
    repo = some_repository(make_repo, "app", *(f"f{n}.py" for n in range(40)))
    sessions = Sessions(history, gather, repo.path)
    first = await sessions.reflect(budget=1500)
    second = await sessions.reflect(budget=1500)
    assert first[0].path == "f39.py"
    assert not {one.path for one in first} & {one.path for one in second[:10]}
    repo.write("f39.py", CODE.format("changed"))
    repo.commit()
    assert (await sessions.material()).excerpts[0].path == "f39.py"


async def test_a_workspace_that_was_not_shown_is_not_reflected_on(history, gather, make_repo):
    here, there = (some_repository(make_repo, name, "a.py") for name in ("here", "there"))
    sessions = Sessions(history, gather, here.path, there.path)
    await sessions.reflect(only="here")
    assert await sessions.is_remembered(here.path)
    assert not await sessions.is_remembered(there.path)


async def test_a_workspace_with_nothing_to_show_counts_as_seen(history, gather, make_repo):
    here, empty = some_repository(make_repo, "here", "a.py"), some_repository(make_repo, "empty")
    sessions = Sessions(history, gather, here.path, empty.path)
    await sessions.reflect()
    assert await sessions.is_remembered(empty.path)


async def test_the_workspace_that_changed_is_shown_before_those_that_did_not(
    history, gather, make_repo
):
    names = ("one", "two", "three")
    repos = [some_repository(make_repo, name, "a.py", "b.py", "c.py") for name in names]
    sessions = Sessions(history, gather, *(repo.path for repo in repos))
    await sessions.reflect()
    repos[2].write("news.py", CODE.format("new"))
    repos[2].commit()
    material = await sessions.material()
    assert material.unchanged == {"one", "two"}
    prompt = await compose_prompt(material, budget_tokens=6000, count_tokens=estimated)
    assert (prompt.excerpts[0].workspace, prompt.excerpts[0].path) == ("three", "news.py")


async def test_what_a_server_counted_is_remembered_for_its_model(history):
    choice = ModelChoice(provider="ollama", name="small")
    await note_token_ratios(history, {f"{choice.provider} {choice.name}": 1.25})
    await note_token_ratios(history, {})
    assert (await with_token_ratio(history, choice)).token_ratio == 1.25
    other = ModelChoice(provider="ollama", name="large")
    assert (await with_token_ratio(history, other)).token_ratio == 1.0
