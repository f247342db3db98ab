"""Where each agent of the calling user writes its transcripts. No other home is looked into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from daydreamd.settings.agent_sources import Agents


@dataclass(frozen=True, kw_only=True)
class TranscriptPlaces:
    """The directories of the agents that may be looked at; empty for those that may not."""

    claude: tuple[Path, ...] = ()
    codex: tuple[Path, ...] = ()
    gemini: tuple[Path, ...] = ()
    opencode: tuple[Path, ...] = ()
    aider: bool = False


def find_transcripts(environ: Mapping[str, str], settings: Agents) -> TranscriptPlaces:
    """The places that the environment names, as far as the settings allow them."""
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        return TranscriptPlaces(aider=settings.aider)

    def among(allowed: bool, *places: Path) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(places)) if allowed else ()

    data = _named(environ, "XDG_DATA_HOME") or Path(home, ".local/share")
    claude = [
        _named(environ, "CLAUDE_CONFIG_DIR"),
        Path(home, ".claude"),
        Path(home, ".config/claude"),
    ]
    return TranscriptPlaces(
        claude=among(settings.claude, *(place / "projects" for place in claude if place)),
        codex=among(settings.codex, *_codex(environ, home)),
        gemini=among(
            settings.gemini, (_named(environ, "GEMINI_CLI_HOME") or Path(home)) / ".gemini/tmp"
        ),
        opencode=among(settings.opencode, data / "opencode"),
        aider=settings.aider,
    )


def _codex(environ: Mapping[str, str], home: str) -> Iterator[Path]:
    place = _named(environ, "CODEX_HOME") or Path(home, ".codex")
    yield place / "sessions"
    yield place / "archived_sessions"


def _named(environ: Mapping[str, str], name: str) -> Path | None:
    place = environ.get(name, "")
    return Path(place) if place.startswith("/") else None
