"""Traces: which trace a thing belongs to, and the spans that are told to whoever exports them.

A trace is named by the request that began it: the digits of a request's id are those of its trace. So whoever knows the
cause of a record knows its trace, in whatever process, and nothing else has to be kept or handed on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from connectors.api import Accepted, Answer, Call, Outcome
from gateway.ports import Appended, Decide
from normalizer.record import Record

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Told = Mapping[str, str | int]
H = TypeVar("H", bound="Request")
S = TypeVar("S")

_OURS = re.compile(r"req_([0-9a-f]{32})")
_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_CHANCE_BITS = 56
"""The last bits of a trace id, which are chance by W3C's Trace Context (level 2); what is before them is time."""
_LOW = (1 << 64) - 1
_EXCHANGE = "passerelle.events"
_SERVER_ERROR = 500
_STATUS = {"": 200, "Unavailable": 503}
"""What a provider is answered, by the error that kept its request from being taken."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that has just ended. ``cause`` is the request that it belongs to; ``root`` says that it is its answer.

    ``began`` is in nanoseconds since 1970. ``error`` is a word for what went wrong; ``link`` a ``traceparent`` of others.
    No text or identity of a customer stands in ``told``, and no address but the name of a host.
    """

    name: str
    cause: str
    began: int
    kind: Kind = "internal"
    told: Told = field(default_factory=dict)
    error: str = ""
    root: bool = False
    link: str = ""


class Tracer(Protocol):
    """Whoever exports spans. Telling never waits and never raises."""

    def now(self) -> int:
        """Nanoseconds since 1970."""

    def follows(self, cause: str | None) -> bool:
        """Whether the trace of this request, or of what such an attempt is made for, is exported."""

    def attempting(self, message: str, cause: str) -> None:
        """What attempts at this message cause belongs to the request that asked for it."""

    def tell(self, span: Span) -> None:
        """Export a span, if its trace is."""


def trace_of(cause: str) -> int:
    """The trace of a request: its own digits, or, where somebody else chose its id, those of a hash of that."""
    found = _OURS.fullmatch(cause)
    digits = found[1] if found else hashlib.sha256(cause.encode()).hexdigest()[:32]
    return int(digits, 16) or 1


def root_of(trace: int) -> int:
    """The span of the request itself, whose children are all the others: known wherever the trace is."""
    return trace & _LOW or 1


def chosen(trace: int, share: float) -> bool:
    """Whether a trace is one of this share of all, from 0 to 1: the same everywhere, as OpenTelemetry samples.

    https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
    """
    chance = trace & ((1 << _CHANCE_BITS) - 1)
    return chance >= (1 - share) * (1 << _CHANCE_BITS)


def parent_of(header: str) -> tuple[int, int] | None:
    """Trace and span in a ``traceparent``; None if it is none. https://www.w3.org/TR/trace-context/"""
    found = _PARENT.fullmatch(header.strip())
    if found is None or found[1] == "ff" or (found[1] == "00" and found[4]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return (trace, span) if trace and span else None


# Where spans begin.


class Request(Protocol):
    """What is taken, as far as a span tells of it."""

    @property
    def cause(self) -> str:
        """Its id."""

    @property
    def hook(self) -> str:
        """The hook that it came by."""


def taking(
    tracer: Tracer | None, take: Callable[[H], Awaitable[None]], name: str, kind: Kind
) -> Callable[[H], Awaitable[None]]:
    """``take``, told of as the span of its request. Without a tracer it is ``take`` itself, and costs nothing."""
    if tracer is None:
        return take

    async def traced(heard: H) -> None:
        began, error = tracer.now(), ""
        try:
            await take(heard)
        except BaseException as failure:
            error = type(failure).__name__
            raise
        finally:
            _taken(tracer, heard, Span(name, "", began, kind, error=error))

    return traced


def _taken(tracer: Tracer, heard: Request, span: Span) -> None:
    if not tracer.follows(heard.cause):
        return
    told: dict[str, str | int] = {"passerelle.request.id": heard.cause, "passerelle.hook": heard.hook}
    if span.kind == "server":
        status = _STATUS.get(span.error, 500)
        told |= {"http.request.method": "POST", "http.route": "/hooks/{hook}", "http.response.status_code": status}
    else:
        told |= {"messaging.operation.name": "poll", "messaging.operation.type": "receive"}
    tracer.tell(Span(f"{span.name} {heard.hook}", heard.cause, span.began, span.kind, told, span.error, root=True))


def answered(tracer: Tracer, cause: str, began: int, asked: tuple[str, str], status: int, parent: str) -> None:
    """A call of the agent API has been answered. ``asked`` is its method and its route; ``parent`` a ``traceparent``."""
    if not tracer.follows(cause):
        return
    method, route = asked
    told: dict[str, str | int] = {
        "passerelle.request.id": cause,
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": status,
    }
    error = str(status) if status >= _SERVER_ERROR else ""
    tracer.tell(Span(f"{method} {route}", cause, began, "server", told, error, root=True, link=parent))


def attempted(
    tracer: Tracer,
    cause: str,
    began: int,
    attempt: tuple[str, str],
    account: tuple[str, str],
    tried: tuple[Call, Answer | None, Outcome],
) -> None:
    """A call with an effect has been answered, or not: of an ``attempt`` at a message, by an account of a channel."""
    if not tracer.follows(cause):
        return
    id_, message = attempt
    call, answer, outcome = tried
    tracer.attempting(message, cause)
    word, name = type(outcome).__name__.lower(), call.name.rpartition(":")[2]  # before it stands the part's number
    told: dict[str, str | int] = {
        "messaging.system": account[1],
        "messaging.destination.name": account[0],
        "messaging.operation.name": name,
        "messaging.operation.type": "send",
        "messaging.message.id": message,
        "http.request.method": call.method,
        "server.address": urlsplit(call.url).hostname or "",
        "passerelle.account": account[0],
        "passerelle.channel": account[1],
        "passerelle.attempt.id": id_,
        "passerelle.part": call.part,
        "passerelle.outcome": word,
    }
    if answer is not None:
        told["http.response.status_code"] = answer.status
    error = "" if isinstance(outcome, Accepted) else word
    tracer.tell(Span(f"{name} {account[0]}", cause, began, "client", told, error))


def published(tracer: Tracer, records: Sequence[Record], began: int) -> None:
    """A batch of records has been confirmed: a span for each whose trace is known."""
    for record in records:
        if record.cause is not None and tracer.follows(record.cause):
            told = _of_record(record) | {
                "messaging.system": "rabbitmq",
                "messaging.destination.name": _EXCHANGE,
                "messaging.operation.name": "publish",
                "messaging.operation.type": "send",
                "messaging.message.id": record.id,
                "messaging.batch.message_count": len(records),
            }
            tracer.tell(Span(f"publish {_EXCHANGE}", record.cause, began, "producer", told))


def appending(tracer: Tracer | None, store: S) -> S:
    """A store whose appends are spans; without a tracer, the store itself."""
    return store if tracer is None else cast(S, _Appending(store, tracer))


class _Appending:
    """All but ``append`` is the store's own."""

    def __init__(self, store: Any, tracer: Tracer) -> None:
        self._store, self._tracer = store, tracer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append(self, stream: str, decide: Decide, key: str | None = None) -> Appended:
        """See ``gateway.ports.Log``. What was there before is no span: it was one then."""
        began = self._tracer.now()
        appended: Appended = await self._store.append(stream, decide, key)
        record = appended.record
        cause = record.cause if record is not None and not appended.duplicate else None
        if record is not None and cause is not None and self._tracer.follows(cause):
            self._tracer.tell(Span(f"append {record.kind}", cause, began, told=_of_record(record)))
        return appended


def _of_record(record: Record) -> dict[str, str | int]:
    told: dict[str, str | int] = {
        "passerelle.record.id": record.id,
        "passerelle.record.kind": record.kind,
        "passerelle.stream": record.stream,
        "passerelle.seq": record.seq,
    }
    if record.account:
        told["passerelle.account"] = record.account
    return told
