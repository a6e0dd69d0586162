"""A kill aimed at each instant of a sending: what cannot be known is uncertain, and nothing goes out twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from journeys.api import Api
from journeys.books import Books, attempts, kept, whole
from journeys.load import Provider
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
    return any(status is not None for *_, status in attempts(db).get(text, []))


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
    for chat in range(1, 5):
        await simulator.person(chat, f"Customer {chat}")
        await Provider(session, gateway).write(chat, 1, "hello")
    await Provider(session, gateway, "mute").write(MUTE, 1, "hello")
    found = await api.conversations()

    async def say(chat: int, *texts: str) -> str:
        return await api.replied(found[f"telegram:{chat}"], *texts)

    stops = [
        between.stop("on its way", "going"),
        between.stop("accepted", "coming back"),
        between.stop("second", "coming back"),
    ]
    going = await say(1, "on its way")  # the attempt is written down and the call made; nobody has it yet
    coming = await say(2, "accepted")  # the provider has it, and we do not know
    behind = await say(2, "behind it")
    parts = await say(3, "first", "second", "third")
    for stop in stops:
        await stop.reached.wait()
    calling = await say(MUTE, "no connection")  # the attempt is written down, and no connection made
    await until(lambda: attempts(gateway.db).get("no connection"), "the attempt is written down")
    with no_end_can_be_written(gateway.db):
        unsettled = await say(4, "not settled")  # the answer is noted, and the end is not
        await until(lambda: noted(gateway.db, "not settled"), "the answer is noted")
        gateway.kill()
        assert not ends(gateway.db)
    for stop in stops:
        stop.go.set()
    between.stops.clear()
    assert sorted(await simulator.texts()) == ["accepted", "first", "not settled", "second"]

    await gateway.up()
    for message in (going, coming, calling, parts):
        failure = (await api.becomes(message, "uncertain"))["failure"]
        assert (failure["reason"], failure["part"]) == ("unknown", int(message == parts))
        assert failure["detail"] == "the gateway stopped while it was being sent"
    assert (await api.becomes(unsettled, "sent"))["provider_ids"]
    await api.becomes(behind, "sent")
    Books(await api.settled()).without_gaps()
    assert sorted(await simulator.texts()) == ["accepted", "behind it", "first", "not settled", "second"]
    assert attempts(gateway.db) == {
        "on its way": [(0, 1, None)],
        "accepted": [(0, 1, None)],
        "no connection": [(0, 1, None)],
        "first": [(0, 1, 200), (1, 1, None)],
        "not settled": [(0, 1, 200)],
        "behind it": [(0, 1, 200)],
    }

    # What nobody knows is ended by whoever can know; and it goes again only if they ask for it, without what is there.
    assert (await settled(api, coming, "sent"))["status"] == "sent"
    rest = await settled(api, parts, "sent")
    assert (rest["status"], rest["failure"]["part"]) == ("failed", 2)
    for message in (going, parts):
        resent = await api.ask("POST", f"/v1/messages/{message}/resend")
        assert (resent.status, resent.json["resend_of"]) == (202, message)
        await api.becomes(resent.json["id"], "sent")
    said = [await simulator.texts(chat) for chat in range(1, 5)]
    assert said == [["on its way"], ["accepted", "behind it"], ["first", "second", "third"], ["not settled"]]
    assert (await gateway.stop())[0] == 0
    whole(gateway.db)


def ends(db: Path) -> list[str]:
    """Every end of a message that is recorded."""
    with closing(kept(db)) as file:
        found = file.execute(
            "SELECT kind FROM records WHERE kind IN ('message.sent', 'message.failed', 'message.uncertain')"
        )
        return [kind for (kind,) in found]


async def settled(api: Api, message: str, status: str) -> Any:
    """An agent says how it ended; the message as it is then."""
    said = await api.ask("POST", f"/v1/messages/{message}/settle", json={"status": status})
    assert said.status == 200, said
    return said.json
