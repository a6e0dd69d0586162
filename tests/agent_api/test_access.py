import asyncio
from datetime import timedelta

import pytest

from agent_api import signin
from agent_api.auth import digest
from gateway.ports import Session, Unavailable


async def test_without_credentials_nobody_comes_in(house):
    await house.wrote()
    nobody = house.nobody()
    for method, path in (
        ("GET", "/v1/session"),
        ("GET", "/v1/conversations"),
        ("POST", "/v1/conversations/cnv_1/messages"),
        ("GET", "/v1/media/med_1"),
        ("GET", "/v1/events"),
        ("GET", "/v1/live"),
        ("POST", "/v1/attachments"),
    ):
        answer = await nobody(method, path)
        assert (answer.status, answer.code) == (401, "unauthorized"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic a2V5LWJvdA==", "key-bot", "Bearer \u00e9"]
)
@pytest.mark.usefixtures("bot")
async def test_a_wrong_credential_is_none(house, value):
    answer = await house.nobody().get("/v1/session", headers={"Authorization": value})
    assert answer.status == 401


@pytest.mark.usefixtures("bot")
async def test_a_key_in_a_query_is_not_read(house):
    for name in ("key", "token", "access_token", "api_key"):
        assert (await house.nobody().get(f"/v1/session?{name}=key-bot")).status == 401


@pytest.mark.usefixtures("bot")
async def test_the_scheme_may_be_written_as_one_likes(house):
    assert (await house.nobody().get("/v1/session", headers={"Authorization": "bearer key-bot"})).status == 200


async def test_scopes_rise(house):
    record = await house.wrote()
    read, admin = await house.key("reader", "read"), await house.key("chief", "admin")
    path = f"/v1/conversations/{record.stream}"
    assert (await read.get(path)).status == 200
    refused = await read("PATCH", path, {"priority": 1})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert (await read.post(f"{path}/messages", {})).status == 403
    assert (await admin("PATCH", path, {"priority": 1})).status == 200
    assert (await admin.get("/v1/session")).json["scopes"] == ["read", "agent", "admin"]
    assert (await read.get("/v1/session")).json["scopes"] == ["read"]


async def test_a_key_says_who_it_is(bot):
    assert (await bot.get("/v1/session")).json == {
        "id": bot.id, "kind": "bot", "name": "bot", "scopes": ["read", "agent"], "brands": None,
    }  # fmt: skip
    assert (await bot("DELETE", "/v1/session")).status == 204
    assert (await bot.get("/v1/session")).status == 200


async def test_a_revoked_key_is_out_at_once(house, bot):
    assert await house.store.revoke_key("bot", house.clock.now())
    assert (await bot.get("/v1/session")).status == 401


async def test_brands_are_worlds_apart(house):
    main, shop = await house.wrote("1"), await house.wrote("1", account="shop")
    keeper = await house.key("keeper", brands=["shop"])
    assert (await keeper.get("/v1/session")).json["brands"] == ["shop"]
    assert [one["id"] for one in (await keeper.get("/v1/conversations")).json["data"]] == [shop.stream]
    assert [one["brand"] for one in (await keeper.get("/v1/people")).json["data"]] == ["shop"]
    theirs = main.data["message"]
    for method, path, body in (
        ("GET", f"/v1/conversations/{main.stream}", None),
        ("PATCH", f"/v1/conversations/{main.stream}", {"priority": 1}),
        ("POST", f"/v1/conversations/{main.stream}/claim", None),
        ("POST", f"/v1/conversations/{main.stream}/read", {"up_to": theirs["id"]}),
        ("GET", f"/v1/conversations/{main.stream}/messages", None),
        ("POST", f"/v1/conversations/{main.stream}/messages", {"parts": [{"kind": "text", "text": "x"}]}),
        ("POST", f"/v1/conversations/{main.stream}/notes", {"text": "x"}),
        ("GET", f"/v1/messages/{theirs['id']}", None),
        ("POST", f"/v1/messages/{theirs['id']}/resend", None),
        ("POST", f"/v1/messages/{theirs['id']}/settle", {"status": "sent"}),
        ("GET", f"/v1/people/{theirs['author']['id']}", None),
    ):
        assert (await keeper(method, path, body)).status == 404, path
    assert (await keeper.get(f"/v1/conversations/{shop.stream}")).status == 200
    events = (await keeper.get("/v1/events?after=start&wait=0")).json["data"]
    assert [one["stream"] for one in events] == [shop.stream]


async def test_only_who_sees_the_brand_can_be_assigned(house, bot):
    record = await house.wrote()
    stranger, reader = await house.agent("Cid", brands=["shop"]), await house.key("reader", "read")
    path = f"/v1/conversations/{record.stream}"
    for who in ({"kind": "agent", "id": stranger.id}, {"kind": "bot", "id": reader.id}):
        assert (await bot("PATCH", path, {"assignee": who})).pointers == ["/assignee/id"]
    assert (await bot("PATCH", path, {"assignee": {"kind": "bot", "id": bot.id}})).status == 200


# Sessions.


async def test_a_password_opens_a_session(house, password):
    agent = await house.agent("Bea")
    answer = await house.nobody().post("/v1/session", {"email": "BEA@example.com", "password": password})
    assert answer.status == 200
    assert answer.json == {
        "id": agent.id, "kind": "agent", "name": "Bea", "email": "bea@example.com", "role": "agent",
        "scopes": ["read", "agent"], "brands": None,
    }  # fmt: skip
    cookie = answer.cookies["passerelle_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Lax", "/", "")
    kept = await house.store.session(digest(cookie.value), house.clock.now())
    assert kept.agent == agent.id
    headers = {"Cookie": f"passerelle_session={cookie.value}"}
    assert (await house.nobody().get("/v1/session", headers=headers)).json == answer.json
    out = await house.nobody()("DELETE", "/v1/session", headers={**headers, "Origin": house.origin})
    assert out.status == 204
    assert out.cookies["passerelle_session"].value == ""
    house.http.cookie_jar.clear()
    assert (await house.nobody().get("/v1/session", headers=headers)).status == 401


async def test_over_https_the_cookie_is_bound_to_the_host(make, password):
    house = make(public_url="https://chat.example.com")
    async with house.exits:
        await house.open()
        await house.agent("Bea")
        answer = await house.nobody().post("/v1/session", {"email": "bea@example.com", "password": password})
        cookie = answer.cookies["__Host-passerelle_session"]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        plain = {"Cookie": f"passerelle_session={cookie.value}"}
        assert (await house.nobody().get("/v1/session", headers=plain)).status == 401
        bound = {"Cookie": f"__Host-passerelle_session={cookie.value}"}
        assert (await house.nobody().get("/v1/session", headers=bound)).status == 200


@pytest.mark.parametrize(
    ("body", "status", "pointers"),
    [
        ({"email": "bea@example.com", "password": "wrong"}, 401, None),
        ({"email": "nobody@example.com", "password": "wrong"}, 401, None),
        ({"link": "wrong"}, 401, None),
        ({}, 422, ["/email", "/password"]),
        ({"email": "bea@example.com"}, 422, ["/password"]),
        ({"email": "bea@example.com", "password": "x", "link": "y"}, 422, ["/link"]),
        ({"email": "bea@example.com", "password": 5}, 422, ["/password"]),
        ({"email": "bea@example.com", "password": "x", "colour": "red"}, 422, ["/colour"]),
    ],
)
async def test_signing_in_wrongly(house, body, status, pointers):
    await house.agent("Bea")
    answer = await house.nobody().post("/v1/session", body)
    assert answer.status == status
    assert not answer.cookies
    if pointers:
        assert answer.pointers == pointers
    else:
        assert answer.code == "wrong_credentials"


async def test_guessing_is_slowed_down(house, password, monkeypatch):
    monkeypatch.setattr(signin, "TRIES", 3)
    await house.agent("Bea")
    await house.agent("Cid")
    wrong = {"email": "bea@example.com", "password": "wrong"}
    answers = await asyncio.gather(*(house.nobody().post("/v1/session", wrong) for _ in range(signin.TRIES + 2)))
    statuses = sorted(answer.status for answer in answers)
    assert statuses == [401] * signin.TRIES + [429] * 2
    right = await house.nobody().post("/v1/session", {"email": "BEA@example.com", "password": password})
    assert (right.status, right.code) == (429, "too_many_tries")
    assert 0 < int(right.headers["Retry-After"]) <= signin.WITHIN + 1
    assert (await house.nobody().post("/v1/session", {"email": "cid@example.com", "password": password})).status == 200
    house.clock.ahead += timedelta(seconds=signin.WITHIN + 1)
    assert (await house.nobody().post("/v1/session", {"email": "bea@example.com", "password": password})).status == 200


async def test_a_link_signs_in_once(house):
    agent = await house.agent()
    link = Session(digest("secret"), agent.id, house.clock.now() + timedelta(minutes=5), "link")
    await house.store.add_session(link)
    as_cookie = {"Cookie": "passerelle_session=secret"}
    assert (await house.nobody().get("/v1/session", headers=as_cookie)).status == 401
    answers = await asyncio.gather(*(house.nobody().post("/v1/session", {"link": "secret"}) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]
    old = Session(digest("old"), agent.id, house.clock.now() - timedelta(seconds=1), "link")
    await house.store.add_session(old)
    assert (await house.nobody().post("/v1/session", {"link": "old"})).status == 401


async def test_a_session_is_no_link(house):
    browser = await house.browser(await house.agent())
    secret = browser.headers["Cookie"].partition("=")[2]
    assert (await house.nobody().post("/v1/session", {"link": secret})).status == 401
    assert (await browser.get("/v1/session")).status == 200


async def test_a_session_ends_by_itself(house):
    browser = await house.browser(await house.agent())
    house.clock.ahead += timedelta(hours=2)
    assert (await browser.get("/v1/session")).status == 401


async def test_with_a_cookie_only_our_own_pages_change_things(house):
    record = await house.wrote()
    browser = await house.browser(await house.agent())
    path = f"/v1/conversations/{record.stream}/notes"
    port = house.server.port
    for origin in (house.origin, f"http://localhost:{port}", f"http://[::1]:{port}"):
        assert (await browser.post(path, {"text": "x"}, headers={"Origin": origin})).status == 201, origin
    browser.headers.pop("Origin")
    assert (await browser.get("/v1/conversations")).status == 200
    for origin in (
        None, "null", "", "https://evil.example", f"http://evil.example:{port}", "http://localhost:1", "http://localhost",
        f"https://localhost:{port}.evil.example", f"http://localhost:{port}/x", f"http://a@localhost:{port}",
    ):  # fmt: skip
        answer = await browser.post(path, {"text": "x"}, headers={} if origin is None else {"Origin": origin})
        assert (answer.status, answer.code) == (403, "bad_origin"), origin
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }  # fmt: skip
    assert (await browser.get("/v1/live", headers={**upgrade, "Origin": "https://evil.example"})).code == "bad_origin"
    assert (await browser.get("/v1/live", headers=upgrade)).code == "bad_origin"
    assert (await browser("DELETE", "/v1/session")).code == "bad_origin"


async def test_nobody_else_signs_a_browser_in(house, password):
    await house.agent("Bea")
    body = {"email": "bea@example.com", "password": password}
    assert (await house.nobody().post("/v1/session", body, headers={"Origin": "https://evil.example"})).status == 403
    assert (await house.nobody().post("/v1/session", body, headers={"Origin": house.origin})).status == 200


# Names.


async def test_only_our_own_names_are_answered(house, bot):
    port = house.server.port
    for host in (
        f"127.0.0.1:{port}",
        f"localhost:{port}",
        f"LOCALHOST:{port}",
        f"[::1]:{port}",
        "localhost",
        "localhost:1",
    ):
        assert (await bot.get("/v1/session", headers={"Host": host})).status == 200, host
        assert (await bot.get("/", headers={"Host": host})).status == 302, host
    for host in ("evil.example", f"evil.example:{port}", f"localhost.evil.example:{port}", "a b", "@"):
        for path in ("/v1/session", "/v1/nothing", "/inbox/", "/"):
            answer = await bot.get(path, headers={"Host": host})
            assert (answer.status, answer.code) == (421, "misdirected"), (host, path)


async def test_the_public_name_is_ours(make):
    house = make(public_url="https://chat.example.com")
    async with house.exits:
        await house.open()
        bot = await house.key()
        browser = await house.browser(await house.agent())
        browser.headers["Cookie"] = "__Host-" + browser.headers["Cookie"]
        record = await house.wrote()
        for host in ("chat.example.com", "Chat.Example.com", "chat.example.com:443", f"localhost:{house.server.port}"):
            assert (await bot.get("/v1/session", headers={"Host": host})).status == 200, host
        assert (await bot.get("/v1/session", headers={"Host": "chat.example.com:80"})).status == 421
        path = f"/v1/conversations/{record.stream}/notes"
        own = {"Host": "chat.example.com", "Origin": "https://chat.example.com"}
        assert (await browser.post(path, {"text": "x"}, headers=own)).status == 201
        for origin in ("http://chat.example.com", "https://chat.example.com:444", "https://example.com"):
            assert (await browser.post(path, {"text": "x"}, headers={**own, "Origin": origin})).status == 403


async def test_listening_on_every_address_the_one_called_is_ours(make):
    house = make(host="0.0.0.0")  # noqa: S104 - that is the case
    async with house.exits:
        await house.open()
        house.host = "127.0.0.1"
        bot = await house.key()
        assert (await bot.get("/v1/session")).status == 200
        assert (await bot.get("/v1/session", headers={"Host": f"10.0.0.1:{house.server.port}"})).status == 421


# Whatever goes wrong.


async def test_an_unknown_path_and_a_wrong_method_are_problems(bot):
    for path in ("/v1/nothing", "/v1/", "/v1/conversations/", "/v1/reports", "/v1/messages"):
        answer = await bot.get(path)
        assert (answer.status, answer.code) == (404, "not_found"), path
    answer = await bot.post("/v1/conversations", {})
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET,HEAD"
    absent = await bot.post("/v1/conversations/cnv_1/presence")
    assert absent.status == 404


async def test_a_record_names_the_request_that_caused_it(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/messages"
    body = {"parts": [{"kind": "text", "text": "hello"}]}
    answer = await bot.post(path, body, headers={"X-Request-Id": "trace-7"})
    assert answer.status == 202
    made = (await house.store.feed(record.feed, 10))[0]
    assert (made.kind, made.cause) == ("message.queued", "trace-7")


async def test_a_request_id_is_kept_if_it_is_a_decent_one(bot):
    assert (await bot.get("/v1/session", headers={"X-Request-Id": "abc-1"})).headers["X-Request-Id"] == "abc-1"
    made = (await bot.get("/v1/session", headers={"X-Request-Id": "a b"})).headers["X-Request-Id"]
    assert made.startswith("req_")


async def test_a_surprise_is_a_problem_that_tells_nothing(house, bot, monkeypatch):
    async def broken(*_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(house.store, "conversation", broken)
    answer = await bot.get("/v1/conversations/cnv_1")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"secret" not in answer.body


async def test_a_store_that_is_away_is_said_so(house, bot, monkeypatch):
    async def away(*_):
        raise Unavailable("disk full")

    monkeypatch.setattr(house.store, "conversations", away)
    answer = await bot.get("/v1/conversations")
    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "unavailable", "1")


async def test_a_parameter_where_there_are_none_is_named(bot):
    assert (await bot.get("/v1/session?colour=red")).pointers == ["/colour"]
