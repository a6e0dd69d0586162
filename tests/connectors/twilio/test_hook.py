"""A hook of Twilio's, seen from outside: several ends on one address, the signature over the public one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from toys.engine import Engine, engine
from toys.twilio_rule import signature
from yarl import URL

from connectors.api import Request
from connectors.twilio import connector, whatsapp
from gateway.config import Account
from gateway.edge import Edge
from gateway.taking import Taking

TOKEN, PUBLIC = "5f4dcc3b5aa765d61d8327deb882cf99", "https://chat.example.com"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def an_account(name: str, of: Any = connector, **fields: Any) -> Account:
    given = {"name": name, "connector": of.name, "account_sid": "AC1", "auth_token": TOKEN, "hook": "twilio"}
    return Account(name, of, of.settings.model_validate(given | fields))


@pytest.fixture
async def made(tmp_path: Path) -> AsyncIterator[Engine]:
    accounts = {
        "sms": an_account("sms", sender="+15550006789"),
        "other": an_account("other", sender="+15550001111"),
        "talk": an_account("talk", whatsapp, sender="+15550006789"),
    }
    async with engine(tmp_path / "p.db", accounts=accounts) as running:
        yield running


@pytest.fixture
async def client(made: Engine) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    Edge(made.accounts, Taking(made.intake, made.store, made.clock), made.store, made.clock, PUBLIC).mount(app)
    async with TestClient(TestServer(app)) as running:
        yield running


async def post(client: Any, path: str = "/hooks/twilio", key: str = TOKEN, **form: str) -> Any:
    body = urlencode(form).encode()
    headers = FORM | {"X-Twilio-Signature": signature(PUBLIC + path, body, key)}
    return await client.post(path, data=body, headers=headers)


async def test_each_end_is_given_its_own_and_one_person_is_one_person(made: Engine, client: Any) -> None:
    for number, (came_from, to) in enumerate(
        [("+336", "+15550006789"), ("whatsapp:+336", "whatsapp:+15550006789"), ("+336", "+15550001111")]
    ):
        answer = await post(client, MessageSid=f"SM{number}", From=came_from, To=to, Body="hi")
        assert (answer.status, answer.content_type, await answer.text()) == (200, "text/xml", "<Response></Response>")
    assert [(one.account, one.data["message"]["identity"]) for one in made.records] == [
        ("sms", "tel:+336"), ("talk", "tel:+336"), ("other", "tel:+336"),
    ]  # fmt: skip
    assert len({one.stream for one in made.records}) == 1


async def test_word_of_a_message_comes_by_an_address_with_a_query(made: Engine, client: Any) -> None:
    await post(client, MessageSid="SM1", From="+336", To="+15550006789", Body="hi")
    sent = {"MessageSid": "SM9", "MessageStatus": "sent", "From": "+15550006789", "To": "+336"}
    assert (await post(client, "/hooks/twilio?ref=msg_9&x=%2B", **sent)).status == 200
    assert await made.store.unmatched("sms", ["SM9"])


@pytest.mark.parametrize(("key", "status"), [("f" * 32, 401), (TOKEN, 200)])
async def test_only_what_was_signed_is_let_in(made: Engine, client: Any, key: str, status: int) -> None:
    answer = await post(client, key=key, MessageSid="SM1", From="+336", To="+15550006789", Body="hi")
    assert answer.status == status
    assert len(made.records) == (status == 200)


async def test_an_opt_out_is_two_records_and_repeated_none(made: Engine, client: Any) -> None:
    for _ in range(2):
        answer = await post(client, MessageSid="SM1", From="+336", To="+15550006789", Body="STOP")
        assert answer.status == 200
    assert sorted(one.kind for one in made.records) == ["identity.opted_out", "message.received"]


async def test_a_number_that_is_set_to_get_is_heard_too(made: Engine, client: Any) -> None:
    said = {"MessageSid": "SM1", "From": "+336", "To": "+15550006789", "Body": "caf\u00e9 & more", "FromCity": ""}
    path = f"/hooks/twilio?{urlencode(said)}"
    answer = await client.get(
        URL(path, encoded=True), headers={"X-Twilio-Signature": signature(PUBLIC + path, b"", TOKEN)}
    )
    assert (answer.status, await answer.text()) == (200, "<Response></Response>")
    [record] = made.records
    assert record.data["message"]["parts"] == [{"kind": "text", "text": "caf\u00e9 & more"}]


@pytest.mark.parametrize("proof", [{}, {"X-Twilio-Signature": signature(f"{PUBLIC}/hooks/twilio", b"", TOKEN)}])
async def test_a_get_without_proof_is_nobodys(made: Engine, client: Any, proof: dict[str, str]) -> None:
    answer = await client.get("/hooks/twilio?MessageSid=SM1&From=%2B336&To=%2B15550006789&Body=hi", headers=proof)
    assert (answer.status, await answer.text()) == (401, "Unauthorized")
    assert (await client.get("/hooks/twilio")).status == 401
    assert made.records == []


async def test_what_came_by_get_and_is_kept_can_be_read_again(made: Engine, client: Any) -> None:
    path = f"/hooks/twilio?{urlencode({'MessageSid': 'SM1', 'From': '+336', 'To': '+15559999999', 'Body': 'hi'})}"
    proof = {"X-Twilio-Signature": signature(PUBLIC + path, b"", TOKEN)}
    assert (await client.get(URL(path, encoded=True), headers=proof)).status == 200
    [entry] = await made.store.kept(10)
    kept = await made.store.kept_one(entry.id)
    assert kept is not None
    [event] = connector.parse(
        Request(kept.method, kept.path, kept.headers, kept.at, body=kept.body), made.accounts["sms"].settings
    )
    assert event.to == "+15559999999"


@pytest.mark.parametrize("query", [b"", b"Body=\xff", b"%ff", b"&&&", b"Body=%ED%A0%80"])
async def test_no_get_breaks_the_hook(client: Any, query: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(
        b"GET /hooks/twilio?" + query + b" HTTP/1.1\r\nHost: a\r\nX-Twilio-Signature: x\r\nConnection: close\r\n\r\n"
    )
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    assert line.split()[1] in (b"401", b"400")
