"""Taking while the store may be away: into the edge's own journal then, and from there to the store once it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

import structlog

from connectors.api import Request
from gateway.config import Account
from gateway.metrics import JOURNAL_WAITING, JOURNALLED
from gateway.ports import Clock, Store, Unavailable
from gateway.ports.journal import Entry, Journal
from gateway.taking import Heard, Share, Taking, sounds_secret, without_secrets
from gateway.tasks import Background

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""How long a provider waits for the store before the journal is taken: some give up after five seconds."""
DRAIN_PATIENCE_S = 30.0
"""How long one batch out of the journal may take before the store counts as away again."""
BATCH = 128
_BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_NAMES = ("identity", "previous", "aliases", "previous_aliases", "provider_id", "provider_ids", "reply_to", "ref")
"""The fields of events that name a person or a message."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How hooks can be accepted: ``trouble`` says why they cannot. ``waiting`` is None while the store takes them."""

    trouble: str = ""
    waiting: int | None = None
    since: datetime | None = None


class Journalling:
    """Takes what the edge was told, by way of the journal while that holds anything, so that order holds.

    Once something had to be journalled, everything is, until the journal is empty; all of this happens on the event
    loop, so nothing can come between finding it empty and leaving it.
    """

    def __init__(
        self, taking: Taking, journal: Journal, accounts: Mapping[str, Account], store: Store, clock: Clock
    ) -> None:
        self._taking, self._journal, self._accounts = taking, journal, accounts
        self._store, self._clock = store, clock
        self._on = False
        self._told = False
        self._appending = 0
        self._wanted = asyncio.Event()
        self._draining = Background(self._run, clock, "draining the journal")

    async def start(self) -> None:
        """Open the journal; what an earlier process left in it goes first. Raises Unavailable."""
        await self._journal.start()
        JOURNAL_WAITING.set_function(lambda: self._journal.length)
        if self._journal.length:
            self._begin()
            self._tell("an earlier process left some")
        await self._draining.start()

    async def stop(self) -> None:
        """Close the journal; what is in it waits for the next start."""
        await self._draining.stop()
        await self._journal.stop()

    async def take(self, heard: Heard) -> None:
        """Durable when this returns, in the store or in the journal. Raises Unavailable where neither takes it."""
        why = ""
        if not self._on:
            try:
                await self._directly(heard)
            except Unavailable as error:
                why = str(error)
            else:
                return
        await self._append(heard, why)

    async def standing(self) -> Standing:
        """How hooks can be accepted just now."""
        why = ""
        if not self._on:
            why = await self._store_trouble()
            if not why:
                return Standing()
        trouble = await self._journal.ready()
        if trouble:
            return Standing(f"{why}; {trouble}" if why else trouble)
        return Standing(waiting=self._journal.length, since=self._journal.since)

    async def _store_trouble(self) -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                return await self._store.ready()
        return f"the store does not answer within {PATIENCE_S:g} s"

    # Into the journal.

    async def _directly(self, heard: Heard) -> None:
        """Raises Unavailable, also when the store takes longer than a provider waits."""
        try:
            async with asyncio.timeout(PATIENCE_S) as limit:
                await self._taking.take(heard)
        except TimeoutError:
            if not limit.expired():
                raise
            raise Unavailable(f"the store did not answer within {PATIENCE_S:g} s") from None

    async def _append(self, heard: Heard, why: str) -> None:
        """At the end of the journal. What was half taken is put there whole: what is known counts as taken."""
        self._appending += 1
        self._begin()
        try:
            await self._journal.append(_entry(heard))
        finally:
            self._appending -= 1
            self._wanted.set()
        self._tell(why)
        JOURNALLED.labels(heard.hook).inc()

    def _begin(self) -> None:
        if not self._on:
            self._on, self._told = True, False
            self._wanted.set()

    def _tell(self, why: str) -> None:
        """Once for each time: at the first webhook that the journal has taken."""
        if not self._told:
            self._told = True
            log.warning("webhooks go to the journal", why=why, waiting=self._journal.length)

    # Out of the journal.

    async def _run(self) -> None:
        """For ever: drain whenever there is something, more and more seldom while the store stays away."""
        failures = 0
        while True:
            await self._wanted.wait()
            try:
                await self._drain(1 if failures else BATCH)
                failures = 0
            except Unavailable as error:
                log.info("the journal waits", why=str(error), waiting=self._journal.length)
                pause = _BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)]
                failures += 1
                await self._clock.sleep(pause * (1 + self._clock.jitter()))

    async def _drain(self, limit: int) -> None:
        """Bring the oldest entries to the store; at the end leave the journal. Raises Unavailable.

        An empty one is not read: with its disk gone, nobody would ever go back to a store that is there.
        """
        waits = self._journal.length or self._appending
        if waits and (entries := await self._journal.oldest(limit)):
            await self._bring(entries)
        elif not self._journal.length and not self._appending:
            self._on = False
            self._wanted.clear()
            if self._told:
                log.warning("the journal is drained: webhooks go to the store")

    async def _bring(self, entries: Sequence[Entry]) -> None:
        """Take them side by side, but what concerns one person or one message in its order; then forget them.

        Raises Unavailable where the store did not take all of them; those before the first such are forgotten.
        """
        lanes: dict[str, asyncio.Task[None]] = {}
        tasks: list[asyncio.Task[None]] = []
        for entry in entries:
            heard = self._heard(entry)
            found = self._taking.read(heard)
            about = set(_about(found))
            before = {lanes[one] for one in about if one in lanes}
            task = asyncio.create_task(self._after(before, entry, heard, found), name="draining one")
            lanes |= dict.fromkeys(about, task)
            tasks.append(task)
        try:
            async with asyncio.timeout(DRAIN_PATIENCE_S):
                await asyncio.wait(tasks)
        except TimeoutError:
            log.warning("the store is slow to take what the journal has", waiting=self._journal.length)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        failed = next((number for number, end in enumerate(ends) if end is not None), len(ends))
        if failed:
            await self._forget(entries[failed - 1].number)
        if failed < len(ends):
            raise Unavailable(str(ends[failed]) or "the store did not answer")

    async def _after(self, before: set[asyncio.Task[None]], entry: Entry, heard: Heard, found: Sequence[Share]) -> None:
        """One entry, once those that it must not overtake are taken. Raises Unavailable.

        What cannot even be kept is set aside: it must not stand in the way of all others for ever.
        """
        if before:
            await asyncio.wait(before)
            for task in before:
                task.result()  # raises: what could not be taken is not overtaken
        try:
            await self._taking.give(heard, found, entry.received_at)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("a journalled webhook is set aside", request_id=entry.id, hook=entry.hook)
            await self._journal.set_aside(entry.number, f"our mistake: {type(error).__name__}")

    async def _forget(self, up_to: int) -> None:
        """They are in the store: if the file cannot forget them, the next process brings them once more, in vain."""
        try:
            await self._journal.forget(up_to)
        except Unavailable as error:
            log.warning("the journal cannot forget what is in the store", why=str(error))

    def _heard(self, entry: Entry) -> Heard:
        """A request as it was heard, but for its secrets: it was verified then."""
        query = f"?{urlencode(entry.query)}" if entry.query else ""
        request = Request(entry.method, entry.path + query, entry.headers, entry.received_at, entry.query, entry.body)
        known = [self._accounts[name] for name in entry.accounts if name in self._accounts]
        gone = tuple(name for name in entry.accounts if name not in self._accounts)
        return Heard(request, entry.hook, known, entry.id, gone)


def _entry(heard: Heard) -> Entry:
    request = heard.request
    return Entry(
        id=heard.cause,
        hook=heard.hook,
        method=request.method,
        path=urlsplit(request.url)._replace(query="").geturl(),
        query={name: value for name, value in request.query.items() if not sounds_secret(name)},
        headers=without_secrets(request.headers),
        body=request.body,
        received_at=request.received_at,
        accounts=tuple(account.name for account in heard.accounts),
    )


def _about(found: Sequence[Share]) -> Iterator[str]:
    """The names of the people and messages that events concern, whichever account and hook they came by."""
    for event in (event for share in found for event in share.events):
        for field in _NAMES:
            given: str | tuple[str, ...] = getattr(event, field, ())
            yield from filter(None, (given,) if isinstance(given, str) else given)
