"""Runs one session as a child process, and says how it ended, whatever that child does.

The child is `daydreamd session`: a program of its own, on a leash, that dies with this process. It
records itself; only where it could not, the record is closed here, on the way that a start of the
daemon takes too. What a session does is none of this module's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import anyio

from daydreamd.daemon.transcript import Patience, Transcript
from daydreamd.errors import CommandError, DaydreamError, SessionBusy
from daydreamd.history.store import History
from daydreamd.host.children.confinement import confined
from daydreamd.host.children.leash import Leash, leashed
from daydreamd.host.children.programs import SESSION
from daydreamd.host.files.locks import hold_lock
from daydreamd.host.loops import Beat
from daydreamd.host.processes import Signals
from daydreamd.host.system.notify import HANDED_TO_US
from daydreamd.records.daydream_session import Outcome, Trigger
from daydreamd.records.events import Emitter, SessionEnded, Sink
from daydreamd.records.session_end import SessionEnd
from daydreamd.sessions.recovery import clear, recover
from daydreamd.settings.places import Places

STOP_SECONDS: Final = 10.0
"""How long a session that is told to stop may take to record its end and its children's."""
_LAST_CHANCE_SECONDS: Final = 3.0
_GRACE_SECONDS: Final = 1.0
_ENDING_SECONDS: Final = 30.0
"""The longest that ending its processes and the recovery after it may take."""
_LAST_WORDS: Final = 500

Command = Callable[[Trigger], Sequence[str]]


class SessionRunner:
    """Runs sessions, one at a time. `sink` hears what they say."""

    def __init__(
        self,
        command: Command,
        *,
        environ: Mapping[str, str],
        places: Places,
        history: History,
        sink: Sink,
        patience: Patience,
    ) -> None:
        self._command = command
        self._environ = {k: v for k, v in environ.items() if k not in HANDED_TO_US}
        self._places = places
        self._history = history
        self._sink = sink
        self._patience = patience
        self._leash: Leash | None = None
        self._limit: anyio.CancelScope | None = None
        self._stopped = ""
        self.transcript: Transcript | None = None

    async def run(self, trigger: Trigger, beat: Beat, held_back: str = "") -> SessionEnd:
        """Run a session to its end, which takes no longer than its budgets allow."""
        if busy := self._lock_holder():
            return self._skip(trigger, busy)
        self._stopped, self.transcript = "", Transcript(anyio.current_time(), self._patience)
        began_at = datetime.now(UTC)
        try:
            words = await self._let_run(trigger, self.transcript, beat, held_back)
            beat(_ENDING_SECONDS)
            with anyio.CancelScope(shield=True):
                name = self.transcript.session_id or await self._opened_since(began_at)
                end = await self._settle(name, trigger, self.transcript, words)
        finally:
            self.transcript = None
        return end

    def stop(self, reason: str) -> str | None:
        """Tell the session that runs to stop; its id, empty if it has not said one."""
        if self.transcript is None:
            return None
        self._stopped = self._stopped or reason
        self._tell_to_stop()
        return self.transcript.session_id

    def _tell_to_stop(self) -> None:
        if self._leash is not None and self._limit is not None:
            self._leash.send(Signals.SIGTERM)
            in_time = anyio.current_time() + STOP_SECONDS
            self._limit.deadline = min(self._limit.deadline, in_time)

    async def _let_run(
        self, trigger: Trigger, transcript: Transcript, beat: Beat, held_back: str
    ) -> str:
        """Run the child and end what it left; why it ended, if it said no end itself."""
        held = ["--held-back", held_back] if held_back else []
        argv = confined([*self._command(trigger), *held], landlock=False, nice=0)
        try:
            async with leashed(
                argv, cwd=Path("/"), env=self._environ,
                grace=_GRACE_SECONDS, root_grace=_LAST_CHANCE_SECONDS, program=SESSION,
            ) as leash:  # fmt: skip
                self._leash = leash
                exit_code = await self._listen(leash, transcript, beat)
        except CommandError as error:
            return str(error)
        finally:
            self._leash = self._limit = None
        if exit_code is None:
            return transcript.fault or "it had to be ended"
        said = leash.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return f"it ended by itself with exit code {exit_code}: {said[-_LAST_WORDS:]}"

    async def _listen(self, leash: Leash, transcript: Transcript, beat: Beat) -> int | None:
        """Pass on events until the child ends; its exit code, None where it was given up."""
        with anyio.CancelScope() as self._limit:
            if self._stopped:
                self._tell_to_stop()  # it was stopped before it had begun
            while not self._stopped:
                self._limit.deadline = transcript.patience_ends
                left = transcript.patience_ends - anyio.current_time()
                beat(left + _ENDING_SECONDS)
                if not await self._hear(leash, transcript):
                    break
            while await self._hear(leash, transcript):
                pass  # being told to stop, it has its own deadline
            if transcript.fault is None:
                return await leash.wait()
        if transcript.fault is None and not self._stopped:
            where = f" in {transcript.phase}" if transcript.phase else ""
            transcript.fault = f"it hung{where}"
        return None

    async def _hear(self, leash: Leash, transcript: Transcript) -> bool:
        """Pass on what the child printed next; False at its end or at a fault."""
        chunk = await leash.read()
        for event in transcript.take(chunk, anyio.current_time()):
            self._sink(event)
        return bool(chunk) and transcript.fault is None

    async def _settle(
        self, name: str, trigger: Trigger, transcript: Transcript, words: str
    ) -> SessionEnd:
        """The end of a session whose process is gone.

        What the process said counts only where its record in the history is closed. Else the record
        is closed here: `interrupted` where it was told to stop, `failed` with `words` otherwise.
        """
        ended = transcript.ended
        seconds = anyio.current_time() - transcript.began
        if ended and not transcript.fault and not await self._is_open(name):
            return SessionEnd(
                name, trigger, ended.outcome, seconds, ended.reasons,
                ended.new_insights, ended.insights_path, transcript.left, transcript.failed_in,
            )  # fmt: skip
        if not name and (busy := self._lock_holder()):
            return self._skip(trigger, busy)
        obeyed = self._stopped and not transcript.fault
        outcome = Outcome.INTERRUPTED if obeyed else Outcome.FAILED
        reason = self._stopped if obeyed else words
        await self._put_in_order(name, reason, outcome)
        failed_in = str(transcript.phase or "")
        return self._emitted(
            SessionEnd(name, trigger, outcome, seconds, (reason,), failed_in=failed_in)
        )

    def _skip(self, trigger: Trigger, reason: str) -> SessionEnd:
        return self._emitted(SessionEnd("", trigger, Outcome.SKIPPED, 0.0, (reason,)))

    def _emitted(self, end: SessionEnd) -> SessionEnd:
        """`end`, once it is told for a session that could not tell it itself."""
        name, outcome, seconds, reasons = end.session_id, end.outcome, end.seconds, end.reasons
        self._sink(SessionEnded(session_id=name, outcome=outcome, seconds=seconds, reasons=reasons))
        return end

    async def _is_open(self, name: str) -> bool:
        return name in {session_id for session_id, _ in await self._unfinished()}

    async def _opened_since(self, moment: datetime) -> str:
        """The id of a session opened since `moment` that died before it spoke; else empty."""
        if self._lock_holder():
            return ""  # that of somebody else, who lives
        opened = [session_id for session_id, start in await self._unfinished() if start >= moment]
        return opened[-1] if opened else ""

    async def _unfinished(self) -> list[tuple[str, datetime]]:
        try:
            return await self._history.unfinished()
        except DaydreamError:
            return []  # the history cannot be asked just now: the session's word must do

    async def _put_in_order(self, name: str, reason: str, outcome: Outcome) -> None:
        """Recover after a session that died: its processes, its directory, its record."""
        emitter = Emitter(name, self._sink)
        try:
            with hold_lock(self._places.lock):
                if name:
                    await clear(name, self._places.session_dir(name))
                    await self._history.close_interrupted(name, reason, outcome=outcome)
                await recover(self._history, self._places, emitter=emitter)
        except DaydreamError as error:
            # A full disk, or `once` was quicker: the next session begins by doing the same.
            emitter.notice("error", "recovery put off", reason=str(error))

    def _lock_holder(self) -> str:
        """Which process holds the session lock, in words; empty where none does."""
        try:
            with hold_lock(self._places.lock):
                return ""
        except SessionBusy as error:
            return str(error)
        except DaydreamError:
            # No descriptor left, or a state that cannot be written: this says nothing of others.
            return ""
