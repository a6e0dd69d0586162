import asyncio
import json
import random
import socket

import pytest
from aiohttp import WSMsgType

from agent_api import counts, feed, live
from gateway import frames
from normalizer.model import Media, Text

BIG = Text(text="x" * 4000)


async def told(socket_):
    message = await asyncio.wait_for(socket_.receive(), 30)
    assert message.type is WSMsgType.TEXT, message
    return json.loads(message.data)


async def closed(socket_):
    while True:
        message = await asyncio.wait_for(socket_.receive(), 30)
        if message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR}:
            return socket_.close_code


async def test_a_record_reaches_a_live_client_whole(house, bot):
    async with bot.live() as socket_:
        hello = await told(socket_)
        assert hello == {"type": "hello", "cursor": frames.cursor(0)}
        record = await house.wrote()
        frame = await told(socket_)
        assert {name: frame[name] for name in ("type", "id", "kind", "stream", "seq")} == {
            "type": "record", "id": record.id, "kind": "message.received", "stream": record.stream, "seq": 1,
        }  # fmt: skip
        assert frame["at"].endswith("Z")
        message = (await bot.get(f"/v1/messages/{record.data['message']['id']}")).json
        assert frame["data"] == {"message": message}
        sent = await bot.reply(record.stream)
        assert (await told(socket_))["data"]["message"] == sent
        await house.ended(sent["id"], "sent", ["42:9"])
        data = (await told(socket_))["data"]
        assert (data["message"], data["status"], data["failure"]) == (sent["id"], "sent", None)
        await bot.post(f"/v1/conversations/{record.stream}/claim")
        assert (await told(socket_))["data"] == {"assignee": {"kind": "bot", "id": bot.id, "name": "bot"}}
        note = (await bot.post(f"/v1/conversations/{record.stream}/notes", {"text": "x"})).json
        assert (await told(socket_))["data"] == {"message": note}


async def test_nothing_private_is_told(house, bot):
    async with bot.live() as socket_:
        await told(socket_)
        record = await house.wrote("42", Media(media_type="image", ref="AgACsecret", mime="image/jpeg"))
        assert "AgACsecret" in str(record.data)
        assert "AgACsecret" not in json.dumps(await told(socket_))
    events = await bot.get("/v1/events?after=start&wait=0")
    assert b"AgACsecret" not in events.body


async def test_a_stream_starts_where_it_is_asked_to(house, bot):
    for _ in range(3):
        await house.wrote()
    async with bot.live("start") as socket_:
        hello = await told(socket_)
        got = [await told(socket_) for _ in range(3)]
    assert [one["seq"] for one in got] == [1, 2, 3]
    async with bot.live(got[0]["cursor"]) as socket_:
        assert (await told(socket_))["cursor"] == got[0]["cursor"]
        assert [(await told(socket_))["seq"] for _ in range(2)] == [2, 3]
    async with bot.live(hello["cursor"]) as socket_:
        await told(socket_)
        assert (await told(socket_))["seq"] == 1
    page = (await bot.get("/v1/conversations")).json["page"]
    assert page["cursor"] == got[-1]["cursor"]


@pytest.mark.parametrize("cursor", ["nonsense", "Zjox=", "Zjot", "Zjox%00", "%C3%A9", frames.cursor(1) + "A"])
async def test_a_cursor_that_is_none_is_refused(bot, cursor):
    assert (await bot.get(f"/v1/events?after={cursor}")).pointers == ["/after"]
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    answer = await bot.get(f"/v1/live?after={cursor}", headers=upgrade)
    assert (answer.status, answer.pointers) == (422, ["/after"])


async def test_a_cursor_that_is_not_kept_has_expired(house, bot):
    await house.wrote()
    old = frames.cursor(0)
    house.clock.ahead += live_retention(house)
    await house.wrote()
    answer = await bot.get(f"/v1/events?after={old}&wait=0")
    assert (answer.status, answer.code) == (410, "cursor_expired")
    async with bot.live(old) as socket_:
        assert await closed(socket_) == 4010
    async with bot.live("start") as socket_:
        await told(socket_)
        assert (await told(socket_))["seq"] == 2
    assert len((await bot.get("/v1/events?after=start&wait=0")).json["data"]) == 1
    ahead = frames.cursor(99)
    assert (await bot.get(f"/v1/events?after={ahead}&wait=0")).code == "cursor_expired"
    async with bot.live(ahead) as socket_:
        assert await closed(socket_) == 4010


def live_retention(house):
    return house.store._retention * 2


async def test_live_without_an_upgrade_says_what_is_needed(bot):
    answer = await bot.get("/v1/live")
    assert (answer.status, answer.code, answer.headers["Upgrade"]) == (426, "upgrade_required", "websocket")


async def test_no_frame_is_missed_or_told_twice_however_one_joins_and_leaves(house, bot):
    """Writers write all the while; clients come, go, and resume from their last cursor."""
    dice = random.Random(7)
    goal = 900

    async def write(who):
        for _ in range(goal // 6):
            await house.wrote(who)
            if dice.random() < 0.1:
                await asyncio.sleep(dice.random() * 0.02)

    async def follow(stays):
        cursor, got = "start", []
        while len(got) < goal:
            async with bot.live(cursor) as socket_:
                hello = await told(socket_)
                assert cursor in ("start", hello["cursor"])
                cursor = hello["cursor"]
                for _ in range(min(stays, goal - len(got))):
                    frame = await told(socket_)
                    cursor = frame["cursor"]
                    got.append(frame)
        return got

    async def poll():
        cursor, got = frames.cursor(0), []
        while len(got) < goal:
            answer = await bot.get(f"/v1/events?after={cursor}&limit={dice.randint(1, 40)}&wait=5")
            assert answer.status == 200, answer.json
            got += answer.json["data"]
            cursor = answer.json["page"]["next"]
        return got

    writing = [asyncio.create_task(write(str(number))) for number in range(6)]
    followers = await asyncio.gather(*(follow(stays) for stays in (7, 50, 300, goal)), poll())
    await asyncio.gather(*writing)
    expected = [record.id for record in await house.store.feed(0, goal * 2)]
    for got in followers:
        assert [one["id"] for one in got] == expected


async def test_a_burst_that_outruns_a_client_that_reads_is_told_whole(house, bot):
    async with bot.live() as socket_:
        await told(socket_)
        await asyncio.gather(*(house.wrote(str(number % 5)) for number in range(1500)))
        places = [frames.place((await told(socket_))["cursor"]) for _ in range(1500)]
    assert places == list(range(1, 1501))


async def test_who_does_not_read_is_closed_and_nobody_waits(house, bot, monkeypatch):
    monkeypatch.setattr(live, "STUCK", 0.2)
    monkeypatch.setattr(live, "PULSE", 0.1)
    deaf = await deaf_client(house, bot)
    try:
        async with bot.live() as socket_:
            await told(socket_)
            for start in range(0, 600, 60):
                await asyncio.gather(*(house.wrote(str(number), BIG) for number in range(start, start + 60)))
                for _ in range(60):
                    await told(socket_)
            await asyncio.sleep(1)
            assert await asyncio.to_thread(close_code, deaf) == 4008
            await house.wrote()
            await told(socket_)
    finally:
        deaf.close()


async def test_who_never_reads_again_is_cut_off(house, bot, monkeypatch):
    monkeypatch.setattr(live, "STUCK", 0.1)
    monkeypatch.setattr(live, "GRACE", 0.3)
    deaf = await deaf_client(house, bot)
    try:
        for _ in range(10):
            await asyncio.gather(*(house.wrote(str(number), BIG) for number in range(60)))
        for _ in range(60):
            await asyncio.sleep(0.1)
            if not clients():
                break
        assert not clients()
    finally:
        deaf.close()


def clients():
    return counts.LIVE._value.get()


async def deaf_client(house, bot):
    """A client that shakes hands and then reads nothing."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(30)
    ask = (
        f"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1:{house.server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Authorization: {bot.headers['Authorization']}\r\n\r\n"
    )
    await asyncio.to_thread(made.connect, ("127.0.0.1", house.server.port))
    await asyncio.to_thread(made.sendall, ask.encode())
    assert b"101" in await asyncio.to_thread(made.recv, 12)
    return made


def close_code(deaf):
    """Read to the end; the code of the close frame, which is the last one."""
    content = b""
    while True:
        try:
            chunk = deaf.recv(65536)
        except TimeoutError:
            break
        content += chunk
        if not chunk or content[-4:-2] == b"\x88\x02":
            break
    assert content[-4:-2] == b"\x88\x02", content[-40:]
    return int.from_bytes(content[-2:], "big")


async def test_signing_out_closes_the_sockets_of_that_session(house):
    agent = await house.agent()
    one, two = await house.browser(agent), await house.browser(agent)
    async with one.live() as first, two.live() as second:
        await told(first)
        await told(second)
        assert (await one("DELETE", "/v1/session")).status == 204
        assert await closed(first) == 4401
        await house.wrote()
        await told(second)


async def test_a_revoked_key_closes_its_sockets_soon(house, bot, monkeypatch):
    monkeypatch.setattr(live, "PULSE", 0.05)
    async with bot.live() as socket_:
        await told(socket_)
        await house.store.revoke_key("bot", house.clock.now())
        async with asyncio.timeout(30):
            assert await closed(socket_) == 4401


async def test_a_server_that_goes_says_so_at_once(house, bot):
    async with bot.live() as socket_:
        await told(socket_)
        polling = asyncio.create_task(bot.get(f"/v1/events?after={frames.cursor(0)}&wait=30"))
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            closing = asyncio.create_task(house.app.shutdown())
            assert await closed(socket_) == 1001
            assert (await polling).json["data"] == []
            await closing


async def test_what_a_client_says_is_let_pass(house, bot):
    async with bot.live() as socket_:
        await told(socket_)
        await socket_.send_str("hello")
        await socket_.send_bytes(b"\xff")
        await house.wrote()
        await told(socket_)


async def test_only_the_callers_brands_are_told(house):
    keeper = await house.key("keeper", brands=["shop"])
    async with keeper.live() as socket_:
        await told(socket_)
        await house.wrote("1")
        shop = await house.wrote("1", account="shop")
        assert (await told(socket_))["stream"] == shop.stream


# By long poll.


async def test_polling_from_now_gives_an_empty_page_and_a_cursor(house, bot):
    await house.wrote()
    page = (await bot.get("/v1/events")).json
    assert page == {"data": [], "page": {"next": frames.cursor(1)}}


async def test_polling_waits_for_something_of_ones_own(house):
    keeper = await house.key("keeper", brands=["shop"])
    polling = asyncio.create_task(keeper.get(f"/v1/events?after={frames.cursor(0)}&wait=20"))
    await asyncio.sleep(0.1)
    await house.wrote("1")
    await asyncio.sleep(0.1)
    assert not polling.done()
    shop = await house.wrote("1", account="shop")
    page = (await asyncio.wait_for(polling, 30)).json
    assert [one["stream"] for one in page["data"]] == [shop.stream]
    assert page["page"]["next"] == frames.cursor(2)


async def test_polling_ends_with_its_wait_and_skips_what_is_not_ours(house):
    keeper = await house.key("keeper", brands=["shop"])
    for _ in range(5):
        await house.wrote("1")
    page = (await keeper.get("/v1/events?after=start&wait=0.2&limit=2")).json
    assert page == {"data": [], "page": {"next": frames.cursor(5)}}


async def pages(client, wait=20, limit=2):
    """Every page from the start, up to the first that has something."""
    cursor, found = "start", []
    while not found or not found[-1]["data"]:
        found.append((await client.get(f"/v1/events?after={cursor}&wait={wait}&limit={limit}")).json)
        cursor = found[-1]["page"]["next"]
    return found


async def others_and_then_mine(house):
    for _ in range(9):
        await house.wrote("1")
    return [await house.wrote("1", account="shop") for _ in range(3)]


async def test_one_request_reads_only_so_much_of_what_is_not_ours(house, monkeypatch):
    monkeypatch.setattr(feed, "MOST", 4)
    monkeypatch.setattr(feed, "_PAGE", 1)
    keeper = await house.key("keeper", brands=["shop"])
    mine = await others_and_then_mine(house)
    *empty, last = await pages(keeper)
    assert empty == [{"data": [], "page": {"next": frames.cursor(place)}} for place in (4, 8)]
    assert [one["id"] for one in last["data"]] == [mine[0].id]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_what_is_ours_is_found_behind_what_is_not(house, limit):
    keeper = await house.key("keeper", brands=["shop"])
    mine = await others_and_then_mine(house)
    await house.wrote("1")
    [page] = await pages(keeper, limit=limit)
    assert [one["id"] for one in page["data"]] == [one.id for one in mine[:limit]]
    rest = (await keeper.get(f"/v1/events?after={page['page']['next']}&wait=0")).json
    assert [one["id"] for one in rest["data"]] == [one.id for one in mine[limit:]]


async def test_reading_ends_with_its_time(house, monkeypatch):
    monkeypatch.setattr(feed, "_LEAST_S", 0)
    monkeypatch.setattr(feed, "_PAGE", 3)
    keeper = await house.key("keeper", brands=["shop"])
    await others_and_then_mine(house)
    first = (await keeper.get("/v1/events?after=start&wait=0&limit=2")).json
    assert first == {"data": [], "page": {"next": frames.cursor(2)}}


async def test_reading_ends_when_the_server_goes(house, monkeypatch):
    monkeypatch.setattr(feed, "_PAGE", 3)
    keeper = await house.key("keeper", brands=["shop"])
    await others_and_then_mine(house)
    reading = house.store.feed

    async def until_the_end(place, limit):
        if place == 2 and limit == 3:
            await house.app.shutdown()
        return await reading(place, limit)

    monkeypatch.setattr(house.store, "feed", until_the_end)
    page = (await keeper.get("/v1/events?after=start&limit=2")).json
    assert page == {"data": [], "page": {"next": frames.cursor(5)}}


async def test_a_page_of_events_has_its_limit(house, bot):
    for _ in range(5):
        await house.wrote()
    first = (await bot.get("/v1/events?after=start&limit=3")).json
    second = (await bot.get(f"/v1/events?after={first['page']['next']}&limit=3")).json
    assert [one["seq"] for one in first["data"] + second["data"]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "wait=61", "wait=-1", "wait=nan", "wait=x", "colour=red"])
async def test_wrong_parameters_of_events_are_named(bot, query):
    assert (await bot.get(f"/v1/events?{query}")).pointers == [f"/{query.partition('=')[0]}"]
