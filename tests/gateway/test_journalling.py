"""With the store away the edge takes webhooks into its journal, and brings them to the store in order."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from toys.channel import account, took, toy
from toys.engine import Engine, engine
from toys.journals import Moody, body, heard, journalling, kill
from toys.world import ToyHttp, until

from gateway import journalling as module
from gateway.edge import MAX_BODY, Edge
from gateway.journalling import Journalling, Standing
from gateway.metrics import JOURNAL_WAITING, JOURNALLED
from gateway.ports import Kept, Unavailable
from gateway.taking import Heard
from normalizer.event import Event, IdentityChanged, MessageEdited, ReceiptReceived
from normalizer.model import Text
from normalizer.record import Record

SECRET = {"x-toy": "toy-secret", "content-type": "application/json"}


@asynccontextmanager
async def edge_of(made: Engine, folder: Path, **more: Any) -> AsyncIterator[tuple[Journalling, Moody]]:
    store = Moody(made.store)
    edge = journalling(made, store, folder / "journal.db", **more)
    await edge.start()
    try:
        yield edge, store
    finally:
        await edge.stop()


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Engine]:
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=took("1"))) as running:
        yield running


async def drained(made: Engine, edge: Journalling) -> None:
    async with asyncio.timeout(60):
        while edge._on:
            made.clock.turn(10)
            await asyncio.sleep(0.002)


def texts(records: list[Record]) -> list[str]:
    return [one.data["message"]["parts"][0]["text"] for one in records if one.kind == "message.received"]


async def write(made: Engine, edge: Journalling, *numbers: int, who: str = "ann") -> None:
    for number in numbers:
        await edge.take(heard(made, body(made.event(number, who))))


async def test_while_the_store_is_there_nothing_goes_to_the_journal(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, _):
        await write(made, edge, 1, 2)
        assert texts(made.records) == ["hello 1", "hello 2"]
        assert await edge.standing() == Standing()


async def test_with_the_store_away_webhooks_wait_in_order_and_are_recorded_once_it_is_back(
    made: Engine, tmp_path: Path
) -> None:
    before = JOURNALLED.labels("toy-one")._value.get()
    async with edge_of(made, tmp_path) as (edge, store):
        await write(made, edge, 1)
        store.up = False
        arrived = made.clock.now()
        with capture_logs() as logs:
            await write(made, edge, *range(2, 40))
        assert [one["event"] for one in logs].count("webhooks go to the journal") == 1
        assert await edge.standing() == Standing("", 38, arrived)
        assert JOURNALLED.labels("toy-one")._value.get() - before == 38
        (sample,) = next(iter(JOURNAL_WAITING.collect())).samples
        assert sample.value == 38
        store.up = True
        with capture_logs() as logs:
            await drained(made, edge)
        assert [one["event"] for one in logs].count("the journal is drained: webhooks go to the store") == 1
        assert texts(made.records) == [f"hello {number}" for number in range(1, 40)]
        assert await edge.standing() == Standing()


async def test_once_something_waits_everything_new_goes_to_its_end(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await write(made, edge, 1)
        await until(lambda: made.clock.waits)  # the drain has seen that it is away, and sleeps
        store.up = True
        await write(made, edge, 2)
        assert made.records == []
        await drained(made, edge)
        await write(made, edge, 3)
        assert texts(made.records) == ["hello 1", "hello 2", "hello 3"]


async def test_the_journal_is_not_left_while_something_is_on_its_way_into_it(
    made: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await write(made, edge, 1)
        await until(lambda: made.clock.waits)
        real, go = edge._journal.append, asyncio.Event()

        async def append(given: Any) -> None:
            await go.wait()
            await real(given)

        monkeypatch.setattr(edge._journal, "append", append)
        second = asyncio.ensure_future(write(made, edge, 2))
        store.up = True
        made.clock.turn(10)
        await until(lambda: len(made.records) == 1 and not edge._journal.length)
        for _ in range(50):
            await asyncio.sleep(0)
        third = asyncio.ensure_future(write(made, edge, 3))
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(made.records) == 1  # the third waits behind the second
        go.set()
        await asyncio.gather(second, third)
        await drained(made, edge)
        assert texts(made.records) == ["hello 1", "hello 2", "hello 3"]


async def test_what_was_journalled_arrived_when_it_reached_us_though_it_is_recorded_hours_later(
    made: Engine, tmp_path: Path
) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        arrived = made.clock.now()
        press = made.event(1, id="press:1", aliases=("tel:+33612345678",))
        await edge.take(heard(made, body(press)))
        made.clock.turn(5 * 3600)
        store.up = True
        await drained(made, edge)
        (record,) = made.records
        assert record.received_at == arrived
        assert record.at > arrived
        found = await made.store.conversation(record.stream)
        assert found is not None
        assert found.unanswered_since == arrived
        assert set(found.person.identities) >= {"toy:ann", "tel:+33612345678"}
        await until(lambda: [call.name for call in made.http.calls] == ["acknowledge"])  # courtesies are tried still


async def test_a_half_taken_batch_is_journalled_whole_and_recorded_once(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        await write(made, edge, 1)
        store.half = 1
        await edge.take(heard(made, body(made.event(2), made.event(3), made.event(4, who="bob"))))
        assert (await edge.standing()).waiting == 1
        await drained(made, edge)
        assert sorted(texts(made.records)) == ["hello 1", "hello 2", "hello 3", "hello 4"]


async def test_a_crash_between_taking_and_forgetting_brings_it_again_in_vain(
    made: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await write(made, edge, 1, 2)
        await edge.take(heard(made, b"{not json"))
        reached = asyncio.Event()

        async def forget(_: int) -> None:
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(edge._journal, "forget", forget)
        store.up = True
        while not reached.is_set():
            made.clock.turn(10)
            await asyncio.sleep(0.002)
        await kill(edge)
    async with edge_of(made, tmp_path) as (edge, _):
        await drained(made, edge)
    assert texts(made.records) == ["hello 1", "hello 2"]
    assert len(await made.store.kept(10)) == 1


async def test_a_journal_that_cannot_forget_does_not_keep_the_edge_from_the_store(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await write(made, edge, 1, 2)
        journal: Any = edge._journal
        await journal._run(lambda: journal._db.execute("PRAGMA query_only = ON"))
        store.up = True
        with capture_logs() as logs:
            await drained(made, edge)
        assert "the journal cannot forget what is in the store" in [one["event"] for one in logs]
        await write(made, edge, 3)
        assert texts(made.records) == ["hello 1", "hello 2", "hello 3"]


async def test_what_our_own_mistake_breaks_is_kept_and_the_rest_goes_on(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await write(made, edge, 1)
        await edge.take(heard(made, b'["poison"]'))
        await write(made, edge, 2)

        def parse(request: Any, told: Any) -> Any:
            if request.body == b'["poison"]':
                raise ZeroDivisionError
            return toy.parse(request, told)

        object.__setattr__(made.account, "connector", replace(toy, parse=parse))
        store.up = True
        await drained(made, edge)
        assert texts(made.records) == ["hello 1", "hello 2"]
        (kept,) = await made.store.kept(10)
        assert kept.why == "our mistake: ZeroDivisionError"


async def test_what_cannot_even_be_kept_is_set_aside(
    made: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep(_: Kept) -> None:
        raise TypeError("this cannot be written")

    monkeypatch.setattr(made.store, "keep", keep)
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await edge.take(heard(made, b"{"))
        await write(made, edge, 1)
        store.up = True
        await drained(made, edge)
        assert texts(made.records) == ["hello 1"]
        journal: Any = edge._journal
        aside = await journal._run(lambda: journal._db.execute("SELECT aside, body FROM entries").fetchall())
        assert [one for one in aside if one[0]] == [("our mistake: TypeError", b"{")]


async def test_what_nobody_configured_accepts_any_more_is_kept_with_their_names(made: Engine, tmp_path: Path) -> None:
    gone = account("gone", secret="s-gone")
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        await edge.take(heard(made, body(made.event(1)), gone))
        store.up = True
        await drained(made, edge)
        (entry,) = await made.store.kept(10)
        kept = await made.store.kept_one(entry.id)
        assert kept is not None
        assert (kept.why, kept.accounts) == ("no account that accepted it is configured any more", ("gone",))


async def test_an_entry_has_no_secret_and_all_that_reading_needs(made: Engine, tmp_path: Path) -> None:
    seen = []

    def parse(request: Any, _: Any) -> Any:
        seen.append(request)
        return ()

    object.__setattr__(made.account, "connector", replace(toy, parse=parse))
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        told = heard(
            made,
            body(made.event(1)),
            url="https://chat.example.com/hooks/toy-one?ref=msg_1&token=s3cret",
            query={"ref": "msg_1", "token": "s3cret"},
            headers={"X-Hub-Signature": "s3cret", "Content-Type": "application/json"},
        )
        await edge._append(told, "")
        journal: Any = edge._journal
        await journal._run(lambda: journal._db.execute("PRAGMA wal_checkpoint(FULL)").fetchall())
        assert b"s3cret" not in (tmp_path / "journal.db").read_bytes()
        store.up = True
        await drained(made, edge)
    (read,) = seen
    assert (read.url, read.query) == ("https://chat.example.com/hooks/toy-one?ref=msg_1", {"ref": "msg_1"})
    assert (read.method, read.headers, read.body) == ("POST", {"content-type": "application/json"}, told.request.body)
    assert read.received_at == told.request.received_at


async def test_a_store_that_does_not_answer_counts_as_away(
    made: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(module, "DRAIN_PATIENCE_S", 0.05)
    real, silent = made.store.append, True

    async def append(*args: Any) -> Any:
        if silent:
            await asyncio.Event().wait()
        return await real(*args)

    monkeypatch.setattr(made.store, "append", append)
    async with edge_of(made, tmp_path) as (edge, _):
        with capture_logs() as logs:
            await write(made, edge, 1, 2)
        assert [one["why"] for one in logs if one["event"] == "webhooks go to the journal"] == [
            "the store did not answer within 0.05 s"
        ]
        await until(lambda: made.clock.waits)
        assert made.records == []
        silent = False
        monkeypatch.setattr(module, "DRAIN_PATIENCE_S", 30)
        await drained(made, edge)
        assert texts(made.records) == ["hello 1", "hello 2"]


async def test_what_concerns_one_person_or_message_is_not_overtaken_whichever_hook_it_came_by(
    made: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is slow with the first: what did not wait would be recorded before it."""
    made.accounts["other"] = account("other")
    real = made.store.append

    async def append(stream: str, decide: Any, key: str | None = None) -> Any:
        if key == "toy-one:message:ann:1":
            await asyncio.sleep(0.05)
        return await real(stream, decide, key)

    monkeypatch.setattr(made.store, "append", append)
    async with edge_of(made, tmp_path) as (edge, store):
        store.up = False
        edited = MessageEdited(id="edit:1", identity="toy:ann", provider_id="ann:1", parts=(Text(text="better"),),
                               edited_at=made.clock.now())  # fmt: skip
        renamed = IdentityChanged(id="identity:1", identity="toy:anna", previous="toy:ann", at=made.clock.now())
        await write(made, edge, 0, who="eve")  # by this one it is found out that the store is back
        await write(made, edge, 1)
        await edge.take(heard(made, body(edited)))
        await edge.take(heard(made, body(renamed)))
        await edge.take(heard(made, body(made.event(2, "anna")), made.accounts["other"], hook="other"))
        await write(made, edge, 3, who="bob")
        await until(lambda: made.clock.waits)
        store.up = True
        await drained(made, edge)
        assert [one.key for one in made.records][:2] == [
            "toy-one:message:eve:0",
            "toy-one:message:bob:3",
        ]  # nobody else waits for the slow one
        stream = next(one.stream for one in made.records if one.key == "toy-one:message:ann:1")
        kinds = [one.kind for one in made.records if one.stream == stream]
        assert kinds == ["message.received", "message.edited", "identity.changed", "message.received"]


# What the provider and the operator see.


@asynccontextmanager
async def client_of(made: Engine, edge: Journalling, store: Any) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application(client_max_size=MAX_BODY)
    Edge(made.accounts, edge._taking, store, made.clock, None, edge).mount(app)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_provider_is_answered_as_ever_and_readyz_says_what_waits(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store), client_of(made, edge, store) as client:
        assert await (await client.get("/readyz")).json() == {"status": "ok"}
        store.up = False
        answer = await client.get("/readyz")
        assert (answer.status, await answer.json()) == (200, {"status": "journalling", "waiting": 0, "since": None})
        answer = await client.post("/hooks/toy-one", data=body(made.event(1)), headers=SECRET)
        assert (answer.status, await answer.text()) == (200, "taken")
        assert (await client.post("/hooks/toy-one", data=b"[]", headers={"x-toy": "no"})).status == 401
        answer = await client.get("/readyz")
        since = "2026-11-22T09:00:00.000Z"
        assert (answer.status, await answer.json()) == (200, {"status": "journalling", "waiting": 1, "since": since})
        store.up = True
        await drained(made, edge)
        assert await (await client.get("/readyz")).json() == {"status": "ok"}
        assert texts(made.records) == ["hello 1"]


async def test_with_neither_store_nor_journal_a_webhook_is_answered_503(made: Engine, tmp_path: Path) -> None:
    async with (
        edge_of(made, tmp_path, max_bytes=2000) as (edge, store),
        client_of(made, edge, store) as client,
    ):
        store.up = False
        statuses = []
        for number in range(1, 12):
            answer = await client.post("/hooks/toy-one", data=body(made.event(number)), headers=SECRET)
            statuses.append(answer.status)
        taken = statuses.count(200)
        assert statuses == [200] * taken + [503] * (11 - taken)
        assert 0 < taken < 11
        store.up = True
        await drained(made, edge)
        answer = await client.post("/hooks/toy-one", data=body(made.event(11)), headers=SECRET)
        assert answer.status == 200
        assert texts(made.records) == [f"hello {number}" for number in (*range(1, taken + 1), 11)]


async def test_readyz_is_503_only_when_neither_works(made: Engine, tmp_path: Path) -> None:
    async with edge_of(made, tmp_path) as (edge, store), client_of(made, edge, store) as client:
        journal: Any = edge._journal
        await journal._run(lambda: journal._db.execute("PRAGMA query_only = ON"))
        assert (await client.post("/hooks/toy-one", data=body(made.event(1)), headers=SECRET)).status == 200
        store.up = False
        answer = await client.post("/hooks/toy-one", data=body(made.event(2)), headers=SECRET)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        answer = await client.get("/readyz")
        assert answer.status == 503
        assert (await answer.json())["detail"]
        await journal._run(lambda: journal._db.execute("PRAGMA query_only = OFF"))
        assert (await client.get("/readyz")).status == 200
        store.up = True
        await drained(made, edge)
        assert (await client.post("/hooks/toy-one", data=body(made.event(2)), headers=SECRET)).status == 200
        assert texts(made.records) == ["hello 1", "hello 2"]


# Whatever happens.

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(["ann", "bob", "eve"]), st.sampled_from(["one", "two"])),
        st.tuples(st.just("together"), st.sampled_from(["ann", "bob"]), st.sampled_from(["one", "two"])),
        st.tuples(st.just("receipt"), st.just("ann"), st.sampled_from(["one", "two"])),
        st.tuples(st.just("garbage"), st.just(""), st.just("one")),
        st.tuples(st.sampled_from(["down", "up", "half", "kill", "time"]), st.just(""), st.just("")),
    ),
    max_size=40,
)


class Play:
    """One edge after another on one journal and one store; ``accepted`` is what was answered 200, in order."""

    def __init__(self, made: Engine, folder: Path) -> None:
        self.made, self.folder = made, folder
        self.store = Moody(made.store)
        self.accepted: list[tuple[str, str]] = []
        self.garbage = self.number = 0

    async def open(self) -> None:
        self.edge = journalling(self.made, self.store, self.folder / "journal.db")
        await self.edge.start()

    def event(self, who: str, hook: str) -> tuple[Heard, str, str]:
        self.number += 1
        event: Any = self.made.event(self.number, who)
        return heard(self.made, body(event), self.made.accounts[hook], hook=hook), who, f"{hook}:{event.id}"

    async def act(self, act: str, who: str, hook: str) -> None:
        match act:
            case "write":
                await self._take(*self.event(who, hook))
            case "together":  # nobody says which of these is first: they are of different customers
                await asyncio.gather(*(self._take(*self.event(f"{who}{number}", hook)) for number in range(3)))
            case "receipt":
                self.number += 1
                receipt = ReceiptReceived(id=f"receipt:{self.number}", provider_id="nobodys", status="read")
                await self.edge.take(heard(self.made, body(receipt), self.made.accounts[hook], hook=hook))
            case "garbage":
                await self.edge.take(heard(self.made, b"{", self.made.accounts[hook], hook=hook))
                self.garbage += 1
            case "down" | "up":
                self.store.up = act == "up"
            case "half":
                self.store.half = 2
            case "kill":
                await kill(self.edge)
                await self.open()
            case "time":
                self.made.clock.turn(3)
                await asyncio.sleep(0.003)

    async def _take(self, told: Heard, who: str, key: str) -> None:
        await self.edge.take(told)
        self.accepted.append((who, key))


@given(acts=ACTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_accepted_webhook_is_recorded_once_and_in_its_customers_order(acts: list[tuple[str, str, str]]) -> None:
    async def play() -> None:
        accounts = {name: account(name) for name in ("one", "two")}
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            async with engine(folder / "p.db", ToyHttp(otherwise=took("1")), accounts) as made:
                playing = Play(made, folder)
                await playing.open()
                for one in acts:
                    await playing.act(*one)
                playing.store.up, playing.store.half = True, 0
                await drained(made, playing.edge)
                assert await playing.edge.standing() == Standing()
                await playing.edge.stop()
                keys = [one.key for one in made.records]
                assert Counter(keys) == Counter(key for _, key in playing.accepted)
                for who in {who for who, _ in playing.accepted}:
                    theirs = [key for other, key in playing.accepted if other == who]
                    assert [key for key in keys if key in theirs] == theirs
                assert len(await made.store.kept(100)) == playing.garbage

    asyncio.run(play())


def test_every_field_by_which_events_name_people_and_messages_is_looked_at() -> None:
    """A new field of text must be told of here, and to the journal if it names somebody: else it may be overtaken."""
    others = {"id", "to", "kind", "name", "at", "window_until", "quote", "album", "change", "status", "emojis"}
    kinds = get_args(get_args(Event)[0])
    assert len(kinds) == 9
    texts = {name for kind in kinds for name, field in kind.model_fields.items() if "str" in str(field.annotation)
             or "Literal" in str(field.annotation)}  # fmt: skip
    assert texts - others == set(module._NAMES)


async def test_a_start_on_a_journal_that_cannot_be_used_fails(made: Engine, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(json.dumps("no database" * 100).encode())
    edge = journalling(made, made.store, tmp_path / "journal.db")
    with pytest.raises(Unavailable, match="cannot"):
        await edge.start()
    edge._journal._thread.shutdown()  # type: ignore[attr-defined] # the file's own


async def test_a_journal_that_can_neither_be_written_nor_read_is_left_while_nothing_is_in_it(
    made: Engine, tmp_path: Path
) -> None:
    async with edge_of(made, tmp_path) as (edge, store):
        journal: Any = edge._journal
        await journal._run(journal._db.close)
        store.up = False
        with pytest.raises(Unavailable):
            await write(made, edge, 1)
        store.up = True
        await drained(made, edge)
        await write(made, edge, 2)
        assert texts(made.records) == ["hello 2"]
