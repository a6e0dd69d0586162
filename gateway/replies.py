"""An agent's words: replies, notes, sending again and settling by hand, each decided, fitted and appended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.asking import Caller, Desk, Once
from gateway.config import Account
from gateway.ports import Clock, Store
from normalizer import conversation
from normalizer.decision import Refusal, Stamp, View, existing
from normalizer.fit import OURS, Fitted, fit
from normalizer.fold import apply_to_line, line_id
from normalizer.model import Conversation, Link, Media, Message, Option, Part, Text
from normalizer.record import Draft, Record
from normalizer.sending import settled_by_agent

_MIME = {
    "image": "image/jpeg",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "file": "application/octet-stream",
    "sticker": "image/webp",
}
"""What a kind of media suggests, where nothing says more."""

_MOST_SPANS = 500
"""Of one text; each costs time at every cut."""


@dataclass(frozen=True, slots=True)
class NewReply:
    """A reply as it was asked for. ``via`` is an account; None is where the person last wrote."""

    parts: tuple[Part, ...]
    via: str | None = None
    reply_to: str | None = None
    client_ref: str | None = None


class Replies(Desk):
    """What agents say. What it queues is sent by whoever follows the feed.

    ``links`` says whether a file may go as a link: whoever sends then puts signed addresses in place of ours.
    """

    def __init__(self, store: Store, clock: Clock, accounts: Mapping[str, Account], *, links: bool = False) -> None:
        super().__init__(store, clock)
        self._accounts, self._links = accounts, links
        windows = {name: account.connector.window for name, account in accounts.items()}
        self._windows = {name: window for name, window in windows.items() if window is not None}
        self._channels = {name: account.channel for name, account in accounts.items()}

    async def reply(self, caller: Caller, conversation_id: str, new: NewReply, asked: Once | None = None) -> Message:
        """Queue a message. Raises Refusal, with a pointer where a field is to blame."""
        if made := await self.before(caller, asked):
            return await self._line(made, repeated=True)
        parts = await self._with_files(caller, conversation_id, new.parts)
        message_id = self.clock.new_id("msg")

        def decision(view: View, stamp: Stamp) -> Draft:
            fitted = self._fitted(existing(view), new.via, parts)
            wanted = conversation.Asked(
                message_id=message_id,
                parts=fitted.parts,
                numbered=fitted.numbered[-1].options if fitted.numbered else (),
                key=asked.key if asked else stamp.id,
                request=asked.request if asked else None,
                via=new.via,
                reply_to=new.reply_to,
                client_ref=new.client_ref,
            )
            return conversation.reply(view, wanted, stamp, self._channels, self._windows)

        appended = await self.append(caller, conversation_id, decision, asked)
        return await self._line(appended.record, repeated=appended.duplicate)

    async def fit(self, caller: Caller, conversation_id: str, new: NewReply) -> tuple[Fitted, Account]:
        """What a reply would become, and where it would go; queues nothing. Raises Refusal as ``reply`` does."""
        found = await self.conversation(caller, conversation_id)
        parts = await self._with_files(caller, conversation_id, new.parts)
        return self._fitted(found, new.via, parts), self._account(found, new.via)

    async def note(self, caller: Caller, conversation_id: str, text: str, asked: Once | None = None) -> Message:
        """Add a private remark."""
        if made := await self.before(caller, asked):
            return await self._line(made, repeated=True)
        message_id = self.clock.new_id("msg")

        def decision(view: View, stamp: Stamp) -> Draft:
            key, request = (asked.key, asked.request) if asked else (stamp.id, None)
            return conversation.note(view, stamp, message_id, text, key, request)

        appended = await self.append(caller, conversation_id, decision, asked)
        return await self._line(appended.record, repeated=appended.duplicate)

    async def resend(self, caller: Caller, message_id: str) -> Message:
        """Send again what is missing of a failed or uncertain message: once, and a repeat answers the same."""
        key = f"{message_id}:resend"
        original = await self.message(caller, message_id)
        if made := await self.store.record_of(key):
            return await self._line(made, repeated=True)
        new_id = self.clock.new_id("msg")

        def decision(view: View, stamp: Stamp) -> Draft:
            now = view.message(message_id) or original
            if now.kind != "message" or now.deleted_at or now.status not in {"failed", "uncertain"}:
                raise Refusal(
                    "not_failed", f"this {now.kind} is {now.status}; only a failed or uncertain one goes again"
                )
            wanted = conversation.Asked(
                message_id=new_id,
                parts=conversation.missing_parts(now),
                key=key,
                via=now.account,
                reply_to=now.reply_to,
                resend_of=message_id,
                numbered=_numbered(view, message_id),
            )
            return conversation.reply(view, wanted, stamp, self._channels, self._windows)

        appended = await self.append(caller, original.conversation, decision, key=key)
        return await self._line(appended.record, repeated=appended.duplicate)

    async def settle(
        self, caller: Caller, message_id: str, status: Literal["sent", "failed"], asked: Once | None = None
    ) -> Message:
        """End an uncertain message by hand. Raises Refusal ``not_uncertain``."""
        found = await self.message(caller, message_id)
        if not await self.before(caller, asked):

            def decision(view: View, stamp: Stamp) -> Draft:
                key, request = (asked.key, asked.request) if asked else (stamp.id, None)
                return settled_by_agent(view, message_id, status, stamp, key, request)

            await self.append(caller, found.conversation, decision, asked)
        return await self.message(caller, message_id)

    def _account(self, found: Conversation, via: str | None) -> Account:
        name, _ = conversation.route(found, via)
        if name not in self._accounts:
            raise Refusal("unreachable", f"the account {name} is not configured any more", "/via" if via else "")
        return self._accounts[name]

    def _fitted(self, found: Conversation, via: str | None, parts: Sequence[Part]) -> Fitted:
        """The parts as the channel takes them; raises Refusal with what cannot go in any form."""
        account = self._account(found, via)
        fitted = fit(parts, account.connector.limits, account.connector.accepts, links=self._links)
        if fitted.misfits:
            errors = [
                {"pointer": misfit.pointer, "detail": misfit.detail, "reason": misfit.reason}
                for misfit in fitted.misfits
            ]
            detail = f"this cannot be sent on {account.channel}"
            raise Refusal(fitted.misfits[0].reason, detail, about={"errors": errors})
        return fitted

    async def _with_files(self, caller: Caller, conversation_id: str, parts: Sequence[Part]) -> tuple[Part, ...]:
        """The parts with what we know of their files filled in; raises Refusal naming what is wrong with them."""
        if any(isinstance(part, Media) for part in parts):
            await self.conversation(caller, conversation_id)
        errors: list[dict[str, Any]] = []
        done = [await self._checked(caller, f"/parts/{index}", part, errors) for index, part in enumerate(parts)]
        if errors:
            raise Refusal("invalid", "some parts cannot be sent", about={"errors": errors})
        return tuple(done)

    async def _checked(self, caller: Caller, at: str, part: Part, errors: list[dict[str, Any]]) -> Part:
        errors += _wrong_words(at, part)
        if not isinstance(part, Media):
            return part
        if part.ref:
            errors.append({"pointer": f"{at}/ref", "detail": "only providers name files so; give media or url"})
        elif bool(part.media) == bool(part.url):
            errors.append({"pointer": f"{at}/media", "detail": "give exactly one of media and url"})
        elif part.url:
            if part.url.startswith(("https://", "http://")):
                return part.model_copy(update={"mime": part.mime or _MIME[part.media_type]})
            errors.append({"pointer": f"{at}/url", "detail": "an address starts with https:// or http://"})
        else:
            return await self._of_file(caller, at, part, errors)
        return part

    async def _of_file(self, caller: Caller, at: str, part: Media, errors: list[dict[str, Any]]) -> Media:
        file = await self.store.file(part.media)
        if file is None or not caller.sees(file.brand):
            errors.append({"pointer": f"{at}/media", "detail": "no such file"})
            return part
        if file.state != "kept":
            errors.append({"pointer": f"{at}/media", "detail": f"this file cannot be sent; it is {file.state}"})
            return part
        known = {"mime": file.mime or part.mime or _MIME[part.media_type], "size": file.size}
        return part.model_copy(update={**known, "name": part.name or file.name})

    async def _line(self, record: Record | None, *, repeated: bool) -> Message:
        """The line that a record made: as it is now if the record is an earlier one."""
        made = apply_to_line(None, record) if record else None
        if record is None or made is None:
            raise Refusal("not_found", "no such message")
        return (await self.store.message(line_id(record) or "") if repeated else None) or made


def _numbered(view: View, message_id: str) -> tuple[Option, ...]:
    """The answers, by number, to the question of a message, while they are still awaited."""
    found = view.conversation
    return found.numbered if found is not None and found.numbered_by == message_id else ()


def _wrong_words(at: str, part: Part) -> Iterator[dict[str, Any]]:
    """What is wrong with a part's words and their format."""
    match part:
        case Text(text=words, format=spans):
            if not words.strip():
                yield {"pointer": f"{at}/text", "detail": "there is nothing in this text"}
        case Media(caption=words, format=spans):
            pass
        case Link(url=url) if url.startswith(OURS):
            yield {"pointer": f"{at}/url", "detail": "a file of ours goes as media"}
            return
        case _:
            return
    if len(spans) > _MOST_SPANS:
        yield {"pointer": f"{at}/format", "detail": f"at most {_MOST_SPANS} pieces have a format"}
    for index, span in enumerate(spans[:_MOST_SPANS]):
        if span.start + span.length > len(words):
            yield {"pointer": f"{at}/format/{index}", "detail": "this reaches beyond the end of the text"}
