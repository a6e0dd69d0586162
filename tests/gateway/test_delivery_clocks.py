"""What is to be sent is taken by one process and sent by another, and their clocks are not the same."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from toys.channel import no, took
from toys.engine import AGENT, engine
from toys.world import ToyHttp, until

from connectors.api import Answer, Call
from normalizer.conversation import Asked, reply
from normalizer.decision import Stamp
from normalizer.model import Text

A_MINUTE = timedelta(minutes=1)


def texts(call: Call) -> Answer:
    return took(f"{call.json['to']}/{call.json['part']['text']}")


async def test_a_reply_that_was_taken_by_a_process_whose_clock_is_ahead_goes_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=texts)) as made:
        delivery = made.delivery()
        await delivery.start()
        try:
            conversation = await made.hear()
            asked = Asked("msg_ahead", (Text(text="hi"),), key="ahead")
            stamp = Stamp(made.clock.new_id("rec"), AGENT, made.clock.now() + A_MINUTE, "main")
            await made.store.append(conversation, lambda view: reply(view, asked, stamp, {"toy-one": "toy"}))
            await until(lambda: made.http.texts() == ["hi"] or made.clock.waits)
            assert (made.http.texts(), made.clock.waits) == (["hi"], [])
            await made.becomes("msg_ahead", "sent")
        finally:
            await delivery.stop()


async def test_a_reply_that_was_deferred_waits_all_the_same(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(no(429, wait=7), otherwise=texts)) as made:
        delivery = made.delivery()
        await delivery.start()
        try:
            said = await made.say(await made.hear(), "hi")
            await until(lambda: 7.0 in made.clock.waits)
            assert made.http.texts() == ["hi"]
            await made.becomes(said, "sent", turn=1)
            assert made.http.texts() == ["hi", "hi"]
        finally:
            await delivery.stop()
