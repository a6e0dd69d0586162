"""What agents do to what was said: change it, take it back, react to it, show that they type.

Each is made at the provider at once, while the agent waits, and recorded only when the provider has done it. All of
them may be repeated without harm, so a call that got no answer is simply asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Literal

import structlog

from connectors.api import Deferred, Refused, Steps
from gateway import steps
from gateway.asking import Caller, Desk
from gateway.config import Account
from gateway.ports import Clock, Http, NeverSent, NoAnswer, Store
from gateway.tasks import ended
from normalizer import amending
from normalizer.decision import Refusal
from normalizer.event import Outgoing
from normalizer.fit import misfits
from normalizer.model import Conversation, Media, Message, Part, Text

log = structlog.get_logger(__name__)

_BACK = 50
"""Lines in which the customer's newest message is looked for."""
_POWERS = {"edit": "change a message", "delete": "take a message back", "react": "react to a message"}


class Amending(Desk):
    """Makes the calls, and records what came of them."""

    def __init__(self, store: Store, http: Http, clock: Clock, accounts: Mapping[str, Account]) -> None:
        super().__init__(store, clock)
        self._http, self._accounts = http, accounts
        self._showing: set[asyncio.Task[None]] = set()

    async def edit(self, caller: Caller, message_id: str, parts: Sequence[Part]) -> Message:
        """Change a message that was sent. Raises Refusal."""
        line = amending.may_amend(await self.message(caller, message_id), "changed")
        account = self._able(line, "edit")
        if len(line.parts) != 1 or len(parts) != 1 or len(line.provider_ids) != 1:
            raise Refusal("unsupported", "only a message of one part can be changed, into one part", "/parts")
        new = _new_part(line.parts[0], parts[0])
        if found := misfits((new,), account.connector.limits):
            errors = [{"pointer": one.pointer, "detail": one.detail, "reason": one.reason} for one in found]
            raise Refusal(str(found[0].reason), "this cannot be sent as it is", about={"errors": errors})
        outgoing = Outgoing(id=line.id, to=line.identity or "", parts=(new,))
        await self._do(account, account.connector.edit(line.provider_ids[0], outgoing, account.settings))  # type: ignore[misc] # None is refused above
        await self.append(caller, line.conversation, lambda view, stamp: amending.edited(view, line.id, (new,), stamp))
        return await self.message(caller, message_id)

    async def delete(self, caller: Caller, message_id: str) -> Message:
        """Take back a message that was sent, every part of it. Raises Refusal."""
        found = await self.message(caller, message_id)
        if found.deleted_at is not None and found.direction == "out":
            return found
        line = amending.may_amend(found, "deleted")
        account = self._able(line, "delete")
        for gone, provider_id in enumerate(line.provider_ids):
            try:
                await self._do(account, account.connector.delete(provider_id, line.identity or "", account.settings))  # type: ignore[misc] # None is refused above
            except Refusal as refusal:
                if gone:
                    refusal.detail = f"{gone} of {len(line.provider_ids)} parts are gone, then: {refusal.detail}"
                raise
        await self.append(caller, line.conversation, lambda view, stamp: amending.deleted(view, line.id, stamp))
        return await self.message(caller, message_id)

    async def react(self, caller: Caller, message_id: str, emoji: str, *, off: bool = False) -> Message:
        """Put an emoji on a message, or take it off; at the provider we have one. Raises Refusal."""
        line = amending.may_react(await self.message(caller, message_id))
        account = self._able(line, "react")
        if off and not any(one.emoji == emoji for one in line.reactions if one.by.kind != "person"):
            return line
        now = "" if off else emoji
        identity = line.identity or ""
        await self._do(account, account.connector.react(line.provider_ids[0], identity, now, account.settings))  # type: ignore[misc] # None is refused above
        emojis = () if off else (emoji,)
        await self.append(caller, line.conversation, lambda view, stamp: amending.reacted(view, line.id, emojis, stamp))
        return await self.message(caller, message_id)

    async def typing(self, caller: Caller, conversation_id: str) -> None:
        """Show the customer that somebody types, where their channel can. Nothing hangs on it. Raises Refusal."""
        await self._show(await self.conversation(caller, conversation_id), "typing")

    async def seen(self, caller: Caller, conversation_id: str) -> None:
        """Show the customer that their words were read, where their channel can, while the caller goes on.

        Raises Refusal.
        """
        showing = asyncio.create_task(self._show(await self.conversation(caller, conversation_id), "read"))
        self._showing.add(showing)
        showing.add_done_callback(self._showing.discard)

    async def stop(self) -> None:
        """Let go of what is still being shown."""
        await ended(*self._showing)

    async def _show(self, found: Conversation, power: Literal["typing", "read"]) -> None:
        account = self._accounts.get(found.account or "")
        show = None if account is None else getattr(account.connector, power)
        if account is None or show is None:
            return
        lines = (await self.store.lines(found.id, _BACK, None)).data
        theirs = (line for line in reversed(lines) if (line.direction, line.account) == ("in", account.name))
        newest = next((line.provider_ids[0] for line in theirs if line.provider_ids), "")
        try:
            await self._do(account, show(found.identity or "", newest, account.settings))
        except Refusal as refusal:
            log.info("the customer was not shown", what=power, account=account.name, why=refusal.detail)

    def _able(self, line: Message, power: str) -> Account:
        """The account of a line, if its channel has the power; raises Refusal."""
        account = self._accounts.get(line.account or "")
        if account is None:
            raise Refusal("unreachable", f"the account {line.account} is not configured any more")
        if getattr(account.connector, power) is None:
            raise Refusal("unsupported", f"{account.channel} cannot {_POWERS[power]}")
        return account

    async def _do(self, account: Account, work: Steps) -> None:
        """Make the calls; raises Refusal in the provider's words."""
        try:
            await steps.run(work, self._http, account.connector.classify)
        except Refused as refused:
            raise Refusal(refused.code, refused.detail, about={"provider_code": refused.provider_code}) from None
        except steps.Unsettled as busy:
            detail = f"{account.channel} did not do it: {busy.outcome.detail}"
            if isinstance(busy.outcome, Deferred):
                raise Refusal(busy.outcome.reason, detail, about={"wait": busy.outcome.wait}) from None
            raise Refusal("provider_down", detail) from None
        except (NeverSent, NoAnswer) as error:
            raise Refusal("provider_down", f"{account.channel} did not answer: {error}") from None


def _new_part(old: Part, new: Part) -> Part:
    """What a part becomes: another text, or the same file under another caption. Raises Refusal."""
    match old, new:
        case Text(), Text():
            if not new.text.strip():
                raise Refusal("invalid", "there is nothing in this text", "/parts/0/text")
            return new
        case Media(), Text():
            return old.model_copy(update={"caption": new.text, "format": new.format})
        case Media(), Media() if (new.media, new.url) in {(old.media, old.url), ("", "")}:
            return old.model_copy(update={"caption": new.caption, "format": new.format})
        case _ if old.kind == new.kind and old.kind == "choices":
            return new
    raise Refusal("unsupported", f"a {old.kind} cannot be changed into this {new.kind}", "/parts/0")
