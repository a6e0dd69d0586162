"""The simulated Twilio against Twilio's own client and validator, and against our own count of segments."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st
from simulator_kit import Simulator, served, until, until_told
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from gateway.simulator.twilio.segments import segments
from normalizer.fit import segments as counted

SID, TOKEN = "AC" + "1" * 32, "a-token-of-32-characters-or-more"
BASIC = "Basic " + b64encode(f"{SID}:{TOKEN}".encode()).decode()
SHOP, NUMBER = "+15550006789", "15550006789"
ANN = "33612345678"
POOL = "MG" + "2" * 32


class Here(TwilioHttpClient):
    """Twilio's own transport, which finds all of Twilio's hosts at the simulator."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def request(self, method: str, url: str, *args: Any, **more: Any) -> Response:
        path = url.partition("twilio.com")[2]
        return super().request(method, f"{self._base}{path}", *args, **more)


def client(simulator: Simulator, token: str = TOKEN, sid: str = SID) -> Client:
    return Client(sid, token, http_client=Here(f"{simulator.url}/twilio"))


async def asked(call: Callable[..., Any], *args: Any, **more: Any) -> Any:
    """Twilio's client blocks: it has a thread of its own."""
    return await asyncio.to_thread(call, *args, **more)


async def refused(call: Callable[..., Any], *args: Any, **more: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as caught:
        await asked(call, *args, **more)
    return caught.value


class Told:
    """A gateway's end: every form that was posted, with where and how."""

    def __init__(self) -> None:
        self.url = ""
        self.forms: list[dict[str, str]] = []
        self.requests: list[tuple[str, dict[str, str], str]] = []
        self.status = 200

    async def post(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.forms.append(form)
        self.requests.append((str(request.url), form, request.headers["X-Twilio-Signature"]))
        return web.Response(text="<Response></Response>", content_type="text/xml", status=self.status)

    def statuses(self, sid: str) -> set[str]:
        """What was told of a message; like Twilio's, several at a time overtake each other."""
        return {form["MessageStatus"] for form in self.forms if form["MessageSid"] == sid and "MessageStatus" in form}

    def failure(self, sid: str) -> str:
        return next(form["ErrorCode"] for form in self.forms if form["MessageSid"] == sid and "ErrorCode" in form)

    @property
    def messages(self) -> list[dict[str, str]]:
        return [form for form in self.forms if form["SmsStatus"] == "received"]


@pytest.fixture
async def told() -> AsyncIterator[Told]:
    found = Told()
    app = web.Application()
    app.router.add_post("/hooks/{name}", found.post)
    async with served(app) as url:
        found.url = f"{url}/hooks/sms"
        yield found


@pytest.fixture
async def shop(simulator: Simulator, told: Told) -> Simulator:
    """One number whose webhook is known, and Ann, who writes to it by SMS and by WhatsApp."""
    about = {"webhook": told.url, "secret": TOKEN, "account_sid": SID, "delivered_after": 0}
    assert (await simulator.ask("POST", f"/api/twilio/{NUMBER}", json=about))[0] == 200
    await simulator.post(f"/api/twilio/{NUMBER}/people", name="Ann", id=f"+{ANN}")
    await simulator.post(f"/api/twilio/{NUMBER}/people", name="Ann Lee", id=f"whatsapp:+{ANN}")
    return simulator


def chat(name: str = ANN) -> str:
    return f"/api/twilio/{NUMBER}/chats/{name}"


async def lines(simulator: Simulator, name: str = ANN) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await simulator.get(f"{chat(name)}/messages"))["data"]
    return found


async def test_the_official_client_sends_and_lists_and_forgets(shop: Simulator, told: Told) -> None:
    ours = client(shop)
    sent = [
        await asked(
            ours.messages.create, to=f"+{ANN}", from_=SHOP, body=f"Hello {n}", status_callback=f"{told.url}?ref={n}"
        )
        for n in range(3)
    ]
    assert [(one.status, one.direction, one.num_segments) for one in sent] == [("queued", "outbound-api", "1")] * 3
    await until(lambda: all(told.statuses(one.sid) == {"sent", "delivered"} for one in sent))
    listed = await asked(ours.messages.list, to=f"+{ANN}", page_size=2)
    assert [one.sid for one in listed] == [one.sid for one in reversed(sent)]
    assert {one.status for one in listed} == {"delivered"}
    fetched = await asked(ours.messages(sent[0].sid).fetch)
    assert (fetched.body, fetched.date_sent.tzinfo, fetched.error_code) == ("Hello 0", UTC, None)
    assert await asked(ours.messages(sent[0].sid).delete)
    assert (await refused(ours.messages(sent[0].sid).fetch)).code == 20404
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await asked(ours.messages.list, date_sent_after=tomorrow) == []
    assert len(await asked(ours.messages.list, date_sent_before=tomorrow)) == 2
    assert [line["status"] for line in await lines(shop)] == ["delivered"] * 3


async def test_what_customers_write_is_listed_and_signed(shop: Simulator, told: Told) -> None:
    await shop.post(f"{chat()}/messages", text="Where is it? café & co + 1")
    await shop.post(f"{chat()}/messages", photo="sample", caption="broken")
    await until(lambda: len(told.messages) == 2)
    for url, form, signature in told.requests:
        assert RequestValidator(TOKEN).validate(url, form, signature)
        assert not RequestValidator("another").validate(url, form, signature)
        assert not RequestValidator(TOKEN).validate(url, {**form, "Body": "forged"}, signature)
    words, picture = sorted(told.messages, key=lambda form: form["NumMedia"])
    assert (words["From"], words["To"], words["Body"]) == (f"+{ANN}", SHOP, "Where is it? café & co + 1")
    assert (words["FromCity"], words["NumSegments"], words["AccountSid"]) == ("", "1", SID)
    assert (picture["MessageSid"][:2], picture["NumMedia"], picture["MediaContentType0"]) == ("MM", "1", "image/jpeg")
    listed = await asked(client(shop).messages.list)
    assert {(one.sid, one.direction, one.status) for one in listed} == {
        (form["MessageSid"], "inbound", "received") for form in told.messages
    }
    media = await asked(client(shop).messages(picture["MessageSid"]).media.list)
    assert [one.content_type for one in media] == ["image/jpeg"]
    assert picture["MediaUrl0"].startswith(f"{shop.url}/twilio/2010-04-01/Accounts/{SID}/Messages/MM")


async def test_files_want_credentials_and_are_kept_elsewhere(shop: Simulator, told: Told) -> None:
    await shop.post(f"{chat()}/messages", photo="sample")
    await until(lambda: told.messages)
    url = told.messages[0]["MediaUrl0"]
    async with shop.session.get(url) as answer:
        assert answer.status == 401
    async with shop.session.get(url, headers={"Authorization": BASIC}, allow_redirects=False) as answer:
        assert answer.status == 307
        elsewhere = answer.headers["Location"]
    async with shop.session.get(f"{shop.url.removesuffix('/simulator')}{elsewhere}") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert (await answer.read())[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (21211, {"to": "+1"}),
        (21211, {"to": "Ann"}),
        (21603, {"from_": None}),
        (21602, {"body": None}),
        (21617, {"body": "x" * 1601}),
        (21609, {"status_callback": "https://my_host.example.com/hook"}),
        (21620, {"media_url": ["file:///etc/passwd"]}),
        (21623, {"media_url": [f"https://example.com/{n}.png" for n in range(11)]}),
        (21266, {"to": SHOP}),
        (21910, {"to": f"whatsapp:+{ANN}"}),
        (21703, {"from_": None, "messaging_service_sid": POOL}),
        (21655, {"body": None, "content_sid": "HX" + "9" * 32}),
        (21656, {"body": None, "content_sid": f"HX{1:032x}", "content_variables": "no JSON"}),
    ],
)
async def test_refusals_have_twilios_codes(shop: Simulator, code: int, fields: dict[str, Any]) -> None:
    wanted = {"to": f"+{ANN}", "from_": SHOP, "body": "Hello", **fields}
    problem = await refused(client(shop).messages.create, **{name: value for name, value in wanted.items() if value})
    assert (problem.code, problem.status) == (code, 400)
    assert problem.msg
    assert await lines(shop) == []


async def test_only_the_right_credentials_call(shop: Simulator) -> None:
    problem = await refused(client(shop, "another token").messages.create, to=f"+{ANN}", from_=SHOP, body="no")
    assert (problem.code, problem.status) == (20003, 401)
    status, body = await shop.ask("GET", f"/twilio/2010-04-01/Accounts/{SID}/Messages.json")
    assert (status, body["code"]) == (401, 20003)
    other = client(shop, sid="AC" + "3" * 32)
    problem = await refused(other.messages.create, to=f"+{ANN}", from_=SHOP, body="not my number")
    assert problem.code == 21606
    assert (await refused(client(shop).messages("SM" + "0" * 32).fetch)).status == 404


async def test_a_number_belongs_to_the_first_who_calls_from_it(simulator: Simulator) -> None:
    sent = await asked(client(simulator).messages.create, to=f"+{ANN}", from_="+15550001111", body="Hello")
    assert sent.account_sid == SID
    assert (await refused(client(simulator, "another").messages(sent.sid).fetch)).code == 20003
    state = await simulator.get("/api/state")
    (sms,) = (one for one in state["channels"] if one["name"] == "twilio")
    assert [(one["id"], [p["id"] for p in one["people"]]) for one in sms["accounts"]] == [("15550001111", [ANN])]


async def test_stop_ends_it_until_start(shop: Simulator, told: Told) -> None:
    ours = client(shop).messages
    await shop.post(f"{chat()}/messages", text=" Stop ")
    assert (await refused(ours.create, to=f"+{ANN}", from_=SHOP, body="but")).code == 21610
    await shop.post(f"{chat()}/messages", text="START")
    await asked(ours.create, to=f"+{ANN}", from_=SHOP, body="again")
    said = [line["text"] for line in await lines(shop) if line["direction"] == "out"]
    assert [words.split(".")[0][-12:] for words in said[:2]] == ["unsubscribed", "m this number"[-12:]]
    await until(lambda: len(told.messages) == 2)
    assert not any("OptOutType" in form for form in told.messages)
    await shop.ask("POST", f"/api/twilio/{NUMBER}", json={"advanced_opt_out": True, "service": POOL})
    await shop.post(f"{chat()}/messages", text="HELP")
    await until(lambda: len(told.messages) == 3)
    assert (told.messages[2]["OptOutType"], told.messages[2]["MessagingServiceSid"]) == ("HELP", POOL)


async def test_faults_speak_as_twilio_does(shop: Simulator) -> None:
    ours = client(shop).messages
    for kind, more, wanted in (
        ("too_many_requests", {"retry_after": 1, "scope": "chat"}, (20429, 429)),
        ("server_error", {"status": 503}, (20503, 503)),
        ("revoked_token", {}, (20003, 401)),
        ("blocked", {}, (21610, 400)),
        ("error", {"code": 21408}, (21408, 400)),
    ):
        fault = await shop.fault(kind, channel="twilio", method="Messages.create", count=1, **more)
        problem = await refused(ours.create, to=f"+{ANN}", from_=SHOP, body=kind)
        assert (problem.code, problem.status) == wanted
        await shop.ask("DELETE", f"/api/faults/{fault['id']}")
    assert (await shop.ask("POST", "/api/faults", json={"kind": "migrate", "channel": "twilio", "to": 1}))[0] == 422
    await shop.fault("accept_then_drop", channel="twilio", count=1)
    with pytest.raises(Exception, match="Connection aborted"):
        await asked(ours.create, to=f"+{ANN}", from_=SHOP, body="taken")
    assert [line["text"] for line in await lines(shop)] == ["taken"]


async def test_receipts_fail_wait_and_overtake_on_order(shop: Simulator, told: Told) -> None:
    ours = client(shop).messages
    wanted = {"to": f"+{ANN}", "from_": SHOP, "status_callback": told.url}
    await shop.fault("undelivered", channel="twilio", count=1, code=30005)
    lost = await asked(ours.create, body="lost", **wanted)
    await until(lambda: told.statuses(lost.sid) == {"sent", "undelivered"})
    assert told.failure(lost.sid) == "30005"
    assert (await asked(ours(lost.sid).fetch)).error_code == 30005
    hold = await shop.fault("receipt_hold", channel="twilio")
    held = await asked(ours.create, body="held", **wanted)
    await until_told(lambda: _hit(shop, hold["id"]))
    assert told.statuses(held.sid) == set()
    await shop.ask("DELETE", f"/api/faults/{hold['id']}")
    await until(lambda: told.statuses(held.sid) == {"sent", "delivered"})
    await shop.fault("webhook_reorder", channel="twilio", method="status.*", hold=2, seconds=30, count=2)
    mixed = await asked(ours.create, body="mixed", **wanted)
    await until(lambda: told.statuses(mixed.sid) == {"sent", "delivered"})
    passed = (await shop.get("/api/traffic"))["data"]
    posted = [(one["id"], one["name"]) for one in passed if one["request"].get("MessageSid") == mixed.sid]
    assert [name for _, name in sorted(posted)] == ["status.delivered", "status.sent"]


async def _hit(simulator: Simulator, fault: int) -> bool:
    return any(one["id"] == fault and one["hits"] for one in (await simulator.get("/api/faults"))["data"])


async def test_a_webhook_that_fails_is_not_repeated(shop: Simulator, told: Told) -> None:
    told.status = 503
    await shop.post(f"{chat()}/messages", text="lost")
    await until(lambda: len(told.forms) == 1)
    told.status = 200
    await shop.post(f"{chat()}/messages", text="next")
    await until(lambda: len(told.forms) == 2)
    assert [form["Body"] for form in told.forms] == ["lost", "next"]
    (sms,) = (one for one in (await shop.get("/api/state"))["channels"] if one["name"] == "twilio")
    assert sms["accounts"][0]["waiting"] == 0


async def test_whatsapp_has_names_buttons_lists_and_ticks(shop: Simulator, told: Told) -> None:
    by, ours = f"whatsapp:{ANN}", client(shop).messages
    wanted = {"to": f"whatsapp:+{ANN}", "from_": f"whatsapp:{SHOP}", "status_callback": told.url}
    late = await asked(ours.create, body="too early", **wanted)
    await until(lambda: told.statuses(late.sid) == {"sent", "failed"})
    assert told.failure(late.sid) == "63016"
    made = await shop.post(f"{chat(by)}/messages", text="Hello")
    await until(lambda: told.messages)
    assert {told.messages[0][name] for name in ("ProfileName", "WaId", "MessageType")} == {"Ann Lee", ANN, "text"}
    sent = await asked(ours.create, body="Hi", **wanted)
    await until(lambda: told.statuses(sent.sid) == {"sent", "delivered"})
    await shop.post(f"{chat(by)}/open")
    await until(lambda: told.statuses(sent.sid) == {"sent", "delivered", "read"})
    offer = await asked(ours.create, content_sid=f"HX{2:032x}", content_variables='{"1":"4711"}', **wanted)
    await shop.post(f"{chat(by)}/press", message_id=(await lines(shop, by))[-1]["message_id"], text="Today")
    picking = await asked(ours.create, content_sid=f"HX{3:032x}", **wanted)
    await shop.post(f"{chat(by)}/press", message_id=(await lines(shop, by))[-1]["message_id"], data="repair")
    await shop.post(f"{chat(by)}/messages", location={"latitude": 48.85, "longitude": 2.33, "title": "Café"})
    await shop.post(f"{chat(by)}/react", message_id=2 + made["message_id"], emoji="👍")
    await until(lambda: len(told.messages) == 5)
    pressed, picked = (next(one for one in told.messages if name in one) for name in ("ButtonPayload", "ListId"))
    place, liked = (
        next(one for one in told.messages if one["MessageType"] == kind) for kind in ("location", "reaction")
    )
    assert (pressed["ButtonPayload"], pressed["ButtonText"], pressed["Body"]) == ("today", "Today", "Today")
    assert pressed["OriginalRepliedMessageSid"] == offer.sid
    assert (picked["ListId"], picked["ListTitle"], picked["OriginalRepliedMessageSid"]) == (
        "repair",
        "A repair",
        picking.sid,
    )
    assert (place["MessageType"], place["Latitude"], place["Label"]) == ("location", "48.85", "Café")
    assert (liked["MessageType"], liked["Body"]) == ("reaction", "👍")


async def test_whatsapp_takes_one_file_at_a_time_and_its_window_closes(shop: Simulator, told: Told) -> None:
    by, ours = f"whatsapp:{ANN}", client(shop).messages
    wanted = {"to": f"whatsapp:+{ANN}", "from_": f"whatsapp:{SHOP}", "status_callback": told.url}
    two = [f"{shop.url}/static/samples/garden.jpg"] * 2
    assert (await refused(ours.create, media_url=two, **wanted)).code == 21623
    await shop.post(f"{chat(by)}/messages", text="Hello")
    await shop.post(f"{chat(by)}/silence", hours=24)
    late = await asked(ours.create, body="too late", **wanted)
    await until(lambda: told.statuses(late.sid) == {"sent", "failed"})
    assert told.failure(late.sid) == "63016"
    status, _ = await shop.ask("POST", f"{chat()}/silence", json={})
    assert status == 404, "an SMS has no window"


async def test_an_sms_has_what_an_sms_has(shop: Simulator) -> None:
    await shop.post(f"{chat()}/messages", text="x" * 161)
    assert (await lines(shop))[0]["segments"] == 2
    for deed, body in (("react", {"message_id": 1, "emoji": "👍"}), ("open", {}), ("messages", {"voice": "sample"})):
        status, answer = await shop.ask("POST", f"{chat()}/{deed}", json=body)
        assert status in (404, 422), answer
    status, answer = await shop.ask("POST", f"/api/twilio/{NUMBER}/people", json={"name": "Eve", "id": "eve"})
    assert (status, "whatsapp:" in answer["error"]) == (422, True)


async def test_a_picture_of_ours_is_fetched(shop: Simulator, told: Told) -> None:
    wanted = {"to": f"+{ANN}", "from_": SHOP, "status_callback": told.url}
    there = f"{shop.url}/static/samples/garden.jpg"
    sent = await asked(client(shop).messages.create, body="look", media_url=[there], **wanted)
    assert (sent.sid[:2], sent.num_media) == ("MM", "1")
    await until(lambda: told.statuses(sent.sid) == {"sent", "delivered"})
    (line,) = await lines(shop)
    assert [part["kind"] for part in line["parts"]] == ["media", "text"]
    gone = await asked(client(shop).messages.create, media_url=[f"{shop.url}/static/none.jpg"], **wanted)
    await until(lambda: told.statuses(gone.sid) == {"sent", "undelivered"})
    assert told.failure(gone.sid) == "11200"


async def test_webhooks_are_set_by_the_api_too(shop: Simulator, told: Told) -> None:
    ours = client(shop)
    (number,) = await asked(ours.incoming_phone_numbers.list, phone_number=SHOP)
    await asked(number.update, sms_url=f"{told.url}2")
    assert (await asked(ours.incoming_phone_numbers.list))[0].sms_url == f"{told.url}2"
    await shop.ask("POST", f"/api/twilio/{NUMBER}", json={"service": POOL})
    await asked(ours.messaging.v1.services(POOL).update, inbound_request_url=f"{told.url}3")
    assert (await asked(ours.messaging.v1.services(POOL).fetch)).inbound_request_url == f"{told.url}3"
    sent = await asked(ours.messages.create, to=f"+{ANN}", messaging_service_sid=POOL, body="from the pool")
    assert (sent.status, sent.from_) == ("accepted", SHOP)
    await shop.post(f"{chat()}/messages", text="Hello")
    await until(lambda: told.requests)
    assert told.requests[0][0].endswith("/hooks/sms3")


@given(st.text(st.sampled_from("aé€^{🙂\n") | st.characters(), max_size=500))
@example("^" * 80)
@example("x" * 152 + "€" * 2)
@example("🙂" * 36)
def test_segments_are_counted_as_the_gateway_counts_them(text: str) -> None:
    assert segments(text) == max(1, counted(text).segments)
