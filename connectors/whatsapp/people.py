"""Who somebody is, from the ids that WhatsApp gives of them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connectors.whatsapp.dialect import Known

_PHONE = re.compile(r"\+?([0-9]{5,20})")
_USER = re.compile(r"[!-~]{1,200}")
_SURELY_USER = re.compile(r"[A-Z]{2}\.[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: what we call them, what else they are called, and their name."""

    identity: str
    aliases: tuple[str, ...] = ()
    name: str = ""


def phone(wa_id: str) -> str:
    """The identity of a phone number; "" for what is none."""
    number = _PHONE.fullmatch(wa_id)
    return f"tel:+{number[1]}" if number else ""


def user(user_id: str) -> str:
    """The identity of a user id, which stays when the name changes; "" for what is none."""
    return f"whatsapp:{user_id}" if _USER.fullmatch(user_id) else ""


class People:
    """Everybody whom a webhook is about, by their ids; their order says nothing."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        listed = tuple(known)
        self._only = listed[0] if len(listed) == 1 else Known()
        self._by_user = {one.user_id: one for one in reversed(listed) if one.user_id}
        self._by_phone = {phone(one.wa_id): one for one in reversed(listed)}
        self._by_phone_alone = {phone(one.wa_id): one for one in reversed(listed) if not one.user_id}

    def person(self, wa_id: str, user_id: str, parent_id: str = "") -> Person | None:
        """Who has these ids, and those told of beside them; None if there is none that can be read.

        A user id may stand where a number is expected.
        """
        if not user_id and _SURELY_USER.fullmatch(wa_id):
            wa_id, user_id = "", wa_id
        known = self._known(wa_id, user_id)
        names = (
            user(user_id or known.user_id),
            phone(wa_id or known.wa_id),
            user(parent_id or known.parent_user_id),
        )
        said = tuple(dict.fromkeys(name for name in names if name))
        if not said:
            return None
        return Person(said[0], said[1:], known.profile.name.strip() or known.profile.username)

    def _known(self, wa_id: str, user_id: str) -> Known:
        """The one with the same id; the only one, where there is no id to tell by. A number alone is no proof of another id."""
        if not wa_id and not user_id:
            return self._only
        number = phone(wa_id)
        by_phone = self._by_phone_alone if user_id else self._by_phone
        return self._by_user.get(user_id) or (by_phone.get(number) if number else None) or Known()
