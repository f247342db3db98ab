"""The service manager's notification socket (`sd_notify`), and nothing of what is being notified.

The sdnotify package sends Latin-1, never folds a newline, blocks where systemd is stopped, and
either raises everything or hides everything; this wraps it so that a message always arrives whole
or is known not to have. Without a service manager every method does nothing.

Times are seconds. `Notifier.watchdog_seconds` is the manager's limit (`WATCHDOG_USEC`), or `None`
where it does not watch this very process.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Final

import sdnotify

_BLOCKED_SECONDS: Final = 0.5
"""A manager that does not read for this long has lost the message; the loop must go on."""

HANDED_TO_US: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""Variables that speak to this process alone: a child that inherits them could speak for it."""


class Notifier:
    """Sends states to the service manager, if there is one.

    `on_fault` hears one line when sending begins to fail, and no more until it has worked again.
    """

    def __init__(
        self, environ: Mapping[str, str], *, on_fault: Callable[[str], None] = lambda _: None
    ) -> None:
        self._on_fault = on_fault
        self._faulty = False
        self._manager: sdnotify.SystemdNotifier | None = None
        self.present = bool(environ.get("NOTIFY_SOCKET"))
        self.watchdog_seconds = watchdog_seconds(environ, pid=os.getpid())

    def ready(self, status: str) -> bool:
        """Send READY=1 with a status line: start-up, or a reload, is over."""
        return self._send(f"READY=1\n{_status(status)}")

    def status(self, text: str) -> bool:
        """Send a status line, as `systemctl status` shows it."""
        return self._send(_status(text))

    def watchdog(self) -> bool:
        """Send WATCHDOG=1: this process is well."""
        return self._send("WATCHDOG=1")

    def reloading(self) -> bool:
        """A reload begins; without the time systemd would wait for ever for it to end."""
        micros = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={micros}")

    def stopping(self, status: str) -> bool:
        """Send STOPPING=1 with a status line."""
        return self._send(f"STOPPING=1\n{_status(status)}")

    def extend_timeout(self, seconds: float) -> bool:
        """Ask that starting, reloading or stopping may take this much longer, from now on."""
        return self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}")

    def close(self) -> None:
        """Close the notify socket."""
        if self._manager is not None and self._manager.socket is not None:
            self._manager.socket.close()
        self._manager = None

    def _send(self, state: str) -> bool:
        if not self.present:
            return False
        try:
            self._send_once(state)
        except OSError:
            # The manager's socket may have been made anew since: one fresh try tells.
            try:
                self.close()
                self._send_once(state)
            except OSError as error:
                self._say_fault(f"cannot notify the service manager: {error}")
                return False
        self._faulty = False
        return True

    def _send_once(self, state: str) -> None:
        if self._manager is None:
            with warnings.catch_warnings():
                # Where it cannot connect it drops its socket unclosed; Python closes it at once.
                warnings.simplefilter("ignore", ResourceWarning)
                self._manager = sdnotify.SystemdNotifier(debug=True)  # debug: errors are raised
            self._manager.socket.settimeout(_BLOCKED_SECONDS)
        self._manager.notify(state)

    def _say_fault(self, line: str) -> None:
        if not self._faulty:
            self._on_fault(line)
        self._faulty = True


def _status(text: str) -> str:
    return f"STATUS={plain(text)}"


def plain(text: str) -> str:
    """`text` on one line of ASCII: newlines folded, everything else outside ASCII a `?`."""
    folded = " ".join(text.split())
    return "".join(c if " " <= c <= "~" else "?" for c in folded)


def watchdog_seconds(environ: Mapping[str, str], *, pid: int) -> float | None:
    """The manager's watchdog limit for process `pid`, in seconds; `None` where there is none."""
    micros, watched = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not micros.isascii() or not micros.isdigit() or int(micros) == 0:
        return None
    if watched and watched != str(pid):
        return None
    return int(micros) / 1_000_000
