"""What we owe an answer: a reply takes it on, and gives it back if it fails. Each is a change of a conversation. Pure."""

from __future__ import annotations

from typing import Any

from normalizer.model import Conversation


def taken_on(was: Conversation, reply: str) -> dict[str, Any]:
    """A reply is under way: to what is owed, else to what the reply before it answers."""
    owed = was.unanswered_since or next(reversed(was.answering.values()), None)
    answering = was.answering if owed is None else {**was.answering, reply: owed}
    return {"unanswered_since": None, "answering": answering}


def paid(was: Conversation, reply: str) -> dict[str, Any]:
    """A reply has gone out: what it answers is owed by no other one, nor is anything older."""
    replies, owed = list(was.answering), was.answering[reply]
    later = replies[replies.index(reply) + 1 :]
    return {"answering": {name: was.answering[name] for name in later if was.answering[name] > owed}}


def given_back(was: Conversation, reply: str) -> dict[str, Any]:
    """A reply has failed: the next one under way answers for it, or an earlier one still does, or it is owed again."""
    replies, owed = list(was.answering), was.answering[reply]
    left = {name: since for name, since in was.answering.items() if name != reply}
    for after in replies[replies.index(reply) + 1 :][:1]:
        return {"answering": {**left, after: min(owed, left[after])}}
    if owed in left.values():
        return {"answering": left}
    return {"answering": left, "unanswered_since": min(owed, was.unanswered_since or owed)}


def owed_after_all(was: Conversation) -> dict[str, Any]:
    """The last word was a reply that went out and, says the provider, failed: the customer still waits."""
    if was.status == "resolved" or not was.last_inbound_at:
        return {}
    return {"unanswered_since": was.unanswered_since or max(was.last_inbound_at.values())}
