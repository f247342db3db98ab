"""The estimate of a prompt's tokens against what public tokenizers count."""

from pathlib import Path

import anyio

from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.composition import Material, compose_prompt
from daydreamd.reflection.tokens import estimated
from tests.bench.table import Row
from tests.bench.true_tokens import true_counter

ROOT = Path(__file__).parents[2]


def measure():
    """Prompts of this repository's own code, tests and text."""
    with true_counter() as count:
        for name in ("daydreamd", "tests", "docs"):
            prompt = anyio.run(_prompt, ROOT / name)
            yield f"a prompt of {name}/", list(_rows(prompt, count))


def _rows(prompt, count):
    yield Row("estimated tokens", prompt.tokens, "", "promised: within a tenth of cl100k, o200k")
    if count is None:
        yield Row("public tokenizers", None, note="there is no .venv-aider")
        return
    for name, tokens in count(prompt.text).items():
        yield Row(name, tokens, "")


async def _prompt(directory):
    files = [path for path in sorted(directory.rglob("*")) if path.suffix in (".py", ".md")][:60]
    excerpts = tuple(
        Excerpt(workspace="it", path=path.name, text=path.read_text()) for path in files
    )
    return await compose_prompt(
        Material(excerpts=excerpts), budget_tokens=16_000, count_tokens=estimated
    )
