"""What goes by itself: old files, uploads that nobody sent, bytes that are nobody's. And what stays."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.media import Media
from gateway.media.folder import LEFT
from gateway.media.tidying import UNSENT
from gateway.ports import KeptFile, Unavailable

DAY = timedelta(days=1)


@pytest.fixture
def keep(media, rows):
    async def kept(body=b"hello", **fields):
        async def chunks():
            yield body

        file = await media.upload("main", "a.txt", chunks())
        rows.files[file.id] = replace(file, **fields)
        return rows.files[file.id]

    return kept


@pytest.fixture
def make(rows, http, accounts, clock, tmp_path):
    """Another Media on the same folder."""

    def made(keep=None, store=rows):
        return Media(store, http, accounts, clock, folder=tmp_path / "media", max_bytes=9, public_url=None, keep=keep)

    return made


async def a_day_of(media, clock):
    """Every hour once, all in all."""
    gone = 0
    for _ in range(24):
        gone += await media.tidy()
        clock.later += timedelta(hours=1)
    return gone


async def test_an_upload_that_nobody_sent_goes_after_a_day(media, keep, rows, clock):
    unsent, sent, received = await keep(), await keep(conversation="cnv_1"), await keep(account="bot")
    assert await media.tidy() == 0
    clock.later = UNSENT + timedelta(minutes=1)
    assert await media.tidy() == 1
    assert (rows.files[unsent.id].state, rows.files[unsent.id].why) == ("removed", "it was never sent")
    assert not media.path(unsent).exists()
    for file in (sent, received):
        assert rows.files[file.id] == file
        assert media.path(file).read_bytes() == b"hello"


async def test_files_are_kept_for_ever_unless_the_configuration_says_for_how_long(media, keep, make, clock, rows):
    files = [await keep(conversation="cnv_1") for _ in range(3)]
    for _ in range(447):  # whose bytes are gone already
        files.append(replace(files[0], id=clock.new_id("med")))
        rows.files[files[-1].id] = files[-1]
    clock.later = 4000 * DAY
    assert await a_day_of(media, clock) == 0
    young = replace(files[0], id=f"med_{int(clock.now().timestamp() * 1000):012x}{'0' * 20}")
    rows.files[young.id] = young
    forgetful = make(keep=90 * DAY)
    await forgetful.start()
    assert await forgetful.tidy() == 450
    await forgetful.stop()
    assert {rows.files[file.id].why for file in files} == {"files are not kept for so long"}
    assert not [file for file in files if media.path(file).exists()]
    assert rows.files[young.id].state == "kept"


async def test_bytes_of_no_file_go_within_a_day(media, keep, rows, clock, tmp_path):
    kept, pending, failed = await keep(account="bot"), await keep(account="bot"), await keep(account="bot")
    rows.files[pending.id] = replace(pending, state="pending")
    rows.files[failed.id] = replace(failed, state="failed")
    stray = KeptFile(clock.new_id("med"), "main", "kept")
    others = tmp_path / "media" / stray.id[-2:] / "readme.txt"
    others.parent.mkdir(exist_ok=True)
    for path in (media.path(stray), media.folder.thumbnail(stray.id), others):
        path.write_bytes(b"left over")
    half = tmp_path / "media" / "incoming" / "half"
    half.write_bytes(b"half")
    await a_day_of(media, clock)  # by its end they are old enough, but their hour is past
    await a_day_of(media, clock)
    assert not media.path(stray).exists()
    assert not media.folder.thumbnail(stray.id).exists()
    assert not media.path(failed).exists()
    assert not half.exists()
    assert media.path(kept).exists()
    assert media.path(pending).exists()
    assert others.exists()  # it is none of ours


async def test_what_has_only_just_been_written_stays(media, clock):
    stray = KeptFile(clock.new_id("med"), "main", "kept")
    media.path(stray).parent.mkdir(exist_ok=True)
    media.path(stray).write_bytes(b"its row is about to come")
    clock.later = DAY
    young = (clock.now() - LEFT).timestamp() + 48 * 3600
    os.utime(media.path(stray), (young, young))
    await a_day_of(media, clock)
    assert media.path(stray).exists()


async def test_another_stores_files_are_left_alone(media, keep, make, rows, clock):
    file = await keep(conversation="cnv_1")
    other = type(rows)()
    guest = make(store=other)
    await guest.start()
    clock.later = DAY
    assert await a_day_of(guest, clock) == 0
    await guest.stop()
    assert media.path(file).exists()
    again = make()
    await again.start()
    assert again._tidying._ours
    await again.stop()


async def test_a_disk_that_does_not_delete_stops_nothing(media, keep, rows, clock, monkeypatch):
    file = await keep()
    clock.later = 2 * DAY

    def stuck(*_, **__):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.unlink", stuck)
        patched.setattr("pathlib.Path.iterdir", stuck)
        assert await media.tidy() == 1
    assert rows.files[file.id].state == "removed"
    assert media.path(file).exists()
    assert await a_day_of(media, clock) == 1
    assert not media.path(file).exists()


async def test_a_store_that_is_down_is_said(media, rows):
    rows.down = True
    with pytest.raises(Unavailable):
        await media.tidy()
