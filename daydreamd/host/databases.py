"""SQLite files: our own, with one writer, and other people's, which are only looked into.

Our own are in WAL mode, checked when opened, and put aside with the date where they are corrupt.
Every write is one short transaction, so that a process killed at any moment leaves a whole file.
Foreign files are opened read-only, for one short question, and never locked for longer.
This file knows SQLite, and no table.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import anyio
import anyio.to_thread

from daydreamd.errors import DatabaseError
from daydreamd.host.stored_times import read_time

Connection = sqlite3.Connection
Row = sqlite3.Row
T = TypeVar("T")

_BUSY_SECONDS: Final = 5.0
_OPENING_SECONDS: Final = 5.0
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """An open database. `put_aside` is where a corrupt one before it went, if there was one."""

    def __init__(self, path: Path, connection: Connection, put_aside: Path | None) -> None:
        self.path = path
        self.put_aside = put_aside
        self._connection = connection
        self._turn = anyio.Lock()

    async def write(self, action: Callable[[Connection], T]) -> T:
        """Run `action` in a transaction of its own: all of it is kept, or nothing."""
        return await self._in_thread("write", lambda: _transaction(self._connection, action))

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query`, which writes nothing."""
        return await self._in_thread("read", lambda: query(self._connection))

    async def close(self) -> None:
        """Close; the last one to close folds the WAL into the file."""
        with anyio.CancelScope(shield=True):
            await self._in_thread("close", self._connection.close)

    async def _in_thread(self, verb: str, action: Callable[[], T]) -> T:
        async with self._turn:
            # Not abandoned when cancelled: what is being written is finished first.
            with _reported(verb, self.path):
                return await anyio.to_thread.run_sync(action)


@asynccontextmanager
async def open_database(path: Path, migrations: Sequence[str]) -> AsyncIterator[Database]:
    """Open `path` for writing, made or brought up to date by `migrations` (SQL, append-only)."""
    database = await anyio.to_thread.run_sync(_open_or_begin_anew, path, migrations)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_database_to_read(path: Path, migrations: Sequence[str]) -> AsyncIterator[Database]:
    """Open `path` for reading; where there is none, an empty one that is not on disk."""
    with _reported("open", path):
        database = Database(path, await anyio.to_thread.run_sync(_to_read, path, migrations), None)
    try:
        yield database
    finally:
        await database.close()


def look_into(path: Path, query: Callable[[Connection], T], *, deadline: float = 1.0) -> T:
    """Ask a foreign database one question, within `deadline` seconds; DatabaseError says why not.

    Blocks: call it in a thread. The file is not written and no file beside it is made. In SQL,
    `epoch(x)` is the stored time `x` in seconds since 1970, NULL where it cannot be told.
    """
    until = time.monotonic() + deadline
    with _reported("read", path):
        if not stat.S_ISREG(path.stat().st_mode):  # opening a FIFO would hang
            raise DatabaseError(f"cannot read {path}: not a regular file", path=path)
        connection = _connect(path, _foreign_mode(path), timeout=deadline / 2)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > until, 1000)
            connection.create_function("epoch", 1, read_time, deterministic=True)
            return query(connection)
        finally:
            connection.close()


def _foreign_mode(path: Path) -> str:
    """Reading a WAL file makes `-wal` and `-shm` beside it, unless nobody has it open.

    Without a `-wal` nobody has, so that it may be read as a file that does not change.
    """
    with path.open("rb") as file:
        is_wal = file.read(20)[18:] == b"\x02\x02"
    in_use = Path(f"{path}-wal").exists()
    return "mode=ro&immutable=1" if is_wal and not in_use else "mode=ro"


def _connect(path: Path, options: str, *, timeout: float = _BUSY_SECONDS) -> Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?{options}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,  # one thread at a time, see Database._turn
    )
    connection.row_factory = Row
    return connection


def _to_read(path: Path, migrations: Sequence[str]) -> Connection:
    if path.exists():
        connection = _connect(path, "mode=ro")
        try:
            if _refuse_newer(connection, path, len(migrations)) == len(migrations):
                return connection
        except BaseException:  # whatever it is: not without closing
            connection.close()
            raise
        with closing(connection):  # of an older version: it is brought up to date in memory
            return _in_memory(path, migrations, connection)
    return _in_memory(path, migrations)


def _in_memory(
    path: Path, migrations: Sequence[str], source: Connection | None = None
) -> Connection:
    connection = _connect(Path(":memory:"), "mode=memory")
    try:
        if source is not None:
            source.backup(connection)
        _migrate(connection, path, migrations)
    except BaseException:  # whatever it is: not without closing
        connection.close()
        raise
    return connection


def _open_or_begin_anew(path: Path, migrations: Sequence[str]) -> Database:
    """Open, check and migrate; two processes that start at once do so one after the other."""
    with _reported("open", path), _alone(path.parent):
        aside = None
        try:
            connection = _open_checked(path)
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                raise
            aside = _put_aside(path)
            connection = _open_checked(path)
        try:
            _migrate(connection, path, migrations)
        except BaseException:  # whatever it is: not without closing
            connection.close()
            raise
        return Database(path, connection, aside)


def _open_checked(path: Path) -> Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what is said to be kept survives a crash
        connection.execute("PRAGMA foreign_keys = ON")
        _check(connection)
    except BaseException:  # whatever it is: not without closing
        connection.close()
        raise
    return connection


def _check(connection: Connection) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _is_corrupt(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _CORRUPT


def _put_aside(path: Path) -> Path:
    """Rename the corrupt file and what belongs to it: `history.db.corrupt-20261122-184601`."""
    aside = path.with_name(f"{path.name}.corrupt-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    return aside


def _migrate(connection: Connection, path: Path, migrations: Sequence[str]) -> None:
    """Bring the file up to date; each migration is whole or not at all."""
    done = _refuse_newer(connection, path, len(migrations))
    for number, script in enumerate(migrations[done:], start=done + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT"
        )


def _refuse_newer(connection: Connection, path: Path, known: int) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > known:
        reason = f"it was written by a newer version ({version}, known is {known})"
        raise DatabaseError(f"cannot open {path}: {reason}", path=path)
    return version


def _transaction(connection: Connection, action: Callable[[Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = action(connection)
        connection.execute("COMMIT")
    except BaseException:  # whatever it is: nothing half-done stays
        if connection.in_transaction:  # a full disk may have rolled back already
            connection.execute("ROLLBACK")
        raise
    return result


@contextmanager
def _reported(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DatabaseError(f"cannot {verb} {path}: {error}", path=path) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatabaseError(f"cannot {verb} {path}: {reason}", path=path) from error


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the directory while its database is opened; the kernel lets go when we die."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + _OPENING_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > until:
                raise TimeoutError(
                    f"another process has been opening it for {_OPENING_SECONDS:.0f} s"
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
