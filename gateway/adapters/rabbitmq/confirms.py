"""Batches on their way: written into a channel a burst at a time, and their confirms counted as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiormq import Channel
from aiormq.abc import ChannelFrame

from gateway.adapters.rabbitmq.wire import publication
from gateway.ports import Announcement


class Confirms(asyncio.Future[Any]):
    """All confirms of a batch: done with the last of them, or with the first refusal.

    aiormq hands each confirm to what stands under its tag in ``Channel.confirmations``. That the same stands under all
    tags of a batch saves a future, a task and a lock for each message, which were two thirds of publishing's time.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self.left = count
        self.refused = False

    def set_result(self, result: object) -> None:
        """One more is confirmed."""
        self.left -= 1
        if not self.left:
            super().set_result(result)

    def set_exception(self, _exception: object) -> None:
        """One is refused; what becomes of the others does not matter any more, nor is a warning of each wanted."""
        self.refused = True
        self.cancel()


def write(channel: Channel, announcements: Sequence[Announcement], confirms: Confirms) -> None:
    """Put them into a channel that nobody else publishes into, in this order, without waiting for the socket.

    Raises asyncio.QueueFull, and nothing of them is written then.
    """
    number, most = channel.number, channel.max_content_size
    payload = b"".join([publication(number, one, most) for one in announcements])
    channel.write_queue.put_nowait(ChannelFrame(payload=payload, should_close=False))
    first = channel.delivery_tag + 1  # nothing is awaited since the queue took them, so no confirm can have come
    channel.delivery_tag += len(announcements)
    channel.confirmations.update(dict.fromkeys(range(first, channel.delivery_tag + 1), confirms))
