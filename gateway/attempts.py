"""One message to its provider: the connector's calls, each written down before it is made and after it is answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Steps, Uncertain
from gateway.config import Account
from gateway.logs import HIDE
from gateway.metrics import ATTEMPTS, CALL_SECONDS
from gateway.ports import Attempt, Clock, Http, NeverSent, NoAnswer, Store, Unavailable, Unsendable
from gateway.tracing import Tracer, attempted
from normalizer.event import Outgoing
from normalizer.model import Failure

log = structlog.get_logger(__name__)

_KEPT_BYTES = 64 << 10
_UNSENDABLE = Answer(0)
"""Stands where no provider was asked, because the call itself cannot be made."""
_KEPT_HEADERS = ("content-type", "date", "retry-after", "x-request-id")


class NotOurs(Exception):
    """Somebody else has begun this attempt, so it is theirs to settle."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Every part went out, under these ids; ``cause`` names the last attempt."""

    ids: tuple[str, ...]
    cause: str | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """It went as far as ``ids`` and then the provider, or nobody, said ``outcome`` about ``part``.

    ``tries`` counts the attempts at the step that stopped it; ``cause`` names the last.
    """

    ids: tuple[str, ...]
    outcome: Deferred | Uncertain | Refused
    part: int
    tries: int
    cause: str | None

    def failure(self) -> Failure:
        """Why it did not all go out."""
        match self.outcome:
            case Refused(code=reason, detail=detail, provider_code=code, only=only):
                return Failure(reason=reason, detail=detail, provider_code=code, part=self.part, only=only)
            case Deferred(detail=detail, reason=reason):
                return Failure(reason=reason, detail=detail, part=self.part)
            case Uncertain(detail=detail):
                return Failure(reason="unknown", detail=detail, part=self.part)


Hearing = Callable[[str, Outcome], None]


class NoMore(Exception):
    """Nothing more may be sent of this message, and why; what was sent of it before is found out first."""

    def __init__(self, why: Refused) -> None:
        super().__init__(why.detail)
        self.why = why


class Attempts:
    """Makes a message's calls. ``permit`` waits for the account's pace before each call with an effect, or raises NoMore.

    ``heard`` is told the account and the outcome of every one of those. ``patience`` is for how many seconds an attempt
    that another process may have begun is left to be answered there.
    """

    def __init__(
        self,
        store: Store,
        http: Http,
        clock: Clock,
        heard: Hearing = lambda _account, _outcome: None,
        *,
        patience: float = 0.0,
        tracer: Tracer | None = None,
    ) -> None:
        self._store, self._http, self._clock, self._heard = store, http, clock, heard
        self._patience, self._tracer = patience, tracer
        self._awaited: dict[str, float] = {}

    async def send(
        self,
        account: Account,
        outgoing: Outgoing,
        permit: Callable[[], Awaitable[None]],
        asked: str | None = None,
        rest: Callable[[float], None] = lambda _seconds: None,
    ) -> Sent | Stopped:
        """Run the connector's steps, using what earlier attempts were answered. Raises NotOurs, Unavailable.

        ``asked`` is the id of the request that asked for the message: its lines and spans are found by that.
        ``rest`` is told how far apart, in seconds, the provider would now have the account's calls.
        A connector that breaks costs its message, and holds no other: while it reads an answer, nobody can say what
        the answer was.
        """
        earlier: Mapping[int, list[Attempt]] = defaultdict(list)
        for attempt in await self._store.attempts(outgoing.id):
            earlier[attempt.step].append(attempt)
        steps = _steps(account, outgoing)
        ids: tuple[str, ...] = ()
        step, tries, part, cause, asking = 0, 0, 0, None, False
        try:
            call = next(steps)
            while True:
                part = call.part
                if call.effect:
                    one, asking = _Step(account, outgoing.id, step, call, asked), True
                    outcome, answer, tries, cause = await self._effect(one, earlier[step], permit)
                    asking = False
                else:
                    outcome, answer = await self._free(account, call)
                    tries = 0
                match outcome:
                    case Accepted():
                        rest(outcome.rest)
                        ids += outcome.ids
                        part += call.effect  # a refusal that no call was made for is of the part after this one
                        call = steps.send(answer)
                    case Refused():
                        call = steps.throw(outcome)
                    case _:
                        return Stopped(ids, outcome, part, tries, cause)
                step += 1
        except StopIteration:
            return Sent(ids, cause)
        except (Refused, NoMore) as end:
            return Stopped(ids, end.why if isinstance(end, NoMore) else end, part, tries, cause)
        except (Unavailable, NotOurs):
            raise
        except Exception as error:
            log.exception("a connector broke", account=account.name, message=outgoing.id, request_id=asked)
            detail = f"the connector broke: {type(error).__name__}"
            return Stopped(ids, Uncertain(detail) if asking else Refused("unknown", detail), part, tries, cause)
        finally:
            steps.close()

    async def _effect(
        self, one: _Step, earlier: Sequence[Attempt], permit: Callable[[], Awaitable[None]]
    ) -> tuple[Outcome, Answer, int, str]:
        """A call that may be made once: what was tried before decides whether it is made at all."""
        if earlier:
            self._leave(earlier[-1])
            known = one.known(earlier[-1])
            if not isinstance(known, Deferred):
                return known, earlier[-1].answer or Answer(0), len(earlier), earlier[-1].id
        await permit()
        attempt = one.attempt(earlier[-1].number + 1 if earlier else 1, self._clock.now())
        if not await self._store.begin(attempt):
            raise NotOurs
        tracer, called = self._tracer, self._clock.monotonic()
        began = tracer.now() if tracer is not None else 0
        answered = await self._perform(attempt, one.call)
        took = self._clock.monotonic() - called
        await self._note(answered)
        outcome = one.outcome(answered)
        if tracer is not None and one.asked is not None:
            spoken = (one.call, answered.answer, outcome)
            attempted(
                tracer, one.asked, began, (attempt.id, one.message), (one.account.name, one.account.channel), spoken
            )
        one.count(answered, outcome, took)
        self._heard(one.account.name, outcome)
        return outcome, answered.answer or Answer(0), len(earlier) + 1, attempt.id

    def _leave(self, attempt: Attempt) -> None:
        """Raises NotOurs while another process may still be waiting for the answer, by our own clock."""
        if attempt.answer is not None or attempt.never_sent or attempt.error:
            self._awaited.pop(attempt.id, None)
            return
        now = self._clock.monotonic()
        if now - self._awaited.setdefault(attempt.id, now) < self._patience:
            raise NotOurs
        del self._awaited[attempt.id]

    async def _perform(self, attempt: Attempt, call: Call) -> Attempt:
        try:
            return replace(attempt, answer=await self._http.perform(call))
        except Unsendable as error:
            return replace(attempt, answer=_UNSENDABLE, error=str(error), never_sent=True)
        except NeverSent as error:
            return replace(attempt, error=str(error), never_sent=True)
        except NoAnswer as error:
            return replace(attempt, error=str(error) or "no answer")

    async def _note(self, attempt: Attempt) -> None:
        """Write the answer down, for as long as it takes: while it is not written, a crash makes it uncertain."""
        kept = replace(attempt, answer=_kept(attempt.answer), error=HIDE.text(attempt.error))
        while True:
            try:
                await self._store.finish(kept)
            except Unavailable as error:
                log.error("an answer cannot be written down; trying again", attempt=attempt.id, why=str(error))
                await self._clock.sleep(0.5)
            else:
                return

    async def _free(self, account: Account, call: Call) -> tuple[Outcome, Answer]:
        """A call that may be repeated freely: no answer is as good as never sent."""
        try:
            answer = await self._http.perform(call)
        except Unsendable as error:
            return Refused("media_unsupported", str(error)), Answer(0)
        except (NeverSent, NoAnswer) as error:
            return Deferred(str(error)), Answer(0)
        outcome = account.connector.classify(call, answer)
        return Deferred(outcome.detail) if isinstance(outcome, Uncertain) else outcome, answer


def _steps(account: Account, outgoing: Outgoing) -> Steps:
    """The connector's steps; what breaks before the first one breaks when that is asked for."""
    yield from account.connector.send(outgoing, account.settings)


@dataclass(frozen=True, slots=True)
class _Step:
    """One call with an effect of one message."""

    account: Account
    message: str
    number: int
    call: Call
    asked: str | None

    def attempt(self, number: int, now: datetime) -> Attempt:
        """The row that is written before the call is made."""
        return Attempt(
            id=f"{self.message}:{self.number}:{number}",
            message=self.message,
            step=self.number,
            number=number,
            name=self.call.name,
            part=self.call.part,
            started_at=now,
        )

    def count(self, attempt: Attempt, outcome: Outcome, seconds: float) -> None:
        """What came of an attempt, for the figures and, unless all is well, for the log."""
        labels = (self.account.name, self.account.channel)
        ATTEMPTS.labels(*labels, type(outcome).__name__.lower()).inc()
        CALL_SECONDS.labels(*labels).observe(seconds)
        if not isinstance(outcome, Accepted):
            status = attempt.answer.status if attempt.answer else None
            log.warning("attempt not accepted", attempt=attempt.id, account=self.account.name, call=self.call.name,
                        status=status, why=outcome.detail, request_id=self.asked)  # fmt: skip

    def known(self, attempt: Attempt) -> Outcome:
        """What an earlier attempt at this step means now."""
        if attempt.name != self.call.name:
            return Uncertain(f"an earlier version called {attempt.name} here")
        return self.outcome(attempt)

    def outcome(self, attempt: Attempt) -> Outcome:
        """What an attempt means: its answer, or the lack of one."""
        if attempt.answer == _UNSENDABLE:
            return Refused("media_unsupported", attempt.error)
        outcome = self._plain(attempt)
        if isinstance(outcome, Uncertain) and self.account.uncertain == "resend":
            return Deferred(outcome.detail)
        return outcome

    def _plain(self, attempt: Attempt) -> Outcome:
        if attempt.answer is not None:
            return self.account.connector.classify(self.call, attempt.answer)
        if attempt.never_sent:
            return Deferred(attempt.error)
        return Uncertain(attempt.error or "the gateway stopped while it was being sent")


def _kept(answer: Answer | None) -> Answer | None:
    """What of an answer is kept: enough to classify it again, without secrets."""
    if answer is None:
        return None
    # A header need not be UTF-8; what stands for its other bytes is no text that a store takes.
    texts = {name: value.encode(errors="replace").decode() for name, value in answer.headers.items()}
    headers = {name: HIDE.text(value) for name, value in texts.items() if name in _KEPT_HEADERS}
    body = answer.body[:_KEPT_BYTES]
    return Answer(
        answer.status, headers, HIDE.text(body.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    )
