"""A picked answer names the question that it is an answer to, however early it comes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from toys.channel import no, took
from toys.engine import Engine, engine
from toys.world import ToyHttp, until

from gateway.ports import NoAnswer
from normalizer.model import Choice, Choices, Message, Option

QUESTION = Choices(text="ok?", choices=(Option(id="y", label="Yes"), Option(id="n", label="No")))
YES = Choice(id="y", label="Yes", of="q:1")


async def press(made: Engine, choice: Choice = YES, **more: object) -> Message:
    """Somebody picks an answer; gives the line."""
    fields = {"id": "press:1", "parts": (choice,), "provider_ids": ("press:1",), **more}
    await made.hear(9, **fields)
    found = await made.store.message_of(made.account.name, "press:1")
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
