"""The tables, as they came to be. Append only: a migration that was released is never changed.

Times are UTC text (`2026-11-22T18:46:01.250000Z`), which sorts; lists and records are JSON.
"""

from __future__ import annotations

from typing import Final

from daydreamd.history.disk_use import DISK_USE
from daydreamd.history.proposals_kept import SOURCES_AND_FATES

_IDENTITY: Final = """
    ALTER TABLE insights ADD COLUMN function TEXT NOT NULL DEFAULT '';  -- such as Cart.total
    ALTER TABLE insights ADD COLUMN mark TEXT NOT NULL DEFAULT '';      -- shapes of its lines then
    ALTER TABLE insights ADD COLUMN survived TEXT NOT NULL DEFAULT '{}';

    CREATE TABLE waiting_claims (               -- over the limit of a session, for the next
        number         INTEGER PRIMARY KEY,
        workspace_path TEXT NOT NULL,
        at             TEXT NOT NULL,
        item           TEXT NOT NULL            -- an insight that has not been told
    ) STRICT
"""
_SHOWN: Final = """
    CREATE TABLE shown (
        workspace_path TEXT NOT NULL,
        key            TEXT NOT NULL,           -- names the text, wherever in the file it stands
        path           TEXT NOT NULL,
        at             TEXT NOT NULL,
        PRIMARY KEY (workspace_path, key)
    ) STRICT
    """

MIGRATIONS: Final[tuple[str, ...]] = (
    # 1: the first tables
    """
    CREATE TABLE sessions (
        session_id  TEXT PRIMARY KEY,
        trigger     TEXT NOT NULL,
        start_time  TEXT NOT NULL,
        end_time    TEXT,
        phase       TEXT NOT NULL,
        outcome     TEXT,                       -- NULL while it runs; set exactly once
        reasons     TEXT NOT NULL DEFAULT '[]',
        record      TEXT NOT NULL               -- the session whole, as `once --json` prints it
    ) STRICT;
    CREATE INDEX sessions_by_start ON sessions (start_time);
    CREATE INDEX sessions_unfinished ON sessions (session_id) WHERE outcome IS NULL;

    CREATE TABLE phases (
        session_id  TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
        phase       TEXT NOT NULL,
        seconds     REAL NOT NULL,
        PRIMARY KEY (session_id, phase)
    ) STRICT;

    CREATE TABLE insights (
        id             TEXT PRIMARY KEY,        -- short, such as a3f
        workspace      TEXT NOT NULL,
        workspace_path TEXT NOT NULL,
        title          TEXT NOT NULL,
        body           TEXT NOT NULL,
        category       TEXT NOT NULL,
        evidence       TEXT NOT NULL,
        grounded       INTEGER NOT NULL,
        status         TEXT NOT NULL,           -- new, open, addressed, accepted, dismissed
        first_seen     TEXT NOT NULL,
        last_seen      TEXT NOT NULL,
        times_seen     INTEGER NOT NULL DEFAULT 1,
        first_session  TEXT NOT NULL,
        last_session   TEXT NOT NULL,
        addressed_by   TEXT NOT NULL DEFAULT '' -- the commit that changed the lines, if known
    ) STRICT;
    CREATE INDEX insights_by_workspace ON insights (workspace_path, status);

    CREATE TABLE kills (
        number         INTEGER PRIMARY KEY,
        session_id     TEXT,                    -- NULL where `clean` ended it
        at             TEXT NOT NULL,
        pid            INTEGER NOT NULL,
        start_time     INTEGER NOT NULL,        -- ticks since boot: with pid, which process it was
        rule           TEXT NOT NULL,
        command        TEXT NOT NULL,
        age_seconds    REAL NOT NULL,
        idle_seconds   REAL,
        rss_bytes      INTEGER NOT NULL,
        reasons        TEXT NOT NULL,
        undo           TEXT NOT NULL,           -- the command that brings it back
        outcome        TEXT NOT NULL
    ) STRICT;
    CREATE INDEX kills_by_time ON kills (at);

    CREATE TABLE reflections (
        workspace_path TEXT PRIMARY KEY,
        fingerprint    TEXT NOT NULL,
        session_id     TEXT NOT NULL,
        at             TEXT NOT NULL
    ) STRICT;

    CREATE TABLE state (
        key   TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT
    """,
    # 2: which process it was, beyond this boot and this machine; NULL where that was not noted
    """
    ALTER TABLE kills RENAME COLUMN start_time TO start_ticks;
    ALTER TABLE kills ADD COLUMN boot_id TEXT;
    ALTER TABLE kills ADD COLUMN machine_id TEXT
    """,
    # 3: which parts of a workspace a model has seen
    _SHOWN,
    # 4: what an insight is about, what it withstood, and what waits for the next session
    _IDENTITY,
    # 5: what agents hold on the disk
    DISK_USE,
    # 6: where insights came from, and what was proposed and not kept
    SOURCES_AND_FATES,
)
