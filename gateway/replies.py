"""An agent's words: replies, notes, sending again and settling by hand, each decided, fitted and appended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.asking import Caller, Desk, Once
from gateway.config import Account
from gateway.ports import Clock, Store
from normalizer import conversation
from normalizer.decision import Refusal, Stamp, View, existing
from normalizer.fit import misfits
from normalizer.fold import apply_to_line, line_id
from normalizer.model import Media, Message, Part, Text
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


@dataclass(frozen=True, slots=True)
class NewReply:
    """A reply as it was asked for. ``via`` is an account; None is where the person last wrote."""

    parts: tuple[Part, ...]
    via: str | None = None
    reply_to: str | None = None
    client_ref: str | None = None


class Replies(Desk):
    """What agents say. What it queues is sent by whoever follows the feed."""

    def __init__(self, store: Store, clock: Clock, accounts: Mapping[str, Account]) -> None:
        super().__init__(store, clock)
        self._accounts = accounts
        self._channels = {name: account.channel for name, account in accounts.items()}

    async def reply(self, caller: Caller, conversation_id: str, new: NewReply, asked: Once | None = None) -> Message:
        """Queue a message. Raises Refusal, with a pointer where a field is to blame."""
        if made := await self.before(caller, asked):
            return await self._line(made, repeated=True)
        parts = await self._with_files(caller, conversation_id, new.parts)
        message_id = self.clock.new_id("msg")

        def decision(view: View, stamp: Stamp) -> Draft:
            self._fits(view, new.via, parts)
            wanted = conversation.Asked(
                message_id=message_id,
                parts=parts,
                key=asked.key if asked else stamp.id,
                request=asked.request if asked else None,
                via=new.via,
                reply_to=new.reply_to,
                client_ref=new.client_ref,
            )
            return conversation.reply(view, wanted, stamp, self._channels)

        appended = await self.append(caller, conversation_id, decision, asked)
        return await self._line(appended.record, repeated=appended.duplicate)

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
            if now.kind != "message" or now.status not in {"failed", "uncertain"}:
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
            )
            return conversation.reply(view, wanted, stamp, self._channels)

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

    def _fits(self, view: View, via: str | None, parts: Sequence[Part]) -> None:
        name, _ = conversation.route(existing(view), via)
        account = self._accounts.get(name)
        if account is None:
            return  # the decision itself says so
        found = [
            {"pointer": misfit.pointer, "detail": misfit.detail, "reason": misfit.reason}
            for misfit in misfits(parts, account.connector.limits)
        ]
        if found:
            detail = f"this cannot be sent on {account.channel} as it is"
            raise Refusal(str(found[0]["reason"]), detail, about={"errors": found})

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
        if isinstance(part, Text) and not part.text.strip():
            errors.append({"pointer": f"{at}/text", "detail": "there is nothing in this text"})
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
