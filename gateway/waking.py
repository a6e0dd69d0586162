"""Snoozed conversations, opened again when their time comes."""

from __future__ import annotations

import structlog

from gateway.ports import Clock, Store, Unavailable
from normalizer.conversation import changed
from normalizer.decision import Refusal, Stamp
from normalizer.model import Conversation
from normalizer.record import By

log = structlog.get_logger(__name__)

_EVERY_S = 5.0


class Waking:
    """Looks every few seconds."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                for conversation in await self._store.asleep_until(self._clock.now()):
                    await self._wake(conversation)
            except Unavailable as error:
                log.warning("snoozed conversations cannot be looked at; trying again", why=str(error))
            await self._clock.sleep(_EVERY_S)

    async def _wake(self, conversation: Conversation) -> None:
        by = By("system", "gateway")
        stamp = Stamp(self._clock.new_id("rec"), by, self._clock.now(), conversation.brand)
        try:
            await self._store.append(
                conversation.id, lambda view: changed(view, stamp, {"status": "open"}, conversation.revision)
            )
        except Refusal as refusal:  # somebody changed it meanwhile
            log.info("a snoozed conversation was not opened", conversation=conversation.id, why=refusal.detail)
