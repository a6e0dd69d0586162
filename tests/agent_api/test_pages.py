import base64
import gzip
import hashlib
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from agent_api.pages import FOLDER, Pages, policy, read

INDEX = b'<!doctype html><script type="importmap">\n{"imports": {}}\n</script><!--preload-->' + b" " * 200


@pytest.fixture
async def pages(tmp_path):
    for path, content in {
        "index.html": INDEX,
        "app.js": b"export {};" * 50,
        "vendor/x-1/x.mjs": b"export {};" * 50,
        "vendor/x-1/LICENSE": b"free",
        "css/base.css": b"body {}" * 50,
        "locales/en.json": b'{"a": 1}' * 50,
        "mark.svg": b"<svg/>" * 50,
        "a.woff2": b"wOF2",
        "notes.txt": b"x",
        ".hidden": b"secret",
    }.items():
        file = tmp_path / "inbox" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (tmp_path / "outside.txt").write_bytes(b"secret")
    app = web.Application()
    Pages(tmp_path / "inbox").mount(app, lambda request, go_on: go_on(request))
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_the_inbox_is_where_everybody_looks_for_it(pages):
    for path in ("/", "/inbox"):
        answer = await pages.get(path, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/inbox/")
    answer = await pages.get("/inbox/", headers={"Accept-Encoding": "identity"})
    assert (await answer.read()).startswith(b"<!doctype html>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("vendor/x-1/x.mjs", "text/javascript; charset=utf-8"),
        ("vendor/x-1/LICENSE", "text/plain; charset=utf-8"),
        ("css/base.css", "text/css; charset=utf-8"),
        ("locales/en.json", "application/json"),
        ("mark.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("notes.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_every_file_has_its_type_and_its_protections(pages, path, content_type):
    answer = await pages.get(f"/inbox/{path}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_the_policy_allows_the_import_map_and_no_other_script(pages):
    told = (await pages.get("/inbox/")).headers["Content-Security-Policy"]
    expected = base64.b64encode(hashlib.sha256(b'\n{"imports": {}}\n').digest()).decode()
    assert f"script-src 'self' 'sha256-{expected}';" in told
    assert "unsafe" not in told


async def test_modules_are_named_in_the_page(pages):
    page = await (await pages.get("/inbox/", headers={"Accept-Encoding": "identity"})).text()
    assert '<link rel="modulepreload" href="./app.js">' in page
    assert '<link rel="modulepreload" href="./vendor/x-1/x.mjs">' in page


async def test_who_has_a_file_is_not_given_it_again(pages):
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding}
        first = await pages.get("/inbox/app.js", headers=headers)
        tag = first.headers["ETag"]
        assert re.fullmatch(r'"[0-9a-f]{64}(-gzip)?"', tag)
        again = await pages.get("/inbox/app.js", headers={**headers, "If-None-Match": f'"x", W/{tag}'})
        assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)


async def test_files_go_packed_to_who_takes_that(pages):
    for accepts, packed in (
        ("gzip, br", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0, br", False),
        ("br", False),
    ):
        answer = await pages.get("/inbox/app.js", headers={"Accept-Encoding": accepts})
        body = await answer.read()
        assert (answer.headers.get("Content-Encoding") == "gzip") == packed, accepts
        assert (gzip.decompress(body) if packed else body) == b"export {};" * 50
        assert answer.headers["Vary"] == "Accept-Encoding"
    small = await pages.get("/inbox/notes.txt", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "%2e%2e%2foutside.txt",
        ".hidden",
        "css",
        "css/",
        "nothing.js",
        "/etc/passwd",
        "%00",
    ],
)
async def test_nothing_else_is_given(pages, path):
    answer = await pages.session.get(URL(f"{pages.make_url('/inbox/')}{path}", encoded=True))
    assert answer.status == 404


async def test_head_is_answered(pages):
    answer = await pages.head("/inbox/")
    assert (answer.status, await answer.read()) == (200, b"")


def test_the_real_pages_have_one_inline_script():
    found = read(FOLDER)
    assert policy(found).count("sha256-") == 1
    scripts = re.findall(rb"<script(?![^>]*src=)[^>]*>", found["index.html"].content)
    assert scripts == [b'<script type="importmap">']


async def test_a_page_that_is_not_there_is_a_problem(house):
    answer = await house.nobody().get("/inbox/nothing.js")
    assert (answer.status, answer.code) == (404, "not_found")
