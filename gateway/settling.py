"""The end of sending a message, recorded for as long as that takes, and what the provider told of it meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from gateway.config import Account
from gateway.logs import sampled
from gateway.metrics import SETTLED, UNKNOWN
from gateway.ports import Appended, Clock, Store, Unavailable
from normalizer.decision import Stamp
from normalizer.model import Failure, Message
from normalizer.record import By
from normalizer.sending import Settled, settled

log = structlog.get_logger(__name__)

_SYSTEM = By("system", "gateway")

News = Callable[[Account, Sequence[str], str], Awaitable[None]]


class Settling:
    """Records ends. ``news_of`` applies what was told of a message before we knew how it ended."""

    def __init__(self, store: Store, clock: Clock, accounts: Mapping[str, Account], news_of: News) -> None:
        self._store, self._clock, self._accounts, self._news_of = store, clock, accounts, news_of
        for account in accounts.values():  # what begins with 0 is seen to grow at its first time
            SETTLED.labels(account.name, account.channel, "uncertain", "unknown")

    async def settle(self, message: Message, end: Settled, cause: str | None, asked: str | None = None) -> None:
        """One record of how it ended, written for as long as it takes.

        ``cause`` is the last attempt, and ``asked`` the id of the request that asked for the message.
        """
        stamp = Stamp(self._clock.new_id("rec"), _SYSTEM, self._clock.now(), await self._brand(message), cause)
        while True:
            try:
                appended = await self._append(message, end, stamp)
            except Unavailable as error:
                log.error("the end of a message cannot be recorded; trying again",
                          message=message.id, request_id=asked, why=str(error))  # fmt: skip
                await self._clock.sleep(0.5)
            else:
                if appended.record is not None and not appended.duplicate:
                    self._count(message, end, asked)
                return

    async def _append(self, message: Message, end: Settled, stamp: Stamp) -> Appended:
        """The record. An opt-out that we are found to have missed counts from the try: its answer may be an old one."""
        if end.failure is not None and end.failure.reason == "opted_out":
            tried = [one.started_at for one in await self._store.attempts(message.id) if not one.never_sent]
            end = replace(end, at=tried[-1] if tried else None)
        return await self._store.append(
            message.conversation, lambda view: settled(view, message.id, end, stamp), end.key
        )

    def _count(self, message: Message, end: Settled, asked: str | None) -> None:
        account = self._accounts.get(message.account or "")
        labels = (account.name, account.channel) if account is not None else (UNKNOWN, UNKNOWN)
        reason = end.failure.reason if end.failure is not None else ""
        SETTLED.labels(*labels, end.how, reason).inc()
        about = {"message": message.id, "account": message.account, "how": end.how, "reason": reason}
        if end.how == "sent":
            sampled(log, "message settled", **about, request_id=asked)
        elif end.how == "deferred":
            log.info("message put off", **about, request_id=asked)
        else:
            log.warning("message settled", **about, request_id=asked)

    async def _brand(self, message: Message) -> str:
        account = self._accounts.get(message.account or "")
        if account is not None:
            return account.brand
        conversation = await self._store.conversation(message.conversation)
        return conversation.brand if conversation else "main"

    async def homeless(self, message: Message) -> Settled:
        """The end of a message whose account is gone: what it did is not known any more if it did anything."""
        detail = f"the account {message.account} is not configured any more"
        tried = [attempt for attempt in await self._store.attempts(message.id) if not attempt.never_sent]
        if not tried:
            failure = Failure(reason="account_restricted", detail=detail)
            return Settled("failed", f"{message.id}:failed", failure=failure)
        failure = Failure(reason="unknown", detail=f"{detail}, and part of this may have gone out", part=tried[-1].part)
        return Settled("uncertain", f"{message.id}:uncertain", failure=failure)

    async def told_meanwhile(self, account: Account, ids: Sequence[str], message: str) -> None:
        """Apply what the provider told of the message before we knew how it ended, for as long as that takes."""
        while True:
            try:
                await self._news_of(account, ids, message)
            except Unavailable as error:
                log.error("news cannot be applied; trying again", message=message, why=str(error))
                await self._clock.sleep(1)
            else:
                return
