"""Views: what the records of a conversation add up to. Pure, and the same from whatever point one starts."""

from __future__ import annotations

from typing import Any

from normalizer import debts, optouts
from normalizer.lines import apply_to_line, line_id, time
from normalizer.model import (
    Assignee,
    Choice,
    Conversation,
    ConversationStatus,
    Message,
    Option,
    Person,
    PersonRef,
    Reach,
    reach_key,
)
from normalizer.record import Record

__all__ = ["apply", "apply_to_line", "apply_to_person", "line_id", "time"]
"""All that a store folds with: lines too, which change as the conversation around them does."""

_REACHES = {"identity.blocked", "identity.unblocked", "identity.opted_out", "identity.opted_in"}


# Conversations.


def apply(conversation: Conversation | None, record: Record, line: Message | None = None) -> Conversation | None:
    """The conversation after one more of its records. A record that it has seen already changes nothing.

    ``line`` is what ``apply_to_line`` makes of the record, where the caller has it: reading it twice is dear.
    """
    if conversation is not None and record.seq <= conversation.seq:
        return conversation
    match record.kind:
        case "message.received":
            after = _received(conversation, record, line)
        case "message.echoed":
            after = _echoed(conversation, record, line)
        case kind if kind in _REACHES:
            after = _reached(conversation, record)
        case _ if conversation is None:
            return None
        case "message.queued":
            after = _replied(conversation, record, line)
        case _:
            after = _happened(conversation, record)
    return after.model_copy(update={"seq": record.seq, "updated_at": max(record.at, after.updated_at)})


def _happened(was: Conversation, record: Record) -> Conversation:
    """What is no message: reading, changes, news of messages."""
    match record.kind:
        case "conversation.read":
            said = record.data
            return was.model_copy(update={"unread": said["unread"], "read_up_to": time(said["read_up_to"])})
        case "identity.changed" | "identity.named":
            return _renamed(was, record)
        case kind if kind.startswith("conversation."):
            return _changed(was, record)
        case kind if kind.startswith("message."):
            return _news(was, record)
        case _:
            return was


def _new(record: Record, person: str, status: ConversationStatus) -> Conversation:
    at, who = record.at, PersonRef(id=person)
    return Conversation(id=record.stream, brand=record.brand, person=who, status=status, opened_at=at, updated_at=at)


def _received(before: Conversation | None, record: Record, line: Message | None) -> Conversation:
    message = line or apply_to_line(None, record)
    assert message is not None  # noqa: S101 - a received message always makes its line
    assert message.account is not None and message.identity is not None  # noqa: S101, PT018 - as above
    at = record.received_at or record.at
    was = before or _new(record, message.author.id, "open")
    came_by, shown_at = reach_key(message.account, message.identity), message.shown_at
    update: dict[str, Any] = {
        "status": "open",
        "snoozed_until": None,
        "person": _known(was.person, message.author.name, message.identity, *record.data.get("aliases", ())),
        "unread": was.unread + 1,
        "unanswered_since": min(at, was.unanswered_since or at),
        "last_inbound_at": {**was.last_inbound_at, came_by: max(shown_at, was.last_inbound_at.get(came_by, shown_at))},
    }
    if until := time(record.data.get("window_until")):
        update["free_until"] = {**was.free_until, came_by: max(until, was.free_until.get(came_by, until))}
    if was.status == "resolved":
        update["opened_at"] = at
    if was.status != "open":
        update["revision"] = was.revision + 1
    if was.numbered and any(isinstance(part, Choice) for part in message.parts):
        update |= {"numbered": (), "numbered_by": ""}
    reach = was.reach.get(came_by, Reach())
    if reach.blocked_at is not None and shown_at >= reach.blocked_at:  # who writes has let us in again
        update["reach"] = {**was.reach, came_by: reach.model_copy(update={"blocked": False, "blocked_at": shown_at})}
    if _is_newest(was, message):
        update["last_message"] = message
    if all((shown_at, came_by) >= (earlier, by) for by, earlier in was.last_inbound_at.items()):
        update |= {"account": message.account, "channel": message.channel, "identity": message.identity}
    return was.model_copy(update=update)


def _is_newest(conversation: Conversation, message: Message) -> bool:
    """Whether a message stands after the last one we show."""
    last = conversation.last_message
    return last is None or (message.shown_at, message.order, message.id) >= (last.shown_at, last.order, last.id)


def _known(person: PersonRef, name: str, *identities: str) -> PersonRef:
    known = tuple(dict.fromkeys((*person.identities, *identities)))
    if name in ("", person.name) and len(known) == len(person.identities):
        return person
    return person.model_copy(update={"name": name or person.name, "identities": known})


def _echoed(before: Conversation | None, record: Record, line: Message | None) -> Conversation:
    """Somebody of ours answered with another tool: nothing is owed any more."""
    message = line or apply_to_line(None, record)
    assert message is not None  # noqa: S101 - an echo always makes its line
    was = before or _new(record, record.data["person"], "resolved")
    update: dict[str, Any] = {"unread": 0, "read_up_to": record.at, "unanswered_since": None, "answering": {}}
    update["person"] = _known(was.person, "", message.identity or "")
    if was.account is None:
        update |= {"account": message.account, "channel": message.channel, "identity": message.identity}
    if _is_newest(was, message):
        update["last_message"] = message
    return was.model_copy(update=update)


def _renamed(was: Conversation, record: Record) -> Conversation:
    """What is known of the previous identity holds for the new one."""
    said = record.data
    identities = (said["identity"], *said.get("aliases", ()))
    person = _known(was.person, said["person"]["name"], *identities)
    if "picture" in said["person"]:
        person = person.model_copy(update={"picture": said["person"]["picture"]})
    update: dict[str, Any] = {"person": person}
    new = reach_key(said["account"], said["identity"])
    for previous in filter(None, (said.get("previous"), *said.get("previous_aliases", ()))):
        old = reach_key(said["account"], previous)
        for name in ("reach", "last_inbound_at", "free_until", "touched_at"):
            held = update.get(name, getattr(was, name))
            if old in held and new not in held:
                update[name] = {**held, new: held[old]}
        if (was.account, was.identity) == (said["account"], previous):
            update["identity"] = said["identity"]
    return was.model_copy(update=update)


def _reached(before: Conversation | None, record: Record) -> Conversation:
    told = record.data
    was = before or _new(record, told["person"]["id"], "resolved")
    key, at = reach_key(told["account"], told["identity"]), time(told.get("at")) or record.at
    what, now = {
        "blocked": ("blocked", True),
        "unblocked": ("blocked", False),
        "opted_out": ("opted_out", True),
        "opted_in": ("opted_out", False),
    }[told["change"]]
    reach = was.reach.get(key, Reach())
    heard = [reach.blocked_at, was.last_inbound_at.get(key)] if what == "blocked" else [reach.opted_out_at]
    update: dict[str, Any] = {"person": _known(was.person, told["person"]["name"], told["identity"])}
    if all(earlier is None or earlier <= at for earlier in heard):
        update["reach"] = {**was.reach, key: reach.model_copy(update={what: now, f"{what}_at": at})}
    if was.account is None:
        update |= {"account": told["account"], "channel": told["channel"], "identity": told["identity"]}
    return was.model_copy(update=update)


def _replied(was: Conversation, record: Record, line: Message | None) -> Conversation:
    message = line or apply_to_line(None, record)
    assert message is not None  # noqa: S101 - a queued message always makes its line
    update: dict[str, Any] = {"unread": 0, "read_up_to": record.at, **debts.taken_on(was, message.id)}
    numbered = record.data.get("private", {}).get("numbered", ())
    if numbered or was.numbered:
        update["numbered"] = tuple(map(Option.model_validate, numbered))
        update["numbered_by"] = message.id if numbered else ""
    if _is_newest(was, message):
        update["last_message"] = message
    return was.model_copy(update=update)


def _news(was: Conversation, record: Record) -> Conversation:
    """A message's status or text changed: the last line shows it, and a failed answer is owed again."""
    update: dict[str, Any] = {}
    about, last, receipt = line_id(record) or "", was.last_message, "provider_id" in record.data
    if last is not None and last.id == about:
        now = apply_to_line(last, record) or last
        update["last_message"] = now
        if receipt and now.status == "failed" != last.status:
            update |= debts.owed_after_all(was)
    if record.kind == "message.reacted" and (identity := record.data.get("identity")) and record.account:
        whose, at = reach_key(record.account, identity), time(record.data["at"]) or record.at
        update["touched_at"] = {**was.touched_at, whose: max(at, was.touched_at.get(whose, at))}
    if receipt and record.account and (until := time(record.data.get("window_until"))):
        whose = reach_key(record.account, record.data["identity"])
        update["free_until"] = {**was.free_until, whose: max(until, was.free_until.get(whose, until))}
    if record.kind == "message.failed":
        update |= optouts.heeded(was, record)
    if about in was.answering and not receipt:
        if record.kind == "message.sent":
            update |= debts.paid(was, about)
        elif record.kind == "message.failed":
            update |= debts.given_back(was, about)
    return was.model_copy(update=update)


def _changed(was: Conversation, record: Record) -> Conversation:
    said = record.data
    update: dict[str, Any] = {"revision": was.revision + 1}
    for name in ("status", "priority"):
        if name in said:
            update[name] = said[name]
    if "snoozed_until" in said:
        update["snoozed_until"] = time(said["snoozed_until"])
    if "labels" in said:
        update["labels"] = tuple(said["labels"])
    if "assignee" in said:
        update["assignee"] = None if said["assignee"] is None else Assignee.model_validate(said["assignee"])
    if said.get("status") == "resolved":
        update["unanswered_since"] = None
    elif "status" in said and was.status == "resolved":
        update["opened_at"] = record.at
    return was.model_copy(update=update)


# People.


def apply_to_person(person: Person | None, record: Record) -> Person | None:
    """The person after a record in which they speak for themselves, or are told of."""
    if record.kind == "message.received":
        said = record.data["message"]
        who, told = {"id": said["author"]["id"], "name": said["author"]["name"]}, (said["identity"],)
    elif record.kind.startswith("identity."):
        who, told = record.data["person"], (record.data["identity"],)
    else:
        return person
    told = (*told, *record.data.get("aliases", ()))
    known = person or Person(
        id=who["id"], brand=record.brand, conversation=record.stream, created_at=record.at, updated_at=record.at
    )
    update: dict[str, Any] = {
        "name": who["name"] or known.name,
        "identities": tuple(dict.fromkeys((*known.identities, *told))),
    }
    if "picture" in who:
        update["picture"] = who["picture"]
        update["picture_version"] = record.data.get("private", {}).get("version", "")
    if person is not None and all(getattr(person, name) == value for name, value in update.items()):
        return person
    return known.model_copy(update={**update, "updated_at": record.at})
