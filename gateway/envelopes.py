"""What is handed to a connector to be sent: a message with all that it needs from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from gateway.config import Account
from gateway.ports import Clock, Store
from normalizer.event import Outgoing
from normalizer.fit import addressed, linked
from normalizer.model import Media, Message
from normalizer.windows import Standing, standing

_LINK_S = 3600
_SHOWN_S = 30 * 86400
"""Seconds that a link holds: one that the provider fetches a file by, and one that the customer opens."""

Link = Callable[[str, int], str | None]


class Envelopes:
    """Makes them. ``link`` signs the address of a file; ``callback`` is where an account's provider calls us."""

    def __init__(self, store: Store, clock: Clock, link: Link, callback: Callable[[Account], str]) -> None:
        self._store, self._clock, self._link, self._callback = store, clock, link, callback

    async def of(self, account: Account, message: Message) -> Outgoing:
        """A message as its connector takes it. Raises Unavailable."""
        reply_to = None
        if message.reply_to is not None:
            quoted = await self._store.message(message.reply_to)
            reply_to = quoted.provider_ids[0] if quoted and quoted.provider_ids else None
        files = [part.media for part in message.parts if isinstance(part, Media) and part.media]
        links = {file: link for file in files if (link := self._link(file, _LINK_S)) is not None}
        shown = linked(message.parts)
        seen = {file: link for file in shown if (link := self._link(file, _SHOWN_S)) is not None}
        return Outgoing(
            id=message.id,
            to=message.identity or "",
            parts=addressed(message.parts, seen),
            reply_to=reply_to,
            media_urls=links,
            window=await self._window(account, message),
            callback_url=self._callback(account),
        )

    async def _window(self, account: Account, message: Message) -> Standing:
        if account.connector.window is None:
            return "open"
        found = await self._store.conversation(message.conversation)
        if found is None:
            return "open"
        return standing(found, account.name, message.identity or "", account.connector.window, self._clock.now())
