import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_api.asked import ReplyBody
from agent_api.wire import errors_of

STRANGE = [
    b"%ff", b"%00", b"%ed%a0%80", b"%f0%9f%98%80", b"%", b"%zz", b"a" * 5000, b"'", b'"', b"%25", b"..", b"\xff", b"*",
]  # fmt: skip


async def raw(house, request):
    """One request as bytes, and the status it was answered with."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(30):
            line = await reader.readline()
        return int(line.split()[1])
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("piece", STRANGE)
async def test_nothing_strange_in_an_address_breaks_us(house, bot, piece):
    await house.wrote()
    head = (
        f" HTTP/1.1\r\nHost: 127.0.0.1:{house.server.port}\r\nAuthorization: {bot.headers['Authorization']}\r\n"
        "Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    for method, address in (
        (b"GET", b"/v1/conversations/%s"),
        (b"PATCH", b"/v1/conversations/%s"),
        (b"PATCH", b"/v1/conversations/cnv_%s"),
        (b"POST", b"/v1/conversations/cnv_%s/claim"),
        (b"GET", b"/v1/conversations?q=%s"),
        (b"GET", b"/v1/conversations?after=%s"),
        (b"GET", b"/v1/conversations?assignee=%s"),
        (b"GET", b"/v1/conversations?%s=1"),
        (b"GET", b"/v1/messages/%s"),
        (b"POST", b"/v1/messages/%s/resend"),
        (b"GET", b"/v1/people?q=%s"),
        (b"GET", b"/v1/people/%s"),
        (b"GET", b"/v1/people?after=%s"),
        (b"GET", b"/v1/media/%s"),
        (b"GET", b"/v1/events?after=%s"),
        (b"GET", b"/inbox/%s"),
        (b"GET", b"/v1/%s"),
    ):
        status = await raw(house, method + b" " + address.replace(b"%s", piece) + head)
        assert status < 500, (method, address, piece)


@pytest.mark.parametrize(
    "name", ["Host", "Origin", "Authorization", "Cookie", "If-Match", "Idempotency-Key", "X-Request-Id"]
)
@pytest.mark.parametrize(
    "value",
    [b"\xff\xfe", b"\x00", b"", b"a" * 7000, b"[::1", b"http://[", b"//", b'"1", "', b"passerelle_session=\xff"],
)
async def test_nothing_strange_in_a_header_breaks_us(house, bot, name, value):
    record = await house.wrote()
    headers = {
        "Host": f"127.0.0.1:{house.server.port}".encode(),
        "Authorization": bot.headers["Authorization"].encode(),
    }
    head = b"".join(f"{key}: ".encode() + one + b"\r\n" for key, one in {**headers, name: value}.items())
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/claim")):
        line = f"{method} /v1/conversations/{record.stream}{path} HTTP/1.1\r\n".encode()
        status = await raw(house, line + head + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        assert status < 500, (method, value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(
    ["text", "media", "location", "contact", "choices", "choice", "template", "link", "unsupported"]
)
names = st.sampled_from(
    ["text", "media", "url", "ref", "media_type", "caption", "choices", "name", "phones", "latitude", "x"]
)
parts = st.builds(lambda kind, rest: {**rest, "kind": kind}, kinds, st.dictionaries(names, values, max_size=4))
bodies = values | st.builds(
    lambda found, rest: {**rest, "parts": found},
    st.lists(parts, max_size=3),
    st.dictionaries(st.sampled_from(["via", "reply_to", "client_ref", "y"]), values, max_size=2),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies)
def test_whatever_the_body_is_the_pointers_point_into_it(body):
    try:
        ReplyBody.model_validate_json(json.dumps(body), strict=True, extra="forbid")
    except ValidationError as error:
        found = errors_of(error)
        assert found
        for one in found:
            assert _points(body, one["pointer"]), (one, body)


def _points(body, pointer):
    """Whether all but the last piece of a pointer is there."""
    pieces = [piece.replace("~1", "/").replace("~0", "~") for piece in pointer.split("/")[1:]]
    for piece in pieces[:-1]:
        body = body[int(piece)] if isinstance(body, list) else body[piece]
    return True


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"parts":' * 5000,
        b'{"parts": [{"kind": "location", "latitude": NaN, "longitude": 1}]}',
        b'{"parts": [{"kind": "text", "text": "\\ud800"}]}',
        b'\xef\xbb\xbf{"parts": []}',
        b'{"parts": [{"kind": "text", "text": "\\u0000"}]}',
    ],
)
async def test_strange_json_breaks_nothing(house, bot, body):
    record = await house.wrote()
    answer = await bot.post(f"/v1/conversations/{record.stream}/messages", body=body)
    assert answer.status in {202, 400, 422}
