"""`daydreamd prompt`: exactly what would be sent to the model."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.model_choice import ModelChoice
    from daydreamd.records.workspace import Workspace
    from daydreamd.reflection.composition import Material, Prompt


@click.command("prompt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, paths: tuple[str, ...], as_json: bool) -> None:
    """Print what a session would send to the model now, and send nothing.

    PATH is a workspace, by default the current directory. The session word and the name of the
    fences are drawn anew each time.

    \b
    Example: daydreamd prompt ~/src/shop
    """
    import anyio

    workspaces = invocation.workspaces(paths)
    with tempfile.TemporaryDirectory(prefix="daydreamd-prompt-") as scratch:
        prompt, note = anyio.run(_compose, invocation, workspaces, Path(scratch))
    if as_json:
        print_document(
            {
                "prompt": prompt.text,
                "tokens": prompt.tokens,
                "truncated": prompt.truncated,
                "excerpts": prompt.excerpts,
                "schema": prompt.schema,
                "counted": note,
            }
        )
    else:
        click.echo(prompt.text, nl=False)
        click.echo(f"daydreamd: {prompt.tokens:,} tokens, {note}", err=True)


async def _compose(
    invocation: Invocation, workspaces: Sequence[Workspace], scratch: Path
) -> tuple[Prompt, str]:
    """The prompt, and who counted its tokens."""
    from daydreamd.readiness.model_server import find_model
    from daydreamd.records.model_choice import ModelChoice
    from daydreamd.reflection.composition import compose_prompt
    from daydreamd.reflection.served_model import budget_for, compose_for, serving
    from daydreamd.reflection.tokens import estimated
    from daydreamd.sessions.plan import model_settings

    settings = invocation.loaded.settings
    finding = await find_model(model_settings(settings, workspaces))
    asked = finding.choice or ModelChoice(
        provider="", name=settings.model.name, base_url=settings.model.base_url
    )
    material = await _material(invocation, workspaces, scratch, asked)
    if finding.choice is None:
        assumed = ModelChoice(
            provider="", name="", context_tokens=settings.model.context_tokens or 8192
        )
        budget = budget_for(assumed, settings.model)
        prompt = await compose_prompt(
            material,
            budget_tokens=budget.prompt_tokens,
            count_tokens=estimated,
            max_answer_tokens=budget.answer_tokens,
        )
        return prompt, f"estimated; {finding.reason}"
    async with serving(
        finding.choice, settings.analysis, scratch=scratch, session_id="prompt"
    ) as served:
        prompt, by_server = await compose_for(material, served, budget_for(served, settings.model))
    who = "counted by the server" if by_server else "estimated"
    return prompt, f"{who}; {finding.reason}"


async def _material(
    invocation: Invocation, workspaces: Sequence[Workspace], scratch: Path, choice: ModelChoice
) -> Material:
    """What a session would reflect on."""
    from daydreamd.cli.workspace_facts import gather_facts
    from daydreamd.history.store import open_history
    from daydreamd.sessions.agent_work import lately, observed_in
    from daydreamd.sessions.material import gather_material
    from daydreamd.sessions.recollection import Recollection

    settings = invocation.loaded.settings
    context = await gather_facts(workspaces, scratch=scratch, cache=invocation.places.cache)
    async with open_history(invocation.places.history_db, read_only=True) as history:
        recalled = await Recollection(history, workspaces).recall()
        agents, _ = await lately(settings, invocation.places, history)
    observed = observed_in(agents, context.workspaces, choice, settings)
    return gather_material(context, recalled, [line for one in observed.values() for line in one])
