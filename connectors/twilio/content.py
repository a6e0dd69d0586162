"""What was said in a message: its parts. https://www.twilio.com/docs/messaging/guides/webhook-request"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.twilio.addresses import WHATSAPP
from connectors.twilio.forms import Form
from normalizer.model import Choice, Location, Media, MediaType, Part, Referral, Text, Unsupported

MOST_FILES = 10
"""https://www.twilio.com/docs/messaging/guides/accepted-mime-types"""

READ = frozenset(
    {"", "text", "image", "audio", "video", "document", "sticker", "location", "contacts", "button", "interactive",
     "reaction"}
)  # fmt: skip
"""The kinds of WhatsApp's messages of which we read all; an SMS does not say its kind."""

_KINDS: dict[str, MediaType] = {"image": "image", "audio": "audio", "video": "video"}


def content(form: Form) -> tuple[tuple[Part, ...], Any]:
    """The parts of a message, and its raw form if some of it is unsupported."""
    kind, picked = form["MessageType"].lower(), _choice(form)
    if picked is not None:
        return (picked,), None  # its label is the body too
    files = [*_files(form, kind)]
    parts: list[Part] = [*_said(form, files), *_place(form)]
    if not parts or kind not in READ or form["FlowData"] or form["InteractiveData"]:
        parts.append(Unsupported(what=kind or "message"))
    unread = any(isinstance(part, Unsupported) for part in parts)
    return tuple(parts), form.raw() if unread else None


def _said(form: Form, files: list[Part]) -> Iterator[Part]:
    """The words and the files: of WhatsApp's one file they are the caption, in an MMS a part of their own."""
    body, first = form["Body"], files[0] if files else None
    if body and isinstance(first, Media) and len(files) == 1 and form["From"].startswith(WHATSAPP):
        yield first.model_copy(update={"caption": body})
        return
    if body:
        yield Text(text=body)
    yield from files


def _choice(form: Form) -> Choice | None:
    """A pressed button, or a picked line of a list."""
    for chosen, label in (("ButtonPayload", "ButtonText"), ("ListId", "ListTitle")):
        if form[chosen] or form[label]:
            words = form[label] or form["Body"] or form[chosen]
            return Choice(id=form[chosen] or words, label=words, of=form["OriginalRepliedMessageSid"])
    return None


def _files(form: Form, kind: str) -> Iterator[Part]:
    """The files, each a pair of fields; ``unsupported`` for one that is announced and not there."""
    told = form["NumMedia"]
    announced = int(told) if told.isascii() and told.isdigit() and len(told) < 3 else 0  # noqa: PLR2004 - two digits
    for number in range(MOST_FILES):
        ref, mime = form[f"MediaUrl{number}"], form[f"MediaContentType{number}"]
        if ref:
            voice = mime.startswith("audio/ogg") and form["From"].startswith(WHATSAPP)
            plain = _KINDS.get(mime.partition("/")[0].lower(), "file")
            yield Media(media_type="sticker" if kind == "sticker" else "voice" if voice else plain, ref=ref, mime=mime)
        elif number < announced:
            yield Unsupported(what="media")


def _place(form: Form) -> Iterator[Part]:
    latitude, longitude = form["Latitude"], form["Longitude"]
    if latitude or longitude:
        try:
            yield Location(
                latitude=float(latitude), longitude=float(longitude), name=form["Label"], address=form["Address"]
            )
        except ValueError:
            yield Unsupported(what="location")


def referral(form: Form) -> Referral | None:
    """The advertisement that somebody came by; every message says how many files it had, most of them none."""
    found = Referral(
        source=form["ReferralSourceType"],
        id=form["ReferralSourceId"] or form["ReferralCtwaClid"],
        title=form["ReferralHeadline"] or form["ReferralBody"],
        url=form["ReferralSourceUrl"],
    )
    return found if found.id or found.url else None
