"""Events as log records: facts under a constant name, in the form that fits where they go.

Under systemd each record goes to the journal with fields of its own, on a terminal it is a readable
line, elsewhere a line of JSON. One kind of event cannot drown the others: beyond a few a minute its
records are held back and counted. What a record means for the daemon is not known here.

structlog brings rich along where it is installed, at 4 MiB that an idle daemon would carry for
nothing: it is imported late, and without.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import msgspec

from daydreamd.host.system.journal import Journal, runs_under_journal
from daydreamd.observe.log_records import record_of
from daydreamd.observe.throttle import Throttle
from daydreamd.records.events import AnyEvent, Level
from daydreamd.settings.schema import Observe
from daydreamd.text import one_line, redact

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

Form = Literal["journal", "console", "json"]
_LEVELS: Final[dict[Level, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_EVENT_COLUMNS: Final = 24
_VALUE_CHARS: Final = 500
# Facts that are fields of the journal, and not said again in its line.
_FIELDS: Final = {
    "session": "DAYDREAM_SESSION_ID",
    "phase": "DAYDREAM_PHASE",
    "outcome": "DAYDREAM_OUTCOME",
    "new_insights": "DAYDREAM_NEW_INSIGHTS",
}
_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,50}")


class Log:
    """A sink that logs events. `say` is for whoever has something to log and no session."""

    def __init__(
        self, logger: FilteringBoundLogger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger = logger
        self._throttle = Throttle(clock)
        self._phase = ""

    def __call__(self, event: AnyEvent) -> None:
        record = record_of(event)
        self._phase = self._phase if record.phase is None else record.phase
        if record.level is not None:
            bound = {"session": event.session_id} | ({"phase": self._phase} if self._phase else {})
            self._write(record.level, record.event, {**record.facts, **bound})

    def say(self, level: Level, what: str, **facts: object) -> None:
        """Log a constant `what` in lower case, and its facts."""
        self._write(level, what, facts)

    def flush(self) -> None:
        """Say what is still held back, at the end."""
        for (level, event), count in self._throttle.drain().items():
            self._logger.log(_LEVELS[level], event, facts={"held_back": count})

    def _write(self, level: Level, event: str, facts: Mapping[str, object]) -> None:
        held_back = self._throttle.admit((level, event))
        if held_back is None:
            return
        more = {"held_back": held_back} if held_back else {}
        # as one value: a fact named like an argument of structlog's would be a TypeError
        self._logger.log(_LEVELS[level], event, facts={**_told(facts), **more})


def configure(
    settings: Observe,
    *,
    stream: IO[str] | None = None,
    environ: Mapping[str, str] = os.environ,
    journal: Journal | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Log:
    """The log that the settings ask for, written to `stream` (standard error) or the journal."""
    structlog = _import_structlog()
    target = stream or sys.stderr
    form = choose_form(settings, target, environ)
    if form == "journal":
        sent: Any = _JournalLines(journal or Journal())
    else:
        sent = structlog.WriteLogger(target)
    stamp = structlog.processors.TimeStamper(
        fmt="iso" if form == "json" else "%H:%M:%S", utc=form == "json"
    )
    last = {"journal": _for_journal, "console": _as_line, "json": _as_json}[form]
    logger: FilteringBoundLogger = structlog.wrap_logger(
        sent,
        processors=[structlog.processors.add_log_level, stamp, last],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        context_class=dict,
        cache_logger_on_first_use=True,
    )
    return Log(logger, clock=clock)


def choose_form(settings: Observe, stream: IO[str], environ: Mapping[str, str]) -> Form:
    """The form in which records leave: what is set, or what fits where `stream` leads."""
    if settings.format != "auto":
        return settings.format
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return "json"  # a stream in memory, or a closed one
    if runs_under_journal(number, environ.get("JOURNAL_STREAM")):
        return "journal"
    return "console" if stream.isatty() else "json"


def _import_structlog() -> Any:
    """structlog without rich, unless somebody has imported that already."""
    if "rich" in sys.modules:
        import structlog  # noqa: PLC0415 - late on purpose, see the top

        return structlog
    blocked: MutableMapping[str, Any] = sys.modules
    blocked["rich"] = None  # an import of it fails now, and structlog goes on without
    try:
        import structlog  # noqa: PLC0415 - late on purpose, see the top
    finally:
        del blocked["rich"]
    return structlog


class _JournalLines:
    """Takes records where structlog expects a logger that prints."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def msg(self, message: str, *, level: str, fields: Mapping[str, str]) -> None:
        self._journal.send(message, level=level, fields=fields)

    debug = info = warning = error = msg


def _for_journal(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> tuple[Any, Any]:
    """The line as people read it in `journalctl`, and its facts as fields to ask for."""
    facts = record["facts"]
    fields = {"SYSLOG_IDENTIFIER": "daydreamd", "DAYDREAM_EVENT": record["event"]}
    fields |= {
        _FIELDS.get(key, f"DAYDREAM_{key.upper()}"): one_line(str(fact), limit=_VALUE_CHARS)
        for key, fact in facts.items()
        if _FIELD_NAME.fullmatch(key)
    }
    return (_line(record),), {"level": record["level"], "fields": fields}


def _as_line(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> str:
    mark = f"{record['level']}: " if record["level"] in ("warning", "error") else ""
    return f"{record['timestamp']} {mark}{_line(record)}"


def _as_json(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> str:
    head = {key: record[key] for key in ("timestamp", "level", "event")}
    facts = {f"{key}_" if key in head else key: fact for key, fact in record["facts"].items()}
    return msgspec.json.encode(head | facts, enc_hook=str).decode()


def _line(record: Mapping[str, Any]) -> str:
    """`process ended            pid=48121 rule=claude age="3 d"`; the session is left out."""
    event = one_line(record["event"], limit=80)
    facts = [f"{key}={_value(v)}" for key, v in record["facts"].items() if key not in _FIELDS]
    return f"{event:<{_EVENT_COLUMNS}} {' '.join(facts)}".rstrip()


def _told(facts: Mapping[str, object]) -> dict[str, object]:
    """Facts without secrets, in whichever form they leave."""
    return {name: redact(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}


def _value(value: Any) -> str:
    text = one_line(str(value), limit=_VALUE_CHARS)
    bare = text and not any(char in text for char in ' "=')
    return text if bare else '"' + text.replace('"', "'") + '"'
