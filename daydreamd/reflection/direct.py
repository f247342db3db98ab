"""Asking the model over HTTP, for where Aider is missing or breaks.

Two dialects: OpenAI's, which most servers speak, and Ollama's own, as only there the context can be
pinned for one request. What the answer says, and how long it may take, is known elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from daydreamd.errors import ModelAnswerError, ModelUnreachable, ServerFault
from daydreamd.host import web
from daydreamd.host.byte_lines import lines_of
from daydreamd.records.model_choice import ModelChoice
from daydreamd.reflection.answer_schema import JsonSchema
from daydreamd.text.prompting import one_line

TEMPERATURE: Final = 0.2
_MAX_ANSWER_BYTES: Final = 16 << 20
_NOT_UNDERSTOOD: Final = (400, 422)
# What a server may not understand, and does not need: the prompt says the same in words.
_FORMS: Final = ("format", "response_format", "think", "chat_template_kwargs")


class Askable(Protocol):
    """A text to be sent, and the form of its answer."""

    @property
    def text(self) -> str:
        """The whole message."""

    @property
    def schema(self) -> JsonSchema:
        """What the answer is to look like."""


@dataclass
class ServerCounts:
    """What the server counted, where it did, and whether it said that this was all.

    `has_finished` is the end of the answer; with `is_over` nothing comes after it.
    """

    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    has_finished: bool = False
    is_over: bool = False


async def ask_directly(
    prompt: Askable,
    choice: ModelChoice,
    *,
    max_answer_tokens: int,
    on_text: Callable[[str], None],
    temperature: float = TEMPERATURE,
) -> ServerCounts:
    """Stream the answer to `on_text`. ModelUnreachable, ModelAnswerError where it fails.

    A server that does not know how to keep to a schema is asked again without one: the prompt says
    the same in words.
    """
    body = ollama_body if choice.provider == "ollama" else openai_body
    question = body(prompt, choice, max_answer_tokens, temperature)
    try:
        try:
            return await _stream(question, choice, on_text)
        except ServerFault as fault:
            if fault.status not in _NOT_UNDERSTOOD:
                raise
            plain = {key: value for key, value in question.items() if key not in _FORMS}
            return await _stream(plain, choice, on_text)
    except ServerFault as fault:
        raise ModelUnreachable(
            f"cannot ask the model: {fault}", base_url=choice.base_url
        ) from fault
    except (ValueError, RecursionError) as error:  # a line without an end, or with no JSON in it
        raise _no_answer(choice, str(error)) from error


async def _stream(
    question: Mapping[str, Any], choice: ModelChoice, on_text: Callable[[str], None]
) -> ServerCounts:
    ollama = choice.provider == "ollama"
    read = _read_ollama if ollama else _read_openai
    told = ServerCounts()
    seen = 0
    async with (
        web.client(choice.base_url, api_key=choice.api_key) as server,
        web.ask(server, "/api/chat" if ollama else "/v1/chat/completions", question) as chunks,
        aclosing(
            lines_of(partial(anext, chunks, b""), too_long=ValueError("a line without an end"))
        ) as lines,
    ):
        async for line in lines:
            seen += len(line)
            if seen > _MAX_ANSWER_BYTES:
                raise _no_answer(choice, "it does not end")
            if text := read(line.strip(), told, choice):
                on_text(text)
            if told.is_over:
                break
    if not (told.is_over or told.has_finished):
        raise _no_answer(choice, "it broke off")
    return told


def openai_body(
    prompt: Askable, choice: ModelChoice, max_answer_tokens: int, temperature: float
) -> dict[str, object]:
    """The request in OpenAI's dialect. A model that thinks aloud is asked to answer at once."""
    return {
        "model": choice.name,
        "messages": [{"role": "user", "content": prompt.text}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": temperature,
        "max_tokens": max_answer_tokens,
        "response_format": response_format(prompt),
        "chat_template_kwargs": {"enable_thinking": False},
    }


def response_format(prompt: Askable) -> dict[str, object]:
    """The form of the answer, as OpenAI's dialect asks for it."""
    return {"type": "json_schema", "json_schema": {"name": "insights", "schema": prompt.schema}}


def ollama_body(
    prompt: Askable, choice: ModelChoice, max_answer_tokens: int, temperature: float
) -> dict[str, object]:
    """The request in Ollama's dialect, its context pinned: unpinned, it cuts the prompt's front."""
    return ({"keep_alive": choice.keep_alive} if choice.keep_alive else {}) | {
        "model": choice.name,
        "messages": [{"role": "user", "content": prompt.text}],
        "stream": True,
        "format": prompt.schema,
        "think": False,
        "options": {
            "num_ctx": choice.context_tokens,
            "num_predict": max_answer_tokens,
            "temperature": temperature,
        },
    }


def _read_openai(line: bytes, told: ServerCounts, choice: ModelChoice) -> str:
    """The text in one line of server-sent events."""
    if not line.startswith(b"data:"):
        return ""
    data = line.removeprefix(b"data:").strip()
    if data == b"[DONE]":
        told.is_over = True
        return ""
    event = _decoded(data, choice)
    usage = event.get("usage")
    if isinstance(usage, dict):
        told.prompt_tokens = _count(usage, "prompt_tokens")
        told.answer_tokens = _count(usage, "completion_tokens")
    choices = event.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return ""
    told.has_finished = told.has_finished or bool(first.get("finish_reason"))
    delta = first.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    return text if isinstance(text, str) else ""


def _read_ollama(line: bytes, told: ServerCounts, choice: ModelChoice) -> str:
    """The text in one line of Ollama's stream."""
    if not line:
        return ""
    event = _decoded(line, choice)
    if event.get("done") is True:
        told.is_over = True
        told.prompt_tokens = _count(event, "prompt_eval_count")
        told.answer_tokens = _count(event, "eval_count")
    message = event.get("message")
    text = message.get("content") if isinstance(message, dict) else None
    return text if isinstance(text, str) else ""


def _decoded(data: bytes, choice: ModelChoice) -> Mapping[str, Any]:
    event = msgspec.json.decode(data)
    if not isinstance(event, dict):
        raise _no_answer(choice, "it speaks of something else")
    if event.get("error"):
        error = event["error"]
        said = error.get("message", error) if isinstance(error, dict) else error
        raise _no_answer(choice, one_line(said, limit=200))
    return event


def _count(event: Mapping[str, Any], key: str) -> int | None:
    value = event.get(key)
    return value if isinstance(value, int) else None


def _no_answer(choice: ModelChoice, reason: str) -> ModelAnswerError:
    message = f"cannot read the model's answer: {choice.base_url}: {reason}"
    return ModelAnswerError(message, base_url=choice.base_url)
