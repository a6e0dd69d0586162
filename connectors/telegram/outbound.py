"""Messages to calls of Telegram, and what is changed of them later. https://core.telegram.org/bots/api#available-methods"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.api import Answer, Call, Refused, Steps
from connectors.telegram.answers import MOVED
from connectors.telegram.forms import Form, caption, forms
from connectors.telegram.settings import Settings, call
from normalizer.event import Outgoing
from normalizer.model import Media, Part

Chat = int | str

_CHAT = re.compile(r"-?[0-9]{1,18}")
_MESSAGE = re.compile(r"[1-9][0-9]{0,17}")
_PLACE = re.compile(rf"({_CHAT.pattern}):({_MESSAGE.pattern})")


def send(message: Outgoing, settings: Settings) -> Steps:
    """The calls that send a message: one per part, in order, and another form of a part that Telegram refuses.

    Raises the Refused that no other form gets round.
    """
    chat = chat_of(message.to)
    reply = _reply(message.reply_to or "", chat)
    for index, part in enumerate(message.parts):
        chat = yield from _part_sent(settings, index, forms(part), chat, {} if index else reply)


def chat_of(identity: str) -> Chat:
    """The chat of an identity ``telegram:<id>``."""
    name = identity.removeprefix("telegram:")
    return int(name) if _CHAT.fullmatch(name) else name


def _reply(reply_to: str, chat: Chat) -> Mapping[str, Any]:
    """What quotes an earlier message of the chat; a pressed button (``callback:…``) cannot be quoted.

    https://core.telegram.org/bots/api#replyparameters: a message that is gone must not hold ours back.
    """
    where, _, number = reply_to.partition(":")
    if where != str(chat) or not _MESSAGE.fullmatch(number):
        return {}
    return {"reply_parameters": {"message_id": int(number), "allow_sending_without_reply": True}}


def _part_sent(
    settings: Settings, index: int, choices: Sequence[Form], chat: Chat, reply: Mapping[str, Any]
) -> Generator[Call, Answer, Chat]:
    """Send a part in the first form that Telegram takes; returns the chat that it went to."""
    form, *others = choices
    try:
        return (yield from _form_sent(settings, index, form, chat, reply))
    except Refused as refusal:
        while others and not others[0].helps(refusal):
            others.pop(0)
        if not others:
            raise
    return (yield from _part_sent(settings, index, others, chat, reply))


def _form_sent(
    settings: Settings, index: int, form: Form, chat: Chat, more: Mapping[str, Any], *, effect: bool = True
) -> Generator[Call, Answer, Chat]:
    """Send to the chat, or to the one that it has become; without markup if Telegram cannot make sense of it.

    https://core.telegram.org/bots/api#responseparameters: a group changes its id when it grows.
    """
    tried = ""
    while True:
        fields = {"chat_id": chat, **form.fields, **more}
        made = call(settings, form.method, fields, form.files, part=index, effect=effect)
        try:
            yield replace(made, name=f"{made.name}{tried}") if tried else made
        except Refused as refusal:
            if refusal.provider_code.startswith(MOVED) and ":moved" not in tried:
                chat, tried = int(refusal.provider_code.removeprefix(MOVED)), f"{tried}:moved"
            elif _is_about_markup(refusal) and form.plain:
                form, tried = form.plain, f"{tried}:plain"
            else:
                raise
        else:
            return chat


def _is_about_markup(refusal: Refused) -> bool:
    """Such as "can't parse entities", "can't parse MessageEntity", "ENTITY_BOUNDS_INVALID"."""
    return refusal.code == "content_rejected" and "entit" in refusal.detail.lower()


# What is changed of a message that was sent.


def edit(provider_id: str, message: Outgoing, settings: Settings) -> Steps:
    """Give a message a new text, with or without buttons, or its file a new caption; raises Refused for another part.

    https://core.telegram.org/bots/api#editmessagetext, https://core.telegram.org/bots/api#editmessagecaption
    """
    chat, number = _place_of(provider_id)
    for part in message.parts[:1]:
        yield from _form_sent(settings, 0, _edited(part), chat, {"message_id": number}, effect=False)


def _edited(part: Part) -> Form:
    if isinstance(part, Media):
        return Form("editMessageCaption", caption(part))
    if part.kind in ("text", "link", "choices"):
        return replace(forms(part)[0], method="editMessageText")
    raise Refused("content_rejected", f"Telegram cannot edit a {part.kind}")


def delete(provider_id: str, identity: str, settings: Settings) -> Steps:  # noqa: ARG001 - the id names the chat
    """Take a message back, within 48 hours. https://core.telegram.org/bots/api#deletemessage"""
    chat, number = _place_of(provider_id)
    yield call(settings, "deleteMessage", {"chat_id": chat, "message_id": number}, effect=False)


def react(provider_id: str, identity: str, emoji: str, settings: Settings) -> Steps:  # noqa: ARG001 - as above
    """Put the one emoji that a bot may put on a message, or take it off. https://core.telegram.org/bots/api#setmessagereaction

    Telegram writes its emojis without the selector that keyboards add.
    """
    chat, number = _place_of(provider_id)
    reaction = [{"type": "emoji", "emoji": emoji.replace("\ufe0f", "")}] if emoji else []
    fields = {"chat_id": chat, "message_id": number, "reaction": reaction}
    yield call(settings, "setMessageReaction", fields, effect=False)


def _place_of(provider_id: str) -> tuple[int, int]:
    """The chat and the number of a message; raises Refused for what is none, such as a pressed button."""
    place = _PLACE.fullmatch(provider_id)
    if place is None:
        raise Refused("content_rejected", "Telegram can change messages only, not the press of a button")
    return int(place[1]), int(place[2])
