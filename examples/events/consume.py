"""Reads every event of a Passerelle from RabbitMQ, each once and in order, with aio-pika.

    pip install aio-pika
    python consume.py --url amqps://crm:password@rabbitmq.example.com/ --queue crm [--key 'message.#']

The queue is declared and bound here, unless that was done for you. Ctrl-C ends it; what comes meanwhile waits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import OrderedDict
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

REMEMBERED = 100_000
"""Ids of events that were handled. Where handling twice does harm, keep them beside what handling changes."""


async def handle(event: dict[str, Any]) -> None:
    """What you do with an event. If it raises, the event comes again."""
    message = event["data"].get("message")
    parts = message.get("parts", ()) if isinstance(message, dict) else ()
    said = " ".join(part.get("text", f"[{part['kind']}]") for part in parts)
    print(event["subject"], event["seq"], event["type"], said, flush=True)


async def consume(url: str, queue_name: str, keys: list[str]) -> None:
    handled: OrderedDict[str, None] = OrderedDict()

    async def take(message: AbstractIncomingMessage) -> None:
        # process() acknowledges at the end, and gives the event back to the queue if something was raised.
        async with message.process(requeue=True):
            event = json.loads(message.body)
            if event["id"] in handled:  # published twice, because a confirm was lost
                return
            await handle(event)
            handled[event["id"]] = None
            if len(handled) > REMEMBERED:
                handled.popitem(last=False)

    # A robust connection comes back by itself, and declares and consumes again.
    connection = await aio_pika.connect_robust(url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=1)  # one after the other: that keeps the order
        queue = await channel.declare_queue(queue_name, durable=True, arguments={"x-queue-type": "quorum"})
        for key in keys:
            await queue.bind("passerelle.events", key)
        await queue.consume(take)
        await asyncio.Future()  # for ever


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", required=True)
    options.add_argument("--queue", required=True)
    options.add_argument("--key", action="append", help="which events: message.#, *.*.telegram.*, #")
    asked = options.parse_args()
    try:
        asyncio.run(consume(asked.url, asked.queue, asked.key or ["#"]))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
