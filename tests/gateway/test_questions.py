"""A picked answer names the question that it is an answer to, however early it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from toys.channel import no, took
from toys.engine import Engine, engine
from toys.world import ToyHttp, until

from gateway.ports import NoAnswer
from normalizer.event import ReceiptReceived
from normalizer.model import Choice, Choices, Failure, Message, Option

QUESTION = Choices(text="ok?", choices=(Option(id="y", label="Yes"), Option(id="n", label="No")))
YES = Choice(id="y", label="Yes", of="q:1")
UNNAMED = Choice(id="y", label="Yes")
"""As some providers tell it: nothing says which question."""


@asynccontextmanager
async def sending(made: Engine) -> AsyncIterator[None]:
    delivery = made.delivery()
    await delivery.start()
    try:
        yield
    finally:
        await delivery.stop()


async def press(made: Engine, choice: Choice = YES, **more: object) -> Message:
    """Somebody picks an answer; gives the line."""
    fields: dict[str, Any] = {"id": "press:1", "parts": (choice,), "provider_ids": ("press:1",), **more}
    await made.hear(9, **fields)
    found = await made.store.message_of(made.account.name, str(fields["provider_ids"][0]))
    assert found is not None
    return found


def of(line: Message) -> str:
    part = line.parts[0]
    assert isinstance(part, Choice)
    return part.of


async def ask(made: Engine) -> str:
    return await made.say(await made.hear(), QUESTION)


async def test_an_answer_that_comes_before_the_providers_own_names_its_question(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), otherwise=took("x"))) as made:
        conversation = await made.hear()
        delivery = made.delivery()
        made.http.gate = asyncio.Event()
        await delivery.start()
        asked = await made.say(conversation, QUESTION)
        await made.say(conversation, QUESTION)  # asked again, and not even tried yet
        await until(lambda: made.http.calls)
        line = await press(made, reply_to="q:1")
        assert (of(line), line.reply_to) == (asked, asked)
        made.http.gate.set()
        await made.becomes(asked, "sent")
        await delivery.stop()


async def test_an_answer_to_a_question_that_nobody_is_sure_of_names_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"), otherwise=took("x"))) as made:
        delivery = made.delivery()
        await delivery.start()
        asked = await ask(made)
        await made.becomes(asked, "uncertain")
        await delivery.stop()
        assert of(await press(made)) == asked


async def test_an_answer_to_what_another_tool_asked_names_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:7"), otherwise=took("x"))) as made:
        delivery = made.delivery()
        await delivery.start()
        await made.becomes(await ask(made), "sent")
        await delivery.stop()
        line = await press(made, reply_to="q:1")
        assert (of(line), line.reply_to) == ("", None)


async def test_a_question_that_was_never_tried_is_not_answered(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=took("x"))) as made:
        await ask(made)
        assert of(await press(made)) == ""


async def test_a_question_that_does_not_offer_the_answer_is_not_its(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(no(503), otherwise=took("x"))) as made:
        delivery = made.delivery()
        await delivery.start()
        await ask(made)
        await until(lambda: made.http.calls)
        await delivery.stop()
        assert of(await press(made, Choice(id="z", label="Yes", of="q:1"))) == ""


async def test_where_the_provider_does_not_say_it_is_the_newest_that_offers_the_same(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), took("q:2"), otherwise=took("x"))) as made:
        delivery = made.delivery()
        await delivery.start()
        for asked in [await ask(made), await ask(made)]:
            await made.becomes(asked, "sent")
        await delivery.stop()
        assert of(await press(made, Choice(id="y", label="Yes"))) == asked
        other = await press(made, Choice(id="y", label="Menu"), id="press:2", provider_ids=("press:1", "press:2"))
        assert of(other) == asked  # the first line keeps the name that both have
        (conversation,) = await made.conversations()
        assert of((await made.store.lines(conversation, 10, None)).data[-1]) == ""


async def test_the_name_may_be_written_while_the_question_is_looked_for(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), otherwise=took("x"))) as made:
        delivery = made.delivery()
        await delivery.start()
        asked = await ask(made)
        await made.becomes(asked, "sent")
        await delivery.stop()
        find, calls = made.store.message_of, []

        async def late(account: str, provider_id: str) -> Message | None:
            calls.append(provider_id)
            return None if len(calls) == 1 else await find(account, provider_id)

        made.store.message_of = late  # type: ignore[method-assign] # the first look comes too early
        fields = {"id": "press:1", "parts": (YES,), "provider_ids": ("press:1",)}
        await made.intake.take(made.account, [made.event(9, **fields)], "req")
        assert of(await press(made)) == asked


async def asked_twice(made: Engine, *, first: str = "sent", second: str = "sent", apart: float = 0) -> list[str]:
    """The same question, once each has come to this."""
    async with sending(made):
        found = []
        for status in (first, second):
            found.append(await ask(made))
            await made.becomes(found[-1], status)
            made.clock.turn(apart)
    return found


async def test_where_the_provider_does_not_say_it_is_no_question_that_was_refused(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), no(400), otherwise=took("x"))) as made:
        first, _ = await asked_twice(made, second="failed")
        assert of(await press(made, UNNAMED)) == first


async def test_where_the_provider_does_not_say_it_is_no_question_that_was_lost_later(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), took("q:2"), otherwise=took("x"))) as made:
        first, second = await asked_twice(made)
        lost = ReceiptReceived(id="receipt:1", provider_id="q:2", status="failed", failure=Failure(reason="unknown"))
        await made.intake.take(made.account, [lost], "req")
        assert await made.status(second) == "failed"
        assert of(await press(made, UNNAMED)) == first


async def test_where_the_provider_does_not_say_a_question_that_went_out_in_part_may_be_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), no(400), otherwise=took("x"))) as made:
        async with sending(made):
            asked = await made.say(await made.hear(), QUESTION, "and more")
            await made.becomes(asked, "failed")
        assert of(await press(made, UNNAMED)) == asked


async def test_where_the_provider_does_not_say_it_is_no_question_that_was_never_tried(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), otherwise=took("x"))) as made:
        async with sending(made):
            first = await ask(made)
            await made.becomes(first, "sent")
        await ask(made)
        assert of(await press(made, UNNAMED)) == first


async def test_where_the_provider_does_not_say_it_is_no_question_that_it_put_off(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), no(429), otherwise=took("x"))) as made:
        async with sending(made):
            first = await ask(made)
            await made.becomes(first, "sent")
            await ask(made)
            await until(lambda: [record for record in made.records if record.kind == "message.deferred"])
        assert of(await press(made, UNNAMED)) == first


async def test_where_the_provider_does_not_say_it_is_no_question_that_was_asked_after_the_press(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), took("q:2"), otherwise=took("x"))) as made:
        pressed = made.clock.now() + timedelta(seconds=60)
        first, second = await asked_twice(made, apart=3600)
        assert of(await press(made, UNNAMED, sent_at=pressed)) == first
        later = await press(
            made, UNNAMED, id="press:2", sent_at=pressed + timedelta(hours=1), provider_ids=("press:2",)
        )
        assert of(later) == second


async def test_where_the_provider_does_not_say_it_is_no_question_that_went_out_after_the_press(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), took("q:2"), otherwise=took("x"))) as made:
        async with sending(made):
            first = await ask(made)
            await made.becomes(first, "sent")
        made.clock.turn(60)
        second = await ask(made)  # which waits for longer than the press takes
        pressed = made.clock.now() + timedelta(seconds=60)
        made.clock.turn(3600)
        async with sending(made):
            await made.becomes(second, "sent")
        assert of(await press(made, UNNAMED, sent_at=pressed)) == first


async def test_a_question_whose_tries_are_forgotten_is_still_answered(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("q:1"), otherwise=took("x"))) as made:
        async with sending(made):
            asked = await ask(made)
            await made.becomes(asked, "sent")
        made.clock.turn(86_400 * 40)
        await made.store.prune(made.clock.now(), made.clock.now() - timedelta(days=30))
        assert await made.store.attempts(asked) == []
        assert of(await press(made, UNNAMED)) == asked


async def doubted(made: Engine) -> str:
    """A question that nobody knows to have gone out."""
    async with sending(made):
        asked = await ask(made)
        await made.becomes(asked, "uncertain")
    return asked


@pytest.mark.parametrize("label", ["Pay now", "yes"])
async def test_an_answer_in_other_words_is_not_to_the_question_that_nobody_is_sure_of(
    tmp_path: Path, label: str
) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"), otherwise=took("x"))) as made:
        await doubted(made)
        line = await press(made, Choice(id="y", label=label, of="tool:9"), reply_to="tool:9")
        assert (of(line), line.reply_to) == ("", None)


async def test_an_answer_whose_words_the_provider_does_not_tell_is_known_by_its_id(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"), otherwise=took("x"))) as made:
        asked = await doubted(made)
        assert of(await press(made, Choice(id="y", label="y", of="q:1"))) == asked


@pytest.mark.parametrize(("days", "found"), [(0.9, True), (1.1, False), (100, False)])
async def test_a_question_that_nobody_is_sure_of_is_answered_within_a_day_of_its_try(
    tmp_path: Path, days: float, found: bool
) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"), otherwise=took("x"))) as made:
        asked = await doubted(made)
        made.clock.turn(86_400 * days)
        line = await press(made, reply_to="q:1")
        assert (of(line), line.reply_to) == ((asked, asked) if found else ("", None))


async def test_an_answer_from_before_the_question_that_nobody_is_sure_of_is_not_its(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("cut"), otherwise=took("x"))) as made:
        pressed = made.clock.now()
        made.clock.turn(60)
        await doubted(made)
        assert of(await press(made, sent_at=pressed)) == ""
