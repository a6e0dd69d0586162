"""Histories for the suites of the store: drafts that customers, agents and providers would make, and a clock that stands."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.adapters.sqlite import SqliteStore, schema
from gateway.adapters.system import SystemClock
from gateway.ports import Store
from normalizer import conversation as agents
from normalizer import told
from normalizer.decision import Channel, Place, Stamp, View
from normalizer.event import MessageReceived, ReachChanged
from normalizer.model import Media, Part, Text
from normalizer.record import By, Draft, Record
from normalizer.sending import Settled, settled

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
AGENT = By("agent", "agt_1", "Grace")
_numbers = itertools.count(1)


class StandingClock(SystemClock):
    """A clock that stands until it is put forward."""

    def __init__(self, time: datetime = AT) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


def always(draft: Draft | None) -> Callable[[View], Draft | None]:
    return lambda _: draft


def stamp(minute: float = 0, by: By = AGENT, brand: str = "main", id: str | None = None) -> Stamp:  # noqa: A002 - the field's name
    return Stamp(id or f"rec_{next(_numbers):06}", by, AT + timedelta(minutes=minute), brand)


def received(
    key: str,
    who: str = "ann",
    minute: float = 0,
    *,
    text: str = "hello",
    sent: float | None = None,
    order: int = 0,
    brand: str = "main",
    name: str | None = None,
    account: str = "bot",
    channel: str = "telegram",
    identity: str | None = None,
    parts: tuple[Part, ...] | None = None,
) -> Draft:
    """What a customer wrote, into `cnv_<who>`. ``minute`` counts from AT."""
    event = MessageReceived(
        id=f"message:{key}",
        identity=identity or f"telegram:{who}",
        name=who.title() if name is None else name,
        sent_at=AT + timedelta(minutes=minute if sent is None else sent),
        parts=parts or (Text(text=text),),
        provider_ids=(f"p-{key}",),
        order=order,
    )
    place = Place(f"per_{who}", f"cnv_{who}")
    told_at = stamp(minute, By("person", place.person, event.name), brand)
    kept = told.keep_files(event.parts, [f"med_{key}_{n}" for n in range(len(event.parts))])
    return told.received(event, place, Channel(account, channel), told_at, f"msg_{key}", kept, None)


def picture(ref: str) -> Media:
    return Media(media_type="image", ref=ref, mime="image/jpeg", name="cat.jpg")


def reach(who: str, change: Any, minute: float = 0) -> Draft:
    event = ReachChanged(id=f"reach:{who}:{change}:{minute}", identity=f"telegram:{who}", change=change, at=AT)
    place = Place(f"per_{who}", f"cnv_{who}")
    told_at = stamp(minute, By("person", place.person))
    return told.reach_changed(event, place, Channel("bot", "telegram"), told_at)


def reply(key: str, minute: float = 0) -> Callable[[View], Draft | None]:
    asked = agents.Asked(f"msg_{key}", (Text(text="with pleasure"),), f"idem:{key}")
    made = stamp(minute)
    return lambda view: agents.reply(view, asked, made, {"bot": "telegram", "second": "telegram"})


def change(minute: float = 0, **changes: Any) -> Callable[[View], Draft | None]:
    made = stamp(minute)
    return lambda view: agents.changed(view, made, changes, None)


def note(key: str, text: str = "careful", minute: float = 0) -> Callable[[View], Draft | None]:
    made = stamp(minute)
    return lambda view: agents.note(view, made, f"msg_{key}", text, f"idem:{key}", None)


def read(up_to: str, minute: float = 0) -> Callable[[View], Draft | None]:
    made = stamp(minute)
    return lambda view: agents.read(view, made, up_to)


def settle(message: str, how: Any, minute: float = 0, **told: Any) -> Callable[[View], Draft | None]:
    made = stamp(minute, By("system", "delivery"))
    end = Settled(how, f"{message}:{how}:{minute}", **told)
    return lambda view: settled(view, message, end, made)


async def append(store: Store, *drafts: Draft) -> list[Record]:
    """Appends customers' drafts, each to the stream it is about, all at once."""
    done = await asyncio.gather(*(store.append(stream_of(draft), always(draft), draft.key) for draft in drafts))
    return [one.record for one in done if one.record is not None]


def stream_of(draft: Draft) -> str:
    said = draft.data
    person: str = said["message"]["author"]["id"] if "message" in said else said["person"]["id"]
    return person.replace("per_", "cnv_")


async def history(store: Store) -> None:
    """A bit of everything, so that every view has something to show."""
    await append(
        store,
        *(received(f"a{n}", "ann", n, text=f"line {n}", sent=-n) for n in range(4)),
        *(received(f"b{n}", "bob", n, brand="shop", account="shop") for n in range(3)),
        received("c1", "cid", 9, parts=(picture("file-1"), Text(text="look"))),
        received("d1", "dee", 3, name=""),
        reach("eve", "blocked", 4),
    )
    await store.append("cnv_ann", reply("r1", 10))
    await store.append("cnv_ann", reply("r2", 11))
    await store.append("cnv_ann", settle("msg_r1", "sent", 12, provider_ids=("out-1",)))
    await store.append("cnv_ann", settle("msg_r2", "deferred", 12, send_at=AT + timedelta(minutes=30)))
    await store.append("cnv_ann", note("n1", minute=13))
    await store.append("cnv_cid", change(14, status="snoozed", snoozed_until="2026-11-23T09:00:00.000Z"))
    await store.append("cnv_dee", change(14, status="resolved"))
    await store.append("cnv_dee", change(14, labels=["vip", "é"], priority=2))
    await append(store, received("a9", "ann", 15, name="Ann Lee", identity="tel:+33612345678"))
    await store.append("cnv_ann", read("msg_a9", 16))


async def caught_up(store: Store) -> None:
    """Wait until all that was acknowledged has its place in the feed: a store of many processes gives it afterwards."""
    await store.unsettled()  # as any read of the views waits


async def whole_feed(store: Store) -> list[Record]:
    """All records, after checking that the feed is dense and every stream without a gap; see ``caught_up``."""
    records: list[Record] = []
    while found := await store.feed(len(records), 100):
        records.extend(found)
    assert_numbered(records)
    assert await store.head() == len(records)
    return records


def assert_numbered(records: Iterable[Record]) -> None:
    seen: dict[str, int] = {}
    for place, record in enumerate(records, 1):
        assert record.feed == place
        assert record.seq == seen.get(record.stream, 0) + 1
        seen[record.stream] = record.seq


class SqliteHouse:
    """Opens stores on one file, and looks into it behind their backs."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "test.db"
        self.clock = StandingClock()
        self._opened: list[SqliteStore] = []

    async def open(self, *retention: timedelta) -> SqliteStore:
        store = SqliteStore(self.path, self.clock, *retention)
        self._opened.append(store)
        await store.start()
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.stop()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(self.path)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def do(self, script: str) -> None:
        db = sqlite3.connect(self.path)
        try:
            db.executescript(script)
        finally:
            db.close()

    def views(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every view."""
        tables = ("folded", "identities", *schema.VIEW_TABLES, "files")
        return {table: sorted(self.ask(f"SELECT * FROM {table}"), key=repr) for table in tables}  # noqa: S608 - our own names

    def unfold(self) -> None:
        """As after a kill at the worst instant: the log has everything, the views nothing."""
        empty = (f"DELETE FROM {table};" for table in schema.VIEW_TABLES)  # noqa: S608 - our own names
        self.do("".join(empty))
        self.set_back(0)

    def set_back(self, place: int) -> None:
        """As after a kill that lost only how far the views are: they are believed to be at this place of the feed."""
        self.do(f"UPDATE folded SET feed = {place}")  # noqa: S608 - a number
