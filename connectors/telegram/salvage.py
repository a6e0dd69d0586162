"""An update from its bytes, and what can still be read of one that is not as we know it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin

import msgspec
from msgspec.structs import fields

from connectors.api import Malformed
from connectors.telegram.dialect import KINDS, Update

_UPDATE = msgspec.json.Decoder(Update)

DEEPEST = 64
"""Levels. What lies deeper in a raw item is cut, so that whoever writes the record can."""

# Fields that say who, when and how; they carry nothing of what was said. https://core.telegram.org/bots/api#message
ENVELOPE = frozenset({
    "author_signature", "business_connection_id", "caption", "caption_entities", "chat", "date",
    "direct_messages_topic", "edit_date", "effect_id", "entities", "ephemeral_message_id", "external_reply",
    "forward_origin", "from", "guest_bot_caller_chat", "guest_bot_caller_user", "guest_query_id", "has_media_spoiler",
    "has_protected_content", "is_automatic_forward", "is_from_offline", "is_paid_post", "is_topic_message",
    "link_preview_options", "media_group_id", "message_id", "message_thread_id", "paid_star_count", "quote",
    "receiver_user", "reply_markup", "reply_to_checklist_task_id", "reply_to_message", "reply_to_poll_option_id",
    "reply_to_story", "sender_boost_count", "sender_business_bot", "sender_chat", "sender_tag",
    "show_caption_above_media", "suggested_post_info", "via_bot", "forward_date", "forward_from", "forward_from_chat",
    "forward_from_message_id", "forward_sender_name", "forward_signature",
})  # fmt: skip

# Telegram's own remarks: nobody said them, so nobody waits for an answer.
SERVICE = frozenset({
    "boost_added", "channel_chat_created", "chat_background_set", "chat_owner_changed", "chat_owner_left",
    "connected_website", "delete_chat_photo", "direct_message_price_changed", "forum_topic_closed",
    "forum_topic_created", "forum_topic_edited", "forum_topic_reopened", "general_forum_topic_hidden",
    "general_forum_topic_unhidden", "giveaway_completed", "giveaway_created", "group_chat_created",
    "left_chat_member", "managed_bot_created", "message_auto_delete_timer_changed", "migrate_from_chat_id",
    "migrate_to_chat_id", "new_chat_members", "new_chat_photo", "new_chat_title", "paid_message_price_changed",
    "pinned_message", "proximity_alert_triggered", "supergroup_chat_created", "video_chat_ended",
    "video_chat_participants_invited", "video_chat_scheduled", "video_chat_started", "write_access_allowed",
})  # fmt: skip


def read(body: bytes) -> Update:
    """The update in a body. What in it cannot be read is left out; raises Malformed if that leaves nobody who said it.

    A list goes as a whole, so that the work stays in proportion to the body. Malformed never quotes what was sent.
    """
    try:
        return _UPDATE.decode(body)
    except (ValueError, RecursionError) as error:  # MsgspecError is a ValueError
        problem = _malformed(error)
    found = _loads(body, problem)
    if not isinstance(found, dict):
        raise problem
    readable = _readable(found, Update)
    if any(found.get(kind) is not None and kind not in readable for kind in KINDS):
        raise problem
    return msgspec.convert(readable, Update, strict=False)


def _malformed(error: Exception) -> Malformed:
    """In msgspec's words: ``Expected `int`, got `str` - at `$.message.date` ``."""
    what, _, place = str(error).partition(" - at `$.")
    place = place.rstrip("`")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        place = f"{place}.{missing[1]}"
    return Malformed(f"{place or 'body'}: {what}")


def _readable(found: Mapping[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The same object without the fields that are not as its kind has them."""
    readable = {}
    for name, (field, inner) in _fields(kind).items():
        value = found.get(name)
        if inner is not None and isinstance(value, dict):
            value = _readable(value, inner)
        if name in found and _fits(value, field):
            readable[name] = value
    return readable


def _fits(value: Any, field: Any) -> bool:
    try:
        msgspec.convert(value, field, strict=False)
    except msgspec.ValidationError:
        return False
    return True


@cache
def _fields(kind: type[msgspec.Struct]) -> Mapping[str, tuple[Any, type[msgspec.Struct] | None]]:
    """The fields of a kind of object by their names in JSON: what each must be, and the kind of object that it may be."""
    found = {}
    for field in fields(kind):
        choices = (field.type,) if isinstance(field.type, type) else get_args(field.type)
        listed = get_origin(field.type) is tuple
        kinds = [] if listed else [one for one in choices if isinstance(one, type) and issubclass(one, msgspec.Struct)]
        found[field.encode_name] = (field.type, kinds[0] if kinds else None)
    return found


def raw_item(body: bytes, kind: str) -> Any:
    """The item of an update as it came, as JSON that can be kept."""
    return _loads(body, Malformed(f"{kind}: cannot be kept"))[kind]


def what_of(raw: dict[str, Any]) -> str | None:
    """The field of a message that says what it is, or None for one of Telegram's own remarks."""
    told = [field for field, value in raw.items() if field not in ENVELOPE and value is not None]
    said = [field for field in told if field not in SERVICE]
    return (said[0] if said else None) if told else "message"


def _loads(body: bytes, problem: Malformed) -> Any:
    try:
        return _clean(json.loads(body))
    except (ValueError, RecursionError):
        raise problem from None


def _clean(value: Any, depth: int = 0) -> Any:
    """The same JSON without what a record cannot hold: lone surrogates, numbers beyond 64 bits, a bottomless pit."""
    match value:
        case str():
            value = _text(value)
        case dict() | list() if depth == DEEPEST:
            value = None
        case dict():
            value = {_text(name): _clean(item, depth + 1) for name, item in value.items()}
        case list():
            value = [_clean(item, depth + 1) for item in value]
        case float() if not math.isfinite(value):
            value = None
        case int() if not -(2**63) <= value < 2**63:
            value = str(value)
    return value


def _text(text: str) -> str:
    """The text with its stray halves of UTF-16 pairs replaced."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
