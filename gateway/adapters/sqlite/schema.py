"""The tables, and how an older file becomes this version's."""

from __future__ import annotations

import sqlite3

_TRUTH = """
CREATE TABLE records (
    feed INTEGER PRIMARY KEY, id TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL, v INTEGER NOT NULL, brand TEXT NOT NULL, account TEXT, by_kind TEXT NOT NULL,
    by_id TEXT NOT NULL, by_name TEXT NOT NULL, cause TEXT, at INTEGER NOT NULL, received_at INTEGER, request TEXT,
    data BLOB NOT NULL, UNIQUE (stream, seq)
) STRICT;
CREATE TABLE attempts (
    id TEXT PRIMARY KEY, message TEXT NOT NULL, step INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
    part INTEGER NOT NULL, started_at INTEGER NOT NULL, status INTEGER, headers TEXT, body BLOB,
    error TEXT NOT NULL, never_sent INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_of_message ON attempts (message, step, number);
CREATE TABLE files (
    id TEXT PRIMARY KEY, brand TEXT NOT NULL, state TEXT NOT NULL, account TEXT NOT NULL, conversation TEXT NOT NULL,
    ref TEXT NOT NULL, mime TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL, path TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_pending ON files (id) WHERE state = 'pending';
CREATE TABLE kept (
    id TEXT PRIMARY KEY, hook TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unmatched (
    account TEXT NOT NULL, event_id TEXT NOT NULL, provider_id TEXT NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (account, event_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unmatched_by_provider_id ON unmatched (account, provider_id);
CREATE TABLE keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, brands TEXT,
    created_at INTEGER NOT NULL, revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keys_in_use ON keys (name) WHERE revoked_at IS NULL;
CREATE TABLE agents (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT NOT NULL,
    brands TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, agent TEXT NOT NULL, expires_at INTEGER NOT NULL, kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_VIEWS = """
CREATE TABLE folded (one INTEGER PRIMARY KEY CHECK (one = 1), feed INTEGER NOT NULL) STRICT;
INSERT INTO folded VALUES (1, 0);
CREATE TABLE identities (
    brand TEXT NOT NULL, identity TEXT NOT NULL, person TEXT NOT NULL, conversation TEXT NOT NULL,
    PRIMARY KEY (brand, identity)
) STRICT, WITHOUT ROWID;
CREATE TABLE conversations (
    id TEXT PRIMARY KEY, brand TEXT NOT NULL, status TEXT NOT NULL, assignee TEXT, channel TEXT, account TEXT,
    owed INTEGER NOT NULL, recency INTEGER NOT NULL, snoozed_until INTEGER, search TEXT NOT NULL,
    seq INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX conversations_listed ON conversations (owed, recency, id);
CREATE INDEX conversations_by_status ON conversations (status, owed, recency, id);
CREATE INDEX conversations_by_assignee ON conversations (assignee, status, owed, recency, id);
CREATE INDEX conversations_asleep ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE TABLE lines (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL, shown_at INTEGER NOT NULL, ord INTEGER NOT NULL,
    inbound INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX lines_in_order ON lines (conversation, shown_at, ord, id);
CREATE TABLE provider_ids (
    account TEXT NOT NULL, provider_id TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (account, provider_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE people (
    id TEXT PRIMARY KEY, brand TEXT NOT NULL, name TEXT NOT NULL, search TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX people_by_name ON people (name, id);
CREATE TABLE unsettled (
    message TEXT PRIMARY KEY, conversation TEXT NOT NULL, account TEXT NOT NULL, seq INTEGER NOT NULL,
    send_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unsettled_in_order ON unsettled (conversation, seq);
"""
VIEW_TABLES = ("conversations", "lines", "provider_ids", "people", "unsettled")
"""What ``rebuild`` empties and folds anew. Not ``identities``: whose one is, is bound before the first record says so,
and a server that goes on with an interrupted rebuild must not bind it again."""

_NEWS_WITH_ITS_TIME = """
ALTER TABLE unmatched ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX kept_by_time ON kept (at);
CREATE INDEX attempts_by_time ON attempts (started_at)
"""

_FILES_THAT_GO = """
ALTER TABLE kept ADD COLUMN accounts TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN look TEXT;
CREATE INDEX files_kept ON files (id) WHERE state = 'kept';
CREATE INDEX files_unsent ON files (id) WHERE state = 'kept' AND account = '' AND conversation = '';
UPDATE files SET conversation = sent.stream FROM (
    SELECT records.stream, json_extract(part.value, '$.media') AS media
    FROM records, json_each(CAST(records.data AS TEXT), '$.message.parts') AS part
    WHERE records.kind = 'message.queued'
) AS sent WHERE files.id = sent.media AND files.account = '' AND files.conversation = ''
"""

_LEASES = """
CREATE TABLE leases (
    name TEXT NOT NULL, epoch INTEGER NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (name, epoch)
) STRICT, WITHOUT ROWID
"""

MIGRATIONS = (_TRUTH + _VIEWS, _NEWS_WITH_ITS_TIME, _FILES_THAT_GO, _LEASES)
"""Entry ``n`` makes a file of version ``n`` one of version ``n + 1``. Never change one that has shipped: add."""


class TooNewError(Exception):
    """The file was written by a later version of this program."""


class TooOldError(Exception):
    """The file was written by an earlier version, and is only to be read."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to this version, each step in a transaction of its own. Raises TooNewError."""
    while (version := db.execute("PRAGMA user_version").fetchone()[0]) < len(MIGRATIONS):
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone()[0] != version:  # another process was quicker
            db.execute("ROLLBACK")
            continue
        try:
            for statement in MIGRATIONS[version].split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:  # a full disk has already rolled it back
                db.execute("ROLLBACK")
            raise
    _not_newer(version)


def require(db: sqlite3.Connection) -> None:
    """Find a file of this version, and change nothing. Raises TooNewError, TooOldError."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    _not_newer(version)
    if version < len(MIGRATIONS):
        raise TooOldError(
            f"this store is of version {version}, and only to be read; this program reads version {len(MIGRATIONS)}: "
            "start a server on it, or copy it, first",
        )


def _not_newer(version: int) -> None:
    if version > len(MIGRATIONS):
        raise TooNewError(
            f"this store is of version {version}; this program reads up to {len(MIGRATIONS)}: use a newer one",
        )
