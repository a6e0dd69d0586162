"""Received files: fetched under guard, whole or not at all, again when it helps, without a trace of a token."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from aiohttp import web

from connectors.api import Refused
from gateway import media as package
from gateway.adapters.http import AiohttpHttp
from gateway.media import fetch, fetching
from gateway.ports import Unavailable
from normalizer.record import By, Record

LIMIT = 100_000
"""What conftest's Media keeps at most."""


@pytest.fixture(autouse=True)
def no_token_anywhere(rows, token, caplog, capsys, tmp_path):
    """After every test: not in a row, a line or a file's name."""
    caplog.set_level(logging.DEBUG)
    yield
    said = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    said += list(capsys.readouterr())
    shown = repr([replace(file, ref="") for file in rows.files.values()]) + "".join(said)
    shown += repr(list(tmp_path.rglob("*")))
    assert token not in shown
    assert "SECRET" not in shown
    left = list((tmp_path / "media" / "incoming").iterdir())
    assert not left, "half a file was left behind"


def on_disk(media, file):
    return media.path(file).read_bytes()


async def test_a_file_is_fetched_and_sniffed(media, provider, received, png, tmp_path):
    provider.gives("AgAC", png, headers={"Content-Type": "text/html"})
    media_id = received("AgAC", mime="image/jpeg", name="a.jpg")
    media.wake()
    file = await media.wait(media_id, 5)
    assert (file.state, file.mime, file.size, file.why) == ("kept", "image/png", len(png), "")
    assert (file.name, file.ref, file.account, file.conversation) == ("a.jpg", "AgAC", "bot", "cnv_1")
    assert file.path == f"{media_id[-2:]}/{media_id}"
    assert (tmp_path / "media" / file.path).read_bytes() == png == on_disk(media, file)
    assert await media.folder.locate(media_id) == media.path(file)


async def test_news_of_a_record_is_enough(media, provider, received, png, clock):
    provider.gives("AgAC", png)
    media_id = received("AgAC")
    stamp = {"kind": "message.received", "brand": "main", "account": "bot", "by": By("person", "per_1")}
    stamp |= {"stream": "cnv_1", "seq": 1, "key": "k", "id": "rec_1", "feed": 1, "cause": None}
    stamp |= {"at": clock.now(), "received_at": None}
    media.notice([Record(**stamp, data={"message": {}, "private": {"files": {media_id: {"ref": "AgAC"}}}})])
    for _ in range(100):
        await asyncio.sleep(0.01)
        if provider.asked:
            break
    assert (await media.wait(media_id, 5)).state == "kept"


async def test_news_without_files_disturbs_nobody(media):
    woken = []
    media.wake = lambda: woken.append(1)
    media.notice([SimpleNamespace(data={"message": {}}), SimpleNamespace(data={"private": {"raw": {}}})])
    assert not woken


async def test_pending_files_are_taken_up_at_the_start(rows, http, accounts, clock, tmp_path, provider, received, png):
    provider.gives("AgAC", png)
    media_id = received("AgAC")
    incoming = tmp_path / "media" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / "left").write_bytes(b"half")
    clock.later = package.folder.LEFT * 2
    media = package.Media(rows, http, accounts, clock, folder=tmp_path / "media", max_bytes=LIMIT, public_url=None)
    await media.start()
    assert (await media.wait(media_id, 5)).state == "kept"
    await media.stop()


async def test_stopping_leaves_a_file_pending(media, provider, received, rows):
    async def hang(_):
        await asyncio.sleep(0.4)

    provider.answers["slow"] = hang
    media_id = received("slow")
    media.wake()
    assert (await media.wait(media_id, 0.1)).state == "pending"
    await media.stop()
    assert rows.files[media_id].state == "pending"


async def test_waiting_ends_in_time_and_for_what_is_not_there(media, rows, received):
    assert await media.wait("med_" + "0" * 32, 5) is None
    rows.pending_files = lambda _: asyncio.sleep(0, [])  # it is another process that fetches
    media_id = received("elsewhere")
    assert (await media.wait(media_id, 0.1)).state == "pending"

    async def elsewhere():
        await asyncio.sleep(0.1)
        rows.files[media_id] = replace(rows.files[media_id], state="kept")

    task = asyncio.create_task(elsewhere())
    assert (await media.wait(media_id, 5)).state == "kept"
    await task


# What goes wrong.


async def ends(media, media_id) -> str:
    """Why a file was given up."""
    media.wake()
    file = await media.wait(media_id, 20)
    assert (file.state, file.path, file.size) == ("failed", "", 0)
    assert not media.path(file).exists()
    return file.why


async def test_not_found_is_tried_again_soon(media, provider, received, png, clock):
    provider.answers["late"] = [
        lambda _: web.Response(status=404),
        lambda _: web.Response(body=png),
    ]
    media_id = received("late")
    media.wake()
    assert (await media.wait(media_id, 5)).state == "kept"
    assert clock.slept == [1]


async def test_not_found_for_good(media, received, clock):
    assert await ends(media, received("nowhere")) == "HTTP 404"
    assert clock.slept == list(fetching.QUICK)


async def test_a_provider_that_is_down_is_tried_for_minutes(media, provider, received, clock):
    provider.gives("down", b"", status=503)
    assert await ends(media, received("down")) == "HTTP 503"
    assert clock.slept == list(fetching.SLOW)
    assert 500 < sum(clock.slept) < 700


async def test_a_provider_that_names_a_time(media, provider, received, clock, png):
    provider.answers["busy"] = [
        lambda _: web.Response(status=429, headers={"Retry-After": "17"}),
        lambda _: web.Response(status=429, headers={"Retry-After": "86400"}),
        lambda _: web.Response(body=png),
    ]
    media_id = received("busy")
    media.wake()
    assert (await media.wait(media_id, 5)).state == "kept"
    assert clock.slept == [17, 300]


async def test_nobody_listens(media, accounts, received):
    for name in ("bot", "free"):
        settings = accounts[name].settings.model_copy(update={"api": "http://127.0.0.1:1"})
        accounts[name] = replace(accounts[name], settings=settings)
    assert await ends(media, received("x")) == "connection refused"
    assert await ends(media, received("http://127.0.0.1:1/x", "free")) == "connection refused"


async def test_truncated_by_length(media, provider, received):
    async def cut(request):
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(bytes(100))
        request.transport.close()
        return answer

    provider.answers["cut"] = cut
    assert await ends(media, received("cut")) == "the answer broke off"


async def test_too_large_by_header_is_not_even_read(media, provider, received):
    read = 0

    async def large(request):
        nonlocal read
        answer = web.StreamResponse(headers={"Content-Length": str(LIMIT * 1000)})
        await answer.prepare(request)
        for _ in range(1000):
            await answer.write(bytes(LIMIT))
            read += 1
        return answer

    provider.answers["large"] = large
    assert await ends(media, received("large")) == f"the file is larger than {LIMIT} bytes"
    assert read < 200
    assert provider.asked == ["large"]  # and not again


async def test_too_large_by_body(media, provider, received):
    async def large(request):
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        for _ in range(1000):
            await answer.write(bytes(LIMIT // 10))
        return answer

    provider.answers["large"] = large
    provider.gives("fits", bytes(LIMIT))
    assert await ends(media, received("large")) == f"the file is larger than {LIMIT} bytes"
    fits = received("fits")
    media.wake()
    assert (await media.wait(fits, 5)).size == LIMIT


async def test_a_bomb_counts_as_what_it_becomes(media, provider, received):
    async def bomb(_):
        answer = web.Response(body=bytes(LIMIT * 20))
        answer.enable_compression(web.ContentCoding.gzip, strategy=0)
        return answer

    provider.answers["bomb"] = bomb
    why = await ends(media, received("bomb"))
    assert why == f"the file is larger than {LIMIT} bytes"


async def test_a_drip_is_cut_off(media, provider, received, monkeypatch):
    monkeypatch.setattr(fetch, "LIMIT_S", 0.3)
    monkeypatch.setattr(fetching, "SLOW", (1,))

    async def drip(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b".")
            await asyncio.sleep(0.05)
        return answer

    provider.answers["drip"] = drip
    assert await ends(media, received("drip")) == "it took longer than 0.3 s"


async def test_a_download_that_stands_still(media, provider, received, monkeypatch):
    monkeypatch.setattr(fetching, "SLOW", (1,))

    async def still(request):
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b".")
        await asyncio.sleep(5)
        return answer

    provider.answers["still"] = still
    assert await ends(media, received("still")) == "no answer within 0.5 s"


async def test_the_account_and_the_power_have_to_be_there(media, received):
    assert await ends(media, received("x", "removed")) == "its account is not configured any more"
    assert await ends(media, received("x", "without")) == "telegram has no way to fetch files"


async def test_what_the_provider_refuses(media, accounts, received, clock):
    def refused(code):
        def steps(_ref, _settings):
            yield from ()
            raise Refused(code, "Bad Request: file is too big")

        connector = replace(accounts["free"].connector, fetch=steps)
        accounts["free"] = replace(accounts["free"], connector=connector)

    refused("content_rejected")
    why = await ends(media, received("x", "free"))
    assert why == "refused (content_rejected): Bad Request: file is too big"
    assert clock.slept == list(fetching.QUICK)
    clock.slept.clear()
    refused("auth_expired")  # somebody may put a new token in
    assert "auth_expired" in await ends(media, received("x", "free"))
    assert clock.slept == list(fetching.SLOW)


async def test_a_connector_that_does_not_find_it_or_breaks(media, accounts, received, token):
    def nothing(_ref, _settings):
        yield from ()

    def broken(ref, _settings):
        yield from ()
        raise KeyError(f"https://api.example/{token}/{ref}")

    accounts["free"] = replace(accounts["free"], connector=replace(accounts["free"].connector, fetch=nothing))
    assert await ends(media, received("x", "free")) == "the provider does not have it"
    accounts["free"] = replace(accounts["free"], connector=replace(accounts["free"].connector, fetch=broken))
    assert await ends(media, received("x", "free")) == "fetching broke (KeyError)"


async def test_a_disk_that_does_not_take_it(media, provider, received, png, monkeypatch):
    provider.gives("AgAC", png)
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(package.folder.os, "fsync", lambda _: (_ for _ in ()).throw(full))
    assert await ends(media, received("AgAC")) == "it cannot be written: No space left on device"


async def test_a_store_that_is_down_is_told_later(media, provider, received, png, rows, clock):
    provider.gives("AgAC", png)
    media_id = received("AgAC")
    noting = rows.end_fetch
    failures = []

    async def change(file):
        if len(failures) < 2:
            failures.append(file)
            raise Unavailable("not now")
        return await noting(file)

    rows.end_fetch = change
    media.wake()
    assert (await media.wait(media_id, 5)).state == "kept"
    assert provider.asked == ["AgAC"]  # fetched once
    assert len(clock.slept) == 2


async def test_a_store_that_cannot_be_read_is_asked_again(media, provider, received, png, rows, monkeypatch):
    monkeypatch.setattr(fetching, "_SWEEP_S", 0.01)
    provider.gives("AgAC", png)
    rows.down = True
    media_id = received("AgAC")
    media.wake()
    await asyncio.sleep(0.05)
    rows.down = False
    assert (await media.wait(media_id, 5)).state == "kept"


async def test_a_file_that_was_kept_while_a_list_was_read_stays_kept(media, provider, received, png, rows):
    """The list is from before the fetch ended, and is looked at afterwards; by then the provider has nothing more."""
    provider.answers["AgAC"] = [lambda _: web.Response(body=png)]
    media_id = received("AgAC")
    old = [rows.files[media_id]]
    media.wake()
    assert (await media.wait(media_id, 30)).state == "kept"
    listed = asyncio.Event()

    async def late(_):
        listed.set()
        return old

    rows.pending_files = late
    media.wake()
    await asyncio.wait_for(listed.wait(), 30)
    await media._fetcher.ended(media_id, 30)
    assert rows.files[media_id].state == "kept"
    assert provider.asked == ["AgAC"]


@pytest.mark.parametrize("state", ["kept", "failed"])
async def test_an_end_that_somebody_else_noted_stands(media, provider, received, png, rows, state, caplog):
    """Two processes fetch the same file, or it is erased while it comes."""
    media_id = received("AgAC")
    path = media.path(rows.files[media_id])

    async def meanwhile(_):
        rows.files[media_id] = replace(rows.files[media_id], state=state, why="erased" if state == "failed" else "")
        if state == "kept":
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png)
        return web.Response(body=png) if state == "failed" else web.Response(status=410)

    provider.answers["AgAC"] = meanwhile
    media.wake()
    async with asyncio.timeout(30):
        while not provider.asked or media._fetcher._known:
            await asyncio.sleep(0.01)
    assert rows.files[media_id].state == state
    assert path.exists() == (state == "kept")
    assert "file given up" not in caplog.text
    assert "file kept" not in caplog.text


async def test_a_file_that_is_gone_is_not_fetched(media, provider, received, png, rows):
    provider.gives("AgAC", png)
    media_id = received("AgAC")
    old, listed = [rows.files.pop(media_id)], []
    rows.pending_files = lambda _: listed.append(1) or asyncio.sleep(0, old)
    media.wake()
    async with asyncio.timeout(30):
        while not listed or media._fetcher._known:
            await asyncio.sleep(0.01)
    assert provider.asked == []


async def test_a_file_that_cannot_be_looked_up_is_taken_up_later(media, provider, received, png, rows, monkeypatch):
    monkeypatch.setattr(fetching, "_SWEEP_S", 0.01)
    provider.gives("AgAC", png)
    reading, failures = rows.file, []

    async def file(media_id):
        if len(failures) < 2:
            failures.append(media_id)
            raise Unavailable("not now")
        return await reading(media_id)

    media_id = received("AgAC")
    rows.file = file
    media.wake()
    async with asyncio.timeout(30):
        while rows.files[media_id].state == "pending":
            await asyncio.sleep(0.01)
    assert rows.files[media_id].state == "kept"
    assert failures == [media_id, media_id]


# The guard.


async def test_only_the_accounts_own_origin_is_trusted(media, provider, received, png):
    provider.gives("AgAC", png)
    own = received(f"{provider.url}/AgAC", "free")
    assert "inner address" in await ends(media, received(provider.url.replace("127.0.0.1", "localhost"), "free"))
    assert (await media.wait(own, 5)).state == "kept"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x",
        "https://127.0.0.1/x",
        "http://[::1]:9/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[fd00:ec2::254]/x",
        "http://10.0.0.1/x",
        "http://0.0.0.0:9/",
    ],
)
async def test_inner_addresses_are_refused(media, received, address, clock):
    assert await ends(media, received(address, "free")) == "it may not be fetched from there: an inner address"
    assert not clock.slept


async def test_other_schemes_are_refused(media, received):
    for address in ("file:///etc/passwd", "ftp://8.8.8.8/x", "", "http://["):
        assert "address is not one of HTTP" in await ends(media, received(address, "free"))


async def test_a_redirect_inside_is_refused_and_one_within_the_origin_is_not(media, provider, received, png):
    inner = "http://169.254.169.254/latest"
    provider.answers["evil"] = lambda _: web.Response(status=302, headers={"Location": inner})
    provider.answers["moved"] = lambda _: web.Response(status=307, headers={"Location": "/AgAC"})
    provider.gives("AgAC", png)
    assert await ends(media, received("evil")) == "it may not be fetched from there: an inner address"
    moved = received("moved")
    media.wake()
    assert (await media.wait(moved, 5)).state == "kept"


async def test_an_inner_address_that_the_configuration_allows(rows, accounts, clock, tmp_path, provider, received, png):
    http = AiohttpHttp(lambda _: None, allow=["127.0.0.0/8"])
    await http.start()
    seen = []
    provider.answers["AgAC"] = lambda request: seen.append(request.headers) or web.Response(body=png)
    settings = accounts["free"].settings.model_copy(update={"api": "http://127.0.0.1:1"})
    accounts["free"] = replace(accounts["free"], settings=settings)
    media = package.Media(rows, http, accounts, clock, folder=tmp_path / "media", max_bytes=LIMIT, public_url=None)
    await media.start()
    assert (await media.wait(received(f"{provider.url}/AgAC", "free"), 5)).state == "kept"
    await media.stop()
    await http.stop()
    assert "Authorization" in seen[0]  # the connector asked for it, and nobody sent us elsewhere


# Many at a time.


async def test_a_slow_account_is_its_own_trouble(media, provider, received, png):
    under_way, most, enough = 0, 0, asyncio.Event()

    async def slow(_):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await enough.wait()
        under_way -= 1
        return web.Response(body=png)

    for number in range(8):
        provider.answers[f"slow{number}"] = slow
    provider.gives("quick", png)
    slow_ones = [received(f"slow{number}", "bot") for number in range(8)]
    quick = received("quick", "other")
    media.wake()
    assert (await media.wait(quick, 60)).state == "kept"  # though none of the others has ended
    async with asyncio.timeout(60):
        while under_way < fetching.PER_ACCOUNT:
            await asyncio.sleep(0.01)
    enough.set()
    for media_id in slow_ones:
        assert (await media.wait(media_id, 60)).state == "kept"
    assert most == fetching.PER_ACCOUNT


async def test_an_account_with_very_many_hides_nobodys(media, provider, received, png, monkeypatch):
    monkeypatch.setattr(fetching, "_PAGE", 10)
    monkeypatch.setattr(fetching, "KNOWN", 4)
    provider.gives("quick", png)
    enough = asyncio.Event()

    async def slow(_):
        await enough.wait()
        return web.Response(body=png)

    provider.answers["slow"] = slow
    many = [received("slow", "bot") for _ in range(60)]
    one = received("quick", "other")
    media.wake()
    assert (await media.wait(one, 60)).state == "kept"  # though none of the others has ended
    enough.set()
    for media_id in many:
        assert (await media.wait(media_id, 60)).state == "kept"
    assert provider.asked.count("slow") == 60  # each once


# Forgetting.


async def test_forgetting_deletes_the_bytes_and_the_name(media, provider, received, png, rows):
    provider.gives("AgAC", png)
    media_id = received("AgAC", name="my passport.png")
    media.wake()
    file = await media.wait(media_id, 5)
    await media.forget(media_id)
    await media.forget(media_id)
    assert not media.path(file).exists()
    assert (rows.files[media_id].state, rows.files[media_id].why) == ("failed", "erased")
    assert (rows.files[media_id].name, rows.files[media_id].ref) == ("", "")
    with pytest.raises(LookupError):
        await media.folder.locate(media_id)


async def test_forgetting_ends_a_fetch(media, provider, received, rows):
    async def slow(_):
        await asyncio.sleep(0.3)

    provider.answers["slow"] = slow
    media_id = received("slow")
    media.wake()
    await media.wait(media_id, 0.05)
    await media.forget(media_id)
    await asyncio.sleep(0.05)
    assert rows.files[media_id].why == "erased"
    assert not list(media.path(rows.files[media_id]).parent.glob("*"))


@pytest.mark.parametrize("media_id", ["", "med_x", "../../etc/passwd", "med_" + "0" * 31 + "/", "msg_" + "0" * 32])
async def test_an_id_is_never_a_path(media, media_id):
    with pytest.raises(LookupError):
        await media.forget(media_id)
    with pytest.raises(LookupError):
        await media.folder.locate(media_id)
