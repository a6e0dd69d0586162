"""The texts that a provider approved for an account: asked for where it keeps them, and remembered for a while."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from connectors.api import TemplateInfo
from gateway import steps
from gateway.config import Account
from gateway.ports import Clock, Http
from normalizer.decision import Refusal

REMEMBERED_S = 300.0
"""Seconds for which a list is given out without asking again: approving takes a provider hours."""


class Templates:
    """The lists, as this process knows them; whoever asks while one is being fetched waits for that one."""

    def __init__(self, http: Http, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._found: dict[str, tuple[float, Sequence[TemplateInfo]]] = {}
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, account: Account, *, fresh: bool = False) -> Sequence[TemplateInfo]:
        """All of an account's, in the provider's order. ``fresh`` asks again; what fails is not remembered.

        Raises Refusal ``unsupported`` where the channel has none, and what ``steps.run`` raises: Refused (without a
        ``provider_code`` where the settings do not let us ask), Unsettled, NeverSent, NoAnswer.
        """
        listed = account.connector.templates
        if listed is None:
            raise Refusal("unsupported", f"{account.channel} has no templates")
        asked_at = self._clock.monotonic()
        async with self._asking[account.name]:
            if known := self._found.get(account.name):
                found_at, found = known
                is_new = not fresh and self._clock.monotonic() - found_at < REMEMBERED_S
                if is_new or found_at > asked_at:
                    return found
            found = await steps.run(listed(account.settings), self._http, account.connector.classify)
            self._found[account.name] = self._clock.monotonic(), found
            return found
