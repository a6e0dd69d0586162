"""Which message of ours asked what a customer has picked an answer to."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.ports import Attempt, Store
from normalizer.decision import Place
from normalizer.likeness import UNDER_WAY
from normalizer.model import Choice, Choices, Message, Option

_BACK = 200
"""Lines that a question is looked for in."""
_PERHAPS = UNDER_WAY | {"uncertain"}
"""What a question is that the customer may have, though we do not know its name at the provider."""
_APART = timedelta(seconds=1)
"""Our clock and the provider's may be so far apart; some count in whole seconds only."""
_AFTER = timedelta(days=1)
"""So long after its last try an answer that names what we do not know may be to a question in doubt."""
_REFUSED = 400
"""From here on a provider's status says no."""


async def asked(store: Store, account: str, place: Place, choice: Choice, at: datetime) -> str | None:
    """The id of the message that asked; None if it is none that we know. ``at`` is when they picked.

    An answer may come before the provider has told us the name of the question: then the question is under way or in
    doubt, and known by what it offers. Where a provider does not say what was answered, it is the newest that offers
    the same and that they may have had by then. Raises Unavailable.
    """
    named = await store.message_of(account, choice.of) if choice.of else None
    if named is not None:
        return named.id
    lines = [line for line in (await store.lines(place.conversation, _BACK, None)).data if line.account == account]
    lines = [line for line in lines if line.direction == "out" and _offers(line, choice)]
    perhaps = (line for line in lines if line.status in _PERHAPS)
    likely = sorted(perhaps, key=_likely) if choice.of else lines[::-1]
    for line in likely:
        tries = await _tries(store, line)
        if _may_have(line, tries, at) and not (choice.of and _is_long_ago(line, tries, at)):
            return line.id
    named = await store.message_of(account, choice.of) if choice.of else None  # written while we looked, perhaps
    return named.id if named else None


def _offers(line: Message, choice: Choice) -> bool:
    """Whether this answer is one of a line's."""
    questions = (part for part in line.parts if isinstance(part, Choices))
    return any(_is_it(option, choice) for question in questions for option in question.choices)


def _is_it(option: Option, choice: Choice) -> bool:
    """Where the provider names the question it need not repeat the label; its connector then says the id instead."""
    untold = bool(choice.of) and choice.label in ("", choice.id)
    return option.id == choice.id and (untold or option.label == choice.label)


def _likely(line: Message) -> tuple[bool, int]:
    """Rather one under way than one in doubt, and the one that goes first."""
    return line.status == "uncertain", line.seq


async def _tries(store: Store, line: Message) -> list[Attempt]:
    """The tries by which the customer may have got it: after a plain no it was tried again, or never came to them."""
    tried = [one for one in await store.attempts(line.id) if not one.never_sent]
    if line.status == "uncertain":  # what says no may not have been the provider
        return tried
    return [one for one in tried if one.answer is None or one.answer.status < _REFUSED]


def _may_have(line: Message, tries: list[Attempt], at: datetime) -> bool:
    """Whether the customer may have had it by then."""
    if line.received_at > at + _APART:
        return False
    if line.status == "failed" and all(line.receipts.get(one) == "failed" for one in line.provider_ids):
        return False  # nothing of it came through
    if not tries:
        return line.status not in _PERHAPS  # the tries of what went out long ago are forgotten
    return tries[0].started_at <= at + _APART


def _is_long_ago(line: Message, tries: list[Attempt], at: datetime) -> bool:
    """Whether a question in doubt was tried so long ago that the answer is rather to somebody else's."""
    return line.status == "uncertain" and at - tries[-1].started_at > _AFTER
