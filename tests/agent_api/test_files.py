import asyncio
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import FormData, MultipartWriter
from PIL import Image
from toys import sounds

from agent_api import files
from gateway.ports import KeptFile, Look
from normalizer.model import Media

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


def form(*fields):
    made = FormData(default_to_multipart=True)
    for name, content in fields:
        made.add_field(name, content, filename="picture.png", content_type="image/png")
    return made


async def test_an_uploaded_file_can_be_fetched(bot):
    answer = await bot.post("/v1/attachments", body=form(("file", PNG)))
    assert answer.status == 201
    named = answer.json.pop("media")
    assert named.startswith("med_")
    assert answer.json == {"media_type": "image", "mime": "image/png", "size": len(PNG), "name": "picture.png"}
    file = await bot.get(f"/v1/media/{named}")
    assert (file.status, file.body) == (200, PNG)
    assert file.headers["Content-Type"] == "image/png"
    assert file.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Cache-Control"].startswith("private")
    assert file.headers["Content-Disposition"].startswith('inline; filename="picture.png"')
    assert "X-Request-Id" in file.headers
    part = await bot.get(f"/v1/media/{named}", headers={"Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, PNG[:4])


async def test_what_is_no_picture_is_a_file(bot):
    assert (await bot.post("/v1/attachments", body=form(("file", b"hello")))).json["media_type"] == "file"


async def test_an_upload_that_is_none(bot):
    assert (await bot.post("/v1/attachments", {"file": "x"})).status == 415
    assert (await bot.post("/v1/attachments", body=form(("picture", PNG)))).pointers == ["/picture"]
    assert (await bot.post("/v1/attachments", body=form(("file", PNG), ("file", PNG)))).pointers == ["/file"]
    with MultipartWriter("form-data") as empty:
        assert (await bot.post("/v1/attachments", body=empty)).pointers == ["/file"]
    torn = await bot.post(
        "/v1/attachments", body=b"nonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert torn.status in {400, 422}
    bare = await bot.post("/v1/attachments", body=b"nonsense", headers={"Content-Type": "multipart/form-data"})
    assert bare.status == 400
    large = await bot.post("/v1/attachments", body=form(("file", b"x" * (64 * 1024 + 1))))
    assert (large.status, large.code) == (413, "too_large")


@pytest.mark.parametrize(
    ("second", "pointer"), [(("file", PNG), "/file"), (("caption", b"look"), "/caption"), (("file", b""), "/file")]
)
async def test_an_upload_that_fails_leaves_nothing(house, bot, second, pointer):
    assert (await bot.post("/v1/attachments", body=form(("file", PNG), second))).pointers == [pointer]
    assert not [path for path in (house.folder / "media").rglob("*") if path.is_file() and path.name != "store"]
    house.clock.ahead = timedelta(days=9)
    assert list(await house.store.remove_files(house.clock.now(), 9, "never sent", unsent=True)) == []


BEGUN = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
BOUNDED = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("body", [BEGUN, BEGUN + b"hello", BEGUN + b"hello\r\n", BEGUN + b"hello\r\n--x", BEGUN[:20]])
async def test_half_a_body_is_no_file(house, bot, body):
    answer = await bot.post("/v1/attachments", body=body, headers=BOUNDED)
    assert answer.status in {400, 422}
    assert not [path for path in (house.folder / "media").rglob("*") if path.is_file() and path.name != "store"]


async def test_an_upload_that_stands_still_is_given_up(house, bot, monkeypatch):
    monkeypatch.setattr(files, "STILL", 0.1)
    going_on = asyncio.Event()

    async def slow():
        yield BEGUN + b"hello"
        await going_on.wait()

    answer = await bot.post("/v1/attachments", body=slow(), headers=BOUNDED)
    going_on.set()
    assert (answer.status, answer.code) == (408, "too_slow")
    assert not list((house.folder / "media" / "incoming").iterdir())


def picture(side):
    held = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(held, "PNG")
    return held.getvalue()


async def uploaded(bot, body):
    return (await bot.post("/v1/attachments", body=form(("file", body)))).json["media"]


async def test_a_small_picture_of_a_large_one(bot):
    named = await uploaded(bot, picture(600))
    answer = await bot.get(f"/v1/media/{named}?size=thumbnail")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert Image.open(io.BytesIO(answer.body)).size == (480, 480)
    small = await uploaded(bot, picture(20))
    assert (await bot.get(f"/v1/media/{small}?size=thumbnail")).body == picture(20)
    for body in (b"hello", sounds.opus(1), PNG):
        answer = await bot.get(f"/v1/media/{await uploaded(bot, body)}?size=thumbnail")
        assert (answer.status, answer.code) == (404, "no_thumbnail")
    assert (await bot.get(f"/v1/media/{named}?size=huge")).pointers == ["/size"]
    assert (await bot.get("/v1/media/med_nothing?size=thumbnail")).code == "not_found"


async def test_what_is_known_of_a_file(house, bot):
    about = {"state": "kept", "name": "picture.png"}
    body = picture(600)
    named = await uploaded(bot, body)
    known = {"mime": "image/png", "size": len(body), "width": 600, "height": 600, "thumbnail": True}
    assert (await bot.get(f"/v1/media/{named}/about")).json == {"media": named, **about, **known}
    body = sounds.opus(2.5)
    named = await uploaded(bot, body)
    known = {"mime": "audio/ogg", "size": len(body), "duration": 2.5, "thumbnail": False}
    assert (await bot.get(f"/v1/media/{named}/about")).json == {"media": named, **about, **known}
    record = await house.wrote("42", Media(media_type="image", ref="AgAC", mime="image/jpeg"))
    named = record.data["message"]["parts"][0]["media"]
    found = (await bot.get(f"/v1/media/{named}/about")).json
    assert (found["state"], found["mime"], found["size"], found["thumbnail"]) == ("pending", "image/jpeg", 0, False)
    keeper = await house.key("keeper", brands=["shop"])
    assert (await keeper.get(f"/v1/media/{named}/about")).code == "not_found"


async def test_lines_say_what_has_been_seen(house, bot):
    record = await house.wrote("42", Media(media_type="image", ref="AgAC", mime="image/jpeg", width=9, duration=1.5))
    named = record.data["message"]["parts"][0]["media"]
    file = await house.store.file(named)
    await house.store.change_file(replace(file, state="kept", mime="image/png", size=7, look=Look(640, 480)))
    part = (await bot.get(f"/v1/messages/{record.data['message']['id']}")).json["parts"][0]
    assert (part["width"], part["height"], part["duration"], part["size"]) == (640, 480, 1.5, 7)


async def test_a_file_that_is_not_there_any_more(house, bot):
    removed, lost = await uploaded(bot, PNG), await uploaded(bot, picture(600))
    house.clock.ahead = timedelta(days=2)
    house.media.path(await house.store.file(lost)).unlink()
    await house.store.change_file(replace(await house.store.file(lost), conversation="cnv_1"))
    assert await house.media.tidy() == 1
    for named, size in ((removed, ""), (removed, "?size=thumbnail"), (lost, ""), (lost, "?size=thumbnail")):
        answer = await bot.get(f"/v1/media/{named}{size}")
        assert (answer.status, answer.code) == (410, "media_removed")
    found = (await bot.get(f"/v1/media/{removed}/about")).json
    assert (found["state"], found["why"]) == ("removed", "it was never sent")
    assert "width" not in (await bot.get(f"/v1/media/{lost}/about")).json
    record = await house.wrote("42")
    sent = {"parts": [{"kind": "media", "media_type": "image", "media": removed}]}
    assert (await bot.post(f"/v1/conversations/{record.stream}/messages", sent)).pointers == ["/parts/0/media"]


async def test_a_file_has_a_brand(house, bot):
    keeper = await house.key("keeper", brands=["shop"])
    named = (await keeper.post("/v1/attachments", body=form(("file", PNG)))).json["media"]
    assert (await house.store.file(named)).brand == "shop"
    assert (await bot.get(f"/v1/media/{named}")).status == 200
    mine = (await bot.post("/v1/attachments?brand=main", body=form(("file", PNG)))).json["media"]
    assert (await keeper.get(f"/v1/media/{mine}")).status == 404
    assert (await keeper.post("/v1/attachments?brand=main", body=form(("file", PNG)))).pointers == ["/brand"]
    assert (await bot.get("/v1/media/med_nothing")).code == "not_found"


@pytest.mark.parametrize(
    ("state", "status", "code"), [("pending", 202, None), ("failed", 410, "not_fetched"), ("kept", 200, None)]
)
async def test_a_received_file_is_waited_for(house, bot, state, status, code):
    record = await house.wrote("42", Media(media_type="image", ref="AgAC", mime="image/jpeg"))
    named = record.data["message"]["parts"][0]["media"]

    async def arrive(_):
        file = await house.store.file(named)
        assert file.state == "pending"
        place = house.media.path(file)
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(PNG)
        await house.store.change_file(
            KeptFile(
                named,
                "main",
                state,
                file.account,
                file.conversation,
                file.ref,
                "image/png",
                "",
                len(PNG),
                named,
                "gone",
            )
        )

    house.media.arrive = arrive
    answer = await bot.get(f"/v1/media/{named}")
    assert answer.status == status
    if state == "pending":
        assert int(answer.headers["Retry-After"]) > 0
    if code:
        assert (answer.code, answer.json["detail"]) == (code, "gone")
    shown = (await bot.get(f"/v1/messages/{record.data['message']['id']}")).json["parts"][0]
    assert "ref" not in shown
    assert shown["mime"] == ("image/png" if state == "kept" else "image/jpeg")
    assert shown.get("size") == (len(PNG) if state == "kept" else None)


async def test_a_small_picture_is_not_waited_for(house, bot):
    record = await house.wrote("42", Media(media_type="image", ref="AgAC", mime="image/jpeg"))
    waited = []

    async def arrive(named):
        waited.append(named)

    house.media.arrive = arrive
    answer = await bot.get(f"/v1/media/{record.data['message']['parts'][0]['media']}?size=thumbnail")
    assert (answer.status, answer.json["state"], waited) == (202, "pending", [])
    assert int(answer.headers["Retry-After"]) > 0


async def test_people_are_listed_by_name(house, bot):
    await house.wrote("1", name="Zoe")
    record = await house.wrote("2", name="Ann")
    page = (await bot.get("/v1/people?limit=1")).json
    assert [one["name"] for one in page["data"]] == ["Ann"]
    after = (await bot.get(f"/v1/people?after={page['page']['next']}")).json
    assert ([one["name"] for one in after["data"]], after["page"]["next"]) == (["Zoe"], None)
    assert [one["name"] for one in (await bot.get("/v1/people?q=telegram:1")).json["data"]] == ["Zoe"]
    ann = (await bot.get(f"/v1/people/{page['data'][0]['id']}")).json
    assert ann["identities"] == ["telegram:2"]
    assert ann["conversation"] == record.stream
    assert (await bot.get("/v1/people/per_nobody")).code == "not_found"
    assert (await bot.get("/v1/people?after=nonsense")).pointers == ["/after"]
