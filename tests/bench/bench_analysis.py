"""What one reflection costs: the real Aider and the embedded engine, on a real prompt."""

import os
import tempfile
import time
from pathlib import Path

import anyio

from daydreamd.host.children.commands import clean_environment, run
from daydreamd.host.processes.procfs import read_children
from daydreamd.readiness.model_server import find_model
from daydreamd.records.events import AnalysisProgress, AnswerChunk, Emitter
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.workspace import Excerpt
from daydreamd.reflection.composition import Material
from daydreamd.reflection.embedded_engine import embedded_engine
from daydreamd.reflection.reflecting import Portion, reflect
from daydreamd.settings.schema import Analysis, Model
from tests.aider import AIDER
from tests.bench.table import Row

ROOT = Path(__file__).parents[2]
FILES = (
    "daydreamd/units.py",
    "daydreamd/records/daydream_session.py",
    "daydreamd/records/events.py",
)


def measure():
    """Aider's own start, and a whole reflection through it and directly."""
    choice = anyio.run(find_model, Model(provider="embedded")).choice
    if choice is None:
        yield "a reflection", [Row("embedded engine", None, note="not installed")]
        return
    yield "start-up", anyio.run(_starts, choice)
    for engine in ("aider", "direct"):
        yield f"a reflection, engine {engine}", anyio.run(_reflection, choice, engine)


async def _starts(choice):
    began = time.perf_counter()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        await run(
            [AIDER, "--version"],
            cwd=Path(scratch),
            env=clean_environment(HOME=scratch),
            deadline=120,
        )
        rows.append(Row("aider --version", time.perf_counter() - began, "s"))
        began = time.perf_counter()
        async with embedded_engine(choice, scratch=Path(scratch), session_id="", confine=True):
            rows.append(Row("embedded engine, weights loaded", time.perf_counter() - began, "s"))
            rows.append(Row("its memory", sum(map(_peak, read_children(os.getpid()))), "MiB"))
    return rows


async def _reflection(choice, engine):
    excerpts = tuple(
        Excerpt(workspace="daydreamd", path=path, text=(ROOT / path).read_text()) for path in FILES
    )
    marks = {}
    peaks = {}

    def note(event):
        if isinstance(event, AnalysisProgress):
            marks.setdefault(event.stage, time.perf_counter())
        if isinstance(event, AnswerChunk):
            peaks.update({pid: _peak(pid) for pid in read_children(os.getpid())})

    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        reflection = await reflect(
            [Portion(Material({"daydreamd": WorkspaceFacts()}, excerpts))],
            choice=choice,
            model=Model(),
            analysis=Analysis(engine=engine, aider=str(AIDER)),
            scratch=Path(scratch),
            emitter=Emitter("bench", note),
        )
    ended = time.perf_counter()
    if reflection.failure:
        return [Row("reflection", None, note=reflection.failure)]
    reading = marks["answering"] - marks["reading"]
    answering = ended - marks["answering"]
    facts = reflection.facts
    return [
        Row("in all", ended - began, "s", reflection.failure or "answered"),
        Row("until the prompt is sent off", marks["reading"] - began, "s"),
        Row("until the answer begins", reading, "s", _rate(facts.prompt_tokens, reading)),
        Row("the answer", answering, "s", _rate(facts.answer_tokens, answering)),
        Row("memory of engine and asker", sum(peaks.values()), "MiB"),
    ]


def _rate(tokens, seconds):
    return f"{(tokens or 0) / seconds:.0f} tokens/s"


def _peak(pid):
    """The kernel's own peak of one process, in bytes."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:  # ended meanwhile
        return 0
    return next(
        (int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")), 0
    )
