"""Files of every kind through python-telegram-bot: what comes back, what is refused, and in which words."""

from io import BytesIO
from typing import Any

import aiohttp
import pytest
from simulator_kit import TOKEN, Simulator
from telegram import (
    Bot,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    ReplyParameters,
)
from telegram.error import BadRequest
from toys.pictures import png

from gateway.simulator import opus, samples
from gateway.simulator.clips import Clip, clip


def data(kind: str) -> bytes:
    return samples.sample(kind).data


async def kept(bot: Bot, file_id: str) -> bytes:
    return bytes(await (await bot.get_file(file_id)).download_as_bytearray())


async def test_videos_and_sounds(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    video = (await bot.send_video(chat, data("video"), filename="ball.mp4", caption="look")).video
    voice = (await bot.send_voice(chat, data("voice"))).voice
    audio = (await bot.send_audio(chat, data("audio"), filename="a.ogg", title="Tune", performer="Us")).audio
    note = (await bot.send_video_note(chat, data("video_note"))).video_note
    assert video is not None
    assert voice is not None
    assert audio is not None
    assert note is not None
    assert (video.width, video.height, video.file_name, video.mime_type) == (320, 240, "ball.mp4", "video/mp4")
    assert (audio.title, audio.performer, voice.mime_type, note.length) == ("Tune", "Us", "audio/ogg", 320)
    assert await kept(bot, voice.file_id) == data("voice")
    again = (await bot.send_video(chat, video.file_id)).video
    assert again is not None
    assert again.file_unique_id == video.file_unique_id


async def test_animations_come_as_documents_as_well(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_animation(chat, data("animation"), caption="look", width=10, height=20, duration=3)
    assert sent.animation is not None
    assert sent.document is not None
    assert (sent.animation.width, sent.animation.height, sent.caption) == (10, 20, "look")
    assert sent.document.file_id == sent.animation.file_id


async def test_stickers(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sticker = samples.sticker("❤️")
    assert sticker is not None
    still = (await bot.send_sticker(chat, sticker.data, emoji="❤")).sticker
    assert still is not None
    assert (still.width, still.height, still.emoji, still.is_animated) == (512, 512, "❤", False)
    moving = (await bot.send_sticker(chat, b"\x1f\x8bgzip")).sticker
    assert moving is not None
    assert (moving.is_animated, moving.is_video) == (True, False)


async def test_what_is_not_of_its_kind_goes_as_a_document(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = [
        await bot.send_video(chat, b"not a film", filename="film.avi"),
        await bot.send_voice(chat, b"not a sound", filename="voice.txt"),
        await bot.send_sticker(chat, png(9, 9)),
    ]
    assert [message.document is not None for message in sent] == [True, True, True]


async def test_venues(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_venue(chat, 48.85, 2.33, "Café", "8 place Saint-Sulpice")
    assert sent.venue is not None
    assert (sent.venue.title, sent.location) == ("Café", sent.venue.location)


async def test_an_album(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    media: list[Any] = [InputMediaPhoto(png(), caption="<b>two</b>", parse_mode="HTML"), InputMediaVideo(data("video"))]
    sent = await bot.send_media_group(chat, media, reply_parameters=ReplyParameters(1))
    assert len({message.media_group_id for message in sent}) == 1
    assert sent[0].media_group_id is not None
    assert [message.message_id for message in sent] == [2, 3]
    assert (sent[0].caption, sent[0].caption_entities[0].type, sent[1].caption) == ("two", "bold", None)
    assert all(message.reply_to_message for message in sent)
    ids = [InputMediaPhoto(sent[0].photo[-1].file_id), InputMediaPhoto(sent[0].photo[-1].file_id)]
    other = await bot.send_media_group(chat, ids)
    assert other[0].media_group_id != sent[0].media_group_id
    (first, _) = (await simulator.accepted("sendMediaGroup"))["data"]
    assert (first["message_id"], first["params"]["media"][1]["type"]) == (2, "video")


@pytest.mark.parametrize(
    ("media", "why"),
    [
        ([], "there are no messages to send"),
        ([{"type": "photo", "media": "x"}] * 11, "too many messages to send as an album"),
        (
            [{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}],
            "document can't be mixed with other media types",
        ),
        (
            [{"type": "audio", "media": "x"}, {"type": "photo", "media": "x"}],
            "audio can't be mixed with other media types",
        ),
        ([{"type": "sticker", "media": "x"}], 'type "sticker" can\'t be used in sendMediaGroup'),
        ([{"type": "pigeon", "media": "x"}], "type is unsupported"),
        ([{"media": "x"}], "type not found"),
        ([{"type": "photo"}], "media not found"),
        (["x"], "expected an Object"),
        (
            [{"type": "photo", "media": "x"}] * 2,
            'failed to send message #1 with the error message "Wrong file identifier/HTTP URL specified"',
        ),
    ],
)
async def test_refused_albums(simulator: Simulator, media: list[Any], why: str) -> None:
    chat = await simulator.started()
    status, body = await simulator.call("sendMediaGroup", chat_id=chat, media=media)
    assert (status, why in body["description"]) == (400, True), body
    assert (await simulator.accepted("sendMediaGroup"))["count"] == 0


@pytest.mark.parametrize(
    ("method", "params", "why"),
    [
        ("sendVideo", {}, "there is no video in the request"),
        ("sendVideoNote", {}, "there is no video note in the request"),
        ("sendVoice", {"voice": "nope"}, "wrong file identifier/HTTP URL specified"),
        ("sendVideo", {"video": "http://127.0.0.1:1/a.mp4"}, "failed to get HTTP URL content"),
        ("sendAudio", {"audio": "x", "caption": "c" * 1025}, "message caption is too long"),
        ("sendVenue", {"latitude": 1, "longitude": 2, "address": "a"}, "venue title must be non-empty"),
        ("sendVenue", {"latitude": 91, "longitude": 2, "title": "t", "address": "a"}, "wrong location specified"),
        ("sendLocation", {"latitude": "nan", "longitude": 2}, "wrong location specified"),
        ("sendContact", {"phone_number": "1", "first_name": "a", "vcard": "v" * 2049}, "vcard is too long"),
        ("sendMediaGroup", {}, 'parameter "media" is required'),
        ("deleteMessages", {}, "message identifiers are not specified"),
        ("deleteMessages", {"message_ids": [1] * 101}, "too many message identifiers"),
        ("deleteMessages", {"message_ids": ["x"]}, "invalid message identifier"),
        ("editMessageMedia", {"message_id": 2}, 'parameter "media" is required'),
        ("editMessageMedia", {"message_id": 1, "media": {}}, "message can't be edited"),
        (
            "editMessageMedia",
            {"message_id": 2, "media": {"type": "sticker", "media": "x"}},
            'type "sticker" can\'t be used in editMessageMedia',
        ),
    ],
)
async def test_refused_calls(simulator: Simulator, method: str, params: dict[str, Any], why: str) -> None:
    chat = await simulator.started()
    await simulator.call("sendMessage", chat_id=chat, text="from the bot")
    status, body = await simulator.call(method, chat_id=chat, **params)
    assert (status, why in body["description"]) == (400, True), body


async def test_too_large_for_telegram(simulator: Simulator) -> None:
    chat = await simulator.started()
    form = aiohttp.FormData({"chat_id": str(chat)})
    form.add_field("video", BytesIO(bytes((50 << 20) + 1)), filename="v.mp4", content_type="video/mp4")
    status, body = await simulator.ask("POST", f"/telegram/bot{TOKEN}/sendVideo", data=form)
    assert (status, body["description"]) == (413, "Request Entity Too Large")


async def test_another_kind_of_file_is_refused(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    note = (await bot.send_video_note(chat, data("video_note"))).video_note
    assert note is not None
    with pytest.raises(BadRequest, match=r"(?i)can't use file of type VideoNote as Video"):
        await bot.send_video(chat, note.file_id)


async def test_a_quote(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.person()
    await simulator.say(chat, text="😀 one two one")
    sent = await bot.send_message(chat, "yes", reply_parameters=ReplyParameters(1, quote="one", quote_position=7))
    assert sent.quote is not None
    assert (sent.quote.text, sent.quote.position, sent.quote.is_manual) == ("one", 11, True)
    with pytest.raises(BadRequest, match=r"(?i)QUOTE_TEXT_INVALID"):
        await bot.send_message(chat, "yes", reply_parameters=ReplyParameters(1, quote="three"))
    answer = await bot.send_message(chat, "so", reply_parameters=ReplyParameters(sent.message_id))
    assert answer.reply_to_message is not None
    assert answer.reply_to_message.quote is None


async def test_edited_files(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_message(chat, "a text")
    edited = await bot.edit_message_media(InputMediaPhoto(png(), caption="a picture"), chat, sent.message_id)
    assert isinstance(edited, Message)
    assert (edited.text, edited.caption, len(edited.photo)) == (None, "a picture", 2)
    same = InputMediaPhoto(edited.photo[-1].file_id, caption="a picture")
    with pytest.raises(BadRequest, match="essage is not modified"):
        await bot.edit_message_media(same, chat, sent.message_id)
    songs = await bot.send_media_group(chat, [InputMediaAudio(data("audio"), filename="a.ogg")] * 2)
    with pytest.raises(BadRequest, match="an't use media of the specified type in the album"):
        await bot.edit_message_media(InputMediaDocument(b"x"), chat, songs[0].message_id)
    place = await bot.send_location(chat, 1, 2)
    with pytest.raises(BadRequest, match="essage can't be edited"):
        await bot.edit_message_media(same, chat, place.message_id)


async def test_several_are_deleted_at_once(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = [(await bot.send_message(chat, str(n))).message_id for n in range(3)]
    assert await bot.delete_messages(chat, [sent[0], sent[2], 99])
    seen = await simulator.get(f"/api/telegram/1234/chats/{chat}/messages")
    assert [message["message_id"] for message in seen["data"] if message["deleted"]] == [sent[0], sent[2]]


# What customers send.


async def test_customers_send_samples_of_everything(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.person()
    for kind in samples.FILES:
        await simulator.say(chat, **{kind: "sample"})
    await simulator.say(chat, sticker="👋")
    await simulator.say(chat, location={"latitude": 1, "longitude": 2, "title": "Here", "address": "There"})
    updates = await bot.get_updates(timeout=0)
    messages = [update.message for update in updates if update.message]
    assert [any(getattr(message, kind) for message in messages) for kind in samples.FILES] == [True] * 7
    assert messages[-2].sticker is not None
    assert messages[-2].sticker.emoji == "👋"
    assert messages[-1].venue is not None
    assert messages[0].photo[-1].width == 960
    assert await kept(bot, messages[0].photo[-1].file_id) == data("photo")


async def test_customers_send_albums_and_quotes(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_message(chat, "one two")
    form = aiohttp.FormData({"reply_to": str(sent.message_id), "quote": "two"})
    form.add_field("album", '[{"type":"photo","media":"attach://a","caption":"x"},{"type":"video","media":"sample"}]')
    form.add_field("a", png(), filename="a.png", content_type="image/png")
    status, made = await simulator.ask("POST", f"/api/telegram/1234/chats/{chat}/messages", data=form)
    assert (status, len(made["data"])) == (201, 2)
    messages = [update.message for update in (await bot.get_updates(timeout=0))[1:] if update.message]
    assert len({message.media_group_id for message in messages}) == 1
    assert messages[0].media_group_id
    assert [message.quote.text for message in messages if message.quote] == ["two", "two"]
    assert (messages[0].caption, messages[1].video is not None) == ("x", True)


async def test_customers_format_their_words(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.person()
    await simulator.say(chat, text="<b>Hé</b> 😀 https://a.example", parse_mode="HTML")
    await simulator.say(chat, text="bold", entities=[{"type": "bold", "offset": 0, "length": 4}])
    await simulator.post(f"/api/telegram/1234/chats/{chat}/edit", message_id=2, text="_so_", parse_mode="MarkdownV2")
    first, second, edited = await bot.get_updates(timeout=0)
    assert first.message is not None
    assert [(str(e.type), first.message.parse_entity(e)) for e in first.message.entities] == [
        ("bold", "Hé"),
        ("url", "https://a.example"),
    ]
    assert second.message is not None
    assert second.message.entities[0].length == 4
    assert edited.edited_message is not None
    assert (edited.edited_message.text, str(edited.edited_message.entities[0].type)) == ("so", "italic")


async def test_customers_edit_captions_and_take_messages_back(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.person()
    await simulator.say(chat, photo="sample", caption="one")
    await simulator.say(chat, sticker="☕")
    place = f"/api/telegram/1234/chats/{chat}"
    await simulator.post(f"{place}/edit", message_id=1, text="two")
    assert (await simulator.ask("POST", f"{place}/edit", json={"message_id": 2, "text": "x"}))[0] == 422
    assert (await simulator.post(f"{place}/delete", message_id=2))["update_id"] is None
    updates = await bot.get_updates(timeout=0)
    assert [update.edited_message.caption for update in updates if update.edited_message] == ["two"]
    assert (await simulator.get(f"{place}/messages"))["data"][1]["deleted"]


@pytest.mark.parametrize(
    "what",
    [
        {"sticker": "🦖"},
        {"album": [{"type": "photo", "media": "sample"}]},
        {"album": "x"},
        {"photo": "other"},
        {"text": "x", "reply_to": 1, "quote": "never said"},
        {"text": "<b>x", "parse_mode": "HTML"},
    ],
)
async def test_what_customers_cannot_send(simulator: Simulator, what: dict[str, Any]) -> None:
    chat = await simulator.started()
    status, body = await simulator.ask("POST", f"/api/telegram/1234/chats/{chat}/messages", json=what)
    assert (status in (400, 422), bool(body["error"])) == (True, True)


async def test_players_may_ask_for_a_part(simulator: Simulator) -> None:
    chat = await simulator.person()
    await simulator.say(chat, voice="sample")
    seen = await simulator.get(f"/api/telegram/1234/chats/{chat}/messages")
    url = f"{simulator.url}/api/telegram/1234/files/{seen['data'][0]['message']['voice']['file_id']}"
    whole = data("voice")
    for asked, status, part in (
        ("bytes=4-9", 206, whole[4:10]),
        ("bytes=-5", 206, whole[-5:]),
        ("bytes=99999999-", 200, whole),
    ):
        async with simulator.session.get(url, headers={"Range": asked}) as answer:
            assert (answer.status, await answer.read()) == (status, part)
            assert answer.headers["Content-Type"] == "audio/ogg"


# Sounds.


def webm(packets: list[bytes], header: bytes = opus.HEADER) -> bytes:
    """Opus in WebM as browsers write it: sizes unknown where they stream."""

    def element(number: str, content: bytes) -> bytes:
        return bytes.fromhex(number) + (0x0800000000 | len(content)).to_bytes(5, "big") + content

    unknown = bytes.fromhex("01ffffffffffffff")
    tracks = element("1654ae6b", element("ae", element("d7", b"\1") + element("63a2", header)))
    blocks = b"".join(element("a3", b"\x81\0\0\x80" + packet) for packet in packets)
    head = element("1a45dfa3", element("4282", b"webm"))
    return head + bytes.fromhex("18538067") + unknown + tracks + bytes.fromhex("1f43b675") + unknown + blocks


def test_a_recorded_voice_becomes_ogg() -> None:
    packets = [bytes([0x78, n % 256]) * 200 for n in range(150)]  # 20 ms each
    made = opus.ogg(webm(packets))
    assert made is not None
    assert clip(made) == Clip("audio/ogg", 3.0)
    assert made.startswith(b"OggS")
    assert made.count(b"OggS") > 3
    assert b"OpusHead" in made
    assert all(packet in made for packet in packets)


@pytest.mark.parametrize("other", [b"", b"\x1a\x45\xdf\xa3", b"RIFF", webm([])])
def test_other_files_do_not(other: bytes) -> None:
    assert opus.ogg(other) is None


def test_pages_have_the_checksum_of_ogg() -> None:
    sample = data("voice")  # which browsers play
    at = sample.index(b"OggS", 4)
    assert int.from_bytes(sample[22:26], "little") == opus._checksum(sample[:22] + bytes(4) + sample[26:at])


async def test_a_recorded_voice_is_sent_as_telegram_keeps_it(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.person()
    form = aiohttp.FormData()
    form.add_field("voice", webm([b"\x78\0"] * 100), filename="voice", content_type="audio/webm")
    status, _ = await simulator.ask("POST", f"/api/telegram/1234/chats/{chat}/messages", data=form)
    assert status == 201
    (update,) = await bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.voice is not None
    assert (update.message.voice.mime_type, (await kept(bot, update.message.voice.file_id))[:4]) == (
        "audio/ogg",
        b"OggS",
    )


def test_clips_are_measured_by_their_headers() -> None:
    film = clip(data("video"))
    assert film is not None
    assert (film.mime, film.width, film.height, round(film.seconds)) == ("video/mp4", 320, 240, 2)
    assert clip(b"ID3\4") == Clip("audio/mpeg")
    assert clip(b"\x1a\x45\xdf\xa3") == Clip("video/webm")
    for broken in (b"", b"OggS", b"\0\0\0\x08ftypisom" + b"\0\0\0\x10moov\0\0\0\x08mvhd", b"text"):
        assert clip(broken) in (None, Clip("video/mp4"))


def test_every_sample_is_what_it_says() -> None:
    for kind, (name, mime) in samples.FILES.items():
        found = samples.sample(kind)
        assert (found.name, found.mime, len(found.data) < 40_000) == (name, mime, True)
    for emoji in samples.STICKERS:
        sticker = samples.sticker(emoji)
        assert sticker is not None
        assert sticker.data[:4] == b"RIFF"
    assert samples.sticker("x") is None
