"""News that comes before we know how sending a message ended: it waits, and is applied once we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from toys.channel import no, took
from toys.engine import Engine, engine
from toys.world import Do, until

from gateway.ports import NoAnswer
from normalizer.event import Echoed, Event, ReceiptReceived, Watermark
from normalizer.model import Media, Message, Part, Text


def echo(made: Engine, number: int, *said: str | Part, **fields: Any) -> Echoed:
    parts = tuple(Text(text=one) if isinstance(one, str) else one for one in said)
    given = {"id": f"echo:{number}", "identity": "toy:ann", "sent_at": made.clock.now(), "parts": parts}
    return Echoed.model_validate(given | {"provider_ids": (f"out:{number}",)} | fields)


def receipt(number: int, status: Any, **fields: Any) -> ReceiptReceived:
    provider_id = f"out:{number}"
    return ReceiptReceived(id=f"receipt:{number}:{status}", provider_id=provider_id, status=status, **fields)


def mark(at: datetime, status: Any = "read") -> Watermark:
    return Watermark(id=f"{status}_until:{at}", identity="toy:ann", status=status, at=at)


async def told(made: Engine, *events: Event) -> None:
    await made.intake.take(made.account, events, "req")


async def ours(made: Engine) -> list[tuple[str, tuple[str, ...]]]:
    """What every line of our side came to, in order."""
    (conversation,) = await made.conversations()
    page = await made.store.lines(conversation, 50, None)
    return [(line.status, line.provider_ids) for line in page.data if line.direction == "out"]


async def left(made: Engine) -> list[str]:
    """All news that still waits."""
    found = [await made.store.unmatched(account, [about]) for account, about in await made.store.waiting_news()]
    return [one for some in found for one in some]


@asynccontextmanager
async def under_way(made: Engine, *said: str | Part, ends: Do) -> AsyncIterator[str]:
    """A message whose call is being made; it is answered at the end."""
    conversation = await made.hear(1)
    made.clock.turn(1)
    made.http.script.append(ends)
    made.http.gate = asyncio.Event()
    delivery = made.delivery()
    await delivery.start()
    message = await made.say(conversation, *said)
    await until(lambda: made.http.calls)
    yield message
    made.http.gate.set()
    await until(lambda: not delivery._senders)  # it has ended, and what was told meanwhile is applied
    await delivery.stop()


async def ended(made: Engine, *said: str | Part, ends: Do) -> Message:
    """A message after its only call."""
    async with under_way(made, *said, ends=ends) as message:
        pass
    return await made.message(message)


async def test_news_that_finds_no_message_is_kept_on(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        await told(made, receipt(1, "delivered"))
        await made.intake.news_of(made.account, ["out:1"])  # as the first part of two is known to have gone out
        assert len(await left(made)) == 1
        await ended(made, "one", ends=took("out:1"))
        assert await ours(made) == [("delivered", ("out:1",))]
        assert await left(made) == []


@pytest.mark.parametrize("what", ["echo", "echo that names it", "receipt", "failure"])
async def test_the_providers_word_ends_a_doubt_that_comes_after_it(tmp_path: Path, what: str) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "is it there?", ends=NoAnswer("gone")) as message:
            words: dict[str, Event] = {
                "echo": echo(made, 1, "is it there? "),
                "echo that names it": echo(made, 1, "something else", ref=message),
                "receipt": receipt(1, "delivered", ref=message),
                "failure": receipt(1, "failed", ref=message),
            }
            await told(made, words[what])
        end = {"receipt": "delivered", "failure": "failed"}.get(what, "sent")
        assert await ours(made) == [(end, ("out:1",))]
        assert await left(made) == []


async def test_the_word_that_was_kept_is_found_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with engine(tmp_path / "p.db") as made:

        async def cut_off(*_: object) -> None:
            return None

        monkeypatch.setattr(made.intake, "news_of", cut_off)
        async with under_way(made, "is it there?", ends=NoAnswer("gone")) as message:
            await told(made, receipt(1, "delivered", ref=message))
        assert await ours(made) == [("uncertain", ())]
        monkeypatch.undo()
        await made.intake.start(made.accounts)
        assert await ours(made) == [("delivered", ("out:1",))]
        assert await left(made) == []


async def test_a_word_ends_the_doubt_for_all_that_was_told_of_the_same_part(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        message = await ended(made, "is it there?", ends=NoAnswer("gone"))
        await told(made, receipt(1, "read"))
        assert await ours(made) == [("uncertain", ())]
        await told(made, echo(made, 1, "is it there?", ref=message.id))
        assert await ours(made) == [("read", ("out:1",))]


async def test_a_word_that_races_the_end_of_its_message_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db") as made, under_way(made, "is it there?", ends=NoAnswer("gone")) as message:
        keep = made.store.keep_unmatched

        async def settled_first(account: str, provider_id: str, event_id: str, event: str) -> None:
            if provider_id.startswith("ref:"):
                assert made.http.gate is not None
                made.http.gate.set()
                await made.becomes(message, "uncertain")
                await asyncio.sleep(0.1)  # whoever settled it has looked for news, and found none
            await keep(account, provider_id, event_id, event)

        monkeypatch.setattr(made.store, "keep_unmatched", settled_first)
        await told(made, receipt(1, "delivered", ref=message))
        assert await ours(made) == [("delivered", ("out:1",))]
        assert await left(made) == []


@pytest.mark.parametrize(("ends", "status", "ids"), [(no(403), "failed", ()), (took("out:1"), "sent", ("out:1",))])
@pytest.mark.parametrize("early", [True, False])
async def test_a_word_about_a_message_that_has_ended_otherwise_changes_nothing(
    tmp_path: Path, ends: Do, status: str, ids: tuple[str, ...], early: bool
) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi", ends=ends) as message:
            words = (echo(made, 9, "hi", ref=message), receipt(9, "delivered", ref=message))
            if early:
                await told(made, *words)
        await told(made, *words)
        assert await ours(made) == [(status, ids)]
        assert await left(made) == [words[1].model_dump_json()]  # it may be of a message that we hear of yet


async def test_a_word_that_names_nobody_we_know_is_as_one_that_names_nobody(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        message = await ended(made, "hi", ends=NoAnswer("gone"))
        await told(made, receipt(9, "read", ref="msg_of_another_installation"))
        await told(made, echo(made, 9, "hi", ref="msg_of_another_installation"))
        assert await ours(made) == [("uncertain", ()), ("read", ("out:9",))]
        assert (await made.message(message.id)).status == "uncertain"


async def test_a_word_of_a_part_that_was_answered_ends_no_doubt_about_the_next(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        made.http.script.append(took("out:1"))
        async with under_way(made, "one", "two", ends=NoAnswer("gone")):
            await told(made, echo(made, 1, "one"))
        assert await ours(made) == [("uncertain", ("out:1",))]
        await told(made, echo(made, 2, "two"))
        assert await ours(made) == [("sent", ("out:1", "out:2"))]


@pytest.mark.parametrize("ends", [took("out:1"), NoAnswer("gone")])
@pytest.mark.parametrize("early", [early for count in range(4) for early in combinations(range(3), count)])
async def test_it_is_all_the_same_what_comes_before_the_end_and_what_after_it(
    tmp_path: Path, early: tuple[int, ...], ends: Do
) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi", ends=ends) as message:
            news = (mark(made.clock.now()), echo(made, 1, "hi"), receipt(1, "delivered", ref=message))
            await told(made, *(news[number] for number in early))
        for number in {0, 1, 2} - set(early):
            await told(made, news[number])
        assert await ours(made) == [("read", ("out:1",))]
        assert await left(made) == []


# Echoes that name nobody.


async def test_our_own_echo_that_comes_before_our_answer_is_no_line_of_its_own(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi there ", ends=took("out:1")):
            await told(made, echo(made, 1, "hi there"))
        await told(made, receipt(1, "read"))
        assert await ours(made) == [("read", ("out:1",))]
        assert await left(made) == []


@pytest.mark.parametrize(("ends", "status", "ids"), [(no(403), "failed", ()), (took("out:1"), "sent", ("out:1",))])
async def test_another_tools_words_that_are_like_ours_wait_for_us_and_are_a_line(
    tmp_path: Path, ends: Do, status: str, ids: tuple[str, ...]
) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "call me", ends=ends):
            await told(made, echo(made, 9, "call me"))
            assert len(await ours(made)) == 1
        assert await ours(made) == [(status, ids), ("sent", ("out:9",))]
        assert await left(made) == []


async def test_an_echo_settles_neither_a_failed_line_nor_one_that_has_not_been_tried(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        failed = await ended(made, "call me", ends=no(403))
        await made.say(failed.conversation, "call me")
        await told(made, echo(made, 9, "call me"))
        assert await ours(made) == [("failed", ()), ("queued", ()), ("sent", ("out:9",))]


@pytest.mark.parametrize(("late", "settles"), [(timedelta(minutes=9), True), (timedelta(minutes=-4), True),
                                               (timedelta(minutes=11), False), (timedelta(minutes=-6), False)])  # fmt: skip
async def test_an_echo_is_of_a_message_that_was_tried_about_then(
    tmp_path: Path, late: timedelta, settles: bool
) -> None:
    async with engine(tmp_path / "p.db") as made:
        await ended(made, "call me", ends=NoAnswer("gone"))
        await told(made, echo(made, 9, "call me", sent_at=made.clock.now() + late))
        assert await ours(made) == ([("sent", ("out:9",))] if settles else [("uncertain", ()), ("sent", ("out:9",))])


async def test_an_echo_finds_a_message_that_waited_for_long_before_it_was_tried(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        made.http.script.append(no(503, wait=3600))
        conversation = await made.hear(1)
        delivery = made.delivery()
        await delivery.start()
        message = await made.say(conversation, "call me")
        await until(lambda: any(record.kind == "message.deferred" for record in made.records))
        made.http.script.append(NoAnswer("gone"))
        made.clock.turn(3600)
        await made.becomes(message, "uncertain")
        await delivery.stop()
        await told(made, echo(made, 1, "call me"))
        assert await ours(made) == [("sent", ("out:1",))]


async def test_another_tools_file_does_not_settle_our_picture(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        picture = Media(media_type="image", media="med_" + "0" * 32, mime="image/png")
        await ended(made, picture, ends=NoAnswer("gone"))
        await told(made, echo(made, 8, Media(media_type="file", ref="http://x/other.pdf", mime="application/pdf")))
        assert await ours(made) == [("uncertain", ()), ("sent", ("out:8",))]
        await told(made, echo(made, 9, Media(media_type="image", ref="http://x/ours.png", mime="image/png")))
        assert await ours(made) == [("sent", ("out:9",)), ("sent", ("out:8",))]


async def test_a_message_that_is_settled_while_its_echo_looks_for_it_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi", ends=took("out:1")) as message:
            lines = made.store.lines

            async def settled_first(*of: Any) -> Any:
                assert made.http.gate is not None
                made.http.gate.set()
                await made.becomes(message, "sent")
                return await lines(*of)

            with monkeypatch.context() as patch:
                patch.setattr(made.store, "lines", settled_first)
                await told(made, echo(made, 1, "hi"))
        assert await ours(made) == [("sent", ("out:1",))]


# Watermarks.


async def test_a_watermark_at_the_providers_own_time_of_a_message_counts(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        dated: list[datetime] = []

        def answer(_: object) -> Any:
            dated.append(made.clock.now())
            made.clock.turn(5)  # the answer is on its way
            return took("out:1")

        await ended(made, "hi", ends=answer)
        await told(made, mark(dated[0] - timedelta(seconds=2)))
        assert await ours(made) == [("sent", ("out:1",))]
        await told(made, mark(dated[0]))
        assert await ours(made) == [("read", ("out:1",))]


@pytest.mark.parametrize(("back", "status"), [(0, "read"), (2, "sent")])
async def test_a_watermark_that_comes_before_our_answer_waits(tmp_path: Path, back: int, status: str) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi", ends=took("out:1")):
            await told(made, mark(made.clock.now() - timedelta(seconds=back)))
        assert await ours(made) == [(status, ("out:1",))]
        assert await left(made) == []


async def test_only_the_newest_watermark_of_a_kind_waits(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        async with under_way(made, "hi", ends=took("out:1")):
            now = made.clock.now()
            later = [now + timedelta(seconds=seconds) for seconds in (2, 3, 1)]
            await told(made, mark(now, "delivered"))
            for at in later:
                await told(made, mark(at))
            assert sorted(await left(made)) == sorted(
                one.model_dump_json() for one in (mark(now, "delivered"), mark(max(later)))
            )
        assert await ours(made) == [("read", ("out:1",))]
        assert await left(made) == []


async def test_a_watermark_does_not_reach_what_was_queued_before_it_and_sent_after_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        made.http.script.extend([no(503, wait=60), took("out:1")])
        conversation = await made.hear(1)
        delivery = made.delivery()
        await delivery.start()
        message = await made.say(conversation, "hi")
        await until(lambda: any(record.kind == "message.deferred" for record in made.records))
        made.clock.turn(30)
        one = mark(made.clock.now())
        await told(made, one)
        await made.becomes(message, "sent", turn=1)
        await until(lambda: not delivery._senders)
        await delivery.stop()
        await told(made, one)
        assert await ours(made) == [("sent", ("out:1",))]
        assert await left(made) == []


async def test_a_watermark_waits_for_the_end_of_a_doubt(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        message = await ended(made, "hi", ends=NoAnswer("gone"))
        await told(made, mark(made.clock.now()))
        assert await ours(made) == [("uncertain", ())]
        await told(made, echo(made, 1, "hi", ref=message.id))
        assert await ours(made) == [("read", ("out:1",))]
        assert await left(made) == []
