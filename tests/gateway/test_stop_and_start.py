"""Who stopped and started again may be written to, in whatever order we come to hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from toys.channel import account, no, took, toy
from toys.engine import Engine, engine
from toys.world import ToyHttp

from connectors.api import Answer, Call, Outcome, Refused
from gateway.ports import Attempt, NoAnswer
from normalizer.event import ReachChanged, ReceiptReceived
from normalizer.model import Conversation, Failure

STOPPED = Failure(reason="opted_out", detail="they stopped", provider_code="21610")


async def says_start(made: Engine, number: int = 1) -> None:
    made.clock.turn(10)
    event = ReachChanged(id=f"reach:{number}", identity="toy:ann", change="opted_in", at=made.clock.now())
    await made.intake.take(made.account, [event], "req_start")
    made.clock.turn(10)


async def is_told(made: Engine, at: datetime | None = None, ref: str = "") -> None:
    """The provider says that a message of ours found a customer who had stopped."""
    event = ReceiptReceived(id="receipt:1", provider_id="q:1", ref=ref, status="failed", failure=STOPPED, at=at)
    await made.intake.take(made.account, [event], "req_receipt")


async def said(made: Engine, status: str) -> str:
    """A message, once it has this status."""
    delivery = made.delivery()
    await delivery.start()
    message = await made.say(await made.hear(), "hello")
    await made.becomes(message, status)
    await delivery.stop()
    return message


async def whole(made: Engine) -> Conversation:
    (name,) = await made.conversations()
    found = await made.store.conversation(name)
    assert found is not None
    return found


async def may_be_written_to(made: Engine) -> bool:
    return not (await whole(made)).reach["toy-one toy:ann"].opted_out


async def test_a_start_that_comes_before_the_refusal_of_an_earlier_message_counts(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"))) as made:
        await said(made, "sent")
        refused = made.clock.now() + timedelta(seconds=1)
        await says_start(made)
        await is_told(made, refused)
        assert await may_be_written_to(made)
        await made.say((await whole(made)).id, "again")


async def test_start_said_over_and_over_is_recorded_once(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.hear()
        for number in range(5):
            await says_start(made, number)
        assert [record.kind for record in made.records] == ["message.received", "identity.opted_in"]


async def test_a_start_outlives_the_receipt_of_an_earlier_message_that_ends_a_doubt(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"))) as made:
        message = await said(made, "uncertain")
        refused = made.clock.now() + timedelta(seconds=1)
        await says_start(made)
        await is_told(made, refused, ref=message)
        assert await made.status(message) == "failed"
        assert await may_be_written_to(made)


async def test_where_the_receipt_has_no_time_the_try_of_the_message_has(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"))) as made:
        made.clock.turn(5)
        message = await said(made, "uncertain")
        tried = made.clock.now()
        made.clock.turn(3600)
        await is_told(made, ref=message)
        found = (await whole(made)).reach["toy-one toy:ann"]
        assert (found.opted_out, found.opted_out_at) == (True, tried)


async def test_a_stop_that_is_newer_than_the_start_still_stops(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"))) as made:
        message = await said(made, "uncertain")
        await says_start(made)
        await is_told(made, made.clock.now(), ref=message)
        assert not await may_be_written_to(made)


async def test_a_start_outlives_a_refusal_that_an_earlier_process_noted_and_did_not_record(tmp_path: Path) -> None:
    def classify(call: Call, answer: Answer) -> Outcome:
        found = toy.classify(call, answer)
        return Refused("opted_out", "they stopped", "21610") if isinstance(found, Refused) else found

    accounts = {"toy-one": replace(account(), connector=replace(toy, classify=classify))}
    async with engine(tmp_path / "p.db", ToyHttp(), accounts) as made:
        message = await made.say(await made.hear(), "hello")
        tried = Attempt(f"{message}:0:1", message, 0, 1, "0:send", 0, made.clock.now())
        await made.store.begin(tried)
        await made.store.finish(replace(tried, answer=no(400)))
        await says_start(made)
        delivery = made.delivery()
        await delivery.start()
        await made.becomes(message, "failed")
        await delivery.stop()
        assert await may_be_written_to(made)
