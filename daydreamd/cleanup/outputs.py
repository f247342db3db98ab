"""Outputs of background tasks below `/tmp/claude-UID`: the large ones told, the dead ones removed.

They have grown to hundreds of gigabytes, often on a tmpfs, which is memory.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from daydreamd.agents.registry import config_dir, parse_entry
from daydreamd.agents.transcripts import SESSION_ID, newest_transcript
from daydreamd.cleanup.agent_files import Lives
from daydreamd.cleanup.output_decision import OutputFacts, OutputRule, decide_output
from daydreamd.cleanup.output_files import find_outputs
from daydreamd.cleanup.temp import LOOK_SECONDS, TempFile, say_failure, temp_directories
from daydreamd.errors import FileError
from daydreamd.host.files.access import DIRECTORY
from daydreamd.host.files.disks import ask_disks
from daydreamd.host.files.leases import IN_USE, alone_with, remove_unopened
from daydreamd.host.files.leftovers import Leftover
from daydreamd.host.processes import read_stat
from daydreamd.settings.cleanup import Cleanup

_OF_A_COMMAND: Final = re.compile(r"b[0-9a-z]{1,16}\.output")


def clean_outputs(
    settings: Cleanup, environ: Mapping[str, str], *, act: bool
) -> tuple[list[TempFile], list[str]]:
    """Remove what is proven dead, or with `act` false only list it; and what went wrong.

    Listed are those that are at least `min_size`.
    """
    uid, chosen = os.geteuid(), settings.outputs
    look = partial(find_outputs, uid=uid, min_size=chosen.min_size)
    directories = temp_directories(settings.temp, environ)
    answers = ask_disks({str(one): partial(look, one) for one in directories}, seconds=LOOK_SECONDS)
    found: list[Leftover] = []
    failures = []
    for name, answer in answers.items():
        if isinstance(answer, Exception):
            failures.append(say_failure(name, answer))
        else:
            found += answer
    if not found:
        return [], failures
    rule = OutputRule(chosen.enabled, chosen.max_age, chosen.min_size)
    sessions = _Sessions(settings, environ, uid)
    return [_settle(one, sessions.facts(one), rule, act=act) for one in found], failures


class _Sessions:
    """Which sessions may still come back to what they wrote."""

    def __init__(self, settings: Cleanup, environ: Mapping[str, str], uid: int) -> None:
        self._home = config_dir(environ, uid)
        self._lives = Lives(environ, uid, settings)
        self._living, self._unknown = _registered(self._home)

    def facts(self, output: Leftover) -> OutputFacts:
        """What is known of an output, by where it lies."""
        above = output.directory.parent.name
        session_id = above if SESSION_ID.fullmatch(above) else ""
        return OutputFacts(
            session_id=session_id,
            is_of_a_command=_OF_A_COMMAND.fullmatch(output.name) is not None,
            bytes=output.bytes,
            age_seconds=output.age_seconds,
            lives=self._why_it_lives(session_id, output),
            transcript_age=self._transcript_age(session_id),
            is_open=_is_open(output),
        )

    def _why_it_lives(self, session_id: str, output: Leftover) -> str:
        if self._unknown:
            return self._unknown
        if session_id in self._living:
            return "its session runs"
        return self._lives.claim(output)

    def _transcript_age(self, session_id: str) -> float | None:
        if self._home is None or not session_id:
            return None
        try:
            newest = newest_transcript(self._home / "projects", session_id, "")
        except (FileError, OSError):  # too many, or closed to us
            return None
        return time.time() - newest[0] if newest else None


def _registered(home: Path | None) -> tuple[frozenset[str], str]:
    """The sessions of living processes by the registry, and what of it cannot be read."""
    if home is None:
        return frozenset(), "where Claude's registry lies cannot be told"
    living = set()
    try:
        for path in _entries(home / "sessions"):
            stat = read_stat(int(path.stem)) if path.stem.isdecimal() else None
            if stat is not None:
                entry = parse_entry(path)
                if entry.is_of(stat.start_ticks):
                    living.add(entry.session_id)
    except (FileError, OSError, ValueError) as error:
        return frozenset(), f"Claude's registry cannot be read: {error}"
    return frozenset(living), ""


def _entries(directory: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in directory.iterdir() if path.suffix == ".json")
    except FileNotFoundError:  # Claude has never registered a session
        return


def _is_open(output: Leftover) -> bool | None:
    try:
        handle = os.open(output.directory, DIRECTORY)
    except OSError:  # gone
        return None
    try:
        with alone_with(handle, output.name, output.place) as held_by:
            return False if not held_by else True if held_by == IN_USE else None
    finally:
        os.close(handle)


def _settle(output: Leftover, facts: OutputFacts, rule: OutputRule, *, act: bool) -> TempFile:
    verdict = decide_output(facts, rule)
    path, age = str(output.path), round(output.age_seconds, 1)
    told = TempFile(path, output.bytes, age, "spare", verdict.reason)
    if not verdict.removes:
        return told
    told = replace(told, decision="remove", outcome="would be removed")
    if not act:
        return told
    try:
        handle = os.open(output.directory, DIRECTORY)
    except OSError as error:
        return replace(told, outcome=f"failed: {error.strerror}")
    try:
        done = remove_unopened(
            handle, output.name, uid=output.uid, expected=output.place, min_age=rule.max_age
        )
    except OSError as error:  # gone
        return replace(told, outcome=f"failed: {error.strerror}")
    finally:
        os.close(handle)
    outcome = f"failed: {done.left[0]}" if done.left else "removed"
    return replace(told, bytes=done.bytes, outcome=outcome)


def proven_dead(files: Sequence[TempFile]) -> list[TempFile]:
    """Those of the list that would go if the rule were switched on."""
    return [file for file in files if file.reason.startswith("only reported (cleanup.outputs")]
