"""Two pages and an account of Instagram behind one hook of one Meta app, and their customers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from aiohttp import ClientSession
from journeys.graph import APP, PICTURE, WORD, envelope, item, meta_street, signed, tells
from journeys.programs import Gateway, eventually
from journeys.standin import Street

ANN, BOB, IDA = "messenger:111:7001", "messenger:222:7002", "instagram:333:7003"


@pytest.fixture
async def meta(session: ClientSession, gateways: Callable[..., Gateway]) -> AsyncIterator[Street]:
    async with meta_street(session, gateways) as found:
        yield found


async def test_what_customers_do(meta: Street) -> None:
    await asked_whether_it_is_ours(meta)
    await told_by_others(meta)
    await a_batch(meta)
    await at_one_moment(meta)
    await said_and_changed(meta)


async def asked_whether_it_is_ours(street: Street) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": WORD, "hub.challenge": "1158201444"}
    address = f"{street.gateway.url}/hooks/meta"
    async with street.session.get(address, params=asked) as answer:
        assert (answer.status, await answer.text()) == (200, "1158201444")
    async with street.session.get(address, params={**asked, "hub.verify_token": "another"}) as answer:
        assert answer.status == 403
        assert "1158201444" not in await answer.text()


async def told_by_others(street: Street) -> None:
    """Neither a stranger nor nonsense leaves anything but what is kept."""
    body = envelope(("111", [item(ANN, message={"mid": "m_bad", "text": "x"})]))
    old = hmac.new(APP.encode(), body, hashlib.sha1).hexdigest()
    await street.post("meta", body, signed(body, "another secret"), 401)
    await street.post("meta", body, {"Content-Type": "application/json", "X-Hub-Signature": f"sha1={old}"}, 401)
    await street.post("meta", body + b" ", signed(body), 401)
    await street.post("meta", body, {**signed(body), "Content-Type": "text/plain"}, 415)
    assert (await street.api.get("/v1/conversations"))["data"] == []
    assert street.kept() == []
    for nonsense in (b"{", b'{"object":"page","entry":[{"id":"111","messaging":[{"message":{"mid":"m"}}]}]}'):
        await street.post("meta", nonsense, signed(nonsense))
    elsewhere = envelope(("999", [item("messenger:999:1", message={"mid": "m_x", "text": "x"})]))
    await street.post("meta", elsewhere, signed(elsewhere))
    whatever = envelope(("888", []), kind="user")
    await street.post("meta", whatever, signed(whatever))
    why = street.kept()
    assert any("unrouted" in one for one in why), why
    assert len([one for one in why if "malformed" in one]) >= 2, why
    assert (await street.api.get("/v1/conversations"))["data"] == []


async def a_batch(street: Street) -> None:
    """One request of two pages, once and again; each customer comes to their own page."""
    hello = item(ANN, timedelta(seconds=1), message={"mid": "m_1", "text": "Salut, ça va ? a/b"})
    again = item(ANN, message={"mid": "m_2", "text": "Anyone?"})
    other = item(BOB, message={"mid": "m_3", "text": "Hi"})
    body = envelope(("111", [hello, again]), ("222", [other]))
    for _ in range(2):
        await street.post("meta", body, signed(body))
    line = await street.line(ANN, "m_1")
    assert (line["parts"], line["account"]) == ([{"kind": "text", "text": "Salut, ça va ? a/b"}], "page-one")
    assert (await street.line(BOB, "m_3"))["account"] == "page-two"
    await tells(street, item(IDA, message={"mid": "m_4", "text": "J'adore"}))
    assert (await street.line(IDA, "m_4"))["channel"] == "instagram"
    lines = await street.api.lines(await street.conversation(ANN))
    assert [line["provider_ids"] for line in lines] == [["m_1"], ["m_2"]]
    await street.heard(lambda call: call.path.endswith("/7001"), "the name is asked for")

    async def named() -> bool:
        return [one["name"] for one in (await street.api.get("/v1/people?q=Ann"))["data"]] == ["Ann Lee"]

    await eventually(named, "Ann's name is known")
    [person] = (await street.api.get("/v1/people?q=Ann"))["data"]
    assert (await street.api.get(f"/v1/conversations/{person['conversation']}"))["person"]["picture"] == person[
        "picture"
    ]
    face = await street.api.ask("GET", f"/v1/media/{person['picture']}")  # waits while it is being fetched
    assert (face.status, face.body, face.headers["Content-Type"]) == (200, PICTURE, "image/png")


async def at_one_moment(street: Street) -> None:
    """What is told at one moment is shown in the order in which it is told."""
    eva = "messenger:111:7009"
    moment = item(eva)
    said = [{**moment, "message": {"mid": f"m_order{one}", "text": str(one)}} for one in range(6)]
    await tells(street, *said)
    lines = await street.api.lines(await street.conversation(eva))
    assert [line["parts"][0]["text"] for line in lines] == list("012345")


async def said_and_changed(street: Street) -> None:
    """A picture, a reply to a message, an edit, a reaction, a deletion, and what nobody knows."""
    picture = {"type": "image", "payload": {"url": f"{street.standin.url}/cdn/1.png?oh=x"}}
    await tells(street, item(ANN, message={"mid": "m_5", "attachments": [picture], "reply_to": {"mid": "m_1"}}))
    line = await street.line(ANN, "m_5")
    assert line["reply_to"] == (await street.line(ANN, "m_1"))["id"]
    assert (line["parts"][0]["kind"], line["parts"][0]["media_type"]) == ("media", "image")
    given = await street.api.ask("GET", f"/v1/media/{line['parts'][0]['media']}")
    assert (given.status, given.body, given.headers["Content-Type"]) == (200, PICTURE, "image/png")
    assert {"Authorization"} & set(street.standin.sent(lambda call: call.path == "/cdn/1.png")[0].headers) == set()

    # What is told of a message may come before it.
    await tells(street, item(ANN, message_edit={"mid": "m_6", "text": "at six", "num_edit": "1"}))
    await tells(street, item(ANN, timedelta(seconds=9), message={"mid": "m_6", "text": "at five"}))
    changed = await street.says(ANN, "m_6", lambda line: line["edited_at"])
    assert changed["parts"] == [{"kind": "text", "text": "at six"}]
    await tells(street, item(ANN, message={"mid": "m_7", "attachments": [{"type": "hologram", "payload": None}]}))
    assert (await street.line(ANN, "m_7"))["parts"] == [{"kind": "unsupported", "what": "hologram"}]
    await tells(street, item(ANN, hologram={"mid": "m_8"}))
    assert (await street.line(ANN, "m_8"))["parts"] == [{"kind": "unsupported", "what": "hologram"}]

    # On Instagram a message can be taken back.
    await tells(street, item(IDA, message={"mid": "m_9", "text": "oops"}))
    await tells(street, item(IDA, message={"mid": "m_9", "is_deleted": True}))
    gone = await street.says(IDA, "m_9", lambda line: line["deleted_at"])
    assert gone["parts"] == []
