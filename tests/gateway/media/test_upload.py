"""What agents upload: kept whole, durable, under a harmless name."""

from __future__ import annotations

import asyncio

import pytest

from gateway.media import TooLarge
from gateway.ports import Unavailable


async def chunks(*parts):
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_kept(media, rows, png):
    file = await media.upload("main", "C:\\fakepath\\café\r\n.png", chunks(png[:5], png[5:]))
    assert (file.state, file.brand, file.mime, file.size, file.name) == (
        "kept",
        "main",
        "image/png",
        len(png),
        "café.png",
    )
    assert (file.account, file.conversation, file.ref) == ("", "", "")
    assert rows.files == {file.id: file}
    assert media.path(file).read_bytes() == png
    assert await media.wait(file.id, 5) == file


async def test_html_that_calls_itself_a_picture(media):
    file = await media.upload("main", "cat.png", chunks(b"<html><script>alert(1)</script>"))
    assert file.mime == "text/plain"
    assert media.served(file)["Content-Disposition"].startswith("attachment")


async def test_nothing_at_all(media):
    file = await media.upload("main", "", chunks())
    assert (file.size, file.mime, file.name) == (0, "application/octet-stream", "")
    assert media.path(file).read_bytes() == b""


async def test_too_large(media, rows, tmp_path):
    sent = []

    async def endless():
        while True:
            sent.append(1)
            yield bytes(10_000)

    with pytest.raises(TooLarge, match="larger than 100000 bytes"):
        await media.upload("main", "big", endless())
    assert len(sent) == 11
    assert not rows.files
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file() and path.name != "store"]


async def test_broken_off(media, rows, tmp_path):
    async def broken():
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await media.upload("main", "half", broken())
    assert not rows.files
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file() and path.name != "store"]


async def test_cancelled(media, rows, tmp_path):
    async def slow():
        yield bytes(50_000)
        await asyncio.sleep(60)

    task = asyncio.create_task(media.upload("main", "half", slow()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not rows.files
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file() and path.name != "store"]


async def test_a_store_that_is_down_leaves_nothing_on_disk(media, rows, tmp_path):
    rows.down = True
    with pytest.raises(Unavailable):
        await media.upload("main", "a", chunks(b"a"))
    assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file() and path.name != "store"]


async def test_a_disk_that_does_not_take_it(media, tmp_path):
    (tmp_path / "media" / "incoming").rmdir()
    with pytest.raises(Unavailable, match="cannot be written"):
        await media.upload("main", "a", chunks(b"a"))


async def test_many_at_once_keep_to_themselves(media):
    bodies = [bytes([number]) * 70_000 for number in range(20)]
    files = await asyncio.gather(
        *(
            media.upload("main", str(body[0]), chunks(*(body[at : at + 7000] for at in range(0, 70_000, 7000))))
            for body in bodies
        )
    )
    assert [media.path(file).read_bytes() for file in files] == bodies
