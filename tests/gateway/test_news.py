"""What is told of our own messages: echoes, watermarks, words that end a doubt; and who somebody is."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from toys.channel import ToySettings, account, took, toy
from toys.engine import AGENT, Engine, engine
from toys.world import ToyHttp, until

from connectors.api import Answer, Call, Profile
from gateway.config import Account
from gateway.ports import NoAnswer
from normalizer.conversation import Asked, reply
from normalizer.decision import Refusal, Stamp
from normalizer.event import Echoed, IdentityChanged, Reacted, ReceiptReceived, Watermark
from normalizer.model import Choice, Conversation, Failure, Message, Option, Text
from normalizer.windows import Window, closes_at, standing


def echo(made: Engine, number: int = 1, **fields: Any) -> Echoed:
    given = {
        "id": f"echo:{number}",
        "identity": "toy:ann",
        "name": "Another tool",
        "sent_at": made.clock.now(),
        "parts": (Text(text="from elsewhere"),),
        "provider_ids": (f"out:{number}",),
    }
    return Echoed.model_validate(given | fields)


async def lines(made: Engine, conversation: str) -> list[Message]:
    return list((await made.store.lines(conversation, 50, None)).data)


async def only(made: Engine) -> Conversation:
    """The one conversation that there is."""
    (name,) = await made.conversations()
    found = await made.store.conversation(name)
    assert found is not None
    return found


async def uncertain(made: Engine, conversation: str, *said: str) -> str:
    """A message of which nobody knows whether it went out."""
    made.clock.turn(1)
    message = await made.say(conversation, *said)
    made.http.script.append(NoAnswer("gone"))
    delivery = made.delivery()
    await delivery.start()
    await made.becomes(message, "uncertain")
    await delivery.stop()
    return message


async def test_an_answer_given_with_another_tool_is_a_line_and_pays_the_debt(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        made.clock.turn(1)
        await made.intake.take(made.account, [echo(made), echo(made)], "req")
        said, answered = await lines(made, conversation)
        assert (said.direction, answered.direction, answered.status) == ("in", "out", "sent")
        assert (answered.author.kind, answered.author.name) == ("bot", "Another tool")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert (found.unread, found.unanswered_since, found.last_message) == (0, None, answered)
        receipt = ReceiptReceived(id="receipt:1", provider_id="out:1", status="read")
        await made.intake.take(made.account, [receipt], "req")
        assert (await lines(made, conversation))[1].status == "read"


async def test_an_echo_before_anybody_wrote_to_us_makes_a_conversation_that_waits_for_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.intake.take(made.account, [echo(made)], "req")
        found = await only(made)
        assert (found.status, found.unread, found.identity) == ("resolved", 0, "toy:ann")


@pytest.mark.parametrize("ref", [True, False])
async def test_the_echo_of_our_own_uncertain_message_settles_it(tmp_path: Path, ref: bool) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        message = await uncertain(made, conversation, "is it there?")
        words = (Text(text="is it there?"),)
        one = echo(made, parts=words, ref=message if ref else "")
        await made.intake.take(made.account, [one], "req")
        told = await lines(made, conversation)
        assert [line.id for line in told if line.direction == "out"] == [message]
        assert (told[-1].status, told[-1].provider_ids) == ("sent", ("out:1",))


@pytest.mark.parametrize(("status", "end"), [("delivered", "delivered"), ("sent", "sent"), ("failed", "failed")])
async def test_a_receipt_that_names_our_message_ends_the_doubt(tmp_path: Path, status: Any, end: str) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        message = await uncertain(made, conversation, "is it there?")
        failure = Failure(reason="unreachable", detail="off") if status == "failed" else None
        one = ReceiptReceived(id="receipt:1", provider_id="out:1", ref=message, status=status, failure=failure)
        await made.intake.take(made.account, [one, one], "req")
        found = await made.store.message(message)
        assert found is not None
        assert found.status == end
        if failure:
            assert found.failure is not None
            assert found.failure.reason == "unreachable"


async def test_word_of_the_first_of_two_parts_fails_the_one_that_was_never_tried(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        message = await uncertain(made, conversation, "one", "two")
        one = ReceiptReceived(id="receipt:1", provider_id="out:1", ref=message, status="delivered")
        await made.intake.take(made.account, [one], "req")
        found = await made.store.message(message)
        assert found is not None
        assert found.failure is not None
        assert (found.status, found.failure.part) == ("failed", 1)


async def test_a_watermark_reads_everything_up_to_it_and_nothing_after(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        made.http.script.extend([took("out:1"), took("out:2"), took("out:3")])
        delivery = made.delivery()
        await delivery.start()
        sent = []
        for words in ("one", "two", "three"):
            sent.append(await made.say(conversation, words))
            await made.becomes(sent[-1], "sent")
            made.clock.turn(10)
        await delivery.stop()
        at = made.clock.now() - timedelta(seconds=15)
        mark = Watermark(id="read:1", identity="toy:ann", status="read", at=at)
        await made.intake.take(made.account, [mark, mark], "req")
        statuses = [line.status for line in await lines(made, conversation) if line.direction == "out"]
        assert statuses == ["read", "read", "sent"]
        late = Watermark(id="delivered:1", identity="toy:ann", status="delivered", at=made.clock.now())
        await made.intake.take(made.account, [late], "req")
        statuses = [line.status for line in await lines(made, conversation) if line.direction == "out"]
        assert statuses == ["read", "read", "delivered"]


# Who somebody is.


async def test_an_alias_joins_two_channels_of_one_person(tmp_path: Path) -> None:
    accounts = {"sms": account("sms"), "wa": account("wa")}
    async with engine(tmp_path / "p.db", accounts=accounts) as made:
        tel = made.event(1, identity="tel:+33612345678", provider_ids=("sms:1",))
        await made.intake.take(accounts["sms"], [tel], "req")
        wa = made.event(2, identity="whatsapp:FR.1", aliases=("tel:+33612345678",), provider_ids=("wa:2",))
        await made.intake.take(accounts["wa"], [wa], "req")
        found = await only(made)
        assert set(found.person.identities) == {"tel:+33612345678", "whatsapp:FR.1"}
        assert (found.account, found.identity) == ("wa", "whatsapp:FR.1")
        person = await made.store.person(found.person.id)
        assert person is not None
        assert set(person.identities) == {"tel:+33612345678", "whatsapp:FR.1"}


async def test_an_alias_that_comes_first_is_found_later(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        both = made.event(1, identity="whatsapp:FR.1", aliases=("tel:+33612345678",))
        await made.intake.take(made.account, [both], "req")
        await made.intake.take(made.account, [made.event(2, identity="tel:+33612345678")], "req")
        assert len(await made.conversations()) == 1


async def test_aliases_of_two_known_people_leave_them_as_they_are(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await made.intake.take(made.account, [made.event(1, identity="tel:+1")], "req")
        await made.intake.take(made.account, [made.event(2, identity="whatsapp:1")], "req")
        await made.intake.take(made.account, [made.event(3, identity="whatsapp:1", aliases=("tel:+1",))], "req")
        assert len(await made.conversations()) == 2


async def test_a_changed_number_keeps_the_person_and_moves_the_answer(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        change = IdentityChanged(id="identity:1", identity="toy:bea", previous="toy:ann", at=made.clock.now())
        await made.intake.take(made.account, [change, change], "req")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert (found.identity, found.person.identities) == ("toy:bea", ("toy:ann", "toy:bea"))
        await made.hear(2, who="bea")
        assert len(await made.conversations()) == 1


@pytest.mark.parametrize("known", ["ann", "ann-by-number"])
async def test_whoever_is_known_by_one_of_their_old_names_keeps_their_conversation(tmp_path: Path, known: str) -> None:
    """As WhatsApp tells of a changed number: we may know the number only, and never have seen the user id."""
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1, who=known)
        change = IdentityChanged(id="identity:1", identity="toy:bea", previous="toy:ann",
                                 previous_aliases=("toy:ann-by-number",), at=made.clock.now())  # fmt: skip
        await made.intake.take(made.account, [change], "req")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert found.identity == "toy:bea"
        assert closes_at(found, "toy-one", "toy:bea", Window(24)) == closes_at(
            found, "toy-one", f"toy:{known}", Window(24)
        )
        await made.hear(2, who="bea")
        assert await made.conversations() == [conversation]


def profile(identity: str, settings: ToySettings) -> Generator[Call, Answer, Profile]:
    answer = yield Call("profile", "GET", f"{settings.base}/{identity}", effect=False)
    return Profile(answer.body.decode())


async def test_a_name_that_nobody_told_is_asked_for_once(tmp_path: Path) -> None:
    known = account()
    asking = Account("toy-one", replace(toy, profile=profile, classify=lambda *_: took_any()), known.settings)
    http = ToyHttp(Answer(200, {}, b"Ann Lee"))
    async with engine(tmp_path / "p.db", accounts={"toy-one": asking}, http=http) as made:
        conversation = await made.hear(1, name="")
        await until(lambda: len(made.records) == 2)
        await made.hear(2, name="")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert (found.person.name, len(http.calls)) == ("Ann Lee", 1)
        assert [record.kind for record in made.records] == ["message.received", "identity.named", "message.received"]


async def test_a_name_is_asked_for_again_the_next_day_and_a_new_one_is_told(tmp_path: Path) -> None:
    known = account()
    asking = Account("toy-one", replace(toy, profile=profile, classify=lambda *_: took_any()), known.settings)
    http = ToyHttp(*(Answer(200, {}, name) for name in (b"Ann Lee", b"Ann Lee", b"Ann Smith")))
    async with engine(tmp_path / "p.db", accounts={"toy-one": asking}, http=http) as made:
        conversation = await made.hear(1, name="")
        await until(lambda: len(made.records) == 2)
        for day, records in ((1, 3), (2, 5)):
            made.clock.turn(86_400)
            await made.hear(1 + day, name="")
            await until(lambda day=day, records=records: (len(http.calls), len(made.records)) == (1 + day, records))
        found = await made.store.conversation(conversation)
        assert found is not None
        assert found.person.name == "Ann Smith"
        assert [one.kind for one in made.records].count("identity.named") == 2


def took_any() -> Any:
    return toy.classify(Call("any", "GET", ""), took("x"))


# Windows.


async def test_free_text_outside_the_window_is_refused_and_a_template_is_not(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        windows = {"toy-one": Window(hours=24, late_hours=168)}

        async def asks(hours: float, by: Any = AGENT) -> str:
            at = made.clock.now() + timedelta(hours=hours)
            asked = Asked(made.clock.new_id("msg"), (Text(text="hi"),), made.clock.new_id("key"))
            stamp = Stamp(made.clock.new_id("rec"), by, at, "main")
            try:
                await made.store.append(
                    conversation, lambda view: reply(view, asked, stamp, {"toy-one": "toy"}, windows)
                )
            except Refusal as refusal:
                return f"{refusal.code}, {refusal.about['may_send']}"
            return "queued"

        bot = AGENT._replace(kind="bot")
        assert [await asks(23.9), await asks(24), await asks(167), await asks(168)] == [
            "queued", "queued", "queued", "window_closed, ['template']",
        ]  # fmt: skip
        assert [await asks(23.9, bot), await asks(24, bot)] == ["queued", "window_closed, ['template']"]


async def test_the_provider_may_keep_the_window_open_for_longer(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        until_then = made.clock.now() + timedelta(hours=72)
        conversation = await made.hear(1, window_until=until_then)
        found = await made.store.conversation(conversation)
        assert found is not None
        window = Window(hours=24)
        whose = ("toy-one", "toy:ann", window)
        assert closes_at(found, *whose) == until_then
        assert standing(found, *whose, until_then - timedelta(seconds=1)) == "open"
        assert standing(found, *whose, until_then) == "closed"
        assert standing(found, "toy-one", "toy:ann", None, until_then) == "open"
        assert standing(found, "toy-one", "toy:bob", window, until_then) == "closed"


async def test_a_receipt_may_tell_that_the_window_is_open_for_longer(tmp_path: Path) -> None:
    """As WhatsApp tells of somebody who came by an advertisement: 72 hours, from our first answer on."""
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        said = await made.say(conversation, "hello")
        until_then = made.clock.now() + timedelta(hours=72)
        receipts = [
            ReceiptReceived(id=f"receipt:w1:{status}", provider_id="w1", status=status, window_until=until)
            for status, until in (("read", None), ("delivered", until_then), ("sent", until_then))
        ]
        await made.intake.take(made.account, receipts[1:2], "req")  # before anybody knows the message by its name
        made.http.script.append(took("w1"))
        delivery = made.delivery()
        await delivery.start()
        await made.becomes(said, "delivered")
        await delivery.stop()
        await made.intake.take(made.account, [receipts[0], *receipts], "req")
        found = await made.store.conversation(conversation)
        assert found is not None
        assert closes_at(found, "toy-one", "toy:ann", Window(hours=24)) == until_then
        assert standing(found, "toy-one", "toy:bob", Window(hours=24), until_then) == "closed"
        assert await made.status(said) == "read"


async def test_a_reaction_opens_the_window_again(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        made.clock.turn(30 * 3600)
        window = Window(hours=24)
        at = made.clock.now()
        before = await only(made)
        assert standing(before, "toy-one", "toy:ann", window, at) == "closed"
        one = Reacted(id="reaction:1", identity="toy:ann", provider_id="ann:1", emojis=("👍",), at=at)
        await made.intake.take(made.account, [one], "req")
        after = await made.store.conversation(conversation)
        assert after is not None
        assert closes_at(after, "toy-one", "toy:ann", window) == at + timedelta(hours=24)
        assert after.unread == before.unread


# Answers by number.


async def test_a_number_is_the_answer_where_a_question_had_no_buttons(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        conversation = await made.hear(1)
        options = (Option(id="y", label="Yes"), Option(id="n", label="No"))
        asked = Asked("msg_asks", (Text(text="Well?\n1. Yes\n2. No"),), "key", numbered=options)
        stamp = Stamp(made.clock.new_id("rec"), AGENT, made.clock.now(), "main")
        await made.store.append(conversation, lambda view: reply(view, asked, stamp, {"toy-one": "toy"}))
        for number, words in enumerate(("what?", "2", "2"), start=2):
            made.clock.turn(1)
            await made.hear(number, parts=(Text(text=words),))
        said = [line.parts[0] for line in await lines(made, conversation) if line.direction == "in"]
        assert said[1:] == [Text(text="what?"), Choice(id="n", label="No", of="msg_asks"), Text(text="2")]
