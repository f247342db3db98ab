"""Whatever the workspaces hold, the prompt stays within its budget and shows what it claims."""

import anyio
from hypothesis import given, settings
from hypothesis import strategies as st

from daydreamd.errors import ModelError
from daydreamd.records.facts import (
    ActivityFacts,
    CodeFacts,
    DirtyFacts,
    GitFacts,
    Hotspot,
    LanguageFacts,
    MarkerFacts,
    Technology,
    WorkspaceFacts,
)
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.composition import Material, compose_prompt
from daydreamd.reflection.tokens import estimate_tokens

texts = st.text(max_size=400)
code = st.lists(st.text(max_size=60), max_size=60).map("\n".join)
counts = st.integers(0, 1 << 70)
paths = st.lists(texts, max_size=8).map(tuple)
hotspots = st.builds(Hotspot, path=texts, complexity=counts, commits=counts)
analyses = st.builds(
    WorkspaceFacts,
    git=st.none()
    | st.builds(
        GitFacts,
        branch=st.none() | texts,
        dirty=st.none() | st.builds(DirtyFacts, staged=counts, unstaged=counts),
    ),
    tech_stack=st.none() | st.lists(st.builds(Technology, name=texts), max_size=20).map(tuple),
    languages=st.none() | st.dictionaries(texts, st.builds(LanguageFacts, code=counts), max_size=8),
    complexity=st.none()
    | st.builds(CodeFacts, files=counts, hotspots=st.lists(hotspots, max_size=4).map(tuple)),
    markers=st.none() | st.builds(MarkerFacts, todo=counts, fixme=counts, hack=counts),
    activity=st.none() | st.builds(ActivityFacts, commits_7d=counts, files_7d=paths),
)
excerpts = st.builds(
    Excerpt,
    workspace=st.sampled_from(["shop", "api", "ünïcode"]),
    path=st.sampled_from(["a.py", "src/b.py", "c d.py"]) | texts,
    text=code | texts,
    first_line=st.integers(1, 10_000),
    why=texts,
)
materials = st.builds(
    Material,
    workspace_analysis=st.dictionaries(texts, analyses, max_size=4),
    excerpts=st.lists(excerpts, max_size=8).map(tuple),
    observations=st.lists(texts, max_size=50),
    known_titles=st.lists(texts, max_size=50),
)


async def _by_estimate(text):
    return estimate_tokens(text)


async def _by_bytes(text):
    return len(text.encode(errors="replace"))


async def _by_odd_rule(text):
    """Sums of parts say nothing of the whole: it grows with the number of lines, squared."""
    return len(text) // 4 + (text.count("\n") ** 2) // 50


@settings(max_examples=150, deadline=None)
@given(materials, st.integers(0, 6000), st.sampled_from([_by_estimate, _by_bytes, _by_odd_rule]))
def test_a_prompt_is_never_above_its_budget(material, budget, count):
    async def compose():
        return await compose_prompt(material, budget_tokens=budget, count_tokens=count)

    try:
        prompt = anyio.run(compose)
    except ModelError:
        return  # the fixed text alone is above it; nothing is sent then
    assert anyio.run(count, prompt.text) == prompt.tokens <= budget
    assert prompt.text.startswith("# A code review")
    assert prompt.text.rstrip().endswith("}")
    for shown in prompt.excerpts:
        assert shown.text.strip()
        for number, line in enumerate(shown.text.split("\n"), shown.first_line):
            assert f"{number}| {line}\n" in prompt.text
