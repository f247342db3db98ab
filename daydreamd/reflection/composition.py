"""The one prompt of a session, within its budget whatever the workspaces hold.

Fixed text of ours comes first (Aider runs a message that begins with `!` or `/`), with a word that
the answer must give back: servers that cut a prompt cut its front. Everything from a workspace
stands inside fences whose name nobody can guess. Who counts the tokens, and who is asked, is not
known here.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from daydreamd.errors import ModelError
from daydreamd.records.answer import CATEGORIES
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.answer_schema import JsonSchema, answer_schema, most_items
from daydreamd.reflection.description import describe
from daydreamd.reflection.filling import Filling
from daydreamd.reflection.pages import Page, lay_out
from daydreamd.reflection.tokens import CountTokens
from daydreamd.text.prompting import one_line

if TYPE_CHECKING:
    import jinja2

_LINE_CHARS: Final = 200
_MOST_LINES: Final = 40
# Shares of what the fixed text leaves; the excerpts take the rest.
_FACTS_SHARE: Final = 0.2
_OBSERVATIONS_SHARE: Final = 0.15
_KNOWN_SHARE: Final = 0.1
TASK: Final = "\n## Your task\n"
"""The heading of what is to be done; nothing foreign stands behind the last one."""
_WORDS: Final = ("amber", "birch", "cedar", "flint", "maple", "pearl", "river", "stone")


@dataclass(frozen=True)
class Material:
    """What the other rooms found, to be reflected on. All its text is untrusted.

    Excerpts come best first. The room of a prompt is shared by the workspaces that are not named as
    `unchanged`; what they leave is for those.
    """

    workspace_analysis: dict[str, WorkspaceFacts] = field(default_factory=dict)
    excerpts: tuple[Excerpt, ...] = ()
    observations: list[str] = field(default_factory=list)
    known_titles: list[str] = field(default_factory=list)
    unchanged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Prompt:
    """What is sent. `excerpts` are those shown, as shown; `truncated`: some things did not fit."""

    text: str
    tokens: int
    excerpts: tuple[Excerpt, ...]
    truncated: bool
    schema: JsonSchema
    canary: str


class _Facts(msgspec.Struct):
    title: str
    lines: list[str]


@dataclass
class _Draft:
    """The prompt while it is filled."""

    canary: str
    fence: str
    max_items: int
    workspaces: list[_Facts] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    known: list[str] = field(default_factory=list)

    def render(self) -> str:
        return _template().render(vars(self), categories=CATEGORIES)


async def compose_prompt(
    material: Material,
    *,
    budget_tokens: int,
    count_tokens: CountTokens,
    max_answer_tokens: int = 1_200,
) -> Prompt:
    """The prompt for `material`, never above `budget_tokens`; ModelError where nothing fits."""
    draft = _Draft(
        canary=f"{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}",
        fence=secrets.token_hex(3),
        max_items=most_items(max_answer_tokens),
    )
    wanted = _wishes(material)
    await _fill(draft, wanted, budget_tokens, count_tokens, unchanged=material.unchanged)
    text, tokens = await _fit(draft, budget_tokens, count_tokens)
    return Prompt(
        text=text,
        tokens=tokens,
        excerpts=tuple(page.excerpt for page in draft.pages),
        truncated=(draft.pages, draft.observations) != (wanted.pages, wanted.observations),
        schema=answer_schema([page.path for page in draft.pages], max_items=draft.max_items),
        canary=draft.canary,
    )


def _wishes(material: Material) -> _Draft:
    """A draft of everything there is, whatever it costs."""
    several = len(material.workspace_analysis) > 1
    return _Draft(
        canary="",
        fence="",
        max_items=0,
        workspaces=[
            _Facts(one_line(name, limit=80) if several else "the workspace", describe(facts))
            for name, facts in material.workspace_analysis.items()
        ],
        observations=_lines(material.observations),
        pages=lay_out(material.excerpts),
        known=_lines(material.known_titles),
    )


def _lines(texts: list[str]) -> list[str]:
    lines = (one_line(text, limit=_LINE_CHARS) for text in texts[:_MOST_LINES])
    return [line for line in lines if line]


async def _fill(
    draft: _Draft,
    wanted: _Draft,
    budget: int,
    count: CountTokens,
    *,
    unchanged: Collection[str],
) -> None:
    """Put in what is wanted, each kind within its share, the excerpts in their order."""
    left = budget - await count(draft.render())
    shares = max(left, 0)
    draft.workspaces = [_Facts(facts.title, []) for facts in wanted.workspaces]
    for facts, source in zip(draft.workspaces, wanted.workspaces, strict=True):
        share = shares * _FACTS_SHARE / len(wanted.workspaces)
        facts.lines, spent = await _take(source.lines, share, count)
        left -= spent + await count(f"## Facts: {facts.title}\n<<<{draft.fence}\n\n")
    draft.observations, spent = await _take(
        wanted.observations, shares * _OBSERVATIONS_SHARE, count
    )
    left -= spent
    draft.known, spent = await _take(wanted.known, shares * _KNOWN_SHARE, count)
    left -= spent
    filling = Filling(count, left)
    await filling.take(wanted.pages, unchanged=unchanged)
    draft.pages = filling.taken


async def _take(lines: list[str], share: float, count: CountTokens) -> tuple[list[str], int]:
    """The first lines that fit into a share, and what they cost."""
    taken: list[str] = []
    spent = 0
    for line in lines:
        cost = await count(f"- {line}\n")
        if spent + cost > share:
            break
        taken.append(line)
        spent += cost
    return taken, spent


async def _fit(draft: _Draft, budget: int, count: CountTokens) -> tuple[str, int]:
    """The text and its tokens; sums of parts deceive, so the whole has the last word."""
    while True:
        text = draft.render()
        tokens = await count(text)
        if tokens <= budget:
            return text, tokens
        if not _drop_least(draft):
            raise ModelError(
                f"cannot compose the prompt: its fixed text alone has {tokens} tokens,"
                f" and only {budget} fit; raise model.context_tokens or model.max_prompt_tokens"
            )


def _drop_least(draft: _Draft) -> bool:
    """Take out what is missed least; False when nothing is left to take."""
    for part in (draft.known, draft.pages[1:] and draft.pages, draft.observations, draft.pages):
        if part:
            part.pop()
            return True
    for facts in reversed(draft.workspaces):
        if facts.lines:
            facts.lines.pop()
            return True
    return bool(draft.workspaces and draft.workspaces.pop())


@cache
def _template() -> jinja2.Template:
    import jinja2  # noqa: PLC0415 - 80 ms, which a session's start need not wait for

    surroundings = jinja2.Environment(  # noqa: S701  the prompt is no HTML; fences guard it
        loader=jinja2.PackageLoader("daydreamd.reflection"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return surroundings.get_template("unified.md.j2")
