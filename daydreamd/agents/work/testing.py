"""The test runs of a session: which was the last, how it ended, and what was edited after it.

A run counts as failed only where its own exit code or its own summary says so. What was run on
other code, between `git stash` and `git stash pop`, is no run of the work. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePath
from typing import Final, Literal

from daydreamd.agents.work.shell_lines import (
    ShellPart,
    git_words,
    may_test,
    runs_elsewhere,
    tells_failure,
    test_part,
)
from daydreamd.agents.work.stories import Story
from daydreamd.agents.work.trace import Act

Result = Literal["passed", "failed", "unknown"]
_NO_CODE: Final = frozenset(
    {".md", ".rst", ".txt", ".adoc", ".log", ".csv", ".lock", ".svg", ".png", ".output", ".out",
     ".gitignore", ".example", ".sample", ".tmp", ".bak", ".patch", ".diff"}
)  # fmt: skip
_APART: Final = (".claude", ".codex", ".gemini", ".opencode", ".github", "docs", "tmp")
_NO_CODE_NAMES: Final = frozenset(
    {"LICENSE", "CHANGELOG", "README", "AUTHORS", "NOTICE", ".gitignore", "COMMIT_EDITMSG", "TODO"}
)


@dataclass(frozen=True)
class TestRun:
    """A test run and how it ended."""

    act: Act
    result: Result


@dataclass(frozen=True)
class TestFacts:
    """`last` is the last run that counts, `edited_after` the edits of code after it; `passed` is
    the last that passed, and `is_current` whether nothing was edited since. `unseen` is a command
    that may have run tests without saying so."""

    last: TestRun | None = None
    edited_after: tuple[Act, ...] = ()
    passed: TestRun | None = None
    is_current: bool = False
    unseen: Act | None = None


def cite(story: Story, act: Act) -> str:
    """`pytest -q` ended with exit code 1 (…/0a1b.jsonl:41)."""
    if act.kind == "seen":
        return f"output that says tests {act.outcome} ({story.place(act)})"
    command = " ".join(act.text.split())
    command = command if len(command) <= 120 else f"{command[:119]}…"
    code = (
        f"ended with exit code {act.exit_code}" if act.exit_code is not None else "has no exit code"
    )
    said = f", its output says {act.outcome}" if act.outcome and act.exit_code in (0, None) else ""
    return f"`{command}` {code}{said} ({story.place(act)})"


def look_at_tests(acts: Sequence[Act], *, helpers_are_seen: bool = False) -> TestFacts:
    """The test runs among what was done; `helpers_are_seen` where those of sub-agents are too."""
    facts, kept = TestFacts(), None
    for act in acts:
        stashed = _stashing(act)
        if stashed == "away":
            kept = kept or facts
        elif stashed == "back" and kept is not None:
            facts, kept = kept, None
        elif act.kind == "edit" and _is_code(act.text):
            facts = replace(facts, edited_after=(*facts.edited_after, act), is_current=False)
        elif act.kind == "helper" and not helpers_are_seen:
            facts = _unsure(facts, act)
        elif act.kind in ("command", "seen"):
            facts = _after_command(facts, act)
    return kept if kept is not None else facts


def _after_command(facts: TestFacts, act: Act) -> TestFacts:
    if _restores(act):
        return _restored(facts)
    result = _result(act)
    if result is None:
        opaque = act.kind == "command" and act.exit_code in (0, None) and may_test(act.text)
        return _unsure(facts, act) if opaque else facts
    run = TestRun(act, result)
    if result == "passed":
        return TestFacts(run, (), run, is_current=True)
    return TestFacts(run, (), facts.passed, is_current=facts.is_current)


def _unsure(facts: TestFacts, act: Act) -> TestFacts:
    """Something ran that may have been tests: after a failure nothing is certain any more."""
    if facts.last is None:
        return replace(facts, unseen=act)
    if facts.last.result == "failed" or facts.edited_after:
        return replace(facts, last=TestRun(act, "unknown"), edited_after=())
    return facts


def _result(act: Act) -> Result | None:
    """How a test run ended; None where the act is none."""
    if act.kind == "seen":
        return "passed" if act.outcome == "passed" else None
    part = test_part(act.text)
    if part is None:
        return "passed" if act.outcome == "passed" else None
    if act.outcome == "absent":
        return None
    result = _run_result(act, part)
    return None if result == "failed" and runs_elsewhere(act.text) else result


def _run_result(act: Act, part: ShellPart) -> Result:
    if act.outcome and not act.running:
        # Too little was covered, or a linter came after them: the tests themselves have passed.
        return "failed" if act.outcome == "failed" else _unless_ended_badly(act, part)
    if act.exit_code is None or act.running:
        return "unknown"
    if tells_failure(part, act.exit_code):
        return "failed"
    return "passed" if act.exit_code == 0 and part.decides else "unknown"


def _unless_ended_badly(act: Act, part: ShellPart) -> Result:
    is_bad = act.exit_code is not None and tells_failure(part, act.exit_code)
    return "unknown" if is_bad else "passed"


@lru_cache(maxsize=4_096)
def _is_code(path: str) -> bool:
    name = PurePath(path)
    is_prose = name.suffix.lower() in _NO_CODE or name.name.split(".")[0] in _NO_CODE_NAMES
    hidden = any(part in _APART for part in name.parts[-4:-1])
    return not is_prose and not hidden


def _stashing(act: Act) -> str:
    for word, part in git_words(act.text) if act.kind == "command" else ():
        if word == "stash":
            named = next((one for one in part.arguments[1:] if not one.startswith("-")), "push")
            if named in ("pop", "apply"):
                return "back"
            return "away" if named in ("push", "save") else ""
    return ""


def _restores(act: Act) -> bool:
    """Whether edits were taken back: what was tested before them counts again."""
    for word, part in git_words(act.text) if act.kind == "command" else ():
        if word == "restore" or (word == "reset" and "--hard" in part.arguments):
            return True
        if word == "checkout" and ("--" in part.arguments or "." in part.arguments[1:]):
            return True
    return False


def _restored(facts: TestFacts) -> TestFacts:
    """After edits were taken back a failure speaks of code that is no more."""
    if facts.last and facts.last.result == "failed" and facts.passed is not None:
        return TestFacts(facts.passed, (), facts.passed, is_current=True)
    return replace(facts, edited_after=())
