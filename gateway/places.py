"""Whose an identity is: remembered, for it is bound once and for ever."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.config import Account
from gateway.ports import Clock, Store
from normalizer.decision import Place, Stamp
from normalizer.record import By

_REMEMBERED = 200_000


class Places:
    """Finds and binds identities, and stamps what is told of them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self.known: dict[tuple[str, str], Place] = {}
        """By brand and identity. Aliases of one that is known are bound already, or belong to somebody else."""

    async def of(self, account: Account, identity: str, aliases: Sequence[str] = ()) -> Place:
        """Whose the identity is; an alias that somebody has already makes it theirs. Raises Unavailable."""
        known = self.known.get((account.brand, identity))
        if known is not None and all((account.brand, alias) in self.known for alias in aliases):
            return known
        proposal = Place(self._clock.new_id("per"), self._clock.new_id("cnv"))
        bound = await self._store.bind(account.brand, identity, proposal, aliases)
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[account.brand, identity] = bound
        for alias in aliases:
            self.known.setdefault((account.brand, alias), await self._store.bind(account.brand, alias, bound))
        return bound

    async def moved(self, account: Account, previous: str, identity: str, aliases: Sequence[str]) -> Place:
        """The same person under a new name. Raises Unavailable."""
        place = await self.of(account, previous)
        for name in (identity, *aliases):
            self.known[account.brand, name] = await self._store.bind(account.brand, name, place)
        return place

    def stamp(self, account: Account, by: By, cause: str, record: str = "") -> Stamp:
        """Who, when, and the new record's id, unless it has one already."""
        return Stamp(record or self._clock.new_id("rec"), by, self._clock.now(), account.brand, cause)
