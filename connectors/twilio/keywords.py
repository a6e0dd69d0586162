"""Words by which customers of an SMS opt out and in. https://www.twilio.com/docs/messaging/features/opt-out"""

from __future__ import annotations

from typing import Literal

from connectors.twilio.forms import Form

Change = Literal["opted_out", "opted_in"]

STOP = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}) | frozenset(
    {"arret", "arrêt", "stopp", "abmelden", "baja", "parar", "sair"}
)
"""Twilio's own, after which it sends no more; and what means the same to French, German, Spanish and Portuguese ears."""

START = frozenset({"start", "yes", "unstop"}) | frozenset({"reprendre", "anmelden", "alta", "começar"})
"""The ways back."""

_TYPES: dict[str, Change] = {"STOP": "opted_out", "START": "opted_in"}


def change_of(form: Form, *, by_words: bool) -> Change | None:
    """Whether a message opts out or in: as Twilio says, else (``by_words``) if it is such a word and nothing more.

    Twilio says it where a messaging service has Advanced Opt-Out, whose words are the operator's own.
    """
    told = form["OptOutType"].upper()
    if told or not by_words:
        return _TYPES.get(told)
    word = form["Body"].strip(" \t\r\n.!\"'").casefold()
    return "opted_out" if word in STOP else "opted_in" if word in START else None
