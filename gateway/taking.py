"""Requests in: read by their connectors, and handed to the account that each event is for, or kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.api import Malformed, Request
from gateway.config import Account
from gateway.intake import Intake
from gateway.logs import secrets_in
from gateway.metrics import KEPT
from gateway.ports import Clock, Kept, Store, Unavailable
from normalizer.event import Event

log = structlog.get_logger(__name__)

_SECRET = ("authorization", "cookie", "token", "secret", "signature", "key", "password")
_HALF = re.compile("[\ud800-\udfff]")
_NOBODY = "no account that accepted it is configured any more"


@dataclass(frozen=True, slots=True)
class Heard:
    """Whose a request is: the accounts that accept it. ``cause`` is its id.

    ``gone`` are names of accounts that accepted it once and are configured no more.
    """

    request: Request
    hook: str
    accounts: Sequence[Account]
    cause: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What of a request is for one account; without an account, ``why`` it is for none."""

    account: Account | None
    events: Sequence[Event] = ()
    why: str = ""


def shares(heard: Heard) -> Sequence[Share]:
    """What a request says, by account. An unreadable one, and events for nobody, are shares without an account."""
    first = heard.accounts[0]
    if len(heard.accounts) > 1:
        found = [share for accounts in _by_connector(heard.accounts) for share in _of_connector(heard, accounts)]
        return [share for share in found if share.account or not _taken(share, found)]
    try:
        events = first.connector.parse(heard.request, first.settings)
    except Malformed as error:
        return (Share(None, why=f"malformed for {first.channel}: {error}"),)
    if len(events) == 1 and events[0].to == first.settings.address:
        return (Share(first, events),)
    return tuple(_addressed(heard.accounts, events))


def _taken(share: Share, found: Sequence[Share]) -> bool:
    """Whether what is for no account of one connector is for an account of another that shares the hook."""
    taken = {event.id for other in found if other.account for event in other.events}
    return bool(share.events) and all(event.id in taken for event in share.events)


def _of_connector(heard: Heard, accounts: Sequence[Account]) -> Iterator[Share]:
    first = accounts[0]
    try:
        events = first.connector.parse(heard.request, first.settings)
    except Malformed as error:
        yield Share(None, why=f"malformed for {first.channel}: {error}")
    else:
        yield from _addressed(accounts, events)


def _addressed(accounts: Sequence[Account], events: Sequence[Event]) -> Iterator[Share]:
    """Each event to the account of its address."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.to, []).append(event)
    for address, told in found.items():
        account = next((one for one in accounts if one.settings.address == address), None)
        yield Share(account, told, "" if account else f"unrouted: no account here is {address}")


def _by_connector(accounts: Sequence[Account]) -> Iterator[Sequence[Account]]:
    found: dict[str, list[Account]] = {}
    for account in accounts:
        found.setdefault(account.channel, []).append(account)
    yield from found.values()


def _trusted(kept: Kept, accounts: Sequence[Account]) -> Sequence[Account]:
    """Who may be given what is in a kept request: who accepted it, and who shares a secret with one of those.

    Its proof is not kept, so it cannot be checked again.
    """
    if not kept.accounts:  # kept before it was noted who accepted it
        return accounts
    accepted = [account for account in accounts if account.name in kept.accounts]
    secrets = {secret for account in accepted for secret in secrets_in(account.settings)}
    return [
        account for account in accounts if account in accepted or not secrets.isdisjoint(secrets_in(account.settings))
    ]


class Taking:
    """Takes requests that were found to be the provider's."""

    def __init__(self, intake: Intake, store: Store, clock: Clock) -> None:
        self._intake, self._store, self._clock = intake, store, clock

    async def take(self, heard: Heard, arrived: datetime | None = None) -> None:
        """Durable when this returns, as records or kept. ``arrived`` is when, if it was not just now. Raises Unavailable.

        What our own mistake keeps us from taking is kept too, else the provider would repeat it for ever.
        """
        await self.give(heard, self.read(heard), arrived)

    def read(self, heard: Heard) -> Sequence[Share]:
        """What a request says, by account; what our own mistake keeps us from reading is a share without one."""
        if not heard.accounts:
            return (Share(None, why=_NOBODY),)
        try:
            return shares(heard)
        except Exception as error:
            log.exception("webhook kept: reading it broke", request_id=heard.cause, hook=heard.hook)
            return (Share(None, why=_ours(error)),)

    async def give(self, heard: Heard, found: Sequence[Share], arrived: datetime | None = None) -> None:
        """Take what was read in a request, as ``take`` does. Raises Unavailable."""
        why: list[str] = []
        try:
            for share in found:
                if share.account is None:
                    why.append(share.why)
                else:
                    await self._intake.take(share.account, share.events, heard.cause, arrived)
        except Unavailable:
            raise
        except Exception as error:
            log.exception("webhook kept: taking it broke", request_id=heard.cause, hook=heard.hook)
            why.append(_ours(error))
        if why:
            await self._keep(heard, "; ".join(dict.fromkeys(why)), again=arrived is not None)

    async def again(self, kept: Kept, accounts: Sequence[Account], *, dry: bool) -> Sequence[Share]:
        """Read a kept request once more, and take what can be read now; says what was found in it.

        The request is forgotten once all of it has found its place. Raises Unavailable, and what a connector that
        breaks raises.
        """
        trusted = _trusted(kept, accounts)
        if not trusted:
            return (Share(None, why=_NOBODY),)
        request = Request(kept.method, kept.path, kept.headers, kept.at, body=kept.body)
        found = shares(Heard(request, kept.hook, trusted, kept.id))
        if dry:
            return found
        for share in found:
            if share.account is not None:
                await self._intake.take(share.account, share.events, kept.id, kept.at)
        if found and all(share.account is not None for share in found):
            await self._store.forget_kept(kept.id)
        return found

    async def _keep(self, heard: Heard, why: str, *, again: bool) -> None:
        """Keep a request, under its own id: ``again`` says that this may have been done before."""
        request = heard.request
        if again and await self._store.kept_one(heard.cause) is not None:
            return
        kept = Kept(
            id=heard.cause,
            hook=heard.hook,
            why=_whole(why),
            at=request.received_at,
            method=request.method,
            path=f"/hooks/{heard.hook}",
            headers={name: _whole(value) for name, value in without_secrets(request.headers).items()},
            body=request.body,
            accounts=(*(account.name for account in heard.accounts), *heard.gone),
        )
        await self._store.keep(kept)
        KEPT.labels(heard.hook).inc()
        log.warning("webhook kept", request_id=heard.cause, hook=heard.hook, kept=kept.id, why=why)


def _whole(text: str) -> str:
    """A text without the half characters that bytes of another encoding become: no store takes those."""
    return _HALF.sub("\ufffd", text)


def _ours(error: Exception) -> str:
    return f"our mistake: {type(error).__name__}"


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers, lower-case, but for those whose name sounds like a secret."""
    return {name.lower(): value for name, value in headers.items() if not sounds_secret(name)}


def sounds_secret(name: str) -> bool:
    """Whether what has this name may be one."""
    lower = name.lower()
    return any(word in lower for word in _SECRET)
