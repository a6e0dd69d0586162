"""Calls over real sockets: what came back, and what can be said when nothing did."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import traceback
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from connectors.api import Call, File
from gateway.adapters.http import ANSWER, AiohttpHttp
from gateway.ports import Forbidden, NeverSent, NoAnswer, Unsendable

TOKEN = "123456:SECRET-token"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


@pytest.fixture
async def http(tmp_path):
    async def locate(media):
        if media == "med_none":
            raise KeyError(media)
        return tmp_path / media

    client = AiohttpHttp(locate, connect=0.5, total=0.5)
    await client.start()
    yield client
    await client.stop()


@asynccontextmanager
async def serving(handle, tls: ssl.SSLContext | None = None):
    """A TCP server that gives each connection to ``handle``; yields an address there that holds a token."""
    tasks = []

    async def serve(reader, writer):
        tasks.append(asyncio.current_task())
        with suppress(asyncio.CancelledError, ConnectionError):
            await handle(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, backlog=256)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/bot{TOKEN}/send"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


@asynccontextmanager
async def raw(*answers: bytes | None, tls: ssl.SSLContext | None = None):
    """A server that reads a request per connection and answers it so: bytes, nothing and a close, None for silence."""
    seen = SimpleNamespace(connections=0, requests=[], url="")
    script = list(answers)

    async def handle(reader, writer):
        seen.connections += 1
        answer = script.pop(0) if script else b""
        seen.requests.append(await reader.read(1 << 16))
        if answer is None:
            await asyncio.sleep(5)
        else:
            writer.write(answer)

    async with serving(handle, tls) as seen.url:
        yield seen


@asynccontextmanager
async def site(handle):
    """An aiohttp server with one handler for everything."""
    app = web.Application(client_max_size=1 << 24)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


async def failure(http, url, kind, method="POST") -> str:
    """What a call fails with. Nothing of it may show the address, however it is printed."""
    with pytest.raises(kind) as caught:
        await http.perform(Call("0:send", method, url, json={"a": 1} if method == "POST" else None))
    assert type(caught.value) is kind
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert TOKEN not in shown
    assert "127.0.0.1" not in shown
    return str(caught.value)


# Never sent: no connection was made.


async def test_refused(http):
    url = f"http://127.0.0.1:{free_port()}/bot{TOKEN}"
    assert await failure(http, url, NeverSent) == "connection refused"


async def test_no_such_host(http):
    words = await failure(http, f"http://nonexistent.invalid/bot{TOKEN}", NeverSent)
    assert words in {"no such host", "the host's name cannot be looked up", "no connection within 0.5 s"}


async def test_connect_timeout(http):
    with socket.socket() as full:  # a backlog of nobody
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        queue = []
        for _ in range(3):
            waiting = socket.socket()
            waiting.settimeout(0)
            waiting.connect_ex(full.getsockname())
            queue.append(waiting)
        url = f"http://127.0.0.1:{full.getsockname()[1]}/bot{TOKEN}"
        assert await failure(http, url, NeverSent) == "no connection within 0.5 s"
        for waiting in queue:
            waiting.close()


async def test_a_name_that_is_never_looked_up(tmp_path):
    class Slow(AbstractResolver):
        async def resolve(self, host, port=0, family=socket.AF_INET):
            await asyncio.sleep(60)

        async def close(self):
            pass

    http = AiohttpHttp(tmp_path.joinpath, connect=0.2, resolver=Slow())
    await http.start()
    assert await failure(http, "http://slow.example/", NeverSent) == "no connection within 0.2 s"
    await http.stop()


async def test_tls_with_a_server_that_has_none(http):
    async with raw(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        words = await failure(http, server.url.replace("http:", "https:"), NeverSent)
    assert words.startswith("TLS failed: ")


async def test_tls_that_is_refused(http):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate it can greet nobody
    async with raw(b"", tls=context) as server:
        words = await failure(http, server.url, NeverSent)
    assert words.startswith("TLS failed: ") or words == "connection reset"
    assert not server.requests


async def test_tls_that_is_never_finished(http):
    async with raw(None) as server:
        words = await failure(http, server.url.replace("http:", "https:"), NeverSent)
    assert words == "no connection within 0.5 s"


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x/", "http://", "http://x:99999/", "file:///etc/passwd", "//x"])
async def test_an_address_that_is_none(http, url):
    assert await failure(http, url, NeverSent) == "the address is not one of HTTP"


async def test_a_header_that_would_break_out(http):
    async with raw(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        call = Call("0:send", "POST", server.url, headers={"X-Name": "a\r\nX-Other: b"}, json={})
        with pytest.raises(NeverSent):
            await http.perform(call)
    assert not server.connections


@pytest.mark.parametrize("media", ["med_none", "med_missing"])
async def test_a_file_that_is_not_there(http, media):
    async with raw(b"HTTP/1.1 200 OK\r\n\r\n") as server:
        call = Call("0:send", "POST", server.url, multipart={"photo": File(media, "a.png")})
        with pytest.raises(Unsendable, match="a file to send is not on disk"):
            await http.perform(call)
    assert not server.connections


async def test_before_the_start_and_after_the_stop(tmp_path):
    http = AiohttpHttp(tmp_path.joinpath)
    assert await failure(http, "http://127.0.0.1:1/", NeverSent) == "not running"
    await http.start()
    await http.stop()
    assert await failure(http, "http://127.0.0.1:1/", NeverSent) == "not running"


# No answer: the bytes may have left, and nothing is sent twice.


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "the connection was closed without an answer"),
        (b"HTTP/1.1 200", "the connection was closed without an answer"),
        (HALF, "the answer broke off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "the answer broke off"),
        (b"this is no HTTP\r\n\r\n", "the answer is not HTTP"),
        (None, "no answer within 0.5 s"),
    ],
)
async def test_no_answer_is_never_repeated(http, method, answer, words):
    async with raw(answer, answer) as server:
        assert await failure(http, server.url, NoAnswer, method) == words
        assert server.connections == 1


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_accepted_and_closed_at_once(http, method):
    connections = 0

    async def slam(_, writer):
        nonlocal connections
        connections += 1
        writer.transport.abort()

    async with serving(slam) as url:
        await failure(http, url, NoAnswer, method)
    assert connections == 1


async def test_reset_in_the_middle_of_an_upload(http, tmp_path):
    (tmp_path / "med_big").write_bytes(bytes(8_000_000))

    async def reset(reader, writer):
        await reader.read(1000)
        writer.transport.abort()

    async with serving(reset) as url:
        call = Call("0:send", "POST", url, multipart={"document": File("med_big", "big.bin")})
        with pytest.raises(NoAnswer) as caught:
            await http.perform(call)
    assert caught.value.__context__ is None
    assert "127.0.0.1" not in str(caught.value)


async def test_a_drip_ends_in_time(http):
    async def drip(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b".")
            await asyncio.sleep(0.05)
        return answer

    async with site(drip) as url:
        assert await failure(http, url, NoAnswer) == "no answer within 0.5 s"


async def test_a_connection_that_the_provider_closed_is_not_met_again(http):
    """A server that promises to keep the connection and then does not: the second call must not notice."""
    kept = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
    async with raw(kept, kept) as server:
        for _ in range(2):
            assert (await http.perform(Call("0:send", "POST", server.url, json={}))).body == b"ok"
    assert server.connections == 2


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_connection_that_is_used_again_is_not_trusted_more(method):
    """With ``reuse``: a request that meets a closing connection may have been read, and is not repeated."""
    requests = []

    async def handle(reader, writer):
        while head := await reader.read(1 << 16):
            requests.append(head)
            if len(requests) > 1:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with serving(handle) as url, client(reuse=5.0) as http:
        call = Call("0:send", method, url)
        assert (await http.perform(call)).body == b"ok"
        with pytest.raises(NoAnswer):
            await http.perform(call)
    assert len(requests) == 2


# What is sent, and what comes back.


@asynccontextmanager
async def echo():
    async def handle(request):
        found = {"method": request.method, "path": request.raw_path, "headers": dict(request.headers), "parts": []}
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                content = await part.read()
                found["parts"].append([part.name, part.filename, part.headers.get("Content-Type"), len(content)])
        else:
            found["body"] = (await request.read()).decode()
        return web.json_response(found, headers={"X-Mixed-Case": "kept", "Set-Cookie": "a=1"})

    async with site(handle) as url:
        yield url


async def test_json(http):
    async with echo() as url:
        call = Call("0:send", "POST", f"{url}/bot1:a%2Fb/send?x=%3A", json={"text": "é😀", "lone": "\ud800"})
        answer = await http.perform(call)
    got = json.loads(answer.body)
    assert answer.status == 200
    assert answer.headers["x-mixed-case"] == "kept"
    assert got["path"] == "/bot1:a%2Fb/send?x=%3A"  # signed addresses go as they were written
    assert got["headers"]["Content-Type"] == "application/json"
    assert json.loads(got["body"]) == {"text": "é😀", "lone": "?"}


async def test_a_form(http):
    async with echo() as url:
        answer = await http.perform(
            Call("0:send", "POST", url, form={"Body": "a & b é", "To": "+33"}, headers={"Authorization": "Basic x"})
        )
    got = json.loads(answer.body)
    assert got["body"] == "Body=a+%26+b+%C3%A9&To=%2B33"
    assert got["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert got["headers"]["Authorization"] == "Basic x"


async def test_multipart_comes_from_disk(http, tmp_path):
    (tmp_path / "med_1").write_bytes(bytes(3_000_000))
    fields = {"chat_id": "42", "photo": File("med_1", 'naïve "é😀"\r\nX: y.png', "image/png")}
    async with echo() as url:
        got = json.loads((await http.perform(Call("0:send", "POST", url, multipart=fields))).body)
    assert int(got["headers"]["Content-Length"]) > 3_000_000
    assert got["parts"][0][0::3] == ["chat_id", 2]
    assert got["parts"][1] == ["photo", "naïve 'é😀'__X: y.png", "image/png", 3_000_000]


async def test_multipart_without_files_is_multipart(http):
    async with echo() as url:
        got = json.loads((await http.perform(Call("0:send", "POST", url, multipart={"a": "b\ud800"}))).body)
    assert got["parts"] == [["a", None, "text/plain; charset=utf-8", 2]]


async def test_no_body_no_cookies_no_redirect(http):
    async def handle(request):
        assert "Cookie" not in request.headers
        answer = web.Response(status=302, headers={"Location": "/elsewhere"})
        answer.set_cookie("session", "of another account")
        return answer

    async with site(handle) as url:
        for _ in range(2):
            answer = await http.perform(Call("0:me", "GET", url, effect=False))
            assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")


async def test_an_answer_is_read_up_to_a_limit(http):
    async def handle(_):
        return web.Response(body=bytes(ANSWER + 70_000), status=502)

    async with site(handle) as url:
        answer = await http.perform(Call("0:send", "POST", url, json={}))
    assert (answer.status, len(answer.body)) == (502, ANSWER)


async def test_no_proxy_of_the_environment(http, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    async with echo() as url:
        assert (await http.perform(Call("0:send", "POST", url, json={}))).status == 200


async def test_a_slow_provider_keeps_no_other_from_being_called():
    """More calls hang than any pool would hold, and one to somebody else goes through."""

    async def hang(_, __):
        await asyncio.sleep(5)

    async with serving(hang) as slow, echo() as url, client(connect=5, total=2) as http:
        hanging = [asyncio.create_task(http.perform(Call("0:send", "POST", slow, json={}))) for _ in range(120)]
        await asyncio.sleep(0.2)
        assert (await http.perform(Call("0:send", "POST", url, json={}))).status == 200
        ends = await asyncio.gather(*hanging, return_exceptions=True)
        assert {type(end) for end in ends} == {NoAnswer}


# Downloads.


async def read(http, url, *, trusted=False, headers=None) -> tuple[int, bytes]:
    call = Call("0:download", "GET", url, effect=False, headers=headers or {})
    async with http.download(call, trusted=trusted) as download:
        return download.status, b"".join([chunk async for chunk in download.chunks])


class Names(AbstractResolver):
    """Answers each lookup with the next of its addresses, or with several that have spaces between them."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {
                "hostname": host, "host": address, "port": port, "proto": 0, "flags": socket.AI_NUMERICHOST,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
            }
            for address in self.answers.pop(0).split()
        ]  # fmt: skip

    async def close(self):
        pass


@asynccontextmanager
async def client(**options):
    http = AiohttpHttp(Path().joinpath, **{"connect": 0.5, "total": 0.5} | options)
    await http.start()
    try:
        yield http
    finally:
        await http.stop()


async def test_the_guard_refuses_loopback_unless_trusted_or_allowed():
    async with echo() as url:
        port = url.rpartition(":")[2]
        async with client() as http:
            for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0"):  # noqa: S104 - refused
                with pytest.raises(Forbidden, match="an inner address") as caught:
                    await read(http, f"http://{host}:{port}/{TOKEN}")
                assert caught.value.__context__ is None
            assert (await read(http, url, trusted=True))[0] == 200
        async with client(allow=["127.0.0.0/8"]) as http:
            assert (await read(http, url))[0] == 200


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
async def test_other_ways_to_write_loopback(host):
    async with echo() as url, client() as http:
        with pytest.raises((Forbidden, NeverSent)):
            await read(http, url.replace("127.0.0.1", host))


async def test_a_name_is_judged_by_the_address_that_is_connected_to():
    """Rebinding: whatever the name was before, the socket is only made for an address that is fine."""
    async with echo() as url:
        named = url.replace("127.0.0.1", "rebound.example")
        async with client(resolver=Names("127.0.0.1")) as http:
            with pytest.raises(Forbidden):
                await read(http, named)
        names = Names("203.0.112.1", "127.0.0.1")  # the first is public; nobody answers there
        async with client(resolver=names, connect=0.2) as http:
            with pytest.raises(NeverSent):
                await read(http, named)
            with pytest.raises(Forbidden):
                await read(http, named)
        assert not names.answers  # it was looked up each time that it was connected to


@pytest.mark.parametrize("inner", ["127.0.0.2", "169.254.169.254", "::1", "::ffff:127.0.0.2", "64:ff9b::7f00:2"])
@pytest.mark.parametrize("first", [True, False])
async def test_of_a_names_addresses_only_the_outer_ones_are_connected_to(inner, first):
    async def handle(_):
        return web.Response(body=b"the file")

    async with site(handle) as url:
        both = f"{inner} 127.0.0.1" if first else f"127.0.0.1 {inner}"
        named = f"http://both.example:{url.rpartition(':')[2]}/"
        async with client(allow=["127.0.0.1/32"], resolver=Names(both, inner)) as http:
            assert await read(http, named) == (200, b"the file")
            with pytest.raises(Forbidden, match="an inner address"):
                await read(http, named)


async def test_what_a_call_carries_is_not_handed_on_elsewhere():
    seen = []

    async def outside(request):
        seen.append((request.path, await request.read(), request.headers.get("X-Token")))
        return web.Response(status=302, headers={"Location": f"{back[0]}/again"})

    async def home(request):
        seen.append((request.path, await request.read(), request.headers.get("X-Token")))
        if request.path == "/again":
            return web.Response(body=b"the file")
        where = "/here" if request.path == "/" else f"{there}/there"
        return web.Response(status=302, headers={"Location": where})

    async with site(outside) as there, site(home) as url, client(allow=["127.0.0.0/8"]) as http:
        back = [url]
        call = Call("0:download", "GET", f"{url}/", effect=False, headers={"X-Token": "t"}, form={"token": "t"})
        async with http.download(call, trusted=True) as download:
            assert download.status == 200
    assert seen == [
        ("/", b"token=t", "t"),
        ("/here", b"token=t", "t"),
        ("/there", b"", None),
        ("/again", b"", None),  # and it does not come back
    ]


async def test_an_answer_that_is_longer_than_it_says():
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc" + b"more" * 99
    async with raw(answer) as server, client() as http:
        with pytest.raises(NoAnswer):
            await read(http, server.url, trusted=True)


@pytest.mark.parametrize("length", ["-1", "0x10", "9" * 5000, "3, 4", "3\r\nContent-Length: 4"])
async def test_a_length_that_is_none(length):
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nabcdef".encode()
    async with raw(answer, answer) as server, client() as http:
        with pytest.raises(NoAnswer):
            await read(http, server.url, trusted=True)


async def test_redirects_are_followed_by_the_same_rules():
    seen = []

    async def outside(request):
        seen.append(dict(request.headers))
        return web.Response(body=b"the file")

    async with site(outside) as there:

        async def home(request):
            seen.append(dict(request.headers))
            if request.path == "/file":
                return web.Response(status=307, headers={"Location": "/moved?a=%3A"})
            return web.Response(status=302, headers={"Location": f"{there.replace('http://', 'http://u:p@')}/s3"})

        async with site(home) as url, client() as http, client(allow=["127.0.0.0/8"]) as allowed:
            secret = {"authorization": "Bearer t", "X-Token": "t"}
            with pytest.raises(Forbidden):  # trust ends where the origin does
                await read(http, f"{url}/file", trusted=True, headers=secret)
            seen.clear()
            assert await read(allowed, f"{url}/file", trusted=True, headers=secret) == (200, b"the file")
    assert [("Bearer t" in headers.values(), "X-Token" in headers) for headers in seen] == [(True, True)] * 2 + [
        (False, False)
    ]
    assert "Authorization" not in seen[2]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "gopher://x/", "http://", "http://x:99999/", "javascript:1"]
)
async def test_redirects_to_something_else(location):
    async def handle(_):
        return web.Response(status=302, headers={"Location": location})

    async with site(handle) as url, client() as http:
        with pytest.raises(Forbidden) as caught:
            await read(http, url, trusted=True)
    assert caught.value.__context__ is None


async def test_redirects_without_end():
    count = 0

    async def handle(_):
        nonlocal count
        count += 1
        return web.Response(status=302, headers={"Location": f"/{count}"})

    async with site(handle) as url, client() as http:
        with pytest.raises(Forbidden, match="redirected more than 5 times"):
            await read(http, url, trusted=True)
    assert count == 6


async def test_redirects_to_an_inner_address():
    async def handle(_):
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})

    async with site(handle) as url, client(allow=["127.0.0.0/8"]) as http:
        for trusted in (True, False):
            with pytest.raises(Forbidden, match="an inner address"):
                await read(http, url, trusted=trusted)


@pytest.mark.parametrize("answer", [HALF, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"", None])
async def test_a_download_that_breaks_off(answer):
    async with raw(answer, answer) as server, client() as http:
        with pytest.raises(NoAnswer) as caught:
            await read(http, server.url, trusted=True)
    assert server.connections == 1
    assert caught.value.__context__ is None
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


async def test_a_download_that_is_left_early():
    async def handle(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(1000):
            await answer.write(bytes(100_000))
        return answer

    async with site(handle) as url, client() as http:
        call = Call("0:download", "GET", url, effect=False)
        async with http.download(call, trusted=True) as download:
            async for chunk in download.chunks:
                assert chunk
                break


async def test_an_answer_that_is_an_error_is_handed_on():
    async def handle(_):
        return web.Response(status=404, text="no")

    async with site(handle) as url, client() as http:
        assert await read(http, url, trusted=True) == (404, b"no")
