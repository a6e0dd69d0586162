"""Files are looked at once, when somebody asks, and by a program that they may break."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from toys import sounds

from gateway.media import look, looking
from gateway.media.kinds import INLINE
from gateway.ports import Look


def picture(side, kind="PNG"):
    held = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(held, kind)
    return held.getvalue()


@pytest.fixture
def keep(media):
    async def kept(body, name=""):
        async def chunks():
            yield body

        return await media.upload("main", name, chunks())

    return kept


async def test_a_large_picture_has_a_thumbnail_beside_it(media, keep, rows, tmp_path):
    file = await keep(picture(600), "me at home.png")
    path, headers = await media.thumbnail(file)
    assert path == tmp_path / "media" / f"{file.path}.thumbnail"
    assert Image.open(io.BytesIO(path.read_bytes())).size == (480, 480)
    assert headers["Content-Type"] == "image/webp"
    assert headers["Content-Disposition"].startswith(f'inline; filename="{file.id}.webp"')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert rows.files[file.id].look == Look(600, 600, thumbnail=True)
    assert not list((tmp_path / "media" / "incoming").iterdir())
    path.unlink()
    assert await media.thumbnail(file) is None


async def test_a_small_picture_is_its_own(media, keep):
    file = await keep(picture(100), "a.png")
    assert await media.thumbnail(file) == (media.path(file), media.served(file))


@pytest.mark.parametrize("body", [sounds.opus(2), b"text", b"%PDF-1.7\n"])
async def test_what_is_no_picture_has_none(media, keep, body):
    assert await media.thumbnail(await keep(body)) is None


async def test_a_sound_by_its_length(media, keep):
    assert (await media.look(await keep(sounds.opus(2)))).look == Look(duration=2)


async def test_a_document_starts_no_program(media, keep, monkeypatch):
    monkeypatch.setattr(looking, "PROGRAM", "/nowhere")
    assert (await media.look(await keep(b"%PDF-1.7\n"))).look == Look()


async def test_many_who_ask_at_once_are_one(media, keep, monkeypatch):
    started = counted(monkeypatch)
    file = await keep(picture(600))
    found = await asyncio.gather(*(media.look(file) for _ in range(9)))
    assert {one.look for one in found} == {Look(600, 600, thumbnail=True)}
    assert (await media.look(await keep(sounds.opus(3)))).look.duration == 3
    assert started == [1]  # and the same program looked at both


def counted(monkeypatch):
    started = []
    begin = looking._started

    async def start():
        started.append(1)
        return await begin()

    monkeypatch.setattr(looking, "_started", start)
    return started


def test_what_is_shown_in_its_place_is_looked_at():
    assert {mime for mime in INLINE if mime.startswith("image/")} == set(look.PICTURES)


async def test_a_file_that_is_erased_meanwhile_leaves_nothing(media, keep, rows, tmp_path):
    file = await keep(picture(600))
    noting = rows.note_look

    async def late(media_id, seen):
        await media.forget(media_id)
        return await noting(media_id, seen)

    rows.note_look = late
    assert (await media.look(file)).why == "erased"
    assert not [path for path in (tmp_path / "media").rglob("med_*") if path.is_file()]


async def test_forgetting_takes_the_thumbnail_too(media, keep, rows):
    file = await keep(picture(600))
    path, _ = await media.thumbnail(file)
    await media.forget(file.id)
    assert not path.exists()
    assert rows.files[file.id].look is None


# The program.

LOOK = Path(look.__file__).read_text()

SLOW = "import sys, time\nfor line in sys.stdin: time.sleep(600)\n"
BROKEN = "import os, sys\nfor line in sys.stdin: os.abort()\n"
ENDS = "import sys\nprint('{}', flush=True) if sys.stdin.readline() else None\n"
TALKS = "import sys\nfor line in sys.stdin: print('what?', flush=True)\n"


@pytest.fixture
def program(tmp_path, monkeypatch):
    def write(text):
        (tmp_path / "program.py").write_text(text)
        monkeypatch.setattr(looking, "PROGRAM", str(tmp_path / "program.py"))

    return write


@pytest.mark.parametrize("text", [SLOW, BROKEN, TALKS])
async def test_a_file_that_breaks_the_program_is_not_tried_again(media, keep, rows, program, monkeypatch, text):
    monkeypatch.setattr(looking, "LIMIT_S", 0.3 if text == SLOW else 30)
    program(text)
    file = await keep(picture(600))
    assert (await media.look(file)).look == Look()
    program("nonsense")
    assert await media.thumbnail(rows.files[file.id]) is None


async def test_a_program_that_ended_by_itself_is_started_again(media, keep, program, monkeypatch):
    started = counted(monkeypatch)
    program(ENDS)
    for number in range(3):
        file = await keep(sounds.opus(number + 1))
        assert (await media.look(file)).look == Look()
    assert len(started) == 3


async def test_where_no_program_can_be_started_nothing_is_noted(media, keep, rows, monkeypatch):
    monkeypatch.setattr(looking.sys, "executable", "/nowhere")
    file = await keep(picture(600))
    assert (await media.look(file)).look is None
    assert await media.thumbnail(file) is None
    assert rows.files[file.id].look is None


async def test_the_program_ends_when_there_is_nothing_to_do(tmp_path):
    (tmp_path / "a").write_bytes(sounds.opus(2))
    looker = looking.Looker(rest=0.05)
    for _ in range(2):
        assert await looker.seen(tmp_path / "a", "audio/ogg", tmp_path / "t") == {"duration": 2}
        program = looker._program
        async with asyncio.timeout(30):
            await program.wait()
        while looker._program is not None:
            await asyncio.sleep(0.01)
    await looker.stop()


async def test_stopping_ends_a_look_and_notes_nothing(media, keep, rows, program):
    program(SLOW)
    file = await keep(picture(600))
    looking_at = asyncio.create_task(media.look(file))
    async with asyncio.timeout(30):
        while media._looking._looker._program is None:
            await asyncio.sleep(0.01)
    await media.stop()
    assert (await looking_at).look is None
    assert rows.files[file.id].look is None


async def test_a_look_that_is_given_up_does_not_answer_the_next(media, keep, program, monkeypatch):
    program(SLOW)
    file = await keep(sounds.opus(2))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await media.look(file)
    monkeypatch.setattr(looking, "PROGRAM", look.__file__)
    assert (await media.look(file)).look == Look(duration=2)


async def test_the_program_knows_nothing_of_ours(program, monkeypatch, tmp_path):
    monkeypatch.setenv("TELEGRAM_TOKEN", "SECRET")
    program(
        "import json, os, sys\nsys.stdin.readline()\n"
        "print(json.dumps([dict(os.environ), sys.path, os.getcwd()]), flush=True)\n"
    )
    looker = looking.Looker()
    environment, path, folder = await looker.seen(tmp_path, "x", tmp_path)
    await looker.stop()
    assert "SECRET" not in json.dumps(environment)
    assert not [one for one in path if one.startswith(str(Path(look.__file__).parent)) or not one]
    assert folder == "/"


async def test_the_program_has_limits_of_its_own(media, keep, program, monkeypatch):
    """A file that takes for ever, and one that takes all there is: both are looked at without harm."""
    text = LOOK.replace("CPU_S, WALL_S = 5.0, 20.0", "CPU_S, WALL_S = 0.1, 20.0")
    busy = text.replace("    seen: Seen = {}\n", '    seen: Seen = {}\n    while b"busy" in path.read_bytes(): pass\n')
    greedy = busy.replace(
        "    with contextlib",
        '    seen["width"] = 1\n    if b"all" in path.read_bytes(): bytearray(1 << 31)\n    with contextlib',
        1,
    )
    program(greedy)
    assert (await media.look(await keep(sounds.opus(1) + b"busy"))).look == Look()
    assert (await media.look(await keep(sounds.opus(1) + b"all"))).look == Look()
    assert (await media.look(await keep(sounds.opus(1)))).look == Look(width=1, duration=1)


async def test_a_thumbnail_that_cannot_be_written_is_tried_again_later(media, keep, rows, monkeypatch):
    file = await keep(picture(600))
    full = OSError(28, "No space left on device")
    with monkeypatch.context() as patched:
        patched.setattr("gateway.media.folder.os.fsync", lambda _: (_ for _ in ()).throw(full))
        assert await media.thumbnail(file) is None
    assert rows.files[file.id].look is None
    assert await media.thumbnail(replace(file)) is not None
