"""The screens of `daydreamd clean`: what, how old, how idle, how large, the decision, and why."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final

import click

from daydreamd.cleanup.tidy_report import JudgedProcess, TidyReport
from daydreamd.insights.disk_section import disk_lines
from daydreamd.records.kill import KillRecord
from daydreamd.text import visible
from daydreamd.units import say_count, say_duration, say_size

_SAID: Final = {"kill": ("end", "red"), "spare": ("leave", "green"), "watch": ("watch", "yellow")}
_COLUMNS: Final = " {:<8}  {:<7}  {:<25}  {:<9}  {:<9}  {:<8}"
_WIDE: Final = 130  # from here the reason fits beside the facts
_INDENT: Final = " " * 11


def say_report(report: TidyReport, width: int) -> Iterator[str]:
    """The table, and what it comes to."""
    yield _headline(report)
    if report.candidates:
        yield ""
        head = ("decision", "pid", "what", "age", "idle", "memory")
        why = "  why" if width >= _WIDE else ""
        yield click.style((_COLUMNS.format(*head) + why).rstrip(), dim=True)
    order = {"kill": 0, "watch": 1, "spare": 2}
    for candidate in sorted(report.candidates, key=lambda one: order[one.verdict.word]):
        yield from _say_candidate(candidate, width)
    yield ""
    yield _say_files(report)
    for line in disk_lines(report.disk):
        yield from _wrapped(" disk      ", line, width)
    for learned in report.learned:
        yield from _wrapped(" learned   ", str(learned), width)
    for failure in report.failures:
        yield click.style(f" failed    {_plain(failure)}", fg="red")
    if report.dry_run:
        yield "Nothing was touched. Run without --dry-run to do it."
    elif report.ended():
        yield "How to bring them back: daydreamd clean --undo-info"


def _headline(report: TidyReport) -> str:
    spared = len(report.candidates) - len(report.kills)
    alone = f"; {spared} {'is' if spared == 1 else 'are'} left alone." if spared else "."
    if not report.kills:
        return f"Nothing is abandoned{alone}" if spared else "No agent processes are running."
    if not report.dry_run:
        return report.one_line().split(";")[0].capitalize() + alone
    count = len(report.kills)
    freed = report.said_freed or "no memory"
    return f"Would end {count} process{'es' if count > 1 else ''} and free {freed}{alone}"


def _say_candidate(candidate: JudgedProcess, width: int) -> Iterator[str]:
    facts = candidate.facts
    word, colour = _SAID[candidate.verdict.word]
    idle = "–" if facts.idle_seconds is None else say_duration(facts.idle_seconds)
    row = _COLUMNS.format(
        word, facts.pid, _cut(_plain(facts.command), 25), say_duration(facts.age_seconds), idle,
        say_size(facts.rss_bytes),
    )  # fmt: skip
    why = "; ".join(candidate.verdict.reasons)
    if candidate.outcome:
        why = f"{candidate.outcome}: {why}"
    lines = [_plain(why)]
    if candidate.verdict.word == "kill" and facts.resume:
        lines.append(f"bring it back: {_plain(facts.resume)}")
    beside = width >= _WIDE
    indent = " " * (len(row) + 2) if beside else _INDENT
    wrapped = [part for line in lines for part in textwrap.wrap(line, width - len(indent))]
    row = row.replace(word, click.style(word, fg=colour), 1)
    if beside:
        yield f"{row}  {wrapped[0]}"
        wrapped = wrapped[1:]
    else:
        yield row.rstrip()
    for part in wrapped:
        yield click.style(indent + part, dim=not beside)


def _wrapped(name: str, text: str, width: int) -> list[str]:
    return textwrap.wrap(_plain(text), width, initial_indent=name, subsequent_indent=_INDENT)


def _say_files(report: TidyReport) -> str:
    temp = [file for file in report.temp_files if file.decision == "remove"]
    size = say_size(sum(file.bytes for file in temp))
    said = f"{say_count(len(temp), 'file')}, {size}" if temp else "nothing left over"
    due = [log for log in report.logs if log.outcome]
    logs = _plain("; ".join(f"{log.path}: {log.outcome}, {log.said}" for log in due))
    return f" temp      {said} · logs  {logs or 'nothing over its size'}"


def say_kills(kills: Sequence[KillRecord], width: int) -> Iterator[str]:
    """What was ended before, newest first, each with the way back."""
    if not kills:
        yield "Nothing was ended so far."
    for kill in kills:
        when = kill.at.astimezone()
        yield f"{when:%Y-%m-%d %H:%M} {_plain(kill.command)} (pid {kill.pid}) · {kill.outcome}"
        for line in textwrap.wrap(_plain("; ".join(kill.reasons)), width - 4):
            yield click.style(f"    {line}", dim=True)
        yield f"    {_plain(kill.undo) or 'nothing is known that would bring it back'}"


def _plain(text: str) -> str:
    """Others' words on one line, without what would move the terminal; blanks stay as they are."""
    return visible(text).replace("\n", " ").replace("\t", " ")


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
