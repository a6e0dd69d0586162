"""A provider with files on this machine, a store in memory, and a clock that does not wait."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from connectors.api import Call, Fetched
from connectors.telegram import Settings, connector
from gateway.adapters.http import AiohttpHttp
from gateway.adapters.system import SystemClock
from gateway.config import Account
from gateway.media import Media
from gateway.ports import KeptFile, Unavailable

TOKEN = "123456:SECRET-token"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(8) + b"IHDR" + bytes(500)


class Rows:
    """The Files and Settings of a store."""

    def __init__(self) -> None:
        self.files: dict[str, KeptFile] = {}
        self.values: dict[str, str] = {}
        self.down = False

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the disk is full")

    async def add_file(self, file):
        self._up()
        self.files[file.id] = file

    async def file(self, media_id):
        self._up()
        return self.files.get(media_id)

    async def change_file(self, file):
        self._up()
        self.files[file.id] = file

    async def end_fetch(self, file):
        self._up()
        if self.files[file.id].state != "pending":
            return False
        self.files[file.id] = file
        return True

    async def pending_files(self, limit):
        self._up()
        return [file for _, file in sorted(self.files.items()) if file.state == "pending"][:limit]

    async def note_look(self, media_id, look):
        self._up()
        if self.files[media_id].state != "kept":
            return False
        self.files[media_id] = replace(self.files[media_id], look=look)
        return True

    async def remove_files(self, before, limit, why, *, unsent=False):
        self._up()
        end = f"med_{int(before.timestamp() * 1000):012x}"
        found = [file for id_, file in sorted(self.files.items()) if file.state == "kept" and id_ < end]
        found = [file for file in found if not unsent or not (file.account or file.conversation)][:limit]
        self.files |= {file.id: replace(file, state="removed", why=why, path="", look=None) for file in found}
        return [file.id for file in found]

    async def lasting_files(self, media_ids):
        self._up()
        return {one for one in media_ids if one in self.files and self.files[one].state in {"kept", "pending"}}

    async def value(self, name):
        return self.values.get(name)

    async def set_value(self, name, value, *, once=False):
        return self.values.setdefault(name, value) if once else self.values.__setitem__(name, value) or value


class Clock(SystemClock):
    """Sleeps at once, and remembers for how long it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self.later = timedelta()

    def now(self):
        return super().now() + self.later

    def jitter(self):
        return 0.0

    async def sleep(self, seconds):
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Provider:
    """Telegram's getFile, and files as the test says: ``answers`` holds a handler per path, or a list of them."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.asked: list[str] = []
        self.url = ""

    def gives(self, name, body, **options):
        """Answer this file's download with these bytes."""
        self.answers[name] = lambda _: web.Response(body=body, **options)

    async def handle(self, request):
        name = request.path.rpartition("/")[2]
        if name == "getFile":
            file_id = (await request.json())["file_id"]
            return web.json_response({"ok": True, "result": {"file_id": file_id, "file_path": f"photos/{file_id}"}})
        self.asked.append(name)
        answer = self.answers.get(name)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if answer is None:
            return web.Response(status=404)
        found = answer(request)
        return await found if asyncio.iscoroutine(found) else found


@pytest.fixture
async def provider():
    provider = Provider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield provider
    await runner.cleanup()


@pytest.fixture
def rows():
    return Rows()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(provider):
    settings = Settings(name="bot", connector="telegram", token=TOKEN, secret="s", api=provider.url)

    def anywhere(ref, _settings):
        """The provider's name of the file is its address."""
        yield from ()
        return Fetched(Call("0:download", "GET", ref, effect=False, headers={"Authorization": f"Bearer {TOKEN}"}))

    free = replace(connector, fetch=anywhere)
    without = replace(connector, fetch=None)
    return {
        "bot": Account("bot", connector, settings),
        "other": Account("other", connector, settings),
        "free": Account("free", free, settings),
        "without": Account("without", without, settings),
    }


@pytest.fixture
async def http():
    http = AiohttpHttp(lambda _: None, connect=0.5, total=0.5)
    await http.start()
    yield http
    await http.stop()


@pytest.fixture
async def media(rows, http, accounts, clock, tmp_path):
    media = Media(
        rows, http, accounts, clock, folder=tmp_path / "media", max_bytes=100_000, public_url="https://chat.example"
    )
    await media.start()
    yield media
    await media.stop()


@pytest.fixture
def received(rows, clock):
    """Note a received file, as the store does when a message arrives."""

    def receive(ref, account="bot", **fields):
        file = KeptFile(clock.new_id("med"), "main", "pending", account, "cnv_1", ref, **fields)
        rows.files[file.id] = file
        return file.id

    return receive


@pytest.fixture
def png():
    return PNG


@pytest.fixture
def token():
    return TOKEN
