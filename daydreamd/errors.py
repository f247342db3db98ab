"""The one tree of errors.

    DaydreamError                  anything that daydreamd itself reports; the message is for people
     ├─ UsageError                 the command line asks for something that cannot be
     ├─ SettingsError              a settings file or value (file, key, reason)
     ├─ HostError                  the machine refused
     │   ├─ CommandError           a child process failed (argv, exit_code)
     │   │   ├─ CommandTimeout     … it was ended at its deadline
     │   │   └─ CommandTooLarge    … it was ended for its memory or its output
     │   ├─ ProcessGone            the identity does not live any more
     │   ├─ DatabaseError          an SQLite file cannot be opened, read or written (path)
     │   ├─ FileError              a file cannot be read, written or deleted (path)
     │   └─ ServerFault            an HTTP server did not answer as asked (base_url, reason, status)
     ├─ HistoryError               the history database (path)
     ├─ WorkspaceError             a workspace cannot be looked at (path)
     ├─ ModelError                 the model server (base_url)
     │   ├─ ModelUnreachable       … refuses, hangs, resets
     │   ├─ ModelMissing           … does not have the model
     │   └─ ModelAnswerError       … answered, but not with an answer
     ├─ SessionBusy                another session holds the lock
     └─ DaemonError                the running daemon
         └─ DaemonNotRunning       … there is none

Messages read "cannot <verb> <object>: <reason>". Facts are attributes, so that callers never parse
a message. An error is raised once, chained, and logged once, at the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daydreamd.text import redact


class DaydreamError(Exception):
    """Anything daydreamd itself reports; `str()` of it is one line for people, without secrets."""

    def __init__(self, message: str = "") -> None:
        super().__init__(redact(message))


class UsageError(DaydreamError):
    """The command line asks for something that cannot be."""


class SettingsError(DaydreamError):
    """A settings file cannot be read, or holds a value that cannot be."""

    def __init__(self, message: str, *, file: str = "", key: str = "") -> None:
        super().__init__(message)
        self.file = file
        self.key = key


class HostError(DaydreamError):
    """The machine refused."""


class CommandError(HostError):
    """A child process failed."""

    def __init__(
        self, message: str, *, argv: Sequence[str] = (), exit_code: int | None = None
    ) -> None:
        super().__init__(message)
        self.argv = tuple(argv)
        self.exit_code = exit_code


class CommandTimeout(CommandError):
    """A child process was ended at its deadline."""


class CommandTooLarge(CommandError):
    """A child process was ended because of its memory or its output."""


class ProcessGone(HostError):
    """The process with this identity does not live any more."""


class DatabaseError(HostError):
    """An SQLite file cannot be opened, read or written."""

    def __init__(self, message: str, *, path: Path | str = "") -> None:
        super().__init__(message)
        self.path = str(path)


class FileError(HostError):
    """A file cannot be read, written or deleted."""

    def __init__(self, message: str, *, path: Path | str = "") -> None:
        super().__init__(message)
        self.path = str(path)


class ServerFault(HostError):
    """An HTTP server refuses, hangs, breaks off or answers something else than was asked for."""

    def __init__(self, base_url: str, reason: str, *, status: int | None = None) -> None:
        super().__init__(f"{base_url} {reason}")
        self.base_url = base_url
        self.reason = reason
        self.status = status


class HistoryError(DaydreamError):
    """The history database cannot be opened, read or written."""

    def __init__(self, message: str, *, path: Path | str = "") -> None:
        super().__init__(message)
        self.path = str(path)


class WorkspaceError(DaydreamError):
    """A workspace cannot be looked at."""

    def __init__(self, message: str, *, path: Path | str = "") -> None:
        super().__init__(message)
        self.path = str(path)


class ModelError(DaydreamError):
    """The model server cannot be used."""

    def __init__(self, message: str, *, base_url: str = "") -> None:
        super().__init__(message)
        self.base_url = base_url


class ModelUnreachable(ModelError):
    """The model server refuses, hangs or resets."""


class ModelMissing(ModelError):
    """The model server answers, but does not have the model."""


class ModelAnswerError(ModelError):
    """The model server answered, but not with an answer."""


class SessionBusy(DaydreamError):
    """Another session holds the lock of this state directory."""


class DaemonError(DaydreamError):
    """The running daemon refused or failed."""


class DaemonNotRunning(DaemonError):
    """There is no daemon to talk to."""
