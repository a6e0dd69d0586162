"""Everything on a real RabbitMQ: every kind of record as the document says, and the programs that publish and follow."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from journeys.programs import KEY, ROOT, SECRET, Gateway, Program, eventually, until
from jsonschema import Draft202012Validator, ValidationError
from toys.engine import Engine, engine
from toys.rabbit import Rabbit

from agent_api import asyncapi
from agent_api.announced import TOLD
from gateway.adapters.rabbitmq import Following, RabbitExchange
from gateway.adapters.rabbitmq.topology import CONTENT_TYPE, EVENTS
from gateway.adapters.system import SystemClock
from gateway.ports import Announcement
from gateway.publishing import Publisher
from normalizer import amending
from normalizer import conversation as agents
from normalizer.decision import Channel, Place, Stamp, View
from normalizer.event import (
    Echoed,
    IdentityChanged,
    MessageDeleted,
    MessageEdited,
    ReachChanged,
    Reacted,
    ReceiptReceived,
)
from normalizer.model import Choice, Contact, Failure, Link, Location, Media, Referral, Text, Unsupported
from normalizer.record import By, Draft
from normalizer.sending import Settled, settled
from normalizer.told import named

PATIENCE_S = 90


class Life:
    """Everything that can happen to a conversation, once at least."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self._count = engine, 0

    async def all(self) -> None:
        conversation = await self._customer()
        await self._agent(conversation)
        await self._ends(conversation)
        await self._identities(conversation)

    async def _take(self, event: Any) -> None:
        await self.engine.intake.take(self.engine.account, [event], "req_1")

    def _stamp(self) -> Stamp:
        self._count += 1
        clock = self.engine.clock
        return Stamp(
            clock.new_id("rec"), By("agent", "agt_1", "Zoe"), clock.now() + timedelta(seconds=self._count), "main"
        )

    async def _do(self, stream: str, decide: Callable[[View, Stamp], Draft | None]) -> None:
        stamp = self._stamp()
        assert (await self.engine.store.append(stream, lambda view: decide(view, stamp))).record is not None

    async def _customer(self) -> str:
        now = self.engine.clock.now()
        conversation = await self.engine.hear(1)
        await self.engine.hear(
            2,
            parts=(
                Media(media_type="image", ref="f1", mime="image/jpeg", name="cat.jpg"),
                Location(latitude=1.5, longitude=2.5, name="here"),
                Contact(name="Bob", phones=("+33612345678",)),
                Choice(id="yes", label="Yes"),
                Link(url="https://example.com/", title="a page"),
                Unsupported(what="poll"),
            ),
            quote="hello",
            album="album:1",
            aliases=("tel:+33612345678",),
            window_until=now + timedelta(hours=24),
            referral=Referral(source="ad", id="9"),
            raw={"poll": 1},
        )
        message = await self.engine.store.message_of(self.engine.account.name, "ann:2")
        assert message is not None
        await self._do(conversation, lambda view, stamp: agents.read(view, stamp, message.id))
        edit = {"identity": "toy:ann", "provider_id": "ann:1", "parts": (Text(text="hi!"),), "edited_at": now}
        await self._take(MessageEdited(id="edit:1", **edit))
        await self._take(Reacted(id="reaction:1", identity="toy:ann", provider_id="ann:1", emojis=("👍",), at=now))
        await self._take(MessageDeleted(id="deletion:1", provider_id="ann:1", at=now))
        echo = {"identity": "toy:ann", "sent_at": now, "parts": (Text(text="from the phone"),)}
        await self._take(Echoed(id="echo:1", provider_ids=("echo-1",), **echo))
        return conversation

    async def _agent(self, conversation: str) -> None:
        await self._do(conversation, lambda view, stamp: agents.note(view, stamp, "msg_note", "careful", "note", None))
        await self._do(conversation, lambda view, stamp: agents.claimed(view, stamp, "claim", None))
        for changes in (
            {"status": "pending"},
            {"status": "snoozed", "snoozed_until": "2026-11-23T09:00:00.000Z"},
            {"status": "resolved"},
            {"status": "open"},
            {"labels": ["vip"], "priority": 2},
            {"assignee": None},
        ):
            await self._do(conversation, lambda view, stamp, to=changes: agents.changed(view, stamp, to, None))

    async def _ends(self, conversation: str) -> None:
        now = self.engine.clock.now()
        first, second, third = [await self.engine.say(conversation, text) for text in ("one", "two", "three")]
        failed = Failure(reason="unreachable", detail="gone", provider_code="403")
        for message, end in (
            (first, Settled("deferred", "d1", send_at=now)),
            (first, Settled("sent", "s1", ("p-1",))),
            (second, Settled("uncertain", "u1", failure=failed)),
            (third, Settled("failed", "f1", failure=failed)),
        ):
            await self._do(conversation, lambda view, stamp, m=message, e=end: settled(view, m, e, stamp))
        for status in ("delivered", "read"):
            await self._take(ReceiptReceived(id=f"receipt:{status}", provider_id="p-1", status=status, at=now))
        await self._do(conversation, lambda view, stamp: amending.reacted(view, first, ["🎉"], stamp))
        await self._do(conversation, lambda view, stamp: amending.edited(view, first, [Text(text="one!")], stamp))
        await self._do(conversation, lambda view, stamp: amending.deleted(view, first, stamp))

    async def _identities(self, conversation: str) -> None:
        now = self.engine.clock.now()
        for change in ("blocked", "unblocked", "opted_out", "opted_in"):
            await self._take(ReachChanged(id=f"reach:{change}", identity="toy:ann", change=change, at=now))
        await self._take(IdentityChanged(id="identity:1", identity="toy:anna", previous="toy:ann", at=now))
        place = Place("per_1", conversation)
        await self._do(
            conversation, lambda _, stamp: named("toy:anna", "Anna", place, Channel("toy-one", "toy"), stamp)
        )


@pytest.fixture
async def lived(tmp_path: Path, rabbit: Rabbit) -> AsyncIterator[list[tuple[str, bytes, Mapping[str, Any]]]]:
    """Every kind of record, as it came by the exchange: routing key, body, properties."""
    connection = await aio_pika.connect(rabbit.url)
    exchange = RabbitExchange(rabbit.url, SystemClock())
    await exchange.start()
    try:
        async with engine(tmp_path / "store.db") as running, asyncio.timeout(PATIENCE_S):
            channel = await connection.channel()
            topic = await channel.declare_exchange(EVENTS, "topic", durable=True)
            queue = await channel.declare_queue(exclusive=True)
            await queue.bind(topic, "#")
            await running.intake.start(running.accounts)
            publisher = Publisher(running.store, exchange, SystemClock(), {"toy-one": "toy"})
            await publisher.start()
            await Life(running).all()
            head, found = await running.store.head(), []
            async with queue.iterator() as messages:
                async for message in messages:
                    await message.ack()
                    told = {name: getattr(message, name) for name in ("message_id", "content_type")}
                    told["delivery_mode"] = int(message.delivery_mode or 0)
                    found.append((message.routing_key or "", message.body, told))
                    if len({body for _, body, _ in found}) == head:
                        break
            await publisher.stop()
            yield found
    finally:
        await exchange.stop()
        await connection.close()


def resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator of a schema within the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def strict(schema: Any) -> Any:
    """The same, where nothing is taken that it does not name."""
    if isinstance(schema, dict):
        told = {name: strict(value) for name, value in schema.items()}
        if "properties" in schema and schema.get("type") == "object":
            told.setdefault("additionalProperties", False)
        return told
    return [strict(one) for one in schema] if isinstance(schema, list) else schema


async def test_every_kind_of_record_is_published_as_the_document_says(lived):
    document = asyncapi.document("1")
    document["components"]["schemas"] = strict(document["components"]["schemas"])
    by_kind = {message["name"]: message for message in document["components"]["messages"].values()}
    seen = set()
    for key, body, told in lived:
        event = json.loads(body)
        seen.add(event["type"])
        message = by_kind[event["type"]]
        resolved(document, message["payload"]).validate(event)
        resolved(document, message["headers"]).validate(told)
        assert told["message_id"] == event["id"]
        assert key == f"{event['type']}.{event.get('channel', '-')}.{event.get('account', '-')}"
        assert key.count(".") == document["channels"]["events"]["address"].count(".") + 1  # a kind has one itself
        event["data"]["surprise"] = True
        with pytest.raises(ValidationError):
            resolved(document, message["payload"]).validate(event)
    assert seen == set(asyncapi.KINDS)


def test_the_document_names_what_the_adapter_declares():
    document = asyncapi.document("1")
    bound = document["channels"]["events"]["bindings"]["amqp"]
    assert bound["exchange"]["name"] == asyncapi.EXCHANGE == EVENTS
    assert (bound["is"], bound["exchange"]["type"], bound["exchange"]["durable"]) == ("routingKey", "topic", True)
    assert document["defaultContentType"] == CONTENT_TYPE
    assert set(TOLD) == set(asyncapi.KINDS)


def test_every_reference_in_the_document_leads_somewhere():
    document = asyncapi.document("1")
    found = []

    def walk(piece: Any) -> None:
        if isinstance(piece, dict):
            if isinstance(ref := piece.get("$ref"), str):
                found.append(ref)
                at: Any = document
                for name in ref.removeprefix("#/").split("/"):
                    at = at[name]
            for value in piece.values():
                walk(value)
        elif isinstance(piece, list):
            for value in piece:
                walk(value)

    walk(document)
    assert len(found) > 2 * len(asyncapi.KINDS)
    json.dumps(document)


def telegram_text(number: int, text: str) -> dict[str, Any]:
    ann = {"id": 5, "is_bot": False, "first_name": "Ann"}
    chat = {"id": 5, "type": "private", "first_name": "Ann"}
    message = {"message_id": number, "date": 1795338000, "chat": chat, "from": ann, "text": text}
    return {"update_id": number, "message": message}


@pytest.fixture
async def gateway(tmp_path: Path, rabbit: Rabbit) -> AsyncIterator[Gateway]:
    found = Gateway(tmp_path, {"support": "http://127.0.0.1:9"}, broker=rabbit.url)
    try:
        await found.up()
        yield found
    finally:
        found.kill()


async def wrote(gateway: Gateway, session: Any, number: int, text: str) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    async with session.post(f"{gateway.url}/hooks/support", json=telegram_text(number, text), headers=headers) as said:
        assert said.status == 200, await said.read()


async def test_tail_shows_what_was_and_what_comes_and_outlives_a_cut(gateway, rabbit, session, tmp_path):
    await wrote(gateway, session, 1, "before\nthe tail")
    command = ["gateway.main", "events", "tail", "--config", str(tmp_path / "passerelle.yaml"), "--kind", "message.*"]
    shown = Program(tmp_path, "tail", command)
    shown.spawn()
    try:
        await until(lambda: "before ⏎ the tail" in shown.said(), "what was there before is shown")
        assert "message.received" in shown.said()
        assert "telegram/support" in shown.said()
        await wrote(gateway, session, 2, "as it comes")
        await until(lambda: "as it comes" in shown.said(), "what comes is shown")
        await rabbit.do("cut")
        await until(lambda: shown.said().count('"event": "connected to RabbitMQ"') == 2, "it is connected again")
        await wrote(gateway, session, 3, "after the cut")
        await until(lambda: "after the cut" in shown.said(), "what comes after the cut is shown")
        assert "events may be missing" in shown.said()
        assert "guest:guest" not in shown.said()
        assert (await shown.stop())[0] == 0
        assert shown.said().count("as it comes") == 1
    finally:
        shown.kill()


async def test_a_gateway_goes_on_without_rabbitmq_and_publishes_all_of_it_later(gateway, rabbit, session):
    following = Following(rabbit.url, SystemClock(), ["message.received.telegram.support"])
    await following.start()
    try:
        await asyncio.wait_for(following.there.wait(), PATIENCE_S)
        await wrote(gateway, session, 1, "one")
        assert "one" in (await asyncio.wait_for(following.next(), PATIENCE_S)).body.decode()
        await rabbit.do("ctl", "stop_app")
        try:
            await wrote(gateway, session, 2, "two")
        finally:
            await rabbit.do("ctl", "start_app")
        await wrote(gateway, session, 3, "three")
    finally:
        await following.stop()

    async def published() -> bool:
        async with session.get(f"{gateway.url}/metrics") as told:
            lines = (await told.text()).splitlines()
        return "passerelle_unpublished_records 0.0" in lines and "passerelle_records_confirmed_total 3.0" in lines

    await eventually(published, "all of it is confirmed")


async def test_the_document_is_served_and_a_tail_without_rabbitmq_follows_the_feed(tmp_path, session):
    gateway = Gateway(tmp_path, {"support": "http://127.0.0.1:9"})
    config = str(tmp_path / "passerelle.yaml")
    shown = Program(tmp_path, "tail", ["gateway.main", "events", "tail", "--config", config, "--json", "--from-now"])
    try:
        await gateway.up()
        async with session.get(f"{gateway.url}/asyncapi.json") as answer:
            assert (await answer.json())["asyncapi"] == "3.0.0"
        await wrote(gateway, session, 1, "before")
        shown.spawn()
        number = 1
        while "from now" not in shown.said():
            number += 1
            await wrote(gateway, session, number, "from now")
            await asyncio.sleep(0.2)
            assert number < 300
        first = json.loads(shown.said().splitlines()[0])
        assert first["data"]["message"]["parts"] == [{"kind": "text", "text": "from now"}]
        assert "before" not in shown.said()
    finally:
        shown.kill()
        gateway.kill()


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--kind", "message.recieved"], "message.received"), (["--account", "suport"], "support")],
)
async def test_tail_knows_what_it_cannot_show(tmp_path, more, said):
    Gateway(tmp_path, {"support": "http://127.0.0.1:9"})  # writes the configuration
    command = ["gateway.main", "events", "tail", "--config", str(tmp_path / "passerelle.yaml"), *more]
    shown = Program(tmp_path, "tail", command)
    shown.spawn()
    assert shown.process is not None
    assert await asyncio.to_thread(shown.process.wait, PATIENCE_S) == 2
    assert said in shown.said()


async def test_whoever_is_allowed_what_the_documentation_says_can_do_their_part_and_no_more(rabbit, tmp_path):
    page = (ROOT / "docs" / "events.md").read_text()
    said = [shlex.split(line)[1:] for line in re.findall(r"^rabbitmqctl .*$", page, re.MULTILINE)]
    assert len(said) == 4
    await rabbit.do("ctl", "add_user", "passerelle", "s3cret")
    try:
        for command in said:
            await rabbit.do("ctl", *(piece.replace("$PASSWORD", "s3cret") for piece in command))
        url = f"amqp://{{}}:s3cret@127.0.0.1:{rabbit.port}/"
        exchange = RabbitExchange(url.format("passerelle"), SystemClock())
        await exchange.start()
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await exchange.ready():
                    await asyncio.sleep(0.02)
                key = "message.received.telegram.support-telegram"
                async with consuming(tmp_path, url.format("crm"), "crm-one", key) as shown:
                    await exchange.publish([event(1, "note.added.-.-"), event(2, key), event(2, key), event(3, key)])
                    await until(lambda: "cnv_1 3 " in shown.said(), "what is bound for is shown")
                    assert [line.split()[1] for line in shown.said().splitlines()] == ["2", "3"]
                for name, more in (("crm-two", "#"), ("other", key)):
                    async with consuming(tmp_path, url.format("crm"), name, more) as refused:
                        await until(lambda process=refused: process.process.poll(), f"{name} {more} is refused")
                        assert "ACCESS_REFUSED" in refused.said()
        finally:
            await exchange.stop()
    finally:
        for user in ("crm", "passerelle"):
            await rabbit.do("ctl", "delete_user", user)
        await rabbit.do("ctl", "delete_queue", "crm-one")


def event(number: int, key: str) -> Announcement:
    told = {"id": f"rec_{number}", "subject": "cnv_1", "seq": number, "type": key, "data": {"message": {"parts": []}}}
    return Announcement(f"rec_{number}", key, json.dumps(told).encode())


class Example(Program):
    """A program of the examples."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        super().__init__(folder, name, [])
        self._command = [sys.executable, str(ROOT / "examples" / "events" / f"{name}.py"), *arguments]


@asynccontextmanager
async def consuming(folder: Path, url: str, queue: str, key: str) -> AsyncIterator[Program]:
    shown = Example(folder, "consume", "--url", url, "--queue", queue, "--key", key)
    shown.spawn()
    try:
        assert shown.process is not None
        connection = await aio_pika.connect(url)
        async with connection:
            while shown.process.poll() is None:
                try:
                    channel = await connection.channel()
                    found = await channel.declare_queue(queue, passive=True)
                except aio_pika.exceptions.ChannelClosed:  # not yet there
                    await asyncio.sleep(0.1)
                else:
                    if found.declaration_result.consumer_count:
                        break
                    await channel.close()
                    await asyncio.sleep(0.1)
        yield shown
    finally:
        shown.kill()


async def test_the_example_without_rabbitmq_goes_on_where_it_was(tmp_path, session, monkeypatch):
    gateway = Gateway(tmp_path, {"support": "http://127.0.0.1:9"})
    monkeypatch.setenv("PASSERELLE_KEY", KEY)
    try:
        await gateway.up()
        await gateway.add_key()
        for number, text in ((1, "first words"), (2, "second words")):
            await wrote(gateway, session, number, text)
            shown = Example(tmp_path, "poll", "--url", gateway.url, "--place", str(tmp_path / "place.txt"))
            shown.spawn()
            try:
                await until(lambda shown=shown, text=text: text in shown.said(), text)
                await until((tmp_path / "place.txt").exists, "its place is kept")
                place = (tmp_path / "place.txt").read_text()
                assert "words" not in place
                assert shown.said().count("message.received") == 1
            finally:
                shown.kill()
    finally:
        gateway.kill()
