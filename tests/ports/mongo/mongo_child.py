"""A process that appends for ever, over a few streams, with a relay in it, and says each key once it is acknowledged."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

from store_kit import StandingClock, always, received

from gateway.adapters.mongo import MongoStore
from gateway.ports import Overtaken


async def main(url: str, name: str) -> None:
    store = MongoStore(url, StandingClock())
    await store.start()

    async def relay() -> None:
        while True:
            with suppress(Overtaken):
                await store.number()
            await asyncio.sleep(0.01)

    async def one(stream: int) -> None:
        number = 0
        while True:
            draft = received(f"{name}.{stream}.{number}", f"s{stream}")
            await store.append(f"cnv_s{stream}", always(draft), draft.key)
            os.write(1, f"{draft.key}\n".encode())
            number += 1

    await asyncio.gather(relay(), *(one(stream) for stream in range(8)))


asyncio.run(main(*sys.argv[1:]))
