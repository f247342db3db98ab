"""Aider, 0.86, as the one that asks the model.

Its exit code is 0 for almost every failure, so an answer counts only with Aider's own word that
tokens were received. What it is given is made in `aider_command`; deadlines belong to whoever
calls, ending the tree to the leash.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from daydreamd.errors import CommandTooLarge, ModelAnswerError
from daydreamd.host.children.commands import leashed
from daydreamd.host.children.programs import AIDER, find_in_sibling, find_program
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.reflection.aider_command import (
    Question,
    command_line,
    environment_of,
    write_files,
)
from daydreamd.reflection.answer_stream import tokens_told
from daydreamd.settings.schema import Analysis
from daydreamd.text.prompting import one_line

_MAX_OUTPUT_BYTES: Final = 4 << 20
_TAIL_CHARS: Final = 16_384
_TELLING: Final = re.compile(
    r"error|empty response|unable|cannot|can't|not found|no such", re.IGNORECASE
)
_NOISE: Final = ("Detected dumb terminal", "Retrying in", "https://", "daydreamd-confinement:")


def find_aider(settings: Analysis) -> Path | None:
    """The Aider program, with links followed, so that its environment can be found beside it.

    One that is not on PATH may be beside our own environment, where the installation puts it.
    """
    found = find_program(settings.aider)
    return found or (find_in_sibling("aider") if settings.aider == "aider" else None)


async def ask_aider(
    aider: Path, question: Question, *, facts: AnalysisFacts, on_text: Callable[[str], None]
) -> None:
    """Run Aider to its end; what it prints goes to `on_text`, what is known of it into `facts`.

    HostError where it cannot run or goes beyond a limit, ModelAnswerError where it ended without
    an answer, whatever its exit code.
    """
    await write_files(question)
    argv = command_line(aider, question)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    tail = ""
    seen = 0
    async with leashed(
        argv,
        cwd=question.scratch / "cwd",
        env=environment_of(question),
        grace=1.0,
        max_memory=question.settings.max_memory,
        program=AIDER,
    ) as leash:
        try:
            while chunk := await leash.read():
                seen += len(chunk)
                if seen > _MAX_OUTPUT_BYTES:
                    raise CommandTooLarge("cannot go on with aider: it prints without end")
                text = decoder.decode(chunk)
                tail = (tail + text)[-_TAIL_CHARS:]
                on_text(text)
            facts.exit_code = await leash.wait()
        finally:
            usage = leash.usage()
            facts.peak_rss_bytes, facts.cpu_seconds = usage.peak_rss_bytes, usage.cpu_seconds
    told = tokens_told(tail)
    if told is None or told[1] == 0:
        said = [_telling(tail), _telling(leash.stderr.decode(errors="replace"))]
        if facts.exit_code:  # then it died of something, and did not end by itself
            said.reverse()
        nothing = f"it said nothing and ended with exit code {facts.exit_code}"
        reason = next(filter(None, said), nothing)
        raise ModelAnswerError(
            f"cannot get an answer through aider: {reason}", base_url=question.choice.base_url
        )
    # Aider counts too low: 5.2k for a prompt of 7,083 tokens.
    facts.prompt_tokens = max(told[0], question.prompt.tokens)
    facts.answer_tokens = told[1]


def _telling(output: str) -> str:
    """The line that says most of why there is no answer."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_NOISE)]
    telling = [line for line in lines if _TELLING.search(line)]
    return one_line((telling or lines or [""])[-1], limit=200)
