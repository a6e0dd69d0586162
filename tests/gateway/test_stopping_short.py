"""A message that stops before its end: what went out is found out first, whatever stopped the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from toys.channel import ToySettings, account, no, took, toy
from toys.engine import engine
from toys.world import ToyHttp, until

from connectors.api import Answer, Call, Steps
from gateway.config import Account
from gateway.ports import Attempt, Unavailable
from normalizer.conversation import missing_parts
from normalizer.event import Outgoing
from normalizer.model import Message, Text
from normalizer.windows import Window


def with_window(**powers: Any) -> Account:
    known = account()
    return Account("toy-one", replace(toy, window=Window(hours=24), **powers), known.settings)


def left(message: Message) -> list[str]:
    return [part.text for part in missing_parts(message) if isinstance(part, Text)]


async def test_a_window_that_closes_between_two_parts_fails_the_second_alone(tmp_path: Path) -> None:
    http = ToyHttp(took("out:1"), no(503, wait=5))
    async with engine(tmp_path / "p.db", http, {"toy-one": with_window()}) as made:
        conversation = await made.hear(1)
        made.clock.turn(24 * 3600 - 3)
        delivery = made.delivery()
        await delivery.start()
        message = await made.becomes(await made.say(conversation, "first", "second"), "failed", turn=0.05)
        await delivery.stop()
        assert message.failure is not None
        assert (message.failure.reason, message.failure.part, message.provider_ids) == ("window_closed", 1, ("out:1",))
        assert left(message) == ["second"]
        assert http.texts() == ["first", "second"]


async def test_an_attempt_without_an_answer_is_uncertain_even_after_the_window(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": with_window()}) as made:
        message = await made.say(await made.hear(1), "perhaps")
        await made.store.begin(Attempt(f"{message}:0:1", message, 0, 1, "0:send", 0, made.clock.now()))
        made.clock.turn(30 * 3600)
        delivery = made.delivery(timedelta(days=3))
        await delivery.start()
        assert (await made.becomes(message, "uncertain")).failure.part == 0  # type: ignore[union-attr]
        await delivery.stop()
        assert made.http.calls == []


async def test_an_attempt_without_an_answer_is_uncertain_even_while_the_account_is_down(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        message = await made.say(await made.hear(1), "perhaps")
        await made.store.begin(Attempt(f"{message}:0:1", message, 0, 1, "0:send", 0, made.clock.now()))
        made.clock.turn(5 * 3600)
        delivery = made.delivery()
        delivery._stopped = lambda _: True
        await delivery.start()
        await made.becomes(message, "uncertain")
        await delivery.stop()


@pytest.mark.parametrize("answered", [True, False])
async def test_a_message_whose_account_is_gone_and_that_was_tried_is_uncertain(tmp_path: Path, answered: bool) -> None:
    async with engine(tmp_path / "p.db") as made:
        message = await made.say(await made.hear(1), "first", "second")
        attempt = Attempt(f"{message}:0:1", message, 0, 1, "0:send", 0, made.clock.now())
        await made.store.begin(attempt)
        if answered:
            await made.store.finish(replace(attempt, answer=took("out:1")))
        made.accounts.clear()
        delivery = made.delivery()
        await delivery.start()
        found = await made.becomes(message, "uncertain")
        await delivery.stop()
        assert found.failure is not None
        assert "not configured any more" in found.failure.detail


async def test_a_connector_that_breaks_between_two_parts_has_sent_the_first(tmp_path: Path) -> None:
    def breaks(outgoing: Outgoing, settings: ToySettings) -> Steps:
        yield Call("0:send", "POST", f"{settings.base}/send", json={"to": outgoing.to})
        raise KeyError("a mistake")

    broken = Account("toy-one", replace(toy, send=breaks), account().settings)
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1")), {"toy-one": broken}) as made:
        delivery = made.delivery()
        await delivery.start()
        message = await made.becomes(await made.say(await made.hear(1), "first", "second"), "failed")
        await delivery.stop()
        assert (message.provider_ids, left(message)) == (("out:1",), ["second"])


async def test_an_answer_that_a_connector_cannot_read_is_uncertain(tmp_path: Path) -> None:
    def breaks(_call: Call, _answer: Answer) -> Any:
        raise KeyError("a mistake")

    broken = Account("toy-one", replace(toy, classify=breaks), account().settings)
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1")), {"toy-one": broken}) as made:
        delivery = made.delivery()
        await delivery.start()
        message = await made.becomes(await made.say(await made.hear(1), "first"), "uncertain")
        await delivery.stop()
        assert message.failure is not None
        assert "KeyError" in message.failure.detail


async def test_news_is_applied_once_the_store_is_there_again(tmp_path: Path) -> None:
    asked: list[tuple[tuple[str, ...], str]] = []

    async def news(_account: Account, ids: Any, message: str) -> None:
        asked.append((tuple(ids), message))
        if len(asked) == 1:
            raise Unavailable("the disk is full")

    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"))) as made:
        delivery = made.delivery()
        delivery._settling._news_of = news
        await delivery.start()
        message = await made.say(await made.hear(1), "first")
        await made.becomes(message, "sent")
        await until(lambda: made.clock.waits)
        made.clock.turn(1)
        await until(lambda: len(asked) == 2)
        await delivery.stop()
        assert asked == [(("out:1",), message)] * 2


async def test_a_deferred_message_leaves_what_was_told_of_its_parts_alone(tmp_path: Path) -> None:
    asked: list[str] = []

    async def news(_account: Account, _ids: Any, message: str) -> None:
        asked.append(message)

    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"), no(503, wait=5), took("out:2"))) as made:
        delivery = made.delivery()
        delivery._settling._news_of = news
        await delivery.start()
        message = await made.say(await made.hear(1), "first", "second")
        await until(lambda: made.clock.waits)
        assert asked == []
        made.clock.turn(5)
        await made.becomes(message, "sent")
        await until(lambda: asked)
        await delivery.stop()
        assert asked == [message]
