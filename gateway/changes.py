"""What agents do to a conversation itself: change it, claim it, read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from gateway.asking import Caller, Desk, Once
from normalizer import conversation
from normalizer.decision import Refusal, Stamp, View, existing
from normalizer.model import Conversation
from normalizer.record import Draft

ME = "me"


class Changes(Desk):
    """What agents do to conversations."""

    async def change(
        self,
        caller: Caller,
        conversation_id: str,
        changes: Mapping[str, Any],
        revisions: Collection[int] | None = None,
    ) -> Conversation:
        """A PATCH: JSON values by field. With ``revisions`` it must be at one of them, else Refusal ``stale``."""
        brand = (await self.conversation(caller, conversation_id)).brand
        wanted = dict(changes)
        if wanted.get("assignee") is not None:
            who = wanted["assignee"]
            wanted["assignee"] = await self._assignee(caller, brand, who["kind"], who["id"])

        def decision(view: View, stamp: Stamp) -> Draft | None:
            now = existing(view)
            revision = None if revisions is None else now.revision if now.revision in revisions else -1
            draft = conversation.changed(view, stamp, wanted, revision)
            _wakes(now, wanted, stamp.at)
            return draft

        await self.append(caller, conversation_id, decision)
        return await self.conversation(caller, conversation_id)

    async def claim(self, caller: Caller, conversation_id: str, asked: Once | None = None) -> Conversation:
        """Assign to the caller. Raises Refusal ``already_claimed`` with the owner."""
        if not await self.before(caller, asked):

            def decision(view: View, stamp: Stamp) -> Draft | None:
                key, request = (asked.key, asked.request) if asked else (stamp.id, None)
                return conversation.claimed(view, stamp, key, request)

            await self.append(caller, conversation_id, decision, asked)
        return await self.conversation(caller, conversation_id)

    async def read(self, caller: Caller, conversation_id: str, up_to: str) -> None:
        """Note that the caller has read the conversation up to a message."""
        await self.append(caller, conversation_id, lambda view, stamp: conversation.read(view, stamp, up_to))

    async def _assignee(self, caller: Caller, brand: str, kind: str, id: str) -> dict[str, str]:  # noqa: A002 - as in JSON
        """Somebody who may answer for the brand, by name; raises Refusal."""
        if id == ME:
            return {"kind": caller.by.kind, "id": caller.by.id, "name": caller.by.name}
        if kind == "agent":
            agent = await self.store.agent(id)
            if agent is not None and (agent.brands is None or brand in agent.brands):
                return {"kind": "agent", "id": agent.id, "name": agent.name}
        else:
            for key in await self.store.keys():
                may = key.revoked_at is None and key.scope != "read" and (key.brands is None or brand in key.brands)
                if key.id == id and may:
                    return {"kind": "bot", "id": key.id, "name": key.name}
        raise Refusal("invalid", f"no such {kind} answers for {brand}", "/assignee/id")


def _wakes(now: Conversation, wanted: Mapping[str, Any], at: datetime) -> None:
    """Whoever snoozes says until when, and it is still to come; raises Refusal."""
    until = wanted.get("snoozed_until")
    snoozed = wanted.get("status", now.status) == "snoozed"
    if not snoozed and until is not None:
        raise Refusal("invalid", "only a snoozed conversation has a time to wake", "/snoozed_until")
    if snoozed and until is None and ("snoozed_until" in wanted or "status" in wanted):
        raise Refusal("invalid", "say until when to snooze", "/snoozed_until")
    if until is not None and datetime.fromisoformat(until) <= at:
        raise Refusal("invalid", "the time to wake is not in the future", "/snoozed_until")
