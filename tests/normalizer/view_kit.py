"""One conversation in memory: a log that numbers drafts, and the view that the folds make of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from normalizer import amending, conversation, sending, told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import (
    Echoed,
    IdentityChanged,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    ReachChanged,
    Reacted,
    ReceiptReceived,
)
from normalizer.fold import apply, apply_to_line, apply_to_person, line_id
from normalizer.model import Choices, Conversation, Failure, Message, Option, Part, Person, Text
from normalizer.record import By, Draft, Record

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PERSON = By("person", "per_1", "Ann Lee")
AGENT = By("agent", "agt_1", "Bo")
BOT = By("bot", "key_1", "crm")
SYSTEM = By("system", "gateway")
PLACE = Place("per_1", "cnv_1")
TELEGRAM = Channel("shop", "telegram")
SMS = Channel("sms", "twilio")
CHANNELS = {"shop": "telegram", "sms": "twilio"}
IDENTITIES = {"shop": "telegram:42", "sms": "tel:+33612345678"}


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def texts(*words: str) -> tuple[Part, ...]:
    return tuple(Text(text=word) for word in words)


def place(line: Message) -> tuple[datetime, int, str]:
    """Where a line stands in the list."""
    return line.shown_at, line.order, line.id


@dataclass
class View:
    """What records add up to; a `normalizer.decision.View`."""

    conversation: Conversation | None = None
    lines: dict[str, Message] = field(default_factory=dict)
    person: Person | None = None

    def message(self, message_id: str) -> Message | None:
        return self.lines.get(message_id)

    def unread_after(self, message: Message) -> int:
        said = (line for line in self.lines.values() if line.kind == "message" and line.direction == "in")
        return sum(place(line) > place(message) for line in said)

    def fold(self, records: Iterable[Record]) -> View:
        for record in records:
            self.conversation = apply(self.conversation, record)
            self.person = apply_to_person(self.person, record)
            if (about := line_id(record)) is not None:
                line = apply_to_line(self.lines.get(about), record)
                if line is not None:
                    self.lines[about] = line
        return self

    def stored(self) -> View:
        """The same, written to a table and read again."""
        return View(
            self.conversation and Conversation.model_validate_json(self.conversation.model_dump_json()),
            {name: Message.model_validate_json(line.model_dump_json()) for name, line in self.lines.items()},
            self.person and Person.model_validate_json(self.person.model_dump_json()),
        )


class House:
    """A conversation under test: what providers tell and agents ask goes by the decisions into the log."""

    def __init__(self) -> None:
        self.view = View()
        self.records: list[Record] = []
        self._numbers = count(1)

    # The log.

    def keep(self, draft: Draft | None) -> Record | None:
        """Number a draft, as a store would, and fold it."""
        if draft is None:
            return None
        seq = len(self.records) + 1
        record = Record(
            feed=seq,
            id=draft.id,
            stream="cnv_1",
            seq=seq,
            key=draft.key,
            kind=draft.kind,
            brand=draft.brand,
            account=draft.account,
            by=draft.by,
            cause=draft.cause,
            at=draft.at,
            received_at=draft.received_at,
            data=json.loads(json.dumps(draft.data)),
            request=draft.request,
        )
        self.records.append(record)
        self.view.fold([record])
        return record

    def number(self) -> int:
        return next(self._numbers)

    def stamp(self, by: By = AGENT, when: float | None = None) -> Stamp:
        number = self.number()
        return Stamp(f"rec_{number}", by, at(number if when is None else when), "main")

    @property
    def conversation(self) -> Conversation:
        assert self.view.conversation is not None
        return self.view.conversation

    @property
    def person(self) -> Person:
        assert self.view.person is not None
        return self.view.person

    def line(self, message_id: str) -> Message:
        return self.view.lines[message_id]

    def said(self, direction: str) -> list[Message]:
        """The messages, oldest record first."""
        return [line for line in self.view.lines.values() if line.kind == "message" and line.direction == direction]

    # What providers tell.

    def receive(
        self,
        words: str = "hi",
        *,
        channel: Channel = TELEGRAM,
        identity: str = "",
        name: str = "Ann Lee",
        sent: float | None = None,
        when: float | None = None,
        order: int = 0,
        **more: Any,
    ) -> str:
        """A customer's message; gives its id. ``more`` is what else the event says."""
        stamp = self.stamp(PERSON, when)
        number = stamp.id.removeprefix("rec_")
        event = MessageReceived(
            id=f"message:{number}",
            identity=identity or IDENTITIES[channel.account],
            name=name,
            sent_at=stamp.at if sent is None else at(sent),
            provider_ids=(f"in:{number}",),
            order=order,
            **{"parts": texts(words), **more},
        )
        self.keep(told.received(event, PLACE, channel, stamp, f"msg_{number}", event.parts, None))
        return f"msg_{number}"

    def edit(self, message_id: str, words: str, edited: float) -> Record | None:
        stamp = self.stamp(PERSON)
        event = MessageEdited(
            id=f"edit:{stamp.id}", identity="telegram:42", provider_id="x", parts=texts(words), edited_at=at(edited)
        )
        return self.keep(told.edited(self.view, event, TELEGRAM, stamp, message_id, event.parts))

    def delete(self, message_id: str, happened: float) -> Record | None:
        stamp = self.stamp(PERSON)
        event = MessageDeleted(id=f"deletion:{stamp.id}", provider_id="x", at=at(happened))
        return self.keep(told.deleted(self.view, event, TELEGRAM, stamp, message_id))

    def react(self, message_id: str, emojis: Sequence[str], happened: float, by: By = PERSON) -> Record | None:
        stamp = self.stamp(by)
        event = Reacted(
            id=f"reaction:{stamp.id}", identity="telegram:42", provider_id="x", emojis=tuple(emojis), at=at(happened)
        )
        return self.keep(told.reacted(self.view, event, TELEGRAM, stamp, message_id))

    def echo(self, words: str, when: float | None = None) -> str:
        stamp = self.stamp(SYSTEM, when)
        number = stamp.id.removeprefix("rec_")
        event = Echoed(
            id=f"echo:{number}",
            identity="telegram:42",
            name="Another tool",
            sent_at=stamp.at,
            parts=texts(words),
            provider_ids=(f"echo:{number}",),
        )
        self.keep(told.echoed(event, PLACE, TELEGRAM, stamp, f"msg_{number}", event.parts))
        return f"msg_{number}"

    def rename(self, identity: str, previous: str, *aliases: str) -> Record | None:
        stamp = self.stamp(PERSON)
        event = IdentityChanged(
            id=f"identity:{stamp.id}", identity=identity, previous=previous, aliases=aliases, at=stamp.at
        )
        return self.keep(told.identity_changed(event, PLACE, TELEGRAM, stamp))

    def name(self, name: str, picture: told.Pictured | None = None, when: float | None = None) -> Record | None:
        stamp = self.stamp(SYSTEM, when)
        return self.keep(told.named("telegram:42", name, PLACE, TELEGRAM, stamp, picture))

    def reach(
        self,
        change: Literal["blocked", "unblocked", "opted_out", "opted_in"],
        *,
        channel: Channel = TELEGRAM,
        identity: str = "",
        name: str = "Ann Lee",
        happened: float | None = None,
        if_news: bool = False,
    ) -> None:
        stamp = self.stamp(PERSON)
        event = ReachChanged(
            id=f"update:{stamp.id}",
            identity=identity or IDENTITIES[channel.account],
            name=name,
            change=change,
            at=stamp.at if happened is None else at(happened),
        )
        if not if_news or told.is_news(self.view, event, channel):
            self.keep(told.reach_changed(event, PLACE, channel, stamp))

    def receipt(
        self,
        message_id: str,
        provider_id: str,
        status: Literal["sent", "delivered", "read", "failed"],
        failure: Failure | None = None,
        window_until: datetime | None = None,
        happened: float | None = None,
    ) -> Record | None:
        stamp = self.stamp(SYSTEM)
        event = ReceiptReceived(
            id=f"receipt:{stamp.id}",
            provider_id=provider_id,
            status=status,
            failure=failure,
            window_until=window_until,
            at=None if happened is None else at(happened),
        )
        return self.keep(told.receipt(self.view, event, SMS, stamp, message_id))

    # What agents ask, and what comes of it.

    def reply(
        self, *words: str, via: str | None = None, resend_of: str | None = None, when: float | None = None
    ) -> str:
        stamp = self.stamp(AGENT, when)
        message_id = "msg_" + stamp.id.removeprefix("rec_")
        asked = conversation.Asked(message_id, texts(*words or ("hello",)), stamp.id, via=via, resend_of=resend_of)
        self.keep(conversation.reply(self.view, asked, stamp, CHANNELS))
        return message_id

    def ask(self, *labels: str) -> str:
        """A question that goes out with numbers for buttons; gives its id."""
        stamp = self.stamp()
        options = tuple(Option(id=f"id:{label}", label=label) for label in labels)
        message_id = "msg_" + stamp.id.removeprefix("rec_")
        parts = (Choices(text="Which?", choices=options),)
        asked = conversation.Asked(message_id, parts, stamp.id, numbered=options)
        self.keep(conversation.reply(self.view, asked, stamp, CHANNELS))
        return message_id

    def settle(
        self,
        message_id: str,
        how: Literal["sent", "failed", "uncertain", "deferred"],
        ids: Sequence[str] = (),
        part: int = 0,
        failure: Failure | None = None,
        when: float | None = None,
        happened: float | None = None,
    ) -> Record | None:
        stamp = self.stamp(SYSTEM, when)
        if how != "sent":
            failure = failure or Failure(reason="provider_down", detail="busy", part=part)
        again = stamp.at + timedelta(seconds=30) if how == "deferred" else None
        said_at = None if happened is None else at(happened)
        end = sending.Settled(how, f"{message_id}:{how}", tuple(ids), failure, again, said_at)
        return self.keep(sending.settled(self.view, message_id, end, stamp))

    def settle_by_hand(self, message_id: str, status: Literal["sent", "failed"]) -> Record | None:
        stamp = self.stamp()
        return self.keep(sending.settled_by_agent(self.view, message_id, status, stamp, stamp.id, None))

    def settle_by_word(
        self, message_id: str, provider_id: str, failure: Failure | None = None, happened: float | None = None
    ) -> Record | None:
        stamp, when = self.stamp(SYSTEM), None if happened is None else at(happened)
        return self.keep(sending.settled_by_word(self.view, message_id, provider_id, failure, stamp, stamp.id, when))

    def amend(self, message_id: str, *words: str) -> Record | None:
        """An agent changes a message; without words they take it back."""
        stamp = self.stamp()
        if words:
            return self.keep(amending.edited(self.view, message_id, texts(*words), stamp))
        return self.keep(amending.deleted(self.view, message_id, stamp))

    def put_on(self, message_id: str, *emojis: str, by: By = AGENT) -> Record | None:
        return self.keep(amending.reacted(self.view, message_id, emojis, self.stamp(by)))

    def change(self, changes: dict[str, Any], revision: int | None = None, when: float | None = None) -> Record | None:
        return self.keep(conversation.changed(self.view, self.stamp(when=when), changes, revision))

    def claim(self, by: By = AGENT) -> Record | None:
        stamp = self.stamp(by)
        return self.keep(conversation.claimed(self.view, stamp, stamp.id, None))

    def read(self, up_to: str) -> Record | None:
        return self.keep(conversation.read(self.view, self.stamp(), up_to))

    def note(self, words: str = "careful") -> str:
        stamp = self.stamp()
        message_id = "msg_" + stamp.id.removeprefix("rec_")
        self.keep(conversation.note(self.view, stamp, message_id, words, stamp.id, None))
        return message_id
