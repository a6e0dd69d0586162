"""What customers look like: drawn, their own, none; told by Telegram, Messenger and Instagram as each of them does it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import FormData
from meta_kit import Shop, opened
from PIL import Image
from simulator_kit import TOKEN, Simulator, running

from connectors.api import Answer, Profile
from connectors.instagram import connector as instagram
from connectors.messenger import connector as messenger
from connectors.telegram import connector as telegram
from gateway.simulator.faces import LARGE, SMALL, NoPictureError, drawn, squared

ANN = "7000000042"
BOT = "/api/telegram/1234"
ENDS = {"messenger": (messenger, {"page_id": "1040001"}), "instagram": (instagram, {"account_id": "1780001"})}


def size(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(BytesIO(data)) as image:
        return image.format, image.size


def ours(side: tuple[int, int] = (300, 200), colour: str = "#c03010") -> bytes:
    found = BytesIO()
    Image.new("RGB", side, colour).save(found, "PNG")
    return found.getvalue()


def form(data: bytes, **more: str) -> FormData:
    found = FormData(more)
    found.add_field("picture", data, filename="me.png", content_type="image/png")
    return found


async def loaded(simulator: Simulator, url: str) -> tuple[int, bytes]:
    async with simulator.session.get(url) as answer:
        return answer.status, await answer.read()


# How they are drawn.


def test_a_portrait_is_the_same_for_the_same_name_and_another_for_another() -> None:
    assert drawn("Ann/1", 0, SMALL) == drawn.__wrapped__("Ann/1", 0, SMALL)
    assert len({drawn("Ann/1", 0, SMALL), drawn("Bob/1", 0, SMALL), drawn("Ann/1", 1, SMALL)}) == 3
    assert [size(drawn("Ann/1", 0, side)) for side in (SMALL, LARGE)] == [("JPEG", (160, 160)), ("JPEG", (640, 640))]


def test_all_kinds_of_names_can_be_drawn() -> None:
    for name in ("", "é", "山田 太郎", "x" * 500, "\u202e"):
        assert size(drawn(name, 3, SMALL)) == ("JPEG", (160, 160))


def test_an_own_picture_is_cut_to_a_square() -> None:
    assert size(squared(ours((300, 20)), SMALL)) == ("JPEG", (160, 160))
    for broken in (b"", b"GIF89a", ours()[:60]):
        with pytest.raises(NoPictureError):
            squared(broken, SMALL)


# The control API.


async def test_a_customer_has_a_picture_another_and_none(simulator: Simulator) -> None:
    made = await simulator.post(f"{BOT}/people", name="Ann Lee")
    there = f"{BOT}/chats/{made['chat_id']}/picture"
    _, first = await loaded(simulator, simulator.url + there)
    assert (made["picture"], size(first)) == (0, ("JPEG", (160, 160)))

    status, changed = await simulator.ask("POST", there, json={})
    assert (status, changed["picture"]) == (201, 1)
    _, second = await loaded(simulator, simulator.url + there)
    assert second != first

    status, changed = await simulator.ask("POST", there, data=form(ours()))
    assert (status, changed["picture"]) == (201, 2)
    _, third = await loaded(simulator, simulator.url + there)
    with Image.open(BytesIO(third)) as image:
        red, green, blue = image.getpixel((80, 80))
    assert max(abs(red - 0xC0), abs(green - 0x30), abs(blue - 0x10)) < 8

    status, changed = await simulator.ask("POST", there, json={"picture": None})
    assert (status, changed["picture"]) == (201, None)
    assert (await simulator.ask("GET", there))[0] == 404
    assert (await simulator.ask("POST", there, json={}))[1]["picture"] == 3, "a number is never used again"


async def test_a_new_customer_may_have_none_or_an_own_one(simulator: Simulator) -> None:
    bare = await simulator.post(f"{BOT}/people", name="Bare", picture=None)
    assert bare["picture"] is None
    status, own = await simulator.ask("POST", f"{BOT}/people", data=form(ours(), name="Own"))
    assert (status, own["picture"]) == (201, 1)
    status, _ = await simulator.ask("POST", f"{BOT}/people", json={"name": "Odd", "id": 7, "picture": "x"})
    assert (status, len((await simulator.get(f"{BOT}/people"))["data"])) == (422, 2), "nobody was made"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"{BOT}/chats/8/picture", {}, 404),
        (f"{BOT}/chats/7/picture", {"picture": 5}, 422),
        ("/api/whatsapp/104000/chats/33612345678/picture", {}, 422),
        ("/api/twilio/15550006789/chats/33612345678/picture", {}, 422),
    ],
)
async def test_what_cannot_be_a_picture(simulator: Simulator, path: str, body: dict[str, Any], status: int) -> None:
    await simulator.post(f"{BOT}/people", name="Ann", id=7)
    for end in ("whatsapp/104000", "twilio/15550006789"):
        made = await simulator.post(f"/api/{end}/people", name="Ann", id="33612345678")
        assert made["picture"] is None
    heard, answer = await simulator.ask("POST", path, json=body)
    assert (heard, bool(answer["error"])) == (status, True), answer


async def test_a_file_that_is_no_picture_is_refused(simulator: Simulator) -> None:
    await simulator.post(f"{BOT}/people", name="Ann", id=7)
    status, answer = await simulator.ask("POST", f"{BOT}/chats/7/picture", data=form(b"no picture"))
    assert (status, answer["error"].startswith("picture: ")) == (422, True)


# As the providers tell it.


async def test_telegram_gives_two_sizes_and_the_same_ids_until_there_is_another(tmp_path: Path) -> None:
    async with running(tmp_path) as simulator:
        chat = await simulator.started("Ann Lee")
        photo = (await simulator.call("getChat", chat_id=chat))[1]["result"]["photo"]
        wanted = {f"{size}_file_{which}" for size in ("small", "big") for which in ("id", "unique_id")}
        assert (set(photo), len(set(photo.values()))) == (wanted, 4)
        for name, side in (("small", SMALL), ("big", LARGE)):
            found = (await simulator.call("getFile", file_id=photo[f"{name}_file_id"]))[1]["result"]
            status, data = await loaded(simulator, f"{simulator.url}/telegram/file/bot{TOKEN}/{found['file_path']}")
            assert (status, size(data), len(data)) == (200, ("JPEG", (side, side)), found["file_size"])
        status, said = await simulator.call("sendPhoto", chat_id=chat, photo=photo["big_file_id"])
        assert (status, said["description"]) == (400, "Bad Request: can't use file of type ChatPhoto as Photo")
    async with running(tmp_path) as simulator:
        assert (await simulator.call("getChat", chat_id=chat))[1]["result"]["photo"] == photo
        await simulator.post(f"{BOT}/chats/{chat}/picture")
        again = (await simulator.call("getChat", chat_id=chat))[1]["result"]["photo"]
        assert not set(again.values()) & set(photo.values())
        await simulator.post(f"{BOT}/chats/{chat}/picture", picture=None)
        assert "photo" not in (await simulator.call("getChat", chat_id=chat))[1]["result"]


async def test_our_connector_reads_telegrams_picture(simulator: Simulator) -> None:
    chat = await simulator.started("Ann Lee")
    settings = telegram.settings.model_validate(
        {"name": "bot", "connector": "telegram", "token": TOKEN, "secret": "s", "api": f"{simulator.url}/telegram"}
    )
    assert telegram.profile is not None
    asking = telegram.profile(f"telegram:{chat}", settings)
    call = next(asking)
    async with simulator.session.request(call.method, call.url, json={"chat_id": chat}) as answer:
        told = Answer(answer.status, dict(answer.headers), await answer.read())
    with pytest.raises(StopIteration) as ended:
        asking.send(told)
    profile: Profile = ended.value.value
    photo = (await simulator.call("getChat", chat_id=chat))[1]["result"]["photo"]
    assert (profile.picture, profile.version) == (photo["small_file_id"], photo["small_file_unique_id"])


@pytest.mark.parametrize("name", ENDS)
async def test_metas_address_of_a_picture_is_another_each_time_and_ends(simulator: Simulator, name: str) -> None:
    connector, settings = ENDS[name]
    async with opened(simulator, connector, next(iter(settings.values())), settings) as shop:
        await shop.person(name="Ann Lee", id=ANN)
        one, two = [await address(shop) for _ in range(2)]
        assert one != two
        (status, data), again = await loaded(simulator, one), await loaded(simulator, two)
        assert (status, size(data), again) == (200, ("JPEG", (160, 160)), (200, data))
        assert data == (await loaded(simulator, f"{simulator.url}/api/{name}/{shop.end}/chats/{ANN}/picture"))[1]

        query = parse_qs(urlsplit(one).query)
        later = str(int(query["ext"][0]) + 1)
        for changed in (one.replace(ANN, "7"), one.replace(query["ext"][0], later), one.partition("?")[0]):
            assert (await loaded(simulator, changed))[0] in (403, 404)
        await shop.configure(picture_lasts=0)
        assert await loaded(simulator, await address(shop)) == (403, b"URL signature expired")

        await shop.does(ANN, "picture", picture=None)
        assert await address(shop) is None
        assert (await loaded(simulator, one))[0] == 404


async def address(shop: Shop) -> Any:
    """Where Graph says that Ann's picture is."""
    wanted = "name,username" if shop.connector.name == "instagram" else "first_name,last_name"
    status, told = await shop.ask("GET", f"{ANN}?fields={wanted},profile_pic")
    assert (status, set(told)) == (200, {"id", "profile_pic", *wanted.split(",")})
    return told["profile_pic"]


async def test_graph_tells_what_is_asked_and_refuses_what_is_no_field(simulator: Simulator) -> None:
    connector, settings = ENDS["instagram"]
    async with opened(simulator, connector, "1780001", settings) as shop:
        await shop.person(name="Ann Lee", id=ANN)
        assert (await shop.ask("GET", f"{ANN}?fields=name"))[1] == {"id": ANN, "name": "Ann Lee"}
        assert set((await shop.ask("GET", ANN))[1]) == {"id", "name", "username", "profile_pic"}
        status, told = await shop.ask("GET", f"{ANN}?fields=first_name")
        assert (status, told["error"]["code"]) == (400, 100)
