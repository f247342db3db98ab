"""What a transcript tells, collected record by record, so that reading can go on where it ended.

Readers know the words of one agent; here are those that all have in common. Everything that is kept
is bounded, and `settle` takes the secrets out of it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Literal

import msgspec

from daydreamd.agents.work.outcomes import TestOutcome, git_said, outcome_in
from daydreamd.agents.work.shell_lines import files_written
from daydreamd.text import redact

ActKind = Literal["prompt", "edit", "command", "said", "seen", "helper"]
_MOST_ACTS: Final = 500
_KEPT_ACTS: Final = 350
_MOST_FILES: Final = 2_000
_MOST_PENDING: Final = 500
_MOST_MESSAGES: Final = 64
_COMMAND_CHARS: Final = 2_000
_SAID_CHARS: Final = 8_000
_PATH_CHARS: Final = 4_096


class Act(msgspec.Struct, array_like=True, gc=False):
    """One thing that happened: a prompt, an edit of a file, a command, words, a look at output.

    `at` is in seconds since 1970, 0 where not told; `key` is the agent's own name of the call;
    `outcome` what the output says of tests; `cwd` where a command ran, "" where that is not told.
    `git` holds what git said: `C` committed, `P` pushed, `R` refused, `N` nothing to commit.
    `helper` is work handed to a sub-agent.
    """

    kind: ActKind
    line: int
    at: float
    text: str = ""
    key: str = ""
    exit_code: int | None = None
    outcome: TestOutcome = ""
    running: bool = False
    cwd: str = ""
    part: int = 0
    git: str = ""
    clean: bool = False


class Trace(msgspec.Struct, kw_only=True):
    """One transcript, as far as it was read. `part_of` is the session of a sub-agent."""

    agent: str
    id: str = ""
    part_of: str = ""
    forked_from: str = ""
    inherits_until: float = 0.0
    workspace: str = ""
    cwd: str = ""
    start: float = 0.0
    end: float = 0.0
    prompts: int = 0
    acts: list[Act] = msgspec.field(default_factory=list)
    files: dict[str, int] = msgspec.field(default_factory=dict)
    omitted: int = 0
    todos: list[str] | None = None
    tasks: dict[str, str] = msgspec.field(default_factory=dict)
    tokens: int = 0
    message_tokens: dict[str, int] = msgspec.field(default_factory=dict)
    base_tokens: int = 0
    pending: dict[str, int] = msgspec.field(default_factory=dict)
    jobs: dict[str, str] = msgspec.field(default_factory=dict)
    skipped: int = 0
    lines: int = 0

    def saw_time(self, at: float) -> None:
        """Widen the session to this moment."""
        if at:
            self.start = min(self.start or at, at)
            self.end = max(self.end, at)

    def saw_place(self, cwd: object) -> None:
        """The directory that the session is in: its first one is the workspace."""
        if isinstance(cwd, str) and cwd.startswith("/") and len(cwd) < _PATH_CHARS:
            self.cwd = cwd
            self.workspace = self.workspace or cwd

    def prompted(self, text: str, line: int, at: float) -> None:
        """A person asked for something."""
        self.prompts += 1
        self._add(Act("prompt", line, at, key=_digest(text), clean=True))

    def said(self, text: str, line: int, at: float, key: str = "") -> None:
        """The agent's words; of a message told again under the same key, the last count."""
        words = Act("said", line, at, text[-_SAID_CHARS:], key=key)
        last = self.acts[-1] if self.acts else None
        again = bool(key and last and last.kind == "said" and last.key == key)
        if again and last and words.text.startswith(last.text):
            self.acts.pop()
        elif last and last.kind != "said":
            self._forget_words()
        self._add(words)

    def edited(self, path: object, line: int, at: float, key: str = "") -> None:
        """A file was written."""
        if not isinstance(path, str) or not path or len(path) > _PATH_CHARS or "\0" in path:
            return
        whole = path if path.startswith("/") or not self.cwd else f"{self.cwd}/{path}"
        whole = _redacted(whole.replace("/./", "/"))
        if whole in self.files or len(self.files) < _MOST_FILES:
            self.files[whole] = line
        self._add(Act("edit", line, at, whole, key=key, clean=True))

    def began(self, command: str, line: int, at: float, key: str = "", *, cwd: str = "") -> Act:
        """A command was started; `ended` may follow under the same key."""
        text = command[:_COMMAND_CHARS]
        act = Act("command", line, at, text, key=key, cwd=cwd or self.cwd)
        for path in files_written(text):  # before it: what the same line runs, sees them
            self.edited(path, line, at, key=f"{key} writes")
        self._add(act)
        return act

    def expect(self, key: str, line: int) -> None:
        """The result of a call that matters will come under this key."""
        if len(self.pending) >= _MOST_PENDING:
            self.pending.pop(next(iter(self.pending)))
        self.pending[key] = line

    def ended(self, key: str, output: str, exit_code: int | None, *, running: bool = False) -> None:
        """How a command that had begun ended, or that it still runs."""
        act = self.find(key)
        if act is None:
            return
        act.exit_code = exit_code if exit_code is not None else act.exit_code
        act.outcome = outcome_in(output) or act.outcome
        act.git = git_said(output) if "git" in act.text else ""
        act.running = running

    def find(self, key: str) -> Act | None:
        """The command of that key, the latest first."""
        if not key:
            return None
        found = (act for act in reversed(self.acts) if act.key == key and act.kind == "command")
        return next(found, None)

    def seen(self, output: str, line: int, at: float) -> None:
        """Output that the agent looked at, where it tells how tests ended."""
        if outcome := outcome_in(output):
            self._add(Act("seen", line, at, outcome=outcome))

    def helped(self, line: int, at: float, key: str = "") -> None:
        """Work was handed to a sub-agent."""
        self._add(Act("helper", line, at, key=key))

    def spent(self, message: str, tokens: int) -> None:
        """The tokens of a message; told again under the same id, the last count."""
        self.tokens += tokens - self.message_tokens.pop(message, 0)
        self.message_tokens[message] = tokens
        if len(self.message_tokens) > _MOST_MESSAGES:
            self.message_tokens.pop(next(iter(self.message_tokens)))

    def settle(self) -> None:
        """Take the secrets out of what was added: before it is kept, or handed on."""
        for act in self.acts:
            if not act.clean:
                act.text, act.clean = _redacted(act.text), True
        self.workspace, self.cwd = _redacted(self.workspace), _redacted(self.cwd)

    def _forget_words(self) -> None:
        """Only the last words count: those before are dropped when others follow later."""
        for act in reversed(self.acts):
            if act.kind == "said":
                if act.clean and not act.text:
                    return
                act.text, act.clean = "", True

    def _add(self, act: Act) -> None:
        self.acts.append(act)
        if len(self.acts) > _MOST_ACTS:
            gone = self.acts[: len(self.acts) - _KEPT_ACTS]
            self.omitted += sum(one.kind == "command" for one in gone)
            del self.acts[: len(gone)]


def seconds_of(moment: object) -> float:
    """Seconds since 1970 of ISO text, or of a number of seconds or milliseconds; 0 if neither."""
    if isinstance(moment, str):
        try:
            parsed = datetime.fromisoformat(moment)
        except ValueError:
            return 0.0
        return parsed.timestamp() if parsed.tzinfo else parsed.astimezone().timestamp()
    if isinstance(moment, int | float) and not isinstance(moment, bool) and 0 < moment < 1e14:
        return moment / 1000 if moment > 1e11 else float(moment)
    return 0.0


def text_of(content: Any) -> str:
    """The text in a message's content, be it text, a block or a list of them."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        text = content.get("text")
        return text if isinstance(text, str) else text_of(content.get("content") or "")
    if isinstance(content, list):
        return "\n".join(filter(None, (text_of(one) for one in content[:500])))
    return ""


def count_of(value: object) -> int:
    """A count of tokens; 0 for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


@lru_cache(maxsize=20_000)
def _redacted(text: str) -> str:
    """The same commands and paths come again and again."""
    return redact(text)
