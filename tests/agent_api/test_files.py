import pytest
from aiohttp import FormData, MultipartWriter

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
            type(file)(
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
