"""Several processes that deliver: whatever they believe, order holds and no part goes out twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys.channel import account, no, took
from toys.engine import AGENT, Engine, engine
from toys.owning import Owned
from toys.world import ToyHttp, until

from connectors.api import Answer, Call
from gateway.attempts import Attempts
from gateway.config import DeliveryConfig
from gateway.delivery import Delivery
from gateway.ports import Attempt
from normalizer.conversation import Asked, reply
from normalizer.decision import Stamp
from normalizer.model import Text

ONE, TWO = "toy-one", "toy-two"


def delivering(made: Engine, ownership: Owned, patience: float = 30) -> Delivery:
    attempts = Attempts(made.store, made.http, made.clock, patience=patience)  # type: ignore[arg-type] # downloads nothing
    return Delivery(made.store, made.broker, attempts, made.accounts, made.clock, DeliveryConfig(),
                    link=lambda _media, _seconds: None, news_of=made.intake.news_of, ownership=ownership)  # fmt: skip


@asynccontextmanager
async def several(made: Engine, *ownerships: Owned, patience: float = 30) -> AsyncIterator[list[Delivery]]:
    async with AsyncExitStack() as stack:
        found = [delivering(made, ownership, patience) for ownership in ownerships]
        for one in found:
            await one.start()
            stack.push_async_callback(one.stop)
        yield found


async def say(made: Engine, conversation: str, text: str, via: str) -> str:
    """An agent replies by way of an account."""
    message_id = made.clock.new_id("msg")
    asked = Asked(message_id, (Text(text=text),), key=message_id, via=via)
    stamp = Stamp(made.clock.new_id("rec"), AGENT, made.clock.now(), "main")
    channels = {name: one.channel for name, one in made.accounts.items()}
    await made.store.append(conversation, lambda view: reply(view, asked, stamp, channels))
    return message_id


class Slow(ToyHttp):
    """Answers after a while that chance makes."""

    def __init__(self, chance: Random, *script: Answer, otherwise: object) -> None:
        super().__init__(*script, otherwise=otherwise)  # type: ignore[arg-type] # what ToyHttp takes
        self._chance = chance

    async def perform(self, call: Call) -> Answer:
        for _ in range(self._chance.randrange(40)):
            await asyncio.sleep(0)
        return await super().perform(call)


def texts(call: Call) -> Answer:
    return took(f"{call.json['to']}/{call.json['part']['text']}")


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(chance=st.randoms(use_true_random=True), count=st.integers(2, 3))
async def test_three_who_all_believe_the_account_is_theirs_send_each_part_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, chance: Random, count: int
) -> None:
    http = Slow(chance, *[no(429, wait=1) for _ in range(3)], otherwise=texts)
    async with engine(tmp_path_factory.mktemp("fight") / "p.db", http) as made:
        forever = 1_000_000  # toy time passes much faster than these calls take
        async with several(made, *(Owned(ONE) for _ in range(count)), patience=forever):
            conversations = [await made.hear(who=who) for who in ("ann", "bob")]
            said = [
                await made.say(conversation, f"{number}a", f"{number}b")
                for number in range(4)
                for conversation in conversations
            ]
            for message in said:
                await made.becomes(message, "sent", turn=0.2)
        accepted = [one for message in said for one in await made.store.attempts(message) if one.answer.status == 200]
        assert len(accepted) == 2 * len(said)
        for who in ("ann", "bob"):
            sent = [call.json["part"]["text"] for call in http.calls if call.json["to"] == f"toy:{who}"]
            went = [text for place, text in enumerate(sent) if text not in sent[place + 1 :]]  # a 429 is tried again
            assert went == [f"{number}{part}" for number in range(4) for part in "ab"]


async def test_who_is_given_an_account_sends_what_waits_for_it(tmp_path: Path) -> None:
    owned = Owned()
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=texts)) as made, several(made, owned):
        said = await made.say(await made.hear(), "hi")
        await asyncio.sleep(0.1)
        assert made.http.calls == []
        owned.give(ONE)
        await made.becomes(said, "sent")


async def test_who_loses_an_account_begins_nothing_new_and_ends_what_is_under_way(tmp_path: Path) -> None:
    owned = Owned(ONE)
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=texts)) as made, several(made, owned) as (delivery,):
        made.http.gate = asyncio.Event()
        conversation = await made.hear()
        first, second = await made.say(conversation, "one"), await made.say(conversation, "two")
        await until(lambda: made.http.calls)
        assert delivery.busy() == {ONE}
        owned.take(ONE)
        made.http.gate.set()
        await made.becomes(first, "sent")
        await until(lambda: not delivery.busy() and not delivery._senders)
        assert (await made.status(second), made.http.texts()) == ("queued", ["one"])
        owned.give(ONE)
        await made.becomes(second, "sent")


async def test_of_a_message_whose_account_has_moved_the_new_owner_sends_the_rest(tmp_path: Path) -> None:
    old, new = Owned(ONE), Owned()
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=texts)) as made, several(made, old, new):
        made.http.gate = asyncio.Event()
        said = await made.say(await made.hear(), "a", "b")
        await until(lambda: made.http.calls)
        old.take(ONE)
        made.http.gate.set()
        await until(lambda: made.clock.waits)
        assert made.http.texts() == ["a"]
        new.give(ONE)
        await made.becomes(said, "sent", turn=0.1)
        assert made.http.texts() == ["a", "b"]


async def test_what_waits_to_be_tried_again_goes_with_its_account(tmp_path: Path) -> None:
    old, new = Owned(ONE), Owned()
    http = ToyHttp(no(503), otherwise=texts)
    async with engine(tmp_path / "p.db", http) as made, several(made, old, new) as (first, second):
        said = await made.say(await made.hear(), "hi")
        await until(lambda: made.clock.waits)
        old.take(ONE)
        new.give(ONE)
        await until(lambda: not first._senders and second._senders)
        await made.becomes(said, "sent", turn=0.1)
        assert http.texts() == ["hi", "hi"]


async def test_a_conversation_over_two_accounts_keeps_its_order_though_each_has_its_own_process(tmp_path: Path) -> None:
    accounts = {name: account(name) for name in (ONE, TWO)}
    http = ToyHttp(otherwise=texts)
    async with engine(tmp_path / "p.db", http, accounts) as made:
        conversation = await made.hear()
        await made.intake.take(accounts[TWO], [made.event(2)], "req")
        async with several(made, Owned(ONE), Owned(TWO)):
            http.gate = asyncio.Event()
            said = [await say(made, conversation, f"{number}", (ONE, TWO)[number % 2]) for number in range(6)]
            await until(lambda: http.calls)
            await asyncio.sleep(0.05)
            assert http.texts() == ["0"]
            http.gate.set()
            for message in said:
                await made.becomes(message, "sent", turn=0.1)
        assert http.texts() == [f"{number}" for number in range(6)]


async def begun_elsewhere(made: Engine) -> tuple[str, Attempt]:
    """A message whose first call another process has begun."""
    said = await made.say(await made.hear(), "hi")
    attempt = Attempt(f"{said}:0:1", said, 0, 1, "0:send", 0, made.clock.now())
    assert await made.store.begin(attempt)
    return said, attempt


async def test_a_call_that_another_process_began_is_given_time_to_be_answered(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp()) as made:
        said, attempt = await begun_elsewhere(made)
        async with several(made, Owned(ONE)):
            for _ in range(20):
                await until(lambda: made.clock.waits)
                made.clock.turn(1)
            assert await made.status(said) == "queued"
            answered = Attempt(*(attempt.id, said, 0, 1, "0:send", 0, attempt.started_at), answer=took("out:1"))
            await made.store.finish(answered)
            assert (await made.becomes(said, "sent", turn=1)).provider_ids == ("out:1",)
            assert made.http.calls == []


async def test_when_no_answer_comes_in_all_that_time_nobody_knows(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp()) as made:
        said, _ = await begun_elsewhere(made)
        async with several(made, Owned(ONE)):
            await made.becomes(said, "uncertain", turn=1)
            assert made.http.calls == []
