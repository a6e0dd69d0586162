"""The collections of one database: what each holds, by what it is found, and how every write is made durable."""

from __future__ import annotations

from typing import NamedTuple

from bson import CodecOptions
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.asynchronous.mongo_client import AsyncMongoClient
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from gateway.adapters.mongo.collection import Collection, Document
from gateway.adapters.mongo.whole import Operations

Client = AsyncMongoClient[Document]

_WRITE_MS = 5000
"""How long the server may take to have a write on a majority's disks."""
DURABLE = WriteConcern("majority", wtimeout=_WRITE_MS, j=True)


class Index(NamedTuple):
    """What a collection is looked up by, beside ``_id``."""

    collection: str
    keys: tuple[str, ...]
    unique: bool = False


LOG_INDEXES = (
    Index("records", ("stream", "seq"), unique=True),
    Index("feed", ("record",), unique=True),
    Index("conversations", ("owed", "recency", "_id")),
    Index("conversations", ("status", "owed", "recency", "_id")),
    Index("conversations", ("assignee", "status", "owed", "recency", "_id")),
    Index("conversations", ("snoozed_until",)),
    Index("lines", ("conversation", "shown_at", "ord", "_id")),
    Index("people", ("name", "_id")),
    Index("unsettled", ("conversation", "seq")),
)
TRUTHS_INDEXES = (
    Index("attempts", ("message",)),
    Index("attempts", ("started_at",)),
    Index("answers", ("message",)),
    Index("answers", ("started_at",)),
    Index("files", ("state", "_id")),
    Index("files", ("state", "account", "conversation", "_id")),
    Index("kept", ("hook", "_id")),
    Index("kept", ("at",)),
    Index("unmatched", ("account", "provider_id")),
    Index("unmatched", ("at",)),
    Index("keys", ("name", "number")),
    Index("keys", ("digest",)),
    Index("agents", ("id",)),
    Index("sessions", ("expires_at",)),
    Index("ended", ("expires_at",)),
    Index("leases", ("name", "epoch")),
)
"""Of attempts, files, kept requests, news, keys, agents and sessions."""


class Collections:
    """The collections by name. Every write through them is on a majority's disks when it returns.

    Truth:

    ========== ======================================================== ===========================================
    name       ``_id``                                                  beside it
    ========== ======================================================== ===========================================
    records    the record's key                                         the record; ``data`` as JSON
    feed       the place, in 16 digits                                  ``record``: its key; ``at``
    pending    ``stream``, a bar, and a word of its own                 ``key`` of the record that may come
    identities ``brand``, a space, the identity                         ``person``, ``conversation``
    meta       ``version:<n>``; ``folded``; ``rebuilding``              ``n``, ``head``: places in the feed
    attempts   ``message:step:attempt``                                 the intent, never changed
    answers    the attempt's                                            what came back of it
    files      the file's id                                            the file, or how it once was; ``version``
    changes    a file's id, a colon, its next version                   the file as it was then
    keys       a name, a colon, how many of it there have been          the key, never changed
    revoked    the key's                                                ``at``
    sessions   the secret's digest                                      the session
    ended      the session's                                            ``expires_at``
    agents     the address, in small letters                            the agent
    leases     a name, a colon, the epoch in 20 digits                  ``holder``
    settings   its name                                                 ``value``
    kept       the request's id                                         the request
    unmatched  the account, a colon, the event's id                     the event, and whom it is about
    ========== ======================================================== ===========================================

    Views: ``conversations``, ``lines``, ``people`` (by id), ``provider_ids`` (account, space, provider's id),
    ``unsettled`` (by message), and ``streams``, those that have no conversation. ``files`` follows the log too, but keeps what was fetched.
    """

    def __init__(self, client: Client, name: str) -> None:
        self.operations = Operations()
        self._db: AsyncDatabase[Document] = client.get_database(
            name,
            codec_options=CodecOptions(tz_aware=True),
            read_preference=ReadPreference.PRIMARY,
            write_concern=DURABLE,
            read_concern=ReadConcern("majority"),
        )
        self.records = self.named("records")
        self.feed = self.named("feed")
        self.pending = self.named("pending")
        self.identities = self.named("identities")
        self.meta = self.named("meta")
        self.conversations = self.named("conversations")
        self.streams = self.named("streams")
        self.lines = self.named("lines")
        self.people = self.named("people")
        self.provider_ids = self.named("provider_ids")
        self.unsettled = self.named("unsettled")
        self.attempts = self.named("attempts")
        self.answers = self.named("answers")
        self.files = self.named("files")
        self.changes = self.named("changes")
        self.kept = self.named("kept")
        self.unmatched = self.named("unmatched")
        self.keys = self.named("keys")
        self.revoked = self.named("revoked")
        self.agents = self.named("agents")
        self.sessions = self.named("sessions")
        self.ended = self.named("ended")
        self.settings = self.named("settings")
        self.leases = self.named("leases")

    def named(self, name: str) -> Collection:
        """A collection by its name."""
        return Collection(self.operations, self._db.get_collection(name))
