"""A child on a leash: a session of its own, bounded pipes, a memory limit, an end for its tree.

Whatever way `leashed` is left (the end, an error, a cancelled scope), TERM, a grace and KILL have
gone to everything that the child started before control returns, and the child has been waited for.
Deadlines are the caller's: this file does not know them.
"""

from __future__ import annotations

import os
import signal as signals
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio

from daydreamd.errors import CommandError, CommandTimeout, CommandTooLarge
from daydreamd.host.byte_lines import lines_of
from daydreamd.host.children.launch import Stream, abandon, launch
from daydreamd.host.children.pipes import Outflow, Tail, feed, waits_for_a_pipe
from daydreamd.host.children.programs import ANY, Program
from daydreamd.host.children.usage import Usage, UsageMeter
from daydreamd.host.processes.identity import Identity, identify
from daydreamd.host.processes.orphans import OWN_CHILDREN, reap_orphans
from daydreamd.host.processes.trees import end_tree
from daydreamd.units import say_size

_STDERR_BYTES: Final = 1 << 16
_FIRST_SAMPLE_SECONDS: Final = 0.05
_SAMPLE_SECONDS: Final = 0.25
_STRAY_SECONDS: Final = 0.5
_LAST_RESORT_SECONDS: Final = 2.0


class Leash:
    """A live child. Made by `leashed`, which also ends it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        name: str,
        max_memory: int | None,
        program: Program,
    ) -> None:
        self.pid: Final = process.pid
        self.identity: Final = identify(process.pid)  # not waited for yet, so there is one
        self.survivors: tuple[Identity, ...] = ()
        self.fault: CommandError | None = None
        self._process = process
        self._name = name
        self._pidfd = os.pidfd_open(process.pid)
        self._ended = anyio.Event()
        self._max_memory = max_memory
        self._program = program
        self._meter = UsageMeter(process.pid)
        self._stderr = Tail(_STDERR_BYTES)
        self._stdout_pipe = Outflow(process.stdout) if process.stdout else None
        self._stderr_pipe = Outflow(process.stderr) if process.stderr else None
        # The chores go on while the tree is being ended, whatever was cancelled around us.
        self._chores = anyio.CancelScope(shield=True)

    async def wait(self) -> int:
        """Its exit code, negative for a signal, once it has ended."""
        await self._ended.wait()
        return self._process.returncode

    @property
    def has_ended(self) -> bool:
        """Whether the child itself has ended and been waited for."""
        return self._ended.is_set()

    async def read(self) -> bytes:
        """The next bytes of its stdout; b"" at the end, which comes with the child's own end."""
        if self._stdout_pipe is None:
            raise CommandError("cannot read the child's output: it does not go through a pipe")
        return await self._stdout_pipe.read()

    def lines(self) -> AsyncGenerator[bytes]:
        """Its stdout by lines, without their ends; a line above 1 MiB is CommandTooLarge."""
        reason = CommandTooLarge("cannot read the child's output: a line has no end")
        return lines_of(self.read, too_long=reason)

    @property
    def stderr(self) -> bytes:
        """The last 64 KiB of its stderr."""
        return bytes(self._stderr)

    def usage(self) -> Usage:
        """Peak memory and CPU time of its tree so far."""
        return self._meter.usage()

    def send(self, signal: signals.Signals) -> bool:
        """Signal the child alone; False when it has ended."""
        if self.has_ended:
            return False
        try:
            signals.pidfd_send_signal(self._pidfd, signal)
        except ProcessLookupError:
            return False
        return True

    # What follows is for `leashed`.

    async def tend(self, stdin: bytes, grace: float, holder: anyio.CancelScope) -> None:
        """Wait for its end, watch its memory, collect its stderr, feed its stdin; until `end`."""
        with self._chores:
            async with anyio.create_task_group() as group:
                group.start_soon(self._await_end)
                group.start_soon(self._watch_memory, holder)
                group.start_soon(self._end_orphans, grace)
                group.start_soon(self._collect_stderr)
                if self._process.stdin:
                    group.start_soon(feed, self._process.stdin, stdin)

    async def end(self, grace: float, root_grace: float) -> None:
        """End the tree, wait for the child, and stop tending it."""
        try:
            await self._end_all(grace, root_grace)
        except OSError:  # no descriptor or memory left to look around with: this needs neither
            await self._end_outright()
            await self._end_all(0.0, 0.0)
        finally:
            self._chores.cancel()

    async def _end_all(self, grace: float, root_grace: float) -> None:
        roots = [] if self.has_ended else [self.identity]
        if roots or reap_orphans():
            report = await end_tree(roots, grace=grace, root_grace=root_grace, even_after_exec=True)
            self.survivors = report.survivors
            self._reap()

    async def _end_outright(self) -> None:
        """Kill the child's whole process group; the child holds its number until it is reaped."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signals.SIGKILL)
            with anyio.move_on_after(_LAST_RESORT_SECONDS):
                await self._ended.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()  # descriptors to look around with

    def close(self) -> None:
        """Close the pipes and the pidfd."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        os.close(self._pidfd)
        if not self.has_ended:  # it hangs in the kernel; from now on it is an orphan
            self._process.returncode = -signals.SIGKILL
            self._ended.set()
        OWN_CHILDREN.release(self.pid)

    async def _await_end(self) -> None:
        await anyio.wait_readable(self._pidfd)
        self._reap()

    def _reap(self) -> None:
        if self.has_ended:
            return
        pid, status, told = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._meter.ended(told)
            for pipe in (self._stdout_pipe, self._stderr_pipe):
                if pipe:
                    pipe.child_ended()
            self._ended.set()

    async def _watch_memory(self, holder: anyio.CancelScope) -> None:
        pause, waited = _FIRST_SAMPLE_SECONDS, False
        while not self.has_ended:
            resident = self._meter.sample()
            if self._max_memory is not None and resident > self._max_memory:
                self.fault = CommandTooLarge(
                    f"cannot go on with {self._name}: it uses {say_size(resident)} of memory, "
                    f"more than {say_size(self._max_memory)}"
                )
                holder.cancel()
                return
            waits = self._program.gives_up_on_pipes and waits_for_a_pipe(self.pid)
            if waits and waited:
                self.fault = CommandTimeout(
                    f"cannot go on with {self._name}: it waits for a FIFO that nobody writes to"
                )
                holder.cancel()
                return
            waited = waits
            await anyio.sleep(pause)
            pause = min(pause * 2, _SAMPLE_SECONDS)

    async def _end_orphans(self, grace: float) -> None:
        while not self.has_ended:
            await anyio.sleep(_STRAY_SECONDS)
            if reap_orphans():
                await end_tree([], grace=grace)

    async def _collect_stderr(self) -> None:
        while self._stderr_pipe and (chunk := await self._stderr_pipe.read()):
            self._stderr.add(chunk)


@asynccontextmanager
async def leashed(  # noqa: PLR0913 - the whole contract with a child, in one place
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    stdout: Stream = "pipe",
    stderr: Stream = "pipe",
    grace: float = 2.0,
    root_grace: float = 0.0,
    max_memory: int | None = None,
    program: Program = ANY,
) -> AsyncIterator[Leash]:
    """Start a child and hold it: when the block is left, nothing of its tree lives any more.

    With `root_grace` the child alone is told first (SIGTERM) and has that many seconds to end its
    tree itself. A tree above `max_memory` bytes is ended, and CommandTooLarge raised. A piped
    stdout must be read, or the child stops at a full pipe; of stderr the tail is kept.
    """
    process = launch(
        argv, program, cwd=cwd, env=env, stdin=bool(stdin), stdout=stdout, stderr=stderr
    )
    leash = _hold(process, str(argv[0]), max_memory, program)
    failure: Exception | None = None
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(leash.tend, stdin, grace, group.cancel_scope)
            try:
                yield leash
            except Exception as error:  # noqa: BLE001 - raised below, where no group wraps it
                failure = error
            finally:
                with anyio.CancelScope(shield=True):
                    await leash.end(grace, root_grace)
    finally:
        leash.close()
    if fault := leash.fault or failure:
        raise fault


def _hold(
    process: subprocess.Popen[bytes], name: str, max_memory: int | None, program: Program
) -> Leash:
    """The leash of a child that runs already; one that cannot be held is ended at once."""
    OWN_CHILDREN.leash(process.pid)
    try:
        return Leash(process, name, max_memory, program)
    except BaseException as error:  # whatever it was, the child must not outlive it
        abandon(process)
        OWN_CHILDREN.release(process.pid)
        if isinstance(error, OSError):
            raise CommandError(f"cannot hold {name}: {error.strerror}", argv=[name]) from error
        raise
