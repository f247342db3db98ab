"""What the model is sent in the end, with whatever Aider adds of its own.

Only Aider itself knows that, and each version says something else. So it is run as in a session,
against a server of ours that notes what comes and answers with nothing of worth.
"""

from __future__ import annotations

import dataclasses
import re
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader, StreamWriter, start_server
from pathlib import Path
from typing import Final

import anyio
import msgspec

from daydreamd.errors import DaydreamError, ModelAnswerError
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.reflection.aider import ask_aider, find_aider
from daydreamd.reflection.aider_command import Question

_MOST_BYTES: Final = 16 << 20
_LENGTH: Final = re.compile(rb"content-length: *(\d{1,9})", re.IGNORECASE)
_OPENAI: Final = (
    b'data: {"choices": [{"index": 0, "delta": {"content": "noted"}}]}\n\n'
    b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)
_OLLAMA: Final = (
    b'{"message": {"role": "assistant", "content": "noted"}, "done": false}\n'
    b'{"message": {"role": "assistant", "content": ""}, "done": true, "eval_count": 1}\n'
)


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation, as a model server is sent it."""

    role: str
    content: str


class _Sent(msgspec.Struct, frozen=True):
    messages: tuple[ChatMessage, ...]


async def whole_question(question: Question) -> tuple[ChatMessage, ...]:
    """Every message that a session sends for this question, and nothing is sent anywhere.

    HostError where Aider cannot be run, ModelAnswerError where it asks nothing.
    """
    aider = find_aider(question.settings)
    if question.settings.engine == "direct" or aider is None:
        return (ChatMessage("user", question.prompt.text),)
    noted: list[_Sent] = []
    has_asked = anyio.Event()

    async def note(reader: StreamReader, writer: StreamWriter) -> None:
        try:
            path, body = await _read(reader)
            if path.endswith(("/chat", "/completions")):
                noted.append(msgspec.json.decode(body, type=_Sent))
                has_asked.set()
            writer.write(_answer(path))
            await writer.drain()
        except (IncompleteReadError, LimitOverrunError, msgspec.DecodeError, OSError):
            pass  # whoever spoke so is not the Aider that is waited for
        finally:
            writer.close()

    async with await start_server(note, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        here = msgspec.structs.replace(question.choice, base_url=f"http://127.0.0.1:{port}")
        failures = await _run_until(has_asked, aider, dataclasses.replace(question, choice=here))
    if not noted:
        raise failures or ModelAnswerError("cannot tell what aider would send: it asks nothing")
    return noted[0].messages


async def _run_until(
    has_asked: anyio.Event, aider: Path, question: Question
) -> DaydreamError | None:
    """Run Aider until it has asked, and no longer: what it then waits for never comes."""
    failures: list[DaydreamError] = []

    async def run() -> None:
        try:
            await ask_aider(aider, question, facts=AnalysisFacts(), on_text=lambda _: None)
        except DaydreamError as error:
            failures.append(error)
        has_asked.set()

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await has_asked.wait()
        group.cancel_scope.cancel()
    return failures[0] if failures else None


async def _read(reader: StreamReader) -> tuple[str, bytes]:
    """The path and the body of one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    told = _LENGTH.search(head)
    body = await reader.readexactly(min(int(told[1]), _MOST_BYTES)) if told else b""
    words = head.split(b" ", 2)
    return (words[1].decode(errors="replace") if len(words) > 1 else ""), body


def _answer(path: str) -> bytes:
    kind, body = b"application/json", b"{}"
    if path.endswith("/completions"):
        kind, body = b"text/event-stream", _OPENAI
    elif path.endswith("/chat"):
        kind, body = b"application/x-ndjson", _OLLAMA
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
    return head % (kind, len(body)) + body
