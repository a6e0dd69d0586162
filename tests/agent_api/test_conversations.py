from datetime import timedelta
from io import BytesIO

import pytest

CONVERSATION = {
    "id", "brand", "person", "status", "snoozed_until", "assignee", "labels", "priority", "unread", "seq", "channel",
    "account", "reply_window", "due_at", "unanswered_since", "last_message", "merged_into", "opened_at", "updated_at",
}  # fmt: skip


async def test_a_conversation_is_shown_in_the_contracts_shape(house, bot):
    record = await house.wrote()
    answer = await bot.get(f"/v1/conversations/{record.stream}")
    found = answer.json
    assert set(found) == CONVERSATION
    assert found["person"] == {
        "id": found["person"]["id"], "name": "Ann Lee", "identities": ["telegram:42"], "picture": None
    }  # fmt: skip
    assert found["reply_window"] == {"open": True, "closes_at": None}
    assert (found["status"], found["unread"], found["seq"]) == ("open", 1, 1)
    assert (found["channel"], found["account"], found["brand"]) == ("telegram", "support", "main")
    due = record.at + timedelta(hours=1)
    assert found["due_at"] == due.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert found["last_message"]["parts"] == [{"kind": "text", "text": "hi"}]
    assert answer.headers["ETag"] == '"0"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_list_pages_and_says_what_it_reflects(house, bot):
    for who in ("1", "2", "3"):
        await house.wrote(who)
    first = (await bot.get("/v1/conversations?limit=2")).json
    assert len(first["data"]) == 2
    second = (await bot.get(f"/v1/conversations?limit=2&after={first['page']['next']}")).json
    assert len(second["data"]) == 1
    assert second["page"]["next"] is None
    ids = [one["id"] for one in first["data"] + second["data"]]
    assert len(set(ids)) == 3
    events = await bot.get(f"/v1/events?after={second['page']['cursor']}&wait=0")
    assert events.json["data"] == []


async def test_the_list_filters(house, bot):
    mine = await house.wrote("1", name="Ann")
    other = await house.wrote("2", name="Ben", account="second")
    await bot.post(f"/v1/conversations/{mine.stream}/claim")

    async def ids(query):
        return [one["id"] for one in (await bot.get(f"/v1/conversations?{query}")).json["data"]]

    assert await ids("assignee=me") == [mine.stream]
    assert await ids(f"assignee={bot.id}") == [mine.stream]
    assert await ids("assignee=none") == [other.stream]
    assert await ids("q=ben") == [other.stream]
    assert await ids("account=second") == [other.stream]
    assert await ids("status=resolved") == []
    assert len(await ids("status=&channel=telegram&q=")) == 2


@pytest.mark.parametrize(
    ("query", "pointers"),
    [
        ("limit=0", ["/limit"]),
        ("limit=201", ["/limit"]),
        ("limit=many", ["/limit"]),
        ("status=gone", ["/status"]),
        ("colour=red", ["/colour"]),
        ("a~/b=", ["/a~0~1b"]),
        ("limit=1&limit=2", ["/limit"]),
        ("after=nonsense", ["/after"]),
        ("limit=0&colour=red", ["/limit", "/colour"]),
    ],
)
async def test_wrong_parameters_are_named(bot, query, pointers):
    answer = await bot.get(f"/v1/conversations?{query}")
    assert answer.status == 422
    assert answer.pointers == pointers


async def test_a_patch_changes_only_what_it_names(house, bot, utc):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    agent = await house.agent()
    changed = await bot(
        "PATCH",
        path,
        {"labels": ["vip", "refund"], "priority": 3, "assignee": {"kind": "agent", "id": agent.id, "name": "old"}},
    )
    assert changed.status == 200
    assert changed.json["labels"] == ["vip", "refund"]
    assert changed.json["priority"] == 3
    assert changed.json["assignee"] == {"kind": "agent", "id": agent.id, "name": "Bea"}
    assert changed.headers["ETag"] == '"1"'
    same = await bot("PATCH", path, {"labels": ["vip", "refund"]})
    assert (same.status, same.headers["ETag"]) == (200, '"1"')
    empty = await bot("PATCH", path, {})
    assert (empty.status, empty.headers["ETag"]) == (200, '"1"')
    until = utc(timedelta(hours=2))
    snoozed = await bot("PATCH", path, {"status": "snoozed", "snoozed_until": until})
    assert (snoozed.json["status"], snoozed.json["snoozed_until"]) == ("snoozed", until)
    later = utc(timedelta(hours=3))
    assert (await bot("PATCH", path, {"snoozed_until": later})).json["snoozed_until"] == later
    back = await bot("PATCH", path, {"status": "open", "assignee": None})
    assert (back.json["status"], back.json["snoozed_until"], back.json["assignee"]) == ("open", None, None)
    assert (await bot("PATCH", path, {"assignee": "me"})).json["assignee"] == {
        "kind": "bot",
        "id": bot.id,
        "name": "bot",
    }
    resolved = await bot("PATCH", path, {"status": "resolved"})
    assert resolved.json["due_at"] is None


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"colour": "red"}, ["/colour"]),
        ({"status": "gone"}, ["/status"]),
        ({"status": None}, ["/status"]),
        ({"labels": None}, ["/labels"]),
        ({"labels": ["a", "a"]}, ["/labels"]),
        ({"labels": ["a", ""]}, ["/labels/1"]),
        ({"labels": ["x" * 51]}, ["/labels/0"]),
        ({"labels": [str(number) for number in range(51)]}, ["/labels"]),
        ({"priority": "high"}, ["/priority"]),
        ({"priority": 1.5}, ["/priority"]),
        ({"priority": True}, ["/priority"]),
        ({"priority": 10**30}, ["/priority"]),
        ({"status": "snoozed"}, ["/snoozed_until"]),
        ({"status": "snoozed", "snoozed_until": None}, ["/snoozed_until"]),
        ({"status": "snoozed", "snoozed_until": "2020-01-01T00:00:00Z"}, ["/snoozed_until"]),
        ({"status": "snoozed", "snoozed_until": "2099-01-01T00:00:00"}, ["/snoozed_until"]),
        ({"status": "snoozed", "snoozed_until": 4102444800}, ["/snoozed_until"]),
        ({"snoozed_until": "2099-01-01T00:00:00Z"}, ["/snoozed_until"]),
        ({"status": "open", "snoozed_until": "2099-01-01T00:00:00Z"}, ["/snoozed_until"]),
        ({"assignee": "somebody"}, ["/assignee"]),
        ({"assignee": {"kind": "agent"}}, ["/assignee/id"]),
        ({"assignee": {"kind": "person", "id": "x"}}, ["/assignee/kind"]),
        ({"assignee": {"kind": "agent", "id": "agt_nobody"}}, ["/assignee/id"]),
        ({"assignee": {"kind": "bot", "id": "key_nobody"}}, ["/assignee/id"]),
        ({"assignee": {"kind": "agent", "id": "x", "nom": "y"}}, ["/assignee/nom"]),
        ([], [""]),
    ],
)
async def test_a_wrong_patch_changes_nothing(house, bot, body, pointers):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    answer = await bot("PATCH", path, body)
    assert answer.status == 422
    assert answer.pointers == pointers
    assert (await bot.get(path)).headers["ETag"] == '"0"'


@pytest.mark.parametrize("body", [b"", b"{", b"nope", b"\xff", b'{"status": }'])
async def test_a_body_that_is_not_json_is_a_bad_request(house, bot, body):
    record = await house.wrote()
    answer = await bot("PATCH", f"/v1/conversations/{record.stream}", body=body)
    assert (answer.status, answer.code) == (400, "not_json")


async def test_a_body_that_is_too_large_is_refused(house, bot):
    record = await house.wrote()

    async def endless():
        for _ in range(40):
            yield b" " * 65536

    path = f"/v1/conversations/{record.stream}"
    for body in (BytesIO(b" " * (1024 * 1024 + 1)), endless()):
        answer = await bot("PATCH", path, body=body)
        assert (answer.status, answer.code) == (413, "too_large")


async def test_if_match_keeps_from_changing_what_one_has_not_seen(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    tag = (await bot.get(path)).headers["ETag"]
    await house.wrote()  # a message changes no revision
    assert (await bot("PATCH", path, {"priority": 1}, headers={"If-Match": tag})).status == 200
    stale = await bot("PATCH", path, {"priority": 2}, headers={"If-Match": tag})
    assert (stale.status, stale.code) == (412, "stale")
    assert (await bot("PATCH", path, {"priority": 2}, headers={"If-Match": 'W/"1"'})).status == 412
    assert (await bot("PATCH", path, {"priority": 2}, headers={"If-Match": "nonsense"})).status == 412
    assert (await bot("PATCH", path, {"priority": 2}, headers={"If-Match": '"9", "1"'})).status == 200
    assert (await bot("PATCH", path, {"priority": 3}, headers={"If-Match": "*"})).status == 200
    assert (await bot.get(path)).json["priority"] == 3


async def test_only_one_can_claim(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}/claim"
    other = await house.key("other")
    mine = await bot.post(path)
    assert mine.status == 200
    assert mine.json["assignee"] == {"kind": "bot", "id": bot.id, "name": "bot"}
    assert mine.headers["ETag"] == '"1"'
    again = await bot.post(path, {})
    assert (again.status, again.headers["ETag"]) == (200, '"1"')
    late = await other.post(path)
    assert (late.status, late.code) == (409, "already_claimed")
    assert late.json["owner"] == {"kind": "bot", "id": bot.id, "name": "bot"}
    assert (await other.post(path, {"x": 1})).pointers == ["/x"]


async def test_a_claim_that_is_repeated_under_its_key_is_not_decided_again(house, bot):
    record = await house.wrote()
    path = f"/v1/conversations/{record.stream}"
    headers = {"Idempotency-Key": "claim-1"}
    assert (await bot.post(f"{path}/claim", headers=headers)).status == 200
    other = await house.key("other")
    assert (await other("PATCH", path, {"assignee": "me"})).status == 200
    repeat = await bot.post(f"{path}/claim", headers=headers)
    assert repeat.status == 200
    assert repeat.json["assignee"]["id"] == other.id


async def test_reading_lowers_what_is_unread(house, bot):
    first = await house.wrote()
    await house.wrote()
    path = f"/v1/conversations/{first.stream}"
    up_to = first.data["message"]["id"]
    read = await bot.post(f"{path}/read", {"up_to": up_to})
    assert (read.status, read.body) == (204, b"")
    assert (await bot.get(path)).json["unread"] == 1
    assert (await bot.post(f"{path}/read", {"up_to": up_to})).status == 204
    assert (await bot.post(f"{path}/read", {"up_to": "msg_nothing"})).pointers == ["/up_to"]
    assert (await bot.post(f"{path}/read", {})).pointers == ["/up_to"]


@pytest.mark.parametrize("named", ["cnv_00", "nonsense", "per_1", "acc:support", "..", "%2e%2e%2f"])
async def test_what_is_not_there_is_not_found(bot, named):
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"priority": 1}),
        ("POST", "/claim", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"parts": [{"kind": "text", "text": "x"}]}),
        ("POST", "/notes", {"text": "x"}),
        ("POST", "/read", {"up_to": "msg_1"}),
    ):
        answer = await bot(method, f"/v1/conversations/{named}{path}", body)
        assert (answer.status, answer.code) == (404, "not_found"), (method, path)
