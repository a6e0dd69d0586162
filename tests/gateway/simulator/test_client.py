"""python-telegram-bot, a client written by others, takes the simulator for Telegram."""

from datetime import timedelta
from io import BytesIO

import pytest
from simulator_kit import Simulator
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter
from toys.pictures import png


async def test_who_am_i(simulator: Simulator) -> None:
    await simulator.ask("POST", "/api/telegram/1234", json={"name": "Support", "username": "support_bot"})
    async with simulator.bot() as bot:
        assert (bot.id, bot.username, bot.first_name) == (1234, "support_bot", "Support")


async def test_a_message_with_everything(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started("Ann Lee", username="ann", language_code="fr")
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y")]])
    sent = await bot.send_message(
        chat, "<b>Hé</b> 😀 <i>you</i>", parse_mode="HTML", reply_markup=buttons, reply_parameters=ReplyParameters(1)
    )
    assert sent.text == "Hé 😀 you"
    assert [sent.parse_entity(entity) for entity in sent.entities] == ["Hé", "you"]
    assert sent.reply_markup == buttons
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.from_user is not None
    assert (sent.reply_to_message.text, sent.reply_to_message.from_user.language_code) == ("hello", "fr")
    assert (sent.message_id, sent.chat.id, sent.chat.username) == (2, chat, "ann")


@pytest.mark.parametrize("upload", [True, False])
async def test_a_photo_comes_back_as_it_went(simulator: Simulator, bot: Bot, upload: bool) -> None:
    chat = await simulator.started()
    picture = png(1200, 600)
    first = await bot.send_photo(chat, BytesIO(picture), caption="a view")
    sent = first if upload else await bot.send_photo(chat, first.photo[-1].file_id, caption="a view")
    assert sent.caption == "a view"
    assert [(size.width, size.height) for size in sent.photo] == [(90, 45), (1200, 600)]
    file = await bot.get_file(sent.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == picture


async def test_a_document_keeps_its_name(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_document(chat, b"%PDF-1.4 test", filename="bill.pdf")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.mime_type) == ("bill.pdf", "application/pdf")


async def test_other_kinds(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    place = await bot.send_location(chat, 48.85, 2.35)
    card = await bot.send_contact(chat, "+33612345678", "Bob")
    assert place.location is not None
    assert card.contact is not None
    assert (place.location.latitude, card.contact.phone_number) == (48.85, "+33612345678")
    assert await bot.send_chat_action(chat, "typing")
    assert await bot.set_message_reaction(chat, 1, "👍")
    seen = await simulator.get(f"/api/telegram/1234/chats/{chat}/messages")
    assert seen["data"][0]["reactions"] == {"bot": ["👍"]}


async def test_edit_and_delete(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    sent = await bot.send_message(chat, "one")
    edited = await bot.edit_message_text("two", chat, sent.message_id)
    assert not isinstance(edited, bool)
    assert edited.text == "two"
    assert edited.edit_date is not None
    with pytest.raises(BadRequest, match="essage is not modified"):
        await bot.edit_message_text("two", chat, sent.message_id)
    with pytest.raises(BadRequest, match="can't be edited"):
        await bot.edit_message_text("two", chat, 1)
    assert await bot.delete_message(chat, sent.message_id)
    with pytest.raises(BadRequest, match="essage to delete not found"):
        await bot.delete_message(chat, sent.message_id)
    seen = await simulator.get(f"/api/telegram/1234/chats/{chat}/messages")
    assert [message["deleted"] for message in seen["data"]] == [False, True]


async def test_refusals(simulator: Simulator, bot: Bot) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(1, "hi")
    stranger = await simulator.person("Stranger")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(stranger, "hi")
    chat = await simulator.started()
    await simulator.post(f"/api/telegram/1234/chats/{chat}/block")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(chat, "hi")
    await simulator.post(f"/api/telegram/1234/chats/{chat}/unblock")
    await bot.send_message(chat, "hi")
    nobody = simulator.bot("nonsense")
    with pytest.raises(InvalidToken):
        await nobody.initialize()
    await nobody.shutdown()


async def test_ordered_refusals(simulator: Simulator, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # the coming type, without its warning
    chat = await simulator.started()
    await simulator.fault("too_many_requests", method="sendMessage", count=1, retry_after=7)
    with pytest.raises(RetryAfter) as slow:
        await bot.send_message(chat, "hi")
    assert slow.value.retry_after == timedelta(seconds=7)
    await simulator.ask("DELETE", "/api/faults")
    await simulator.fault("migrate", bot="1234", chat=chat, to=-1009, count=1)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(chat, "hi")
    sent = await bot.send_message(moved.value.new_chat_id, "hi")
    assert (sent.chat.id, sent.chat.type) == (-1009, "supergroup")
    await simulator.fault("revoked_token", bot=1234)
    with pytest.raises(InvalidToken):
        await bot.send_message(chat, "hi")


async def test_polling(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    (first,) = await bot.get_updates(timeout=0)
    assert first.message is not None
    assert first.message.text == "hello"
    await simulator.say(chat, text="again {n}", repeat=3)
    rest = await bot.get_updates(offset=first.update_id + 1, timeout=0)
    assert [update.message.text for update in rest if update.message] == ["again 1", "again 2", "again 3"]
    assert [u.update_id for u in await bot.get_updates(offset=-1, timeout=0)] == [rest[-1].update_id]
    assert await bot.get_updates(offset=rest[-1].update_id + 1, timeout=0) == ()
    await bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()


async def test_an_answered_button(simulator: Simulator, bot: Bot) -> None:
    chat = await simulator.started()
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="y" * 64)]])
    sent = await bot.send_message(chat, "Sure?", reply_markup=keyboard)
    await simulator.post(f"/api/telegram/1234/chats/{chat}/press", message_id=sent.message_id, text="Yes")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert (query.data, query.message) == ("y" * 64, sent)
    assert await query.answer("Thank you", show_alert=True)
    with pytest.raises(BadRequest, match="uery is too old"):
        await query.answer()
    with pytest.raises(BadRequest, match="uery is too old"):
        await bot.answer_callback_query("99")
