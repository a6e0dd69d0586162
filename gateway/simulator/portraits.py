"""The pictures that customers have at their provider: one is drawn for each, until they take another, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.simulator import faces
from gateway.simulator.store import Json
from gateway.simulator.world import Fields, Refusal, Upload

if TYPE_CHECKING:
    from gateway.simulator.account import Account

FIRST: Json = {"number": 0, "file": ""}
LARGEST = 10 << 20


def known(account: Account, chat: Json) -> Json | None:
    """What is known of a customer's picture: `number`, another one with each, and `file`, empty for one that is drawn.

    None where they have none, or where no provider tells of one.
    """
    found: Json | None = chat.get("picture", FIRST) if account.pictured else None
    return found


def face(account: Account, chat: Json, side: int = faces.SMALL) -> Upload | None:
    """A customer's picture, so many pixels wide and high, or None."""
    found = known(account, chat)
    if found is None:
        return None
    if found["file"]:
        data = faces.squared(account.world.store.read_file(found["file"]), side)
    else:
        data = faces.drawn(f"{account.shown_chat(chat)['name']}/{chat['id']}", found["number"], side)
    return Upload("face.jpg", faces.MIME, data)


def change(account: Account, chat: Json, fields: Fields) -> Json:
    """The chat with another picture: the file `picture`, none for null, a newly drawn one when nothing is said."""
    if not account.pictured:
        raise Refusal(422, "picture: this provider does not tell what its customers look like")
    given = fields.get("picture", "")
    if given is None:
        picture = None
    elif isinstance(given, Upload):
        picture = {"number": _next(account, chat), "file": _kept(account, given)}
    elif given == "":
        picture = {"number": _next(account, chat), "file": ""}
    else:
        raise Refusal(422, "picture: a file, null for none, or nothing for one that is drawn anew")
    chat = {**chat, "picture": picture}
    account.put_chat(chat)
    return chat


def _next(account: Account, chat: Json) -> int:
    return account.world.store.next(f"picture:{account.key}/{chat['id']}")


def _kept(account: Account, given: Upload) -> str:
    if len(given.data) > LARGEST:
        raise Refusal(422, f"picture: larger than {LARGEST} bytes")
    try:
        data = faces.squared(given.data, faces.LARGE)
    except faces.NoPictureError as problem:
        raise Refusal(422, f"picture: {problem}") from None
    return account.world.store.write_file(data)
