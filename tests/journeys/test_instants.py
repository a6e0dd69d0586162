"""A kill aimed at each instant of a sending: what cannot be known is uncertain, and nothing goes out twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from journeys.kit import Api, Books, Provider, attempts, kept, whole
from journeys.passage import Passage, nobody_answers
from journeys.programs import Gateway, Simulator, until

MUTE = 7


@pytest.fixture
def mute() -> Iterator[str]:
    with nobody_answers() as address:
        yield address


@contextmanager
def no_end_can_be_written(db: Path) -> Iterator[None]:
    """The store refuses the record that says that a message was sent; everything else it takes."""
    trigger = """
        CREATE TRIGGER no_end BEFORE INSERT ON records WHEN NEW.kind = 'message.sent'
        AND EXISTS (SELECT 1 FROM records AS queued WHERE queued.kind = 'message.queued'
                    AND json_extract(queued.data, '$.message.id') = json_extract(NEW.data, '$.message')
                    AND json_extract(queued.data, '$.message.parts[0].text') = 'not settled')
        BEGIN SELECT RAISE(ABORT, 'no end can be written'); END
    """
    with closing(sqlite3.connect(db, timeout=30)) as file:
        file.execute(trigger)
        file.commit()
        yield
        file.execute("DROP TRIGGER no_end")
        file.commit()


def noted(db: Path, text: str) -> bool:
    return any(status is not None for _, status in attempts(db).get(text, []))


async def test_a_kill_at_each_instant_of_a_sending(
    session: ClientSession,
    simulator: Simulator,
    between: Passage,
    mute: str,
    gateways: Callable[..., Gateway],
) -> None:
    gateway = gateways({"bot": between.url, "mute": mute})
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)
    for chat in range(1, 7):
        await simulator.person(chat, f"Customer {chat}")
        await Provider(session, gateway).write(chat, 1, "hello")
    await Provider(session, gateway, "mute").write(MUTE, 1, "hello")
    found = await api.conversations()

    async def say(chat: int, text: str) -> str:
        return await api.replied(found[f"telegram:{chat}"], text)

    going = between.stop("on its way", "going")
    coming = between.stop("accepted", "coming back")
    messages = {
        "on its way": await say(1, "on its way"),  # the row is written and the call made; nobody has it yet
        "accepted": await say(2, "accepted"),  # the provider has it, and we do not know
        "no connection": await say(MUTE, "no connection"),  # the row is written, and the call not yet made
    }
    behind = await say(2, "behind it")
    await going.reached.wait()
    await coming.reached.wait()
    await until(lambda: attempts(gateway.db).get("no connection"), "the attempt is written down")
    with no_end_can_be_written(gateway.db):
        messages["not settled"] = await say(3, "not settled")  # the answer is noted, and the end is not
        await until(lambda: noted(gateway.db, "not settled"), "the answer is noted")
        gateway.kill()
        with closing(kept(gateway.db)) as file:
            ended = file.execute("SELECT count(*) FROM records WHERE kind LIKE 'message.%' AND kind <> 'message.queued'"
                                 " AND kind <> 'message.received'").fetchone()  # fmt: skip
            assert ended == (0,)
    going.go.set()
    coming.go.set()
    assert (await simulator.texts(2), await simulator.texts(3)) == (["accepted"], ["not settled"])

    await gateway.up()
    for text in ("on its way", "accepted", "no connection"):
        message = await api.becomes(messages[text], "uncertain")
        assert message["failure"]["reason"] == "unknown"
        assert message["failure"]["detail"] == "the gateway stopped while it was being sent"
    assert (await api.becomes(messages["not settled"], "sent"))["provider_ids"]
    await api.becomes(behind, "sent")
    books = Books(await api.settled())
    books.without_gaps()
    books.balanced(await simulator.texts())
    assert await simulator.texts() == ["accepted", "not settled", "behind it"]
    assert {text: len(tries) for text, tries in attempts(gateway.db).items()} == {
        **dict.fromkeys(messages, 1),
        "behind it": 1,
    }

    # What nobody knows is ended by whoever can know; and sent again only if they ask for it.
    assert (await api.ask("POST", f"/v1/messages/{messages['accepted']}/settle", json={"status": "sent"})).status == 200
    resent = await api.ask("POST", f"/v1/messages/{messages['on its way']}/resend")
    assert (resent.status, resent.json["resend_of"]) == (202, messages["on its way"])
    between.stops.clear()
    await api.becomes(resent.json["id"], "sent")
    assert Books(await api.feed()).status[messages["accepted"]] == "sent"
    assert await simulator.texts(1) == ["on its way"]
    assert await simulator.texts(2) == ["accepted", "behind it"]
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)


async def test_a_kill_between_the_parts_of_a_message(
    session: ClientSession, simulator: Simulator, between: Passage, gateways: Callable[..., Gateway]
) -> None:
    """What went out is not sent again, and what comes after the uncertain part is not sent at all."""
    gateway = gateways({"bot": between.url})
    await gateway.add_key()
    await gateway.up()
    api = Api(session, gateway)
    await simulator.person(1, "Customer 1")
    await Provider(session, gateway).write(1, 1, "hello")
    conversation = (await api.conversations())["telegram:1"]
    second = between.stop("two", "coming back")
    message = await api.replied(conversation, "one", "two", "three")
    await second.reached.wait()
    gateway.kill()
    second.go.set()
    await gateway.up()
    ended = await api.becomes(message, "uncertain")
    assert ended["failure"]["part"] == 1
    assert len(ended["provider_ids"]) == 1
    assert await simulator.texts() == ["one", "two"]
    settled = await api.ask("POST", f"/v1/messages/{message}/settle", json={"status": "sent"})
    assert (settled.json["status"], settled.json["failure"]["part"]) == ("failed", 2)
    resent = (await api.ask("POST", f"/v1/messages/{message}/resend")).json
    assert [part["text"] for part in resent["parts"]] == ["three"]
    await api.becomes(resent["id"], "sent")
    assert await simulator.texts() == ["one", "two", "three"]
