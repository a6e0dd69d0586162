"""Files given out: by headers that make them harmless, and to providers by links that end."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web

from gateway.media import Media
from gateway.media.kinds import INLINE
from gateway.ports import KeptFile


def kept(mime, name="a.bin"):
    return KeptFile("med_" + "0" * 32, "main", "kept", mime=mime, name=name)


@pytest.mark.parametrize("mime", INLINE)
def test_what_a_browser_shows_in_its_place(media, mime):
    headers = media.served(kept(mime))
    assert headers["Content-Disposition"].startswith("inline;")
    assert headers["Content-Type"] == mime


@pytest.mark.parametrize(
    "mime",
    ["text/html", "image/svg+xml", "text/plain", "application/pdf", "image/heic", "video/quicktime", "", "x/y"],
)
def test_everything_else_is_an_attachment(media, mime):
    assert media.served(kept(mime))["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("mime", ["image/png", "text/html"])
def test_headers_of_all(media, mime):
    headers = media.served(kept(mime))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_file_without_a_name_gets_one(media):
    assert f'filename="med_{"0" * 32}.png"' in media.served(kept("image/png", ""))["Content-Disposition"]
    assert f'filename="med_{"0" * 32}.bin"' in media.served(kept("", ""))["Content-Disposition"]


@pytest.fixture
async def edge(media):
    app = web.Application()
    app.router.add_get("/media/{id}", media.provider_media)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
        yield client
    await runner.cleanup()


@pytest.fixture
async def file(media, png):
    async def chunks():
        yield png

    return await media.upload("main", "naïve.png", chunks())


def local(url):
    return url.removeprefix("https://chat.example")


async def test_a_provider_fetches_by_link(media, edge, file, png):
    url = media.signed_url(file.id, 3600)
    assert url.startswith(f"https://chat.example/media/{file.id}?exp=")
    async with edge.get(local(url)) as answer:
        assert (answer.status, await answer.read()) == (200, png)
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["Content-Disposition"].endswith("filename*=UTF-8''na%C3%AFve.png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    async with edge.get(local(url), headers={"Range": "bytes=1-3"}) as answer:
        assert (answer.status, await answer.read()) == (206, b"PNG")
    async with edge.head(local(url)) as answer:
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(png)))


async def test_a_link_ends(media, edge, file, clock):
    url = local(media.signed_url(file.id, 60))
    clock.later = timedelta(seconds=58)
    assert (await edge.get(url)).status == 200
    clock.later = timedelta(seconds=61)
    assert (await edge.get(url)).status == 404


async def test_whatever_is_wrong_is_not_found(media, edge, file, rows, clock):
    url = local(media.signed_url(file.id, 3600))
    query = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    exp, sig = query["exp"], query["sig"]
    other = clock.new_id("med")
    wrong = [
        f"/media/{file.id}",
        f"/media/{file.id}?exp={exp}",
        f"/media/{file.id}?sig={sig}",
        f"/media/{file.id}?exp={exp}&sig=",
        f"/media/{file.id}?exp={exp}&sig={sig[:-1]}",
        f"/media/{file.id}?exp={exp}&sig={sig}=",
        f"/media/{file.id}?exp={exp}&sig=%C3%A9",
        f"/media/{file.id}?exp={int(exp) + 1}&sig={sig}",
        f"/media/{file.id}?exp=0{exp}&sig={sig}",
        f"/media/{file.id}?exp=soon&sig={sig}",
        f"/media/{other}?exp={exp}&sig={sig}",
        f"/media/..%2f{file.id}?exp={exp}&sig={sig}",
        local(media.signed_url(other, 60)),
    ]
    for address in wrong:
        async with edge.get(address) as answer:
            assert answer.status == 404, address
    media.path(file).unlink()
    assert (await edge.get(url)).status == 404
    rows.files[file.id] = KeptFile(file.id, "main", "pending")
    assert (await edge.get(url)).status == 404
    rows.down = True
    assert (await edge.get(url)).status == 503


async def test_links_outlive_a_restart_and_need_an_address(media, rows, http, accounts, clock, tmp_path, file):
    url = media.signed_url(file.id, 3600)
    query = parse_qs(urlsplit(url).query)
    again = Media(rows, http, accounts, clock, folder=tmp_path / "media", max_bytes=1, public_url=None)
    assert again.signed_url(file.id, 60) is None
    assert not again.verify_link(file.id, query["exp"][0], query["sig"][0])  # before the start it knows no key
    await again.start()
    assert again.verify_link(file.id, query["exp"][0], query["sig"][0])
    assert again.signed_url(file.id, 60) is None
    again.public_url = "http://127.0.0.1:1"
    assert again.signed_url(file.id, 60).startswith("http://127.0.0.1:1/media/")
    await again.stop()


def test_a_link_of_another_key_is_nothing(media, clock):
    media_id = clock.new_id("med")
    theirs = type(media._links)("another key").path(media_id, clock.now() + timedelta(hours=1))
    query = parse_qs(urlsplit(theirs).query)
    assert not media.verify_link(media_id, query["exp"][0], query["sig"][0])
