"""Which message of ours asked what a customer has picked an answer to."""

from __future__ import annotations

from gateway.ports import Store
from normalizer.decision import Place
from normalizer.likeness import UNDER_WAY
from normalizer.model import Choice, Choices, Message

_BACK = 200
"""Lines that a question is looked for in."""
_PERHAPS = UNDER_WAY | {"uncertain"}
"""What a question is that the customer may have, though we do not know its name at the provider."""


async def asked(store: Store, account: str, place: Place, choice: Choice) -> str | None:
    """The id of the message that asked; None if it is none that we know. Raises Unavailable.

    An answer may come before the provider has told us the name of the question: then the question is under way, and
    known by what it offers. Where a provider does not say what was answered, it is the newest that offers the same.
    """
    named = await store.message_of(account, choice.of) if choice.of else None
    if named is not None:
        return named.id
    lines = [
        line
        for line in (await store.lines(place.conversation, _BACK, None)).data
        if line.direction == "out" and line.account == account and _offers(line, choice)
    ]
    if not choice.of:
        return lines[-1].id if lines else None
    perhaps = sorted((line for line in lines if line.status in _PERHAPS), key=_likely)
    for line in perhaps:
        if await _was_tried(store, line.id):
            return line.id
    named = await store.message_of(account, choice.of)  # its name may have been written while we looked
    return named.id if named else None


def _offers(line: Message, choice: Choice) -> bool:
    """Whether this answer is one of a line's; where the provider names the question, it need not repeat the label."""
    questions = (part for part in line.parts if isinstance(part, Choices))
    options = (option for question in questions for option in question.choices)
    return any(option.id == choice.id and (bool(choice.of) or option.label == choice.label) for option in options)


def _likely(line: Message) -> tuple[bool, int]:
    """Rather one under way than one in doubt, and the one that goes first."""
    return line.status == "uncertain", line.seq


async def _was_tried(store: Store, message_id: str) -> bool:
    return any(not one.never_sent for one in await store.attempts(message_id))
