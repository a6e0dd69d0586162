"""Who customers are at their providers, where messages do not say it: names and small pictures, asked for once a day."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http import HTTPStatus

import structlog

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Profile, Refused
from gateway import steps
from gateway.config import Account
from gateway.finding import is_own, where
from gateway.ports import Clock, Download, Forbidden, Http, NeverSent, NoAnswer, Store, Unavailable
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import MessageReceived
from normalizer.model import Person
from normalizer.record import By

log = structlog.get_logger(__name__)

_REMEMBERED = 100_000
_FRESH_S = 86_400.0
"""Seconds that a name and a picture are believed."""
_AGAIN_S = 60.0
"""Seconds until somebody is asked for again who could not be, and until a provider that is not there is asked anything."""
_AT_ONCE = 2
_WAITING = 1000
"""Questions at a time of one account, and those that wait; who comes then is asked for when they write again."""
_LARGEST = 4 << 20
"""Bytes of a picture of somebody; it is shown small."""
_SECONDS = 30.0
"""How long looking at a picture may take in all."""
_THERE = {"pending", "kept"}


class Profiles:
    """Asks, and records what is new. Messages never wait for it, and a failure costs them nothing."""

    def __init__(self, store: Store, http: Http, clock: Clock) -> None:
        self._store, self._http, self._clock = store, http, clock
        self._next: dict[tuple[str, str], float] = {}
        self._quiet: dict[str, float] = {}
        self._rooms: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(_AT_ONCE))
        self._waiting: Counter[str] = Counter()

    def due(self, account: Account, identity: str) -> bool:
        """Whether it is time to ask for somebody; then they count as asked for."""
        now, name = self._clock.monotonic(), account.name
        if account.connector.profile is None or now < self._next.get((name, identity), now):
            return False
        if now < self._quiet.get(name, now) or self._waiting[name] >= _WAITING:
            return False
        if len(self._next) >= _REMEMBERED:
            self._next.clear()
        self._next[name, identity] = now + _FRESH_S
        return True

    async def ask(self, account: Account, event: MessageReceived, place: Place) -> None:
        """Ask for somebody who is ``due``, who may be called otherwise, or look otherwise, than when last asked for."""
        self._waiting[account.name] += 1
        try:
            async with self._rooms[account.name]:
                profile = await self._asked(account, event.identity)
                if profile is not None:
                    await self._record(account, event, place, profile)
        except Unavailable:
            self._soon(account, event.identity)
        finally:
            self._waiting[account.name] -= 1

    def _soon(self, account: Account, identity: str) -> None:
        """Ask again when they next write after a while."""
        self._next[account.name, identity] = self._clock.monotonic() + _AGAIN_S

    async def _asked(self, account: Account, identity: str) -> Profile | None:
        """What the provider says of somebody; None where it did not answer."""
        assert account.connector.profile is not None  # noqa: S101 - else nobody is due
        if self._clock.monotonic() < self._quiet.get(account.name, 0):
            self._soon(account, identity)
            return None
        try:
            asking = account.connector.profile(identity, account.settings)
            return await steps.run(asking, self._http, partial(self._classified, account))
        except (NeverSent, NoAnswer) as error:
            self._hush(account, _AGAIN_S)
            why = str(error)
        except (Refused, steps.Unsettled) as error:
            why = str(error)
        self._soon(account, identity)
        log.info("a courtesy failed", account=account.name, what="asking who somebody is", why=why)
        return None

    def _classified(self, account: Account, call: Call, answer: Answer) -> Outcome:
        """What an answer means; a provider that throttles, or would have our calls apart, is let alone for so long."""
        outcome = account.connector.classify(call, answer)
        match outcome:
            case Accepted(rest=rest):
                self._hush(account, rest)
            case Deferred(scope="account") | Deferred(reason="rate_limited"):
                self._hush(account, max(_AGAIN_S, outcome.wait or 0.0))
        return outcome

    def _hush(self, account: Account, seconds: float) -> None:
        """Ask an account's provider nothing for so long."""
        until = self._clock.monotonic() + seconds
        self._quiet[account.name] = max(until, self._quiet.get(account.name, until))

    async def _record(self, account: Account, event: MessageReceived, place: Place, profile: Profile) -> None:
        """One record of what is new, if anything is. Raises Unavailable."""
        person = await self._store.person(place.person)
        name = "" if event.name or (person is not None and person.name == profile.name) else profile.name
        picture = await self._picture(account, event.identity, person, profile)
        if not name and picture is None:
            return
        stamp = Stamp(self._clock.new_id("rec"), By("system", "gateway"), self._clock.now(), account.brand)
        draft = told.named(event.identity, name, place, Channel(account.name, account.channel), stamp, picture)
        if picture is not None and person is not None and person.picture:
            await self._let_go(person.picture)  # first: after the record nobody would know of it, if we died here
        await self._store.append(place.conversation, lambda _: draft, draft.key)

    async def _picture(
        self, account: Account, identity: str, person: Person | None, profile: Profile
    ) -> told.Pictured | None:
        """The picture that somebody has now, or has no more; None where it is the one that we have.

        That there is none says nothing of a picture that another identity of theirs has; nor does that there is one:
        the two would take each other's place for ever.
        """
        known = person.picture_version if person is not None and person.picture else ""
        own = known.startswith(f"{identity} ")
        if profile.picture is None:
            return None
        if not profile.picture:
            return told.Pictured(None) if own else None
        lasts = bool(known) and person is not None and await self._lasts(person.picture)
        if lasts and not own:
            return None
        seen = profile.version or await self._looked(account, profile.picture)
        version = f"{identity} {seen}"
        if not seen or (lasts and version == known):
            return None
        return told.Pictured(self._clock.new_id("med"), profile.picture, version)

    async def _lasts(self, media: str | None) -> bool:
        """Whether a picture need not be had again; one that could not be had would not come the next day either."""
        file = await self._store.file(media or "")
        return file is not None and file.state != "removed"

    async def _looked(self, account: Account, ref: str) -> str:
        """What a picture's bytes are, in short: the address of the same picture is another one each time. Empty if none."""
        try:
            async with asyncio.timeout(_SECONDS):
                call = await where(account, ref, self._http)
                if call is None:
                    return ""
                async with self._http.download(call, trusted=is_own(account, call)) as download:
                    return await _digest(download)
        except (Refused, steps.Unsettled, NeverSent, NoAnswer, Forbidden, TimeoutError) as error:
            log.info("a courtesy failed", account=account.name, what="looking at a picture", why=type(error).__name__)
            return ""

    async def _let_go(self, media: str) -> None:
        """The picture before: nobody is given it any more, and its bytes go with the next tidying."""
        file = await self._store.file(media)
        if file is not None and file.state in _THERE:
            why = "there is a newer picture"
            await self._store.change_file(replace(file, state="removed", why=why, ref="", path="", look=None))


async def _digest(download: Download) -> str:
    """What the bytes are, in short; empty where they are no picture, or a large one."""
    mime = download.headers.get("content-type", "image/")
    if download.status != HTTPStatus.OK or not mime.startswith("image/"):
        return ""
    digest, size = sha256(), 0
    async for chunk in download.chunks:
        digest.update(chunk)
        size += len(chunk)
        if size > _LARGEST:
            return ""
    return digest.hexdigest()[:32]
