"""Asking a model as a session does, and what was said on the way."""

import sys
from pathlib import Path

from daydreamd.records.events import AnswerChunk, Emitter, Notice
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.model_choice import ModelChoice
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.reflecting import Material, Portion, reflect
from daydreamd.settings.schema import Analysis, Model
from daydreamd.units import Duration

FAKES = Path(__file__).parents[1] / "fakes"
CODE = "\n".join(f"total_{n} = price_of_item({n}) * quantity" for n in range(1, 60))
MATERIAL = Material(
    workspace_analysis={"shop": WorkspaceFacts()},
    excerpts=(Excerpt(workspace="shop", path="cart/price.py", text=CODE),),
)


class Bench:
    """Asks, and keeps what was said on the way."""

    def __init__(self, directory):
        self.directory = directory
        self.scratch = directory / "scratch"
        self.events = []

    async def reflect(self, url, *, provider="openai", context=8192, material=MATERIAL, **analysis):
        analysis.setdefault("timeout", Duration(60))
        choice = ModelChoice(
            provider=provider,
            name="tiny:latest" if provider == "ollama" else "tiny",
            base_url=url,
            context_tokens=context,
        )
        return await reflect(
            [Portion(material)],
            choice=choice,
            model=Model(),
            analysis=Analysis(**analysis),
            scratch=self.scratch,
            emitter=Emitter("20261122-184601-7f3a", self.events.append),
        )

    def aider(self, deed):
        """A fake Aider, installed."""
        program = self.directory / "bin" / deed
        program.parent.mkdir(exist_ok=True)
        source = (FAKES / "fake_aider.py").read_text()
        program.write_text(f"#!{sys.executable} -S\n{source}")
        program.chmod(0o755)
        return str(program)

    @property
    def streamed(self):
        return "".join(e.text for e in self.events if isinstance(e, AnswerChunk))

    @property
    def notices(self):
        return [(e.what, e.facts) for e in self.events if isinstance(e, Notice)]

    def noted_pids(self):
        return list(map(int, (self.scratch / "cwd" / "pids").read_text().split()))
