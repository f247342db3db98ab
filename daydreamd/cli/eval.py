"""`daydreamd eval`: a model tried on the faults of a workspace's own history."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.model_choice import ModelChoice
    from daydreamd.records.trial_results import Evaluation, FaultOutcome
    from daydreamd.records.workspace import Workspace


@click.command("eval")
@click.argument("path", required=False)
@click.option("--model", metavar="NAME", help="Ask this model too; without, only what is shown.")
@click.option(
    "--last",
    type=click.IntRange(1, 1_000),
    default=20,
    show_default=True,
    help="Faults to try, the youngest first.",
)
@as_json_option
@click.pass_obj
def command(
    invocation: Invocation, path: str | None, model: str | None, last: int, as_json: bool
) -> None:
    """Try what a session shows, and a model, on faults that were mended in PATH's history.

    Each is looked at as it was the night after it came. Nothing is written into PATH; a run that
    was stopped goes on where it was.

    \b
    Example: daydreamd eval ~/src/shop --model qwen2.5-coder:7b --last 30
    Exit codes: 0 done, 1 failed, 4 no such model.
    """
    import anyio

    from daydreamd.screens.evaluation_lines import say_evaluation

    workspace = invocation.workspaces((path,) if path else ())[0]
    with tempfile.TemporaryDirectory(prefix="daydreamd-eval-") as scratch:
        found = anyio.run(_evaluate, invocation, workspace, model, last, Path(scratch))
    if found is None:
        sys.exit(4)
    print_answer(found, say_evaluation(found), as_json=as_json)
    if found.failed == found.faults and found.faults:
        sys.exit(1)


async def _evaluate(
    invocation: Invocation, workspace: Workspace, model: str | None, last: int, scratch: Path
) -> Evaluation | None:
    """None where the model that was named is not to be had, which is told."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from daydreamd.sessions.evaluation import Trial, evaluate

    choice = await _choose(invocation, model) if model else None
    if model and choice is None:
        return None
    trial = Trial(
        workspace=workspace,
        settings=invocation.loaded.settings,
        model=choice,
        most=last,
        cache=invocation.places.cache,
    )
    console = Console(stderr=True)
    bar = Progress(TextColumn("faults"), BarColumn(), MofNCompleteColumn(), console=console)
    with bar if console.is_terminal else nullcontext():
        task = bar.add_task("faults", total=None)

        def tell(done: int, total: int, _: FaultOutcome | None) -> None:
            bar.update(task, completed=done, total=total)

        return await evaluate(trial, scratch=scratch, progress=tell)


async def _choose(invocation: Invocation, name: str) -> ModelChoice | None:
    import msgspec

    from daydreamd.readiness.model_server import find_model

    settings = msgspec.structs.replace(invocation.loaded.settings.model, name=name)
    finding = await find_model(settings)
    if finding.choice is None:
        click.echo(f"daydreamd: {finding.reason}", err=True)
    return finding.choice
