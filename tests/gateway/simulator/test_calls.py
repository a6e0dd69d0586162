"""Calls at their limits: what Telegram takes, what it refuses, and in which words."""

import struct
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from simulator_kit import TOKEN, Simulator
from toys.pictures import png

from gateway.simulator.pictures import Picture, picture


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "b", **button}]]}


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, 'Can\'t find end tag corresponding to start tag "b"'),
        ({"text": "x</b>", "parse_mode": "HTML"}, "Unexpected end tag at byte offset 1"),
        (
            {"text": "<b>é</i>", "parse_mode": "HTML"},
            'Unmatched end tag at byte offset 5, expected "</b>", found "</i>"',
        ),
        ({"text": "a < b", "parse_mode": "HTML"}, "Unclosed start tag at byte offset 2"),
        ({"text": "<h1>a</h1>", "parse_mode": "HTML"}, 'Unsupported start tag "h1" at byte offset 0'),
        ({"text": "a.b", "parse_mode": "MarkdownV2"}, "Character '.' is reserved"),
        ({"text": "*a", "parse_mode": "MarkdownV2"}, "Can't find end of Bold entity at byte offset 0"),
        ({"text": "a_b", "parse_mode": "Markdown"}, "Can't find end of the entity starting at byte offset 1"),
        ({"text": "x", "parse_mode": "rtf"}, "unsupported parse_mode"),
        ({"text": "x", "entities": [{"type": "bold"}]}, "can't parse entities"),
        ({"text": "x", "reply_markup": inline(callback_data="é" * 33)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": inline(callback_data="")}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": inline()}, "Text buttons are unallowed"),
        ({"text": "x", "reply_markup": inline(url="nowhere")}, "BUTTON_URL_INVALID"),
        ({"text": "x", "reply_markup": inline(copy_text={"text": "c" * 257})}, "BUTTON_COPY_TEXT_INVALID"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
    ],
)
async def test_refused_texts(simulator: Simulator, params: dict[str, Any], why: str) -> None:
    chat = await simulator.started()
    status, body = await simulator.call("sendMessage", chat_id=chat, **params)
    assert (status, body["ok"], body["error_code"]) == (400, False, 400)
    assert why in body["description"]
    assert (await simulator.accepted())["count"] == 0


@pytest.mark.parametrize(
    ("text", "mode", "plain", "entities"),
    [
        ("<b>a</b>&lt;&#233;&amp;&nope;", "HTML", "a<é&&nope;", [("bold", 0, 1)]),
        ('<pre><code class="language-py">x=1</code></pre>', "HTML", "x=1", [("pre", 0, 3)]),
        ('<a href="https://e.org?a=1&amp;b=2">e</a>', "HTML", "e", [("text_link", 0, 1)]),
        (
            "<tg-spoiler>s</tg-spoiler> <blockquote>q</blockquote>",
            "HTML",
            "s q",
            [("spoiler", 0, 1), ("blockquote", 2, 1)],
        ),
        (
            r"*b _i_* \. `c` ||s||",
            "MarkdownV2",
            "b i . c s",
            [("bold", 0, 3), ("italic", 2, 1), ("code", 6, 1), ("spoiler", 8, 1)],
        ),
        ("[e](https://e.org)\n>q\n>r\nx", "MarkdownV2", "e\nq\nr\nx", [("text_link", 0, 1), ("blockquote", 2, 4)]),
        (
            "*b* _i_ `c` [e](https://e.org)",
            "Markdown",
            "b i c e",
            [("bold", 0, 1), ("italic", 2, 1), ("code", 4, 1), ("text_link", 6, 1)],
        ),
    ],
)
async def test_markup(simulator: Simulator, text: str, mode: str, plain: str, entities: list[Any]) -> None:
    chat = await simulator.started()
    status, body = await simulator.call("sendMessage", chat_id=chat, text=text, parse_mode=mode)
    assert status == 200, body
    result = body["result"]
    assert result["text"] == plain
    assert [(e["type"], e["offset"], e["length"]) for e in result["entities"]] == entities


async def test_texts_are_trimmed_and_entities_with_them(simulator: Simulator) -> None:
    chat = await simulator.started()
    bold = [{"type": "bold", "offset": 2, "length": 9}]
    _, body = await simulator.call("sendMessage", chat_id=chat, text="  😀 hi \n\n", entities=bold)
    assert body["result"]["text"] == "😀 hi"
    assert body["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    assert (await simulator.call("sendMessage", chat_id=chat, text="x" * 4096))[0] == 200


@pytest.mark.parametrize("how", ["query", "form", "json", "multipart"])
async def test_every_way_to_pass_parameters(simulator: Simulator, how: str) -> None:
    chat = await simulator.started()
    params = {
        "chat_id": str(chat),
        "text": "hi",
        "reply_markup": '{"inline_keyboard":[[{"text":"a","callback_data":"b"}]]}',
    }
    url = f"/telegram/bot{TOKEN}/SENDmessage"
    if how == "query":
        status, body = await simulator.ask("GET", url, params=params)
    elif how == "json":
        status, body = await simulator.ask("POST", url, json=params)
    else:
        form = aiohttp.FormData(params, default_to_multipart=how == "multipart")
        status, body = await simulator.ask("POST", url, data=form)
    assert status == 200, body
    assert body["result"]["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "b"
    (accepted,) = (await simulator.accepted())["data"]
    assert (accepted["message_id"], accepted["chat"]) == (2, str(chat))
    assert accepted["params"]["reply_markup"]["inline_keyboard"]


async def test_addresses(simulator: Simulator) -> None:
    assert await simulator.ask("GET", "/telegram/botnonsense/getMe") == (
        404,
        {"ok": False, "error_code": 404, "description": "Not Found"},
    )
    assert (await simulator.call("sendPigeon"))[0] == 404
    assert (await simulator.ask("GET", f"/telegram/file/bot{TOKEN}/photos/file_9.jpg"))[0] == 404
    status, body = await simulator.ask(
        "POST", f"/telegram/bot{TOKEN}/getMe", data=b"{", headers={"Content-Type": "application/json"}
    )
    assert (status, body["error_code"]) == (400, 400)


async def photo(simulator: Simulator, chat: int, data: bytes, **more: str) -> tuple[int, Any]:
    form = aiohttp.FormData({"chat_id": str(chat), **more})
    form.add_field("photo", BytesIO(data), filename="p.png", content_type="image/png")
    return await simulator.ask("POST", f"/telegram/bot{TOKEN}/sendPhoto", data=form)


async def test_refused_photos(simulator: Simulator) -> None:
    chat = await simulator.started()
    for data, more, why in (
        (b"%PDF-1.4", {}, "IMAGE_PROCESS_FAILED"),
        (png(5001, 5000, drawn=False), {}, "PHOTO_INVALID_DIMENSIONS"),
        (png(210, 10), {}, "PHOTO_INVALID_DIMENSIONS"),
        (png(9, 9) + b"\0" * (10 << 20), {}, "too big for a photo"),
        (png(), {"caption": "c" * 1025}, "message caption is too long"),
        (b"", {}, "file must be non-empty"),
    ):
        status, body = await photo(simulator, chat, data, **more)
        assert (status, why in body["description"]) == (400, True), body
    for given, why in (("", "there is no photo in the request"), ("AgACnope", "wrong file identifier")):
        _, body = await simulator.call("sendPhoto", chat_id=chat, photo=given)
        assert why in body["description"]
    assert (await photo(simulator, chat, png(5000, 5000, drawn=False), caption="c" * 1024))[0] == 200


async def test_photos_by_url(simulator: Simulator) -> None:
    chat = await simulator.started()
    _, sent = await photo(simulator, chat, png(300, 200))
    path = (await simulator.call("getFile", file_id=sent["result"]["photo"][-1]["file_id"]))[1]["result"]["file_path"]
    url = f"{simulator.url}/telegram/file/bot{TOKEN}/{path}"
    status, body = await simulator.call("sendPhoto", chat_id=chat, photo=url)
    assert (status, body["result"]["photo"][-1]["width"]) == (200, 300)
    _, body = await simulator.call("sendPhoto", chat_id=chat, photo=f"{simulator.url}/api/state")
    assert "wrong type of the web page content" in body["description"]
    for wrong in (f"{simulator.url}/nothing", "http://127.0.0.1:1/p.png"):
        _, body = await simulator.call("sendPhoto", chat_id=chat, photo=wrong)
        assert "failed to get HTTP URL content" in body["description"]
    document = (await simulator.call("sendDocument", chat_id=chat, document=url))[1]["result"]["document"]
    _, body = await simulator.call("sendPhoto", chat_id=chat, photo=document["file_id"])
    assert "can't use file of type Document as Photo" in body["description"]


async def test_files_are_each_bots_own(simulator: Simulator) -> None:
    chat = await simulator.started()
    _, sent = await photo(simulator, chat, png())
    file_id = sent["result"]["photo"][-1]["file_id"]
    status, body = await simulator.ask("GET", f"/telegram/bot99:x/getFile?file_id={file_id}")
    assert (status, "wrong file_id" in body["description"]) == (400, True)


async def test_other_refusals(simulator: Simulator) -> None:
    chat = await simulator.started()
    for method, params, why in (
        ("sendMessage", {"text": "x"}, "chat_id is empty"),
        ("sendChatAction", {"chat_id": chat, "action": "dancing"}, "wrong parameter action"),
        ("sendLocation", {"chat_id": chat, "latitude": 1}, "longitude is empty"),
        ("sendLocation", {"chat_id": chat, "latitude": 91, "longitude": 0}, "wrong location"),
        ("sendContact", {"chat_id": chat, "first_name": "B"}, "phone number must be non-empty"),
        ("sendContact", {"chat_id": chat, "phone_number": "1"}, "first name must be non-empty"),
        (
            "setMessageReaction",
            {"chat_id": chat, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "x"}]},
            "REACTION_INVALID",
        ),
        ("setMessageReaction", {"chat_id": chat, "message_id": 1, "reaction": [{}, {}]}, "REACTIONS_TOO_MANY"),
        ("setMessageReaction", {"chat_id": chat, "message_id": 9}, "message to react not found"),
        ("editMessageText", {"chat_id": chat, "message_id": 9, "text": "x"}, "message to edit not found"),
        ("getFile", {"file_id": "x"}, "wrong file_id"),
    ):
        status, body = await simulator.call(method, **params)
        assert (status, why in body["description"]) == (400, True), body


async def test_edits_of_buttons_and_captions(simulator: Simulator) -> None:
    chat = await simulator.started()
    _, sent = await simulator.call("sendMessage", chat_id=chat, text="x", reply_markup=inline(callback_data="1"))
    where = {"chat_id": chat, "message_id": sent["result"]["message_id"]}
    assert "reply_markup" not in (await simulator.call("editMessageReplyMarkup", **where))[1]["result"]
    _, body = await simulator.call("editMessageCaption", **where, caption="c")
    assert "there is no caption" in body["description"]
    _, sent = await photo(simulator, chat, png())
    where["message_id"] = sent["result"]["message_id"]
    assert (await simulator.call("editMessageCaption", **where, caption="c"))[1]["result"]["caption"] == "c"
    _, body = await simulator.call("editMessageText", **where, text="c")
    assert "there is no text" in body["description"]


def test_pictures_are_measured_by_their_headers() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xff\xc0\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03" * 20
    assert picture(jpeg) == Picture("image/jpeg", 40, 30)
    assert picture(b"GIF89a" + struct.pack("<HH", 5, 6)) == Picture("image/gif", 5, 6)
    riff = b"RIFF\0\0\0\0WEBP"
    assert picture(riff + b"VP8 " + b"\0" * 10 + struct.pack("<HH", 7, 8)) == Picture("image/webp", 7, 8)
    assert picture(riff + b"VP8L" + b"\0" * 5 + struct.pack("<I", 8 | 9 << 14)) == Picture("image/webp", 9, 10)
    assert picture(riff + b"VP8X" + b"\0" * 8 + b"\x09\0\0\x0a\0\0") == Picture("image/webp", 10, 11)
    for broken in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\0\0aaaaaaaaa",
        riff,
        b"GIF89a\0\0\0\0",
    ):
        assert picture(broken) is None


async def test_a_bot_is_told_who_a_customer_is(simulator: Simulator) -> None:
    chat = await simulator.started()
    status, body = await simulator.call("getChat", chat_id=chat)
    assert (status, body["result"]["id"], body["result"]["type"]) == (200, chat, "private")
    status, body = await simulator.call("getChat", chat_id=1)
    assert (status, "chat not found" in body["description"]) == (400, True)
