"""What was said in a message of Messenger or Instagram: its parts.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pydantic import ValidationError

from connectors.meta.item import Item
from normalizer.model import Choice, Link, Location, Media, MediaType, Part, Referral, Text, Unsupported

LIKES = frozenset({"369239263222822", "369239343222814", "369239383222810"})
"""The three sizes of the thumb in Messenger's keyboard."""

FILES: Final[dict[str, tuple[MediaType, str]]] = {
    "image": ("image", "image/jpeg"),
    "video": ("video", "video/mp4"),
    "audio": ("audio", "audio/mp4"),
    "file": ("file", "application/octet-stream"),
    "sticker": ("sticker", "image/png"),
}
"""Per type of attachment our kind and, until the bytes are there, its MIME type, which Meta never says."""

SHARED: Final[dict[str, MediaType]] = {
    "share": "file",
    "post": "file",
    "ig_post": "file",
    "story_mention": "file",
    "reel": "video",
    "ig_reel": "video",
}
"""What was shared: the page of it, or its bytes, of whatever type they are."""

_PAGES = ("facebook.com", "instagram.com")


def content(said: Item) -> tuple[Part, ...]:
    """The parts of a ``message``: what was picked, or the words and then the attachments."""
    text, payload = said.text("text"), said.item("quick_reply").text("payload")
    if payload:
        return (Choice(id=payload, label=text or payload),)
    if said.flag("is_unsupported"):
        return (Unsupported(what="unsupported"),)
    words: list[Part] = [Text(text=text)] if text else []
    shown = [part for part in _attachments(said) if not (isinstance(part, Link) and part.url in text)]
    return (*words, *shown) or (Unsupported(what="message"),)


def _attachments(said: Item) -> Iterator[Part]:
    """Each attachment; a sticker that comes as a picture too, once."""
    if "attachments" in said and not said.items("attachments"):
        yield Unsupported(what="attachments")
    found = [(one.text("type"), one, one.item("payload")) for one in said.items("attachments")]
    stickers = {payload.id("sticker_id") for kind, _, payload in found if kind == "sticker"}
    for kind, one, payload in found:
        if kind == "sticker" or payload.id("sticker_id") not in {"", *stickers}:
            yield _sticker(payload)
        elif not payload.id("sticker_id"):
            yield _attachment(kind, one, payload)


def _sticker(payload: Item) -> Part:
    if payload.id("sticker_id") in LIKES:
        return Text(text="👍")
    return _file("sticker", payload)


def _attachment(kind: str, one: Item, payload: Item) -> Part:
    title, url = one.text("title") or payload.text("title"), payload.text("url") or one.text("url")
    if kind == "like_heart":
        return Text(text="❤️")
    if kind == "location":
        return _place(payload.item("coordinates"), title)
    if kind in FILES:
        return _file(kind, payload)
    if (kind == "fallback" or (kind in SHARED and _is_page(url))) and url:
        return Link(url=url, title=title)
    if kind in SHARED and url:
        return Media(media_type=SHARED[kind], ref=url, alt=title or kind)
    return Unsupported(what=kind or "attachment")


def _file(kind: str, payload: Item) -> Part:
    media_type, mime = FILES[kind]
    url = payload.text("url")
    return Media(media_type=media_type, ref=url, mime=mime) if url else Unsupported(what=kind)


def _place(where: Item, title: str) -> Part:
    try:
        return Location.model_validate(
            {"latitude": where.degrees("lat"), "longitude": where.degrees("long"), "name": title}
        )
    except ValidationError:
        return Unsupported(what="location")


def _is_page(url: str) -> bool:
    """Whether an address leads to a page to look at, not to bytes, which lie on hosts of their own."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(f".{host}".endswith(f".{page}") for page in _PAGES)


def referral(told: Item) -> Referral | None:
    """What led somebody here, as a message, a postback or an event of its own tells it; None if nothing did.

    https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals
    """
    context, product = told.item("ads_context_data"), told.item("product")
    found = Referral(
        source=told.text("source") or ("PRODUCT" if product.fields else "") or told.text("type"),
        id=told.id("ad_id") or told.text("ref") or product.id("id"),
        title=context.text("ad_title"),
        url=told.text("referer_uri"),
    )
    return found if found != Referral() else None


def story(said: Item) -> Referral | None:
    """The story that a message of Instagram answers."""
    about = said.item("reply_to").item("story")
    return Referral(source="STORY", id=about.id("id"), url=about.text("url")) if about.fields else None
