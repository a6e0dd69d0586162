"""What the exchange promises: feed order and confirms, repeats after a failure, and that it comes back by itself."""

from __future__ import annotations

import asyncio
import logging
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from toys.rabbit import Rabbit, lasting_queue, own_rabbit
from toys.world import until

from gateway.adapters.rabbitmq import Following, RabbitExchange, declare
from gateway.adapters.rabbitmq import exchange as module
from gateway.adapters.system import SystemClock
from gateway.ports import Announcement, Unavailable

PATIENCE_S = 90


def announcement(number: int, key: str = "message.received.toy.toy-one") -> Announcement:
    return Announcement(f"rec_{number:06}", key, b'{"number": %d}' % number)


def announcements(first: int, count: int) -> list[Announcement]:
    return [announcement(number) for number in range(first, first + count)]


@asynccontextmanager
async def exchange_at(url: str, *, ready: bool = True) -> AsyncIterator[RabbitExchange]:
    exchange = RabbitExchange(url, SystemClock())
    await exchange.start()
    try:
        if ready:
            await there(exchange)
        yield exchange
    finally:
        await exchange.stop()


async def there(exchange: RabbitExchange) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await exchange.ready():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def queue_at(
    rabbit: Rabbit, name: str, arguments: dict[str, object] | None = None
) -> AsyncIterator[AbstractQueue]:
    """A quorum queue of an integrator, bound to everything; gone when the test is."""
    connection = await aio_pika.connect(rabbit.url)
    try:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("passerelle.events", "topic", durable=True)
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={"x-queue-type": "quorum", **(arguments or {})},  # type: ignore[dict-item] # as AMQP has them
        )
        await queue.bind(exchange, "#")
        yield queue
        await channel.queue_delete(name)
    finally:
        await connection.close()


async def ids(queue: AbstractQueue, count: int) -> list[str]:
    """So many messages' ids, in the order in which they come."""
    found: list[str] = []
    async with asyncio.timeout(PATIENCE_S), queue.iterator() as messages:
        async for message in messages:
            await message.ack()
            found.append(message.message_id or "")
            if len(found) == count:
                break
    return found


async def test_a_confirmed_batch_is_in_the_queue_in_order_and_as_it_was_given(rabbit):
    async with exchange_at(rabbit.url) as exchange, queue_at(rabbit, "order") as queue:
        await exchange.publish(announcements(0, 2500))
        assert queue.declaration_result.message_count == 0
        first = await queue.get()
        assert first is not None
        await first.ack()
        assert first.body == announcement(0).body
        assert first.message_id == "rec_000000"
        assert first.routing_key == "message.received.toy.toy-one"
        assert first.content_type == "application/cloudevents+json"
        assert first.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        assert await ids(queue, 2499) == [f"rec_{number:06}" for number in range(1, 2500)]


async def test_what_is_larger_than_a_frame_goes_in_several_and_what_is_empty_in_none(rabbit):
    bodies = [b"", b"x" * 131_072, b"y" * 400_001, b"z"]
    async with exchange_at(rabbit.url) as exchange, queue_at(rabbit, "large") as queue:
        await exchange.publish([Announcement(f"rec_{number}", "a.b.c", given) for number, given in enumerate(bodies)])
        found = [await queue.get(no_ack=True) for _ in bodies]
    assert [(one and one.message_id, one and one.body) for one in found] == [
        (f"rec_{number}", given) for number, given in enumerate(bodies)
    ]


async def test_what_nobody_is_bound_for_is_confirmed(rabbit):
    async with exchange_at(rabbit.url) as exchange:
        await exchange.publish([announcement(1, "nobody.listens.to.this")])


async def test_the_topology_is_declared_again_by_each_that_connects(rabbit):
    async with exchange_at(rabbit.url), exchange_at(rabbit.url), exchange_at(rabbit.url):
        said = await rabbit.do("ctl", "list_exchanges", "name", "type", "durable", "--no-table-headers")
    assert "passerelle.events\ttopic\ttrue" in said
    assert "passerelle.nudges\tfanout\ttrue" in said


async def test_a_nudge_reaches_the_other_processes_and_not_its_own(rabbit):
    heard: dict[str, int] = {"one": 0, "two": 0}

    def count(name: str) -> None:
        heard[name] += 1

    async with exchange_at(rabbit.url) as one, exchange_at(rabbit.url) as two:
        one.on_nudge(lambda: count("one"))
        two.on_nudge(lambda: count("two"))
        await one.nudge()
        await until(lambda: heard["two"] == 1)
        await two.nudge()
        await until(lambda: heard["one"] == 1)
        assert heard == {"one": 1, "two": 1}


async def test_nudges_to_a_server_that_is_away_are_lost_without_a_word(rabbit):
    exchange = RabbitExchange("amqp://127.0.0.1:1/", SystemClock())
    await exchange.nudge()
    await exchange.start()
    await exchange.nudge()
    await exchange.stop()


async def test_connections_that_are_cut_come_back_and_the_listener_is_told_each_time(rabbit):
    async with exchange_at(rabbit.url) as exchange:
        await declare(rabbit.url, "cut", ["#"], None)
        told: list[bool] = []
        exchange.on_nudge(lambda: told.append(True))
        for number in range(2):
            before = len(told)
            await rabbit.do("cut")
            await until(lambda before=before: len(told) > before, PATIENCE_S)
            await there(exchange)
            await exchange.publish([announcement(number)])
        async with queue_at(rabbit, "cut") as queue:
            assert await ids(queue, 2) == ["rec_000000", "rec_000001"]


async def test_a_stopped_application_is_unavailable_until_it_is_started_again(rabbit):
    async with exchange_at(rabbit.url) as exchange:
        await rabbit.do("ctl", "stop_app")
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (why := await exchange.ready()):
                    await asyncio.sleep(0.02)
            assert "RabbitMQ is not there" in why
            with pytest.raises(Unavailable, match="RabbitMQ is not there"):
                await exchange.publish([announcement(1)])
        finally:
            await rabbit.do("ctl", "start_app")
        await there(exchange)
        await exchange.publish([announcement(1)])


async def test_killed_in_the_middle_every_record_is_there_once_repeats_are_dropped_and_in_order(rabbit):
    await lasting_queue(rabbit, "killed")
    total, done, failures = 6000, 0, 0

    async with exchange_at(rabbit.url) as exchange:
        killing = None
        while done < total:
            if done >= total // 3 and killing is None:
                killing = asyncio.create_task(_killed_and_started(rabbit))
                await asyncio.sleep(0)
            try:
                await exchange.publish(announcements(done, min(300, total - done)))
                done += 300
            except Unavailable:
                failures += 1
                await asyncio.sleep(0.05)
        assert killing is not None
        await killing
        assert failures > 0
        await there(exchange)

    async with queue_at(rabbit, "killed") as queue:
        count = queue.declaration_result.message_count or 0
        assert count >= total
        found = await ids(queue, count)
    assert list(dict.fromkeys(found)) == [f"rec_{number:06}" for number in range(total)]


async def _killed_and_started(rabbit: Rabbit) -> None:
    await rabbit.do("kill")
    await rabbit.do("start")


async def test_two_that_publish_the_same_feed_leave_its_order_once_repeats_are_dropped(rabbit):
    async def feed(exchange: RabbitExchange, size: int) -> None:
        for start in range(0, 1200, size):
            await exchange.publish(announcements(start, size))

    async with exchange_at(rabbit.url) as one, exchange_at(rabbit.url) as two, queue_at(rabbit, "two") as queue:
        await asyncio.gather(feed(one, 100), feed(two, 60))
        found = await ids(queue, 2400)
    assert list(dict.fromkeys(found)) == [f"rec_{number:06}" for number in range(1200)]


async def test_an_alarm_blocks_says_so_and_passes(rabbit, monkeypatch):
    monkeypatch.setattr(module, "_BLOCKED_S", 0.2)
    monkeypatch.setattr(module, "_CONFIRM_S", 2.0)
    async with exchange_at(rabbit.url) as exchange, queue_at(rabbit, "alarm") as queue:
        await rabbit.do("alarm")
        try:
            for _ in range(2):  # the server blocks at the first try, and from then on it is known
                with pytest.raises(Unavailable, match="alarm"):
                    await exchange.publish(announcements(0, 3))
            assert "alarm" in await exchange.ready()
            await exchange.nudge()
        finally:
            await rabbit.do("calm")
        await there(exchange)
        await exchange.publish(announcements(0, 3))
        seen = await ids(queue, 4)
        assert list(dict.fromkeys(seen)) == ["rec_000000", "rec_000001", "rec_000002"]


async def test_an_exchange_can_be_stopped_while_it_is_blocked(rabbit, monkeypatch):
    monkeypatch.setattr(module, "_CONFIRM_S", 0.5)
    async with exchange_at(rabbit.url) as exchange:
        await rabbit.do("alarm")
        try:
            with pytest.raises(Unavailable, match="alarm"):
                await exchange.publish([announcement(1)])
            await exchange.stop()
        finally:
            await rabbit.do("calm")


async def test_a_queue_that_refuses_makes_the_batch_unavailable_with_the_reason(rabbit):
    full = {"x-max-length": 5, "x-overflow": "reject-publish"}
    async with exchange_at(rabbit.url) as exchange, queue_at(rabbit, "full", full) as queue:
        with pytest.raises(Unavailable, match=r"reject-publish"):
            await exchange.publish(announcements(0, 1000))
        await queue.purge()
        await exchange.publish(announcements(5000, 2))


async def test_a_connection_that_confirms_nothing_is_given_up_for_another(rabbit, monkeypatch):
    async with exchange_at(rabbit.url) as exchange:
        told: list[bool] = []
        exchange.on_nudge(lambda: told.append(True))
        monkeypatch.setattr(module, "_CONFIRM_S", 0.0)
        with pytest.raises(Unavailable, match="did not confirm"):
            await exchange.publish(announcements(0, 50))
        monkeypatch.setattr(module, "_CONFIRM_S", 30.0)
        await until(lambda: told, PATIENCE_S)
        await there(exchange)
        await exchange.publish(announcements(0, 50))


async def test_a_socket_that_takes_nothing_is_unavailable_and_counts_nothing_as_written(rabbit, monkeypatch):
    full: asyncio.Queue[object] = asyncio.Queue(maxsize=1)
    full.put_nowait("in the way")
    async with exchange_at(rabbit.url) as exchange, queue_at(rabbit, "stuck") as queue:
        channel = exchange._channel
        assert channel is not None
        with monkeypatch.context() as stuck:
            stuck.setattr(channel, "write_queue", full)
            with pytest.raises(Unavailable, match="takes nothing"):
                await exchange.publish(announcements(0, 3))
        await exchange.publish(announcements(0, 3))
        assert await ids(queue, 3) == ["rec_000000", "rec_000001", "rec_000002"]


async def test_a_publish_that_is_cancelled_leaves_the_connection_usable(rabbit):
    async with exchange_at(rabbit.url) as exchange:
        task = asyncio.create_task(exchange.publish(announcements(0, 1000)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await exchange.publish(announcements(0, 10))


async def test_the_password_is_nowhere_in_what_is_said(rabbit, caplog):
    caplog.set_level(logging.DEBUG)
    url = f"amqp://passerelle:s3cret-w0rd@127.0.0.1:{rabbit.port}/"
    async with exchange_at(url, ready=False) as exchange:
        async with asyncio.timeout(PATIENCE_S):
            while "not connected yet" in (why := await exchange.ready()):
                await asyncio.sleep(0.02)
        with pytest.raises(Unavailable) as caught:
            await exchange.publish([announcement(1)])
        assert "s3cret" not in f"{why}{caught.value!r}{exchange!r}"
    ours = [line for line in caplog.messages if "RabbitMQ" in line]
    assert "s3cret" not in "".join(ours)
    with pytest.raises(Unavailable) as refused:
        await declare(url, "nothing", ["#"], None)
    assert "s3cret" not in str(refused.value)


async def test_following_sees_what_its_keys_ask_for_and_says_that_it_may_have_missed_something(rabbit):
    following = Following(rabbit.url, SystemClock(), ["message.*.*.toy-one"])
    await following.start()
    try:
        async with exchange_at(rabbit.url) as exchange, asyncio.timeout(PATIENCE_S):
            await following.there.wait()
            await exchange.publish([announcement(1, "note.added.-.-"), announcement(2)])
            found = await following.next()
            assert (found.body, found.missed) == (announcement(2).body, False)
            following.there.clear()
            await rabbit.do("cut")
            await following.there.wait()
            await there(exchange)
            await exchange.publish([announcement(3)])
            found = await following.next()
            assert (found.body, found.missed) == (announcement(3).body, True)
    finally:
        await following.stop()


async def test_a_queue_is_declared_once_and_never_otherwise(rabbit):
    async with exchange_at(rabbit.url) as exchange:
        for _ in range(2):
            await declare(rabbit.url, "crm", ["message.#"], 2)
        await exchange.publish(announcements(0, 5))
        with pytest.raises(Unavailable, match="x-max-length"):
            await declare(rabbit.url, "crm", ["message.#"], 3)
    async with queue_at(rabbit, "crm", {"x-max-length": 2, "x-overflow": "drop-head"}) as queue:
        assert await ids(queue, 2) == ["rec_000003", "rec_000004"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority of our own, and a server that it vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj /CN=toy-authority",
        "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost",
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile names",
    ):
        (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


async def test_tls_is_spoken_with_whom_the_authority_vouches_for_and_with_nobody_else(certificates):
    with own_rabbit(certificates) as rabbit:
        url = f"amqps://guest:guest@localhost:{rabbit.tls_port}/"
        async with exchange_at(f"{url}?cafile={certificates}/ca.pem") as exchange:
            await exchange.publish(announcements(0, 10))
        async with exchange_at(f"{url}?no_verify_ssl=1") as exchange:
            await exchange.publish(announcements(0, 10))
        async with exchange_at(url, ready=False) as exchange:
            async with asyncio.timeout(PATIENCE_S):
                while "CERTIFICATE" not in (await exchange.ready()).upper():
                    await asyncio.sleep(0.02)
