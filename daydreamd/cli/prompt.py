"""`daydreamd prompt`: exactly what would be sent to the model."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_document

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation
    from daydreamd.records.model_choice import ModelChoice
    from daydreamd.records.workspace import Excerpt, Workspace
    from daydreamd.reflection.composition import Prompt
    from daydreamd.reflection.portions import Portion
    from daydreamd.reflection.recording import ChatMessage


@click.command("prompt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--whole", is_flag=True, help="Every message that is sent, with what Aider adds.")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, paths: tuple[str, ...], whole: bool, as_json: bool) -> None:
    """Print what a session would send to the model now, and send nothing.

    PATH is a workspace, by default the current directory; each has a prompt of its own. The session
    word and the name of the fences are drawn anew each time. With --whole Aider is run, where a
    session would run it, against a server that only notes what it is sent.

    \b
    Example: daydreamd prompt ~/src/shop
    """
    import anyio

    workspaces = invocation.workspaces(paths)
    with tempfile.TemporaryDirectory(prefix="daydreamd-prompt-") as scratch:
        sending = _Sending(invocation, workspaces, Path(scratch), whole=whole)
        anyio.run(sending.compose)
    if as_json:
        print_document(sending.document())
    else:
        click.echo("\n".join(sending.texts()), nl=False)
        click.echo(f"daydreamd: {sending.tokens:,} tokens, {sending.note}", err=True)


def _shown(excerpt: Excerpt) -> dict[str, object]:
    """Where an excerpt is from, besides what it says."""
    return {**msgspec.to_builtins(excerpt), "last_line": excerpt.last_line}


class _Sending:
    """What would be sent about these workspaces."""

    def __init__(
        self,
        invocation: Invocation,
        workspaces: Sequence[Workspace],
        scratch: Path,
        *,
        whole: bool,
    ) -> None:
        self.note = ""
        self._invocation = invocation
        self._settings = invocation.loaded.settings
        self._workspaces = workspaces
        self._scratch = scratch
        self._whole = whole
        self._prompts: list[Prompt] = []
        self._messages: list[tuple[ChatMessage, ...]] = []

    @property
    def tokens(self) -> int:
        """Of all prompts together, without what Aider adds."""
        return sum(prompt.tokens for prompt in self._prompts)

    def texts(self) -> list[str]:
        """The prompts, or with `whole` each message below the name of its role."""
        if not self._whole:
            return [prompt.text for prompt in self._prompts]
        return [
            f"[{message.role}]\n{message.content.rstrip()}\n"
            for messages in self._messages
            for message in messages
        ]

    def document(self) -> dict[str, object]:
        """The same for programs."""
        told: dict[str, object] = {
            "prompt": "\n".join(prompt.text for prompt in self._prompts),
            "tokens": self.tokens,
            "truncated": any(prompt.truncated for prompt in self._prompts),
            "excerpts": [_shown(one) for prompt in self._prompts for one in prompt.excerpts],
            "schema": self._prompts[0].schema if self._prompts else {},
            "counted": self.note,
            "prompts": [{"prompt": one.text, "tokens": one.tokens} for one in self._prompts],
        }
        return told | ({"messages": self._messages} if self._whole else {})

    async def compose(self) -> None:
        """Compose what a session would, with the model that it would ask."""
        from daydreamd.readiness.model_server import find_model
        from daydreamd.records.model_choice import ModelChoice
        from daydreamd.reflection.composition import compose_prompt
        from daydreamd.reflection.served_model import budget_for, compose_for, serving
        from daydreamd.reflection.tokens import estimated
        from daydreamd.sessions.plan import model_settings

        settings = self._settings
        finding = await find_model(model_settings(settings, self._workspaces))
        tokens = settings.model.context_tokens or 8192
        assumed = ModelChoice(
            provider="openai",
            name=settings.model.name or "none",
            base_url=settings.model.base_url,
            context_tokens=tokens,
        )
        portions = await self._portions(finding.choice or assumed)
        self.note = f"estimated; {finding.reason}"
        if finding.choice is None:
            budget = budget_for(assumed, settings.model)
            for portion in portions:
                prompt = await compose_prompt(
                    portion.material,
                    budget_tokens=budget.prompt_tokens,
                    count_tokens=estimated,
                    max_answer_tokens=budget.answer_tokens,
                )
                await self._add(prompt, assumed)
            return
        choice = await self._as_learned(finding.choice)
        async with serving(
            choice, settings.analysis, scratch=self._scratch, session_id="prompt"
        ) as served:
            for portion in portions:
                budget = budget_for(served, settings.model)
                prompt, by_server = await compose_for(portion.material, served, budget)
                who = "counted by the server" if by_server else "estimated"
                self.note = f"{who}; {finding.reason}"
                await self._add(prompt, served)

    async def _add(self, prompt: Prompt, choice: ModelChoice) -> None:
        from daydreamd.reflection.aider_command import Question
        from daydreamd.reflection.recording import whole_question
        from daydreamd.reflection.served_model import budget_for

        self._prompts.append(prompt)
        if self._whole:
            settings = self._settings
            answer = budget_for(choice, settings.model).answer_tokens
            question = Question(prompt, choice, settings.analysis, answer, self._scratch, "prompt")
            self._messages.append(await whole_question(question))

    async def _portions(self, choice: ModelChoice) -> list[Portion]:
        """What a session would reflect on."""
        from daydreamd.cli.workspace_facts import gather_facts
        from daydreamd.history.store import open_history
        from daydreamd.sessions.agent_work import lately, observed_in
        from daydreamd.sessions.material import portions_of
        from daydreamd.sessions.recollection import Recollection

        places, workspaces = self._invocation.places, self._workspaces
        async with open_history(places.history_db, read_only=True) as history:
            recalled = await Recollection(history, workspaces).recall()
            agents, _ = await lately(self._settings, places, history)
        context = await gather_facts(
            workspaces, scratch=self._scratch, cache=places.cache, before=recalled.before
        )
        observed = observed_in(agents, context.workspaces, choice, self._settings)
        return portions_of(context, recalled, workspaces, self._settings, observed)

    async def _as_learned(self, choice: ModelChoice) -> ModelChoice:
        """The choice with what earlier sessions learned of how the model counts."""
        from daydreamd.history.store import open_history
        from daydreamd.sessions.tokenizers import with_token_ratio

        async with open_history(self._invocation.places.history_db, read_only=True) as history:
            return await with_token_ratio(history, choice)
