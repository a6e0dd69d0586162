"""The books that must balance in the end: the feed added up, and the store's file itself."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway import frames

FINAL = {"sent", "failed", "uncertain"}


@dataclass
class Books:
    """The feed, added up."""

    feed: list[dict[str, Any]]
    received: Counter[str] = field(default_factory=Counter)
    queued: dict[str, dict[str, Any]] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    failure: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.feed:
            data = one["data"]
            match one["kind"]:
                case "message.received":
                    self.received.update(data["message"]["provider_ids"])
                case "message.queued":
                    self.queued[data["message"]["id"]] = data["message"]
                    self.status[data["message"]["id"]] = "queued"
                case "message.sent" | "message.failed" | "message.uncertain" | "message.deferred":
                    self.status[data["message"]] = data["status"]
                    self.failure[data["message"]] = data["failure"]

    def without_gaps(self) -> None:
        """The feed is dense from its first record on, and so is every stream."""
        assert [frames.place(one["cursor"]) for one in self.feed] == list(range(1, len(self.feed) + 1))
        streams = defaultdict(list)
        for one in self.feed:
            streams[one["stream"]].append(one["seq"])
        for stream, numbers in streams.items():
            assert numbers == list(range(1, len(numbers) + 1)), stream
        assert len({one["id"] for one in self.feed}) == len(self.feed)

    def received_once(self, told: dict[str, str]) -> None:
        """Exactly what a provider has told, each once."""
        assert dict.fromkeys(told, 1) == dict(self.received)

    def balanced(self, sent: list[str]) -> Counter[str]:
        """Each reply went out as often as it says it did: once if sent, never if failed. Counts how they ended.

        ``sent`` is what the provider accepted; every reply has one text part, unlike any other's but the one that it
        resends. Only what is uncertain may have gone out or not.
        """
        went = Counter(sent)
        ended = {status: Counter[str]() for status in FINAL}
        for message, told in self.queued.items():
            text, status = told["parts"][0]["text"], self.status[message]
            assert status in FINAL, (text, status)
            if status != "sent":
                failure = self.failure[message]
                assert failure is not None
                assert failure["reason"], text
            ended[status][text] += 1
        sure, unsure = ended["sent"], ended["uncertain"]
        assert not went - sure - unsure, "sent more often than anybody says"
        assert not sure - went, "never sent, though it says so"
        accepted = went - sure
        kinds = {"uncertain, accepted": accepted, "uncertain, not accepted": unsure - accepted}
        kinds |= {"sent": sure, "failed": ended["failed"]}
        return +Counter({kind: texts.total() for kind, texts in kinds.items()})

    def in_order(self, accepted: list[dict[str, Any]]) -> None:
        """In each conversation, what went out went in the order of the replies. ``accepted`` is by the provider."""
        seqs = {message["parts"][0]["text"]: message["seq"] for message in self.queued.values()}
        by_chat = defaultdict(list)
        for call in accepted:
            by_chat[call["chat"]].append(seqs[call["params"]["text"]])
        for chat, numbers in by_chat.items():
            assert numbers == sorted(numbers), chat


def kept(db: Path) -> sqlite3.Connection:
    """The store's file, to be read beside a server or after it."""
    return sqlite3.connect(f"file:{db}?mode=ro", uri=True, timeout=30)


def whole(db: Path) -> list[tuple[Any, ...]]:
    """The store's file is sound, and what is in it adds up; gives its records."""
    with closing(kept(db)) as file:
        assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        records = file.execute("SELECT feed, stream, seq, key, kind FROM records ORDER BY feed").fetchall()
        assert [one[0] for one in records] == list(range(1, len(records) + 1))
        gaps = "SELECT stream FROM records GROUP BY stream HAVING max(seq) <> count(*) OR min(seq) <> 1"
        assert file.execute(gaps).fetchall() == []
        assert file.execute("SELECT key FROM records GROUP BY key HAVING count(*) > 1").fetchall() == []
        again = """
            SELECT later.id FROM attempts AS later JOIN attempts AS earlier
            ON earlier.message = later.message AND earlier.step = later.step AND earlier.number < later.number
            WHERE NOT earlier.never_sent AND (earlier.status IS NULL OR earlier.status = 200)
        """
        assert file.execute(again).fetchall() == [], "tried again though it may have been accepted"
        assert file.execute("SELECT count(*) FROM unsettled").fetchone() == (0,)
        assert file.execute("SELECT feed FROM folded").fetchone() == (len(records),)
    return records


def attempts(db: Path) -> dict[str, list[tuple[int, int, int | None]]]:
    """By text of its first part, every try of a message: the step, the number and the status."""
    found: dict[str, list[tuple[int, int, int | None]]] = defaultdict(list)
    with closing(kept(db)) as file:
        rows = file.execute(
            """
            SELECT json_extract(records.data, '$.message.parts[0].text'), step, number, status
            FROM attempts JOIN records ON records.kind = 'message.queued'
            AND json_extract(records.data, '$.message.id') = attempts.message ORDER BY step, number
            """
        )
        for text, *of in rows:
            found[text].append(tuple(of))
    return dict(found)
