"""The Bot API's methods by name. https://core.telegram.org/bots/api#available-methods"""

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from gateway.simulator.telegram import albums, changing, editing, files, photos, sending, webhooks
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.errors import bad

Method = Callable[[Bot, Args], Coroutine[Any, Any, Any]]


async def get_me(bot: Bot, _: Args) -> Any:
    """https://core.telegram.org/bots/api#getme"""
    powers = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return {**bot.user(), **powers, "can_connect_to_business": False, "has_main_web_app": False}


async def get_chat(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#getchat"""
    chat = bot.find_chat(args.text("chat_id"))
    if chat is None:
        raise bad("chat not found")
    return {**bot.chat_json(chat), "accent_color_id": 0, "max_reaction_count": 11, **photos.photo(bot, chat)}


FILES = {
    "sendPhoto": "photo",
    "sendVideo": "video",
    "sendAudio": "audio",
    "sendVoice": "voice",
    "sendAnimation": "animation",
    "sendVideoNote": "video_note",
    "sendSticker": "sticker",
    "sendDocument": "document",
}
"""The methods that send one file, and the field that it goes in."""

SENDING: Mapping[str, Method] = {
    "sendMessage": sending.send_message,
    **{method: partial(sending.send_file, method=method, kind=kind) for method, kind in FILES.items()},
    "sendLocation": sending.send_location,
    "sendVenue": sending.send_venue,
    "sendContact": sending.send_contact,
    "sendMediaGroup": albums.send_media_group,
}
METHODS: Mapping[str, Method] = {
    "getMe": get_me,
    "setWebhook": webhooks.set_webhook,
    "deleteWebhook": webhooks.delete_webhook,
    "getWebhookInfo": webhooks.get_webhook_info,
    "getUpdates": webhooks.get_updates,
    **SENDING,
    "sendChatAction": sending.send_chat_action,
    "answerCallbackQuery": changing.answer_query,
    "editMessageText": editing.edit_text,
    "editMessageCaption": editing.edit_caption,
    "editMessageMedia": editing.edit_media,
    "editMessageReplyMarkup": editing.edit_markup,
    "deleteMessage": changing.delete_message,
    "deleteMessages": changing.delete_messages,
    "setMessageReaction": changing.set_reaction,
    "getChat": get_chat,
    "getFile": files.get_file,
}
BY_NAME = {name.lower(): name for name in METHODS}  # Telegram does not care about case
MESSAGES = frozenset(SENDING)
"""What the published rates count."""
