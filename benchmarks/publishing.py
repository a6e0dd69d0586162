"""Confirmed publishing: our exchange, and the most that the same server takes from one socket, in the same run.

    publishing.py --url amqp://guest:guest@127.0.0.1:5672/ [--count 20000]

Persistent messages of about 700 bytes into a quorum queue that is bound to everything. The limit is frames made
beforehand, written as much at a time as a thousand messages under way allow, and confirms counted, nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import time
from collections.abc import Sequence

import aio_pika
import uvloop
from pamqp import body, commands, frame, header
from yarl import URL

from gateway.adapters.rabbitmq import RabbitExchange
from gateway.adapters.rabbitmq.topology import CONTENT_TYPE, EVENTS
from gateway.adapters.system import SystemClock
from gateway.ports import Announcement

UNDER_WAY = 1000
AT_ONCE = 1000
"""As many as the publisher reads from the feed at a time."""
_QUEUE = "passerelle.bench"
_ACK_BYTES = 21


def _announcements(count: int) -> list[Announcement]:
    filler = "x" * 560
    return [
        Announcement(
            f"rec_{number:032x}",
            "message.received.telegram.support-telegram",
            json.dumps({"specversion": "1.0", "id": f"rec_{number:032x}", "data": filler}).encode(),
        )
        for number in range(count)
    ]


async def _fresh_queue(url: str) -> None:
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        await channel.queue_delete(_QUEUE)
        exchange = await channel.declare_exchange(EVENTS, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(_QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        await queue.bind(exchange, "#")


async def _there(url: str, count: int) -> None:
    """Nothing was confirmed that is not in the queue."""
    connection = await aio_pika.connect(url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(_QUEUE, passive=True)
        assert queue.declaration_result.message_count == count, queue.declaration_result
        await channel.queue_delete(_QUEUE)


async def ours(url: str, given: Sequence[Announcement]) -> float:
    """Messages a second through the exchange, batch after batch, as the publisher does it."""
    exchange = RabbitExchange(url, SystemClock())
    await exchange.start()
    try:
        while await exchange.ready():
            await asyncio.sleep(0.01)
        began = time.perf_counter()
        for start in range(0, len(given), AT_ONCE):
            await exchange.publish(given[start : start + AT_ONCE])
        return len(given) / (time.perf_counter() - began)
    finally:
        await exchange.stop()


async def limit(url: str, given: Sequence[Announcement]) -> float:
    """Messages a second that the server confirms, whoever asks it."""
    frames = [_frames(one) for one in given]
    reader, writer = await _channel(url)
    under_way = asyncio.Semaphore(0)
    began = time.perf_counter()
    counting = asyncio.create_task(_confirmed(reader, len(frames), under_way))
    free = UNDER_WAY
    for start in range(0, len(frames), 50):
        while free < 50:
            await under_way.acquire()
            free += 1
        free -= 50
        writer.write(b"".join(frames[start : start + 50]))
        await writer.drain()
    await counting
    took = time.perf_counter() - began
    writer.close()
    await writer.wait_closed()
    return len(given) / took


def _frames(one: Announcement) -> bytes:
    publish = commands.Basic.Publish(exchange=EVENTS, routing_key=one.routing_key)
    properties = commands.Basic.Properties(content_type=CONTENT_TYPE, delivery_mode=2, message_id=one.id)
    head = header.ContentHeader(body_size=len(one.body), properties=properties)
    return b"".join(frame.marshal(piece, 1) for piece in (publish, head, body.ContentBody(one.body)))


async def _channel(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A socket on which channel 1 is open and confirms."""
    where = URL(url)
    reader, writer = await asyncio.open_connection(where.host, where.port)

    async def answer() -> None:
        start = await reader.readexactly(7)
        await reader.readexactly(int.from_bytes(start[3:7]) + 1)

    writer.write(b"AMQP\x00\x00\x09\x01")
    await answer()
    login = f"\0{where.user}\0{where.password}"
    told = commands.Connection.StartOk(mechanism="PLAIN", response=login, locale="en_US", client_properties={})
    writer.write(frame.marshal(told, 0))
    await answer()
    writer.write(frame.marshal(commands.Connection.TuneOk(channel_max=8, frame_max=131_072, heartbeat=0), 0))
    for step, number in ((commands.Connection.Open(), 0), (commands.Channel.Open(), 1), (commands.Confirm.Select(), 1)):
        writer.write(frame.marshal(step, number))
        await answer()
    return reader, writer


async def _confirmed(reader: asyncio.StreamReader, count: int, under_way: asyncio.Semaphore) -> None:
    """Counts confirms: an Ack is 21 bytes, with the tag from 11 on, and then whether it means all up to there."""
    single: set[int] = set()
    up_to, told, left = 0, 0, b""
    while told < count:
        found = await reader.read(65_536)
        assert found, "the server went away"
        left += found
        whole = len(left) - len(left) % _ACK_BYTES
        for at in range(0, whole, _ACK_BYTES):
            tag = int.from_bytes(left[at + 11 : at + 19])
            if left[at + 19] & 1:
                up_to = max(up_to, tag)
                single = {one for one in single if one > up_to}
            elif tag > up_to:
                single.add(tag)
        left = left[whole:]
        for _ in range(up_to + len(single) - told):
            under_way.release()
        told = up_to + len(single)


async def measured(url: str, count: int) -> dict[str, float]:
    """Both, one after the other, each into a fresh queue."""
    given, found = _announcements(count), {}
    for name, publish in (("limit", limit), ("ours", ours)):
        await _fresh_queue(url)
        found[name] = await publish(url, given)
        await _there(url, count)
    return {**found, "ratio": found["ours"] / found["limit"]}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--url", required=True)
    options.add_argument("--count", type=int, default=20_000)
    asked = options.parse_args()
    gc.freeze()  # both are measured with the garbage collector as the product has it
    gc.set_threshold(10_000, 20, 50)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(measured(asked.url, asked.count))))


if __name__ == "__main__":
    main()
