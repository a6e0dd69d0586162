"""Walk 2: what agents say reaches the provider once, in order, or says why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from toys.channel import account, no, took, toy
from toys.engine import Engine, engine
from toys.world import ToyHttp, until

from connectors.api import Accepted, Answer, Call, Outcome, Pace, Refused
from gateway.delivery import Delivery
from gateway.ports import Attempt, NeverSent, NoAnswer, Unavailable, Unsendable
from normalizer.conversation import missing_parts
from normalizer.decision import Refusal
from normalizer.event import ReachChanged, ReceiptReceived
from normalizer.model import Media


@asynccontextmanager
async def sending(made: Engine, give_up: timedelta = timedelta(hours=4)) -> AsyncIterator[Delivery]:
    delivery = made.delivery(give_up)
    await delivery.start()
    try:
        yield delivery
    finally:
        await delivery.stop()


async def test_a_reply_is_sent_once_and_carries_the_providers_id(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"))) as made, sending(made):
        message = await made.becomes(await made.say(await made.hear(), "hi Ann"), "sent")
        assert message.provider_ids == ("out:1",)
        assert message.sent_at is not None
        assert [call.json["to"] for call in made.http.calls] == ["toy:ann"]


async def test_the_attempt_is_written_before_the_call_is_made(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"))) as made, sending(made):
        made.http.gate = asyncio.Event()
        said = await made.say(await made.hear(), "hi")
        await until(lambda: made.http.calls)
        written = await made.store.attempts(said)
        assert [(one.id, one.answer) for one in written] == [(f"{said}:0:1", None)]
        made.http.gate.set()
        await made.becomes(said, "sent")
        assert [one.answer for one in await made.store.attempts(said)] == [took("out:1")]


async def test_a_header_that_is_no_text_does_not_make_an_accepted_message_uncertain(tmp_path: Path) -> None:
    answer = replace(took("out:1"), headers={"x-request-id": b"\xe9t\xe9".decode("utf-8", "surrogateescape")})
    async with engine(tmp_path / "p.db", ToyHttp(answer)) as made, sending(made):
        said = await made.say(await made.hear(), "hi")
        assert (await made.becomes(said, "sent")).provider_ids == ("out:1",)


async def test_half_a_character_in_what_a_provider_says_does_not_hold_the_conversation(tmp_path: Path) -> None:
    cut = no(400, "too long: \ud83d")  # a provider that cuts what it quotes, in the middle of an emoji
    async with engine(tmp_path / "p.db", ToyHttp(cut, took("out:2"))) as made, sending(made):
        conversation = await made.hear()
        first, second = [await made.say(conversation, text) for text in ("one", "two")]
        failure = (await made.becomes(first, "failed")).failure
        assert failure is not None
        assert failure.detail.endswith("too long: \ufffd")
        await made.becomes(second, "sent")


async def test_what_was_said_leaves_in_order_and_parts_one_by_one(tmp_path: Path) -> None:
    http = ToyHttp(otherwise=lambda call: took(call.json["part"]["text"]))
    async with engine(tmp_path / "p.db", http) as made, sending(made):
        conversation = await made.hear()
        said = [await made.say(conversation, f"{number}a", f"{number}b") for number in range(5)]
        for message in said:
            await made.becomes(message, "sent")
        assert http.texts() == [f"{number}{part}" for number in range(5) for part in "ab"]


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        ([no(400)], "failed", "content_rejected"),
        ([no(403, "blocked")], "failed", "unreachable"),
        ([NoAnswer("reset")], "uncertain", "unknown"),
        ([no(502) and took("x"), NoAnswer("reset")], "uncertain", "unknown"),
    ],
    ids=["refused", "blocked", "no answer", "no answer to the second part"],
)
async def test_an_end_says_why_and_from_which_part_on(tmp_path: Path, answers: list, status: str, reason: str) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(*answers)) as made, sending(made):
        said = await made.say(await made.hear(), *(["one", "two"][: len(answers)]))
        message = await made.becomes(said, status)
        assert message.failure is not None
        assert (message.failure.reason, message.failure.part) == (reason, len(answers) - 1)
        assert len(made.http.calls) == len(answers)


async def test_a_failed_or_uncertain_message_holds_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("?"), no(400), took("3"))) as made, sending(made):
        conversation = await made.hear()
        first, second, third = [await made.say(conversation, text) for text in "abc"]
        await made.becomes(third, "sent")
        assert [await made.status(one) for one in (first, second)] == ["uncertain", "failed"]


async def test_a_proxy_in_between_is_uncertain_and_never_tried_again(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(Answer(502, {}, b"<html>"))) as made, sending(made):
        said = await made.say(await made.hear(), "hi")
        await made.becomes(said, "uncertain")
        made.clock.turn(3600)
        assert len(made.http.calls) == 1


@pytest.mark.parametrize("first", [no(503), no(429), NeverSent("connection refused")], ids=["5xx", "429", "never sent"])
async def test_what_is_proved_not_accepted_is_tried_again(tmp_path: Path, first: object) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(first, took("1"))) as made, sending(made):
        said = await made.say(await made.hear(), "hi")
        await until(lambda: made.clock.waits)
        assert made.clock.waits == [1.0]
        assert await made.status(said) == "queued"
        made.clock.turn(1.1)
        await made.becomes(said, "sent")
        assert [one.id for one in await made.store.attempts(said)] == [f"{said}:0:1", f"{said}:0:2"]


async def test_waits_grow_to_a_minute_or_are_what_the_provider_says(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(*[no(503)] * 8, no(429, wait=17))) as made, sending(made):
        await made.say(await made.hear(), "hi")
        waits = []
        for calls in range(1, 10):
            await until(lambda calls=calls: len(made.http.calls) == calls and made.clock.waits)
            waits += made.clock.waits
            made.clock.turn(waits[-1])
        assert waits == [1, 2, 4, 8, 15, 30, 60, 60, 17]


async def test_it_gives_up_in_the_end_and_says_so(tmp_path: Path) -> None:
    http = ToyHttp(otherwise=no(503, "down"))
    async with engine(tmp_path / "p.db", http) as made, sending(made, timedelta(minutes=5)):
        said = await made.say(await made.hear(), "hi")
        message = await made.becomes(said, "failed", turn=5)
        assert message.failure is not None
        assert (message.failure.reason, message.failure.detail) == ("expired", "gave up; last: down")


async def test_a_throttled_conversation_holds_no_other(tmp_path: Path) -> None:
    def answer(call):
        return no(429, wait=30) if call.json["to"] == "toy:bob" else took(call.json["part"]["text"])

    async with engine(tmp_path / "p.db", ToyHttp(otherwise=answer)) as made, sending(made):
        held = await made.say(await made.hear(who="bob"), "to bob")
        await until(lambda: made.clock.waits)
        await made.becomes(await made.say(await made.hear(who="ann"), "to ann"), "sent")
        assert await made.status(held) == "queued"


async def test_a_throttled_account_holds_its_conversations_and_no_other_account(tmp_path: Path) -> None:
    accounts = {name: account(name) for name in ("toy-one", "toy-two")}
    http = ToyHttp(no(429, wait=30, account=True), otherwise=took("x"))
    async with engine(tmp_path / "p.db", http, accounts) as made, sending(made):
        await made.say(await made.hear(who="bob"), "held")
        await until(lambda: made.clock.waits)
        also = await made.say(await made.hear(who="ann"), "held too")
        await until(lambda: len(made.clock.waits) == 2)
        event = made.event(who="eve")
        await made.intake.take(accounts["toy-two"], [event], "req")
        other = await made.store.message_of("toy-two", event.provider_ids[0])
        assert other is not None
        await made.becomes(await made.say(other.conversation, "goes"), "sent")
        assert await made.status(also) == "queued"
        made.clock.turn(31)
        await made.becomes(also, "sent", turn=0.1)


async def test_a_refused_form_may_be_sent_another_way(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(no(400), took("1"))) as made, sending(made):
        message = await made.becomes(await made.say(await made.hear(), "again"), "sent")
        assert [call.name for call in made.http.calls] == ["0:send", "0:other"]
        assert message.provider_ids == ("1",)


async def test_a_send_that_yields_nothing_is_accepted(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made, sending(made):
        message = await made.becomes(await made.say(await made.hear(), "nothing"), "sent")
        assert message.provider_ids == ()


async def test_a_lookup_is_repeated_freely(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("?"), took("look"), took("1"))) as made, sending(made):
        await made.becomes(await made.say(await made.hear(), "look first"), "sent", turn=0.5)
        assert [call.name for call in made.http.calls] == ["0:look", "0:look", "0:send"]


async def test_an_attempt_whose_owner_died_is_uncertain(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        said = await made.say(await made.hear(), "hi")
        left = Attempt(f"{said}:0:1", said, 0, 1, "0:send", 0, made.clock.now())
        assert await made.store.begin(left)
        async with sending(made):
            message = await made.becomes(said, "uncertain")
        assert message.failure is not None
        assert message.failure.detail == "the gateway stopped while it was being sent"
        assert made.http.calls == []


async def test_an_answer_that_was_noted_is_not_asked_for_again(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("second"))) as made:
        said = await made.say(await made.hear(), "one", "two")
        done = Attempt(f"{said}:0:1", said, 0, 1, "0:send", 0, made.clock.now())
        await made.store.begin(done)
        await made.store.finish(Attempt(**{**{f: getattr(done, f) for f in done.__slots__}, "answer": took("first")}))
        async with sending(made):
            message = await made.becomes(said, "sent")
        assert message.provider_ids == ("first", "second")
        assert made.http.texts() == ["two"]


async def test_uncertain_resend_prefers_a_repeat_to_a_wait(tmp_path: Path) -> None:
    accounts = {"toy-one": account(uncertain="resend")}
    async with engine(tmp_path / "p.db", ToyHttp(NoAnswer("?"), took("1")), accounts) as made, sending(made):
        said = await made.say(await made.hear(), "hi")
        await made.becomes(said, "sent", turn=0.5)
        assert len(made.http.calls) == 2


async def test_a_receipt_that_comes_first_waits_for_its_message(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"))) as made, sending(made):
        conversation = await made.hear()
        early = ReceiptReceived(id="receipt:out:1:delivered", provider_id="out:1", status="delivered")
        await made.intake.take(made.account, [early], "req")
        message = await made.becomes(await made.say(conversation, "hi"), "delivered")
        assert message.receipts == {"out:1": "delivered"}
        async with asyncio.timeout(30):  # the news is forgotten after it was applied
            while await made.store.unmatched(made.account.name, ["out:1"]):
                await asyncio.sleep(0.01)


async def test_a_message_for_an_account_that_is_gone_fails(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        said = await made.say(await made.hear(), "hi")
        made.accounts.clear()
        async with sending(made):
            message = await made.becomes(said, "failed")
        assert message.failure is not None
        assert "not configured any more" in message.failure.detail


async def test_a_quote_names_the_providers_message(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"))) as made, sending(made):
        conversation = await made.hear(number=7)
        asked = await made.store.message_of("toy-one", "ann:7")
        assert asked is not None
        await made.becomes(await made.say(conversation, "yes", reply_to=asked.id), "sent")
        assert made.http.calls[0].json["reply_to"] == "ann:7"


async def test_a_store_that_fails_meanwhile_neither_loses_nor_repeats(tmp_path: Path, monkeypatch) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"))) as made, sending(made):
        real, broken = made.store.finish, iter([True, True])

        async def finish(attempt: Attempt) -> None:
            if next(broken, False):
                raise Unavailable("full")
            await real(attempt)

        monkeypatch.setattr(made.store, "finish", finish)
        said = await made.say(await made.hear(), "hi")
        await made.becomes(said, "sent", turn=0.3)
        assert len(made.http.calls) == 1


async def test_stopping_lets_a_call_under_way_be_noted(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"), took("2"))) as made:
        made.http.gate = asyncio.Event()
        async with sending(made) as delivery:
            conversation = await made.hear()
            said, later = await made.say(conversation, "hi"), await made.say(conversation, "later")
            await until(lambda: made.http.calls)
            stopping = asyncio.create_task(delivery.stop())
            await asyncio.sleep(0.01)
            made.http.gate.set()
            await stopping
        assert await made.status(said) == "sent"
        assert await made.status(later) == "queued"


async def test_a_picture_is_handed_on_by_reference(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"))) as made, sending(made):
        picture = Media(media_type="image", media="med_1", mime="image/png")
        await made.becomes(await made.say(await made.hear(), picture), "sent")
        assert made.http.calls[0].json["part"]["media"] == "med_1"


async def test_a_connector_that_breaks_costs_its_message_and_holds_no_other(tmp_path: Path) -> None:
    def breaks(outgoing, settings):
        if outgoing.parts[0].text == "poison":
            raise ZeroDivisionError
        return toy.send(outgoing, settings)

    one = account()
    object.__setattr__(one, "connector", replace(toy, send=breaks))
    async with engine(tmp_path / "p.db", ToyHttp(took("1")), {"toy-one": one}) as made, sending(made):
        conversation = await made.hear()
        poison, after = await made.say(conversation, "poison"), await made.say(conversation, "fine")
        message = await made.becomes(poison, "failed")
        assert message.failure is not None
        assert (message.failure.reason, message.failure.detail) == ("unknown", "the connector broke: ZeroDivisionError")
        await made.becomes(after, "sent")


async def test_a_refusal_without_a_call_is_of_the_part_after_the_last_that_went_out(tmp_path: Path) -> None:
    def sends_one(outgoing, settings):
        steps = toy.send(outgoing.model_copy(update={"parts": outgoing.parts[:1]}), settings)
        yield from steps
        raise Refused("content_rejected", "no such part here")

    one = account()
    object.__setattr__(one, "connector", replace(toy, send=sends_one))
    async with engine(tmp_path / "p.db", ToyHttp(took("1")), {"toy-one": one}) as made, sending(made):
        message = await made.becomes(await made.say(await made.hear(), "good", "bad"), "failed")
        assert message.failure is not None
        assert (message.failure.part, message.provider_ids) == (1, ("1",))
        assert missing_parts(message) == message.parts[1:]


async def test_a_call_that_cannot_be_made_fails_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(Unsendable("the file is gone"))) as made, sending(made):
        message = await made.becomes(await made.say(await made.hear(), "hi"), "failed")
        assert message.failure is not None
        assert (message.failure.reason, message.failure.detail) == ("media_unsupported", "the file is gone")


async def test_nothing_new_begins_while_stopping(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"), took("2"))) as made:
        made.http.gate = asyncio.Event()
        async with sending(made) as delivery:
            said = await made.say(await made.hear(), "one", "two")
            await until(lambda: made.http.calls)
            stopping = asyncio.create_task(delivery.stop())
            await asyncio.sleep(0.01)
            made.http.gate.set()
            await stopping
        assert made.http.texts() == ["one"]
        assert await made.status(said) == "queued"


async def test_news_that_a_crash_left_behind_is_applied_at_the_next_start(tmp_path: Path, monkeypatch) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("out:1"))) as made, sending(made):
        conversation = await made.hear()
        early = ReceiptReceived(id="receipt:out:1:delivered", provider_id="out:1", status="delivered")
        await made.intake.take(made.account, [early], "req")
        with monkeypatch.context() as patch:
            patch.setattr(made.intake, "news_of", _nothing)
            patch.setattr(made, "intake", made.intake)
            said = await made.say(conversation, "hi")
            await made.becomes(said, "sent")
        await made.intake.start(made.accounts)
        assert await made.status(said) == "delivered"


async def _nothing(*_: object) -> None:
    """As if the process had ended here."""


async def test_an_account_that_comes_near_its_limit_slows_down_and_no_other_does(tmp_path: Path) -> None:
    near = {"slow": True}

    def classify(call: Call, answer: Answer) -> Outcome:
        found = toy.classify(call, answer)
        return replace(found, rest=30.0) if near["slow"] and isinstance(found, Accepted) else found

    slowed = replace(account("toy-slow"), connector=replace(toy, classify=classify))
    other = account("toy-other")
    http = ToyHttp(otherwise=lambda call: took(call.json["part"]["text"]))
    async with engine(tmp_path / "p.db", http, {"toy-slow": slowed, "toy-other": other}) as made:
        ann = await made.hear()
        await made.intake.take(other, [made.event(1, "bob")], "req_test")
        (bob,) = {*await made.conversations()} - {ann}
        async with sending(made):
            await made.becomes(await made.say(ann, "one"), "sent")  # and says that it comes near
            two, began = await made.say(ann, "two"), made.clock.monotonic()
            await until(lambda: made.clock.waits)
            for text in ("a", "b", "c"):
                await made.becomes(await made.say(bob, text), "sent")
            assert (await made.status(two), made.clock.monotonic()) == ("queued", began)
            near["slow"] = False
            await made.becomes(two, "sent", turn=1)
            before = made.clock.monotonic()
            assert before - began >= 30
            for text in ("three", "four"):
                await made.becomes(await made.say(ann, text), "sent")
            assert made.clock.monotonic() == before


async def _ends(made: Engine, said: str) -> tuple[str, timedelta]:
    """Why a message failed, and how long after now; time passes while somebody waits for it, and only then."""
    began = made.clock.now()
    while (message := await made.message(said)).status == "queued":
        if made.clock.waits:
            made.clock.turn(300)
    assert message.failure is not None
    return message.failure.reason, made.clock.now() - began


async def test_a_message_is_given_up_in_time_while_the_provider_holds_its_account(tmp_path: Path) -> None:
    http = ToyHttp(no(429, wait=50_000, account=True), otherwise=took("x"))
    async with engine(tmp_path / "p.db", http) as made, sending(made):
        first = await made.say(await made.hear(who="bob"), "one")
        await until(lambda: made.clock.waits)  # the account is held for fourteen hours
        also = await made.say(await made.hear(who="ann"), "two")
        await until(lambda: len(made.clock.waits) == 2)
        reason, after = await _ends(made, also)
        assert (reason, (await _ends(made, first))[0]) == ("expired", "expired")
        assert timedelta(hours=4) <= after < timedelta(hours=5)
        assert len(http.calls) == 1


async def test_calls_far_apart_give_a_message_up_in_time_too(tmp_path: Path) -> None:
    def classify(call: Call, answer: Answer) -> Outcome:
        return replace(found, rest=50_000.0) if isinstance(found := toy.classify(call, answer), Accepted) else found

    slowed = replace(account(), connector=replace(toy, classify=classify))
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=took("x")), {"toy-one": slowed}) as made, sending(made):
        await made.becomes(await made.say(await made.hear(), "one"), "sent")
        reason, after = await _ends(made, await made.say(await made.hear(who="bob"), "two"))
        assert reason == "expired"
        assert timedelta(hours=4) <= after < timedelta(hours=5)


async def test_what_waited_long_before_we_came_is_tried_though_the_account_goes_at_its_pace(tmp_path: Path) -> None:
    slow = replace(account(), connector=replace(toy, pace=Pace(per_second=1, per_chat=1)))
    async with engine(tmp_path / "p.db", ToyHttp(otherwise=took("x")), {"toy-one": slow}) as made:
        said = [await made.say(await made.hear(who=who), "hi") for who in ("ann", "bob", "eve")]
        made.clock.turn(5 * 3600)
        async with sending(made):
            for one in said:
                await made.becomes(one, "sent", turn=0.1)


async def test_who_is_found_to_have_opted_out_is_not_written_to_again_until_they_opt_in(tmp_path: Path) -> None:
    def classify(_call: Call, answer: Answer) -> Outcome:
        found = toy.classify(_call, answer)
        return Refused("opted_out", "they stopped", "21610") if isinstance(found, Refused) else found

    accounts = {"toy-one": replace(account(), connector=replace(toy, classify=classify))}
    async with engine(tmp_path / "p.db", ToyHttp(no(400), otherwise=took("x")), accounts) as made, sending(made):
        conversation = await made.hear()
        await made.becomes(await made.say(conversation, "one"), "failed")
        with pytest.raises(Refusal) as refusal:
            await made.say(conversation, "two")
        assert refusal.value.code == "opted_out"
        assert len(made.http.calls) == 1
        made.clock.turn(1)
        start = ReachChanged(id="reach:1", identity="toy:ann", change="opted_in", at=made.clock.now())
        await made.intake.take(made.account, [start], "req_test")
        await made.becomes(await made.say(conversation, "three"), "sent")
