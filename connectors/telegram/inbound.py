"""Updates of Telegram to events. https://core.telegram.org/bots/api#getting-updates

Only private chats are read: what is said in groups and channels makes no event.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from connectors.api import Malformed, Rejected, Request
from connectors.signatures import same
from connectors.telegram.content import content
from connectors.telegram.dialect import Asked, Chat, Earlier, Emoji, Message, Pressed, Reach, Reactions, Update
from connectors.telegram.salvage import raw_item, read
from connectors.telegram.settings import Settings
from normalizer.event import Event, MessageEdited, MessageReceived, ReachChanged, Reacted
from normalizer.model import Choice, Model, Part, Text, Unsupported, in_utc_milliseconds

M = TypeVar("M", bound=Model)

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - the header's name

STAR, CUSTOM = "⭐", "custom"
"""What stands for a paid reaction, and for one whose picture is no emoji."""


def verify(request: Request, settings: Settings) -> None:
    """Raise Rejected unless Telegram repeats our secret; a bot that polls has no hook, so there all are rejected.

    https://core.telegram.org/bots/api#setwebhook
    """
    secret = settings.secret
    if secret is None or settings.polls or not same(request.headers.get(SECRET_HEADER), secret.get_secret_value()):
        raise Rejected("wrong or no secret token")


def parse(request: Request, settings: Settings) -> list[Event]:  # noqa: ARG001 - the bot is known by its hook
    """The events of one update: one, or none for a kind that we do not read; raises Malformed.

    A field that cannot be read costs only itself, and what is left without content becomes ``unsupported``.
    """
    update = read(request.body)
    event = _event(update, request)
    if event is not None:
        return [event]
    if update.update_id is None:
        raise Malformed("update_id: Field required")
    return []


def _event(update: Update, request: Request) -> Event | None:
    """What happened; each kind of update has its own field. Nothing in a chat that is not private."""
    if (said := update.message) is not None:
        return _message(said, update, request) if said.chat.is_private else None
    if (said := update.edited_message) is not None:
        return _edit(said, update, request) if said.chat.is_private else None
    if (pressed := update.callback_query) is not None:
        return None if pressed.message and not pressed.message.chat.is_private else _pick(pressed, request)
    if (moved := update.my_chat_member) is not None:
        return _reach(moved, update, request) if moved.chat.is_private else None
    if (reactions := update.message_reaction) is not None:
        return _reacted(reactions, update, request) if reactions.chat.is_private else None
    return None


def _message(said: Message, update: Update, request: Request) -> MessageReceived | None:
    provider_id = f"{said.chat.id}:{said.message_id}"
    who = said.sender or said.chat
    parts: tuple[Part, ...]
    if said.text and not said.entities:  # as most are
        parts, raw = (_unchecked(Text, _TEXT, {"text": said.text}),), None
    else:
        parts, raw = content(said, "message", request.body)
        if not parts:
            return None
    told = {
        # A message without an id of its own has its update's, lest two of them pass for one.
        "id": f"message:{provider_id}" if said.message_id or update.update_id is None else f"update:{update.update_id}",
        "to": "",
        "order": said.message_id,
        "kind": "message",
        "identity": f"telegram:{who.id}",
        "name": who.name,
        "sent_at": datetime.fromtimestamp(said.date, UTC) if said.date else in_utc_milliseconds(request.received_at),
        "parts": parts,
        "provider_ids": (provider_id,),
        "reply_to": _id_of(said.chat, said.reply_to_message) if said.reply_to_message else "",
        "quote": said.quote.text if said.quote else "",
        "album": said.media_group_id,
        "raw": raw,
    }
    return _unchecked(MessageReceived, _RECEIVED, told)


_set = object.__setattr__


def _left_out(kind: type[Model]) -> dict[str, Any]:
    """All fields of a model, in order, as they are when nobody gives them."""
    return {
        name: None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
        for name, field in kind.model_fields.items()
    }


_TEXT, _RECEIVED = _left_out(Text), _left_out(MessageReceived)


def _unchecked(kind: type[M], left_out: dict[str, Any], fields: dict[str, Any]) -> M:
    """A value from fields that are as they must be, since ``dialect`` has checked them: checking takes half of parsing.

    It does what pydantic's ``model_construct`` does, at a third of the price. Fields that must be given must be given.
    """
    made = kind.__new__(kind)
    _set(made, "__dict__", {**left_out, **fields})
    _set(made, "__pydantic_fields_set__", set(fields))
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


def _id_of(chat: Chat, said: Earlier | Asked) -> str:
    """Under which id we know an earlier message of a chat; "" if it has none."""
    return f"{chat.id}:{said.message_id}" if said.message_id else ""


def _edit(said: Message, update: Update, request: Request) -> MessageEdited | None:
    parts, raw = content(said, "edited_message", request.body)
    if not parts:
        return None
    provider_id = f"{said.chat.id}:{said.message_id}"
    return MessageEdited(
        id=f"edit:{provider_id}:{_version(said, update)}",
        order=said.message_id,
        identity=f"telegram:{(said.sender or said.chat).id}",
        provider_id=provider_id,
        parts=parts,
        edited_at=_time(said.edit_date, request),
        raw=raw,
    )


def _version(said: Message, update: Update) -> str:
    """Which edit of a message this is: one second has room for several, and each is an update of its own."""
    if not said.edit_date:
        return f"update:{update.update_id}"
    return str(said.edit_date) if update.update_id is None else f"{said.edit_date}.{update.update_id}"


def _pick(pressed: Pressed, request: Request) -> MessageReceived:
    """A press of one of our buttons. https://core.telegram.org/bots/api#callbackquery"""
    part: Part = Unsupported(what="callback_query")
    if pressed.data:
        part = Choice(
            id=pressed.data,
            label=_label(pressed),
            of=_id_of(pressed.message.chat, pressed.message) if pressed.message else "",
        )
    return MessageReceived(
        id=f"callback:{pressed.id}",
        identity=f"telegram:{pressed.sender.id}",
        name=pressed.sender.name,
        sent_at=request.received_at,  # a press has no time of its own
        parts=(part,),
        provider_ids=(f"callback:{pressed.id}",),
        raw=None if pressed.data else raw_item(request.body, "callback_query"),
    )


def _label(pressed: Pressed) -> str:
    rows = pressed.message.reply_markup.inline_keyboard if pressed.message else ()
    labels = (button.text for row in rows for button in row if button.callback_data == pressed.data)
    return next(labels, "") or pressed.data


def _reach(told: Reach, update: Update, request: Request) -> ReachChanged | None:
    """A block or its end. https://core.telegram.org/bots/api#chatmemberupdated"""
    if told.new_chat_member.status not in ("kicked", "member"):
        return None
    who = told.sender or told.chat
    return ReachChanged(
        id=_only_name(update),
        identity=f"telegram:{who.id}",
        name=who.name,
        change="blocked" if told.new_chat_member.status == "kicked" else "unblocked",
        at=_end_of(told.date, request),
    )


def _reacted(told: Reactions, update: Update, request: Request) -> Reacted:
    """All that somebody has on a message now. https://core.telegram.org/bots/api#messagereactionupdated"""
    who = told.user or told.chat
    return Reacted(
        id=_only_name(update),
        order=update.update_id or 0,
        identity=f"telegram:{who.id}",
        name=who.name,
        provider_id=f"{told.chat.id}:{told.message_id}",
        emojis=tuple(dict.fromkeys(map(_emoji, told.new_reaction))),
        at=_time(told.date, request),
    )


def _emoji(reaction: Emoji) -> str:
    return (reaction.emoji if reaction.type == "emoji" else STAR if reaction.type == "paid" else "") or CUSTOM


def _only_name(update: Update) -> str:
    """The id of an event that has no other name; raises Malformed."""
    if update.update_id is None:
        raise Malformed("update_id: Field required")
    return f"update:{update.update_id}"


def _end_of(second: int, request: Request) -> datetime:
    """The end of the second that Telegram names, or now: so a press in that second does not look newer than a block."""
    start = _time(second, request)
    return max(start, min(start + timedelta(milliseconds=999), request.received_at))


def _time(seconds: int, request: Request) -> datetime:
    return datetime.fromtimestamp(seconds, UTC) if seconds else request.received_at
