"""How many bytes a message takes in the store: messages on WhatsApp, each answered, each answer delivered and read.

    python benchmarks/stored.py --messages 20000

Half are customers' and half are replies, which are sent through the connector to a stand-in. There is no web server in it. Prints one JSON object.
What it finds is the default of ``--stored`` in ``cells.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvloop
from webhooks import JSON, TEXT, whatsapp

from connectors import catalog
from connectors.api import Answer, Call, Request
from gateway.adapters.sqlite import SqliteStore
from gateway.adapters.system import SystemClock
from gateway.asking import Caller
from gateway.attempts import Attempts, Sent
from gateway.config import Account, load
from gateway.intake import Intake
from gateway.replies import NewReply, Replies
from gateway.settling import Settling
from gateway.taking import Heard, Taking
from normalizer.event import Outgoing
from normalizer.model import Message, Text
from normalizer.record import By
from normalizer.sending import Settled

_CONFIG = """
accounts:
  bench: {connector: whatsapp, phone_number_id: "1", token: bench-token, app_secret: bench, verify_token: bench}
"""
_SIDE_BY_SIDE = 64


class Provider:
    """Stands in for WhatsApp: takes every call, and gives each message an id."""

    def __init__(self) -> None:
        self.sent = 0

    async def perform(self, _: Call) -> Answer:
        """Accepted."""
        self.sent += 1
        body = {"messaging_product": "whatsapp", "contacts": [{"input": "33600000000", "wa_id": "33600000000"}],
                "messages": [{"id": f"wamid.HBgLMzM2MDAwMDAwMDAVAgARGBI{self.sent:024}"}]}  # fmt: skip
        return Answer(200, {"content-type": JSON}, json.dumps(body).encode())


def _status(kind: str, provider_id: str, phone: str) -> bytes:
    """A receipt, as Meta tells it."""
    status = {"id": provider_id, "status": kind, "timestamp": str(int(time.time())), "recipient_id": phone,
              "pricing": {"billable": False, "pricing_model": "PMP", "category": "service"}}  # fmt: skip
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "331", "phone_number_id": "1"},
             "statuses": [status]}  # fmt: skip
    entry = {"id": "800", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


class Talk:
    """The product without its web server: what customers say is taken, answered, sent, and told delivered and read."""

    def __init__(self, folder: Path) -> None:
        (folder / "bench.yaml").write_text(_CONFIG)
        self.clock = SystemClock()
        self.accounts = dict(load(folder / "bench.yaml", {}, catalog.find()).accounts)
        self.account: Account = self.accounts["bench"]
        self.store = SqliteStore(folder / "stored.db", self.clock)
        provider = Provider()
        self.intake = Intake(self.store, provider, self.clock)  # type: ignore[arg-type] # nothing is downloaded
        self.taking = Taking(self.intake, self.store, self.clock)
        self.replies = Replies(self.store, self.clock, self.accounts)
        self.attempts = Attempts(self.store, provider, self.clock)  # type: ignore[arg-type] # likewise
        self.settling = Settling(self.store, self.clock, self.accounts, self.intake.news_of)
        self.caller = Caller(By("agent", self.clock.new_id("agt"), "Agent Smith"))

    async def hear(self, body: bytes) -> None:
        """A webhook."""
        request = Request("POST", "/hooks/bench", {"content-type": JSON}, datetime.now(UTC), body=body)
        await self.taking.take(Heard(request, "bench", [self.account], self.clock.new_id("req")))

    async def answer(self, conversation: str, phone: str) -> None:
        """A reply, sent, delivered and read."""
        said: Message = await self.replies.reply(self.caller, conversation, NewReply((Text(text=TEXT),)))
        assert said.identity is not None
        outgoing = Outgoing(id=said.id, to=said.identity, parts=said.parts)

        async def permit() -> None:
            pass

        end = await self.attempts.send(self.account, outgoing, permit)
        assert isinstance(end, Sent), end
        await self.settling.settle(said, Settled("sent", f"{said.id}:sent", end.ids), end.cause)
        for kind in ("delivered", "read"):
            await self.hear(_status(kind, end.ids[0], phone))


async def _talk(folder: Path, messages: int) -> dict[str, float]:
    talk = Talk(folder)
    await talk.store.start()
    await talk.intake.start(talk.accounts)
    numbers: Iterator[int] = iter(range(messages // 2))

    async def customers() -> None:
        for number in numbers:
            body, _ = whatsapp(number, "", "bench")
            told = json.loads(body)["entry"][0]["changes"][0]["value"]["messages"][0]
            await talk.hear(body)
            heard = await talk.store.message_of("bench", told["id"])
            assert heard is not None
            await talk.answer(heard.conversation, told["from"])

    await asyncio.gather(*(customers() for _ in range(_SIDE_BY_SIDE)))
    await talk.intake.stop()
    records = await talk.store.head()
    await talk.store.stop()
    return {"messages": messages, "records": records}


def measure(folder: Path, messages: int) -> dict[str, float]:
    """The file's size once everything is in it and its pages are written together."""
    started = time.process_time()
    found = uvloop.run(_talk(folder, messages))
    worked = time.process_time() - started
    path = folder / "stored.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        lasting = db.execute("SELECT sum(length(data)) FROM records").fetchone()[0]
        attempts = db.execute("SELECT count(*) FROM attempts").fetchone()[0]
    size = path.stat().st_size
    return found | {
        "attempts": attempts,
        "file_bytes": size,
        "bytes_a_message": round(size / messages),
        "of_which_the_records'_data": round(lasting / messages),
        "processor_ms_a_message": round(worked / messages * 1000, 2),
    }


def main() -> None:
    """Measure in a folder that is gone afterwards."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--messages", type=int, default=20_000)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), parser.parse_args().messages)))


if __name__ == "__main__":
    main()
