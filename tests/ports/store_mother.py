"""A process of its own for the tests of the embedded store: forks a child per line that it is told, which may be killed.

Lines in: a child's role and the file. Lines out: what the children say, and ``pid`` and ``ended`` of each.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import sys
import time
from pathlib import Path

from store_kit import StandingClock, always, received

from gateway.adapters.sqlite import SqliteStore, locked
from gateway.ports import Unavailable


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def appends(path: Path, name: str) -> None:
    """Appends for ever, over a few streams at once, and says each key once it is acknowledged."""
    store = SqliteStore(path, StandingClock())
    await store.start()

    async def one(stream: int) -> None:
        number = 0
        while True:
            draft = received(f"{name}.{stream}.{number}", f"s{stream}")
            await store.append(f"cnv_s{stream}", always(draft), draft.key)
            say("key", draft.key)
            number += 1

    await asyncio.gather(*(one(stream) for stream in range(8)))


async def appends_few(path: Path, count: str) -> None:
    """Beside a running store, as a command does."""
    store = SqliteStore(path, StandingClock())
    await store.start()
    for number in range(int(count)):
        await store.append("cnv_ann", always(received(f"foreign{number}")))
    await store.stop()


async def fills(path: Path, _: str) -> None:
    """No file may grow any further for a while: every write of the store fails in the middle of a commit."""
    store = SqliteStore(path, StandingClock())
    await store.start()
    drafts = [received(f"{number}", f"w{number % 5}", text="x" * 3000) for number in range(60)]
    await asyncio.gather(*(store.append(f"cnv_w{n % 5}", always(drafts[n])) for n in range(10)))
    await store.conversation("cnv_w0")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    asked = (store.append(f"cnv_w{n % 5}", always(drafts[n]), drafts[n].key) for n in range(10, 60))
    done = await asyncio.gather(*asked, return_exceptions=True)
    say("refused", sum(isinstance(one, Unavailable) for one in done), "of", len(done))
    say("ready", bool(await store.ready()))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    say("ready", bool(await store.ready()))
    done = await asyncio.gather(*(store.append(f"cnv_w{n % 5}", always(drafts[n]), drafts[n].key) for n in range(60)))
    say("fresh", sum(not one.duplicate for one in done))
    say("unread", sum([(await store.conversation(f"cnv_w{n}")).unread for n in range(5)]))  # type: ignore[union-attr]
    await store.stop()


def locks(path: Path, _: str) -> None:
    with locked(path):
        say("locked")
        time.sleep(60)


def holds(path: Path, _: str) -> None:
    """Holds the write lock of the file until it is told to end."""
    db = sqlite3.connect(path, isolation_level=None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    db.execute("BEGIN IMMEDIATE")
    say("holds")
    try:
        time.sleep(60)
    finally:
        db.close()
        say("let go")


ROLES = {"appends": appends, "few": appends_few, "fills": fills, "locks": locks, "holds": holds}


def main() -> None:
    for line in sys.stdin:
        role, path, word = line.split()
        child = os.fork()
        if child == 0:
            try:
                done = ROLES[role](Path(path), word)
                if done is not None:
                    asyncio.run(done)
            except SystemExit:
                pass
            except BaseException as error:
                say("failed", repr(error))
                raise
            finally:
                os._exit(0)
        say("pid", child)
        os.waitpid(child, 0)
        say("ended", child)


if __name__ == "__main__":
    main()
