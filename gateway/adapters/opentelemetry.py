"""Exports spans by OTLP over HTTP, with OpenTelemetry's own library, in a thread beside the event loop.

A collector that is away, slow or broken costs spans and one line in the log: nobody waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from requests import Session

from gateway.metrics import SPANS
from gateway.tracing import Kind, Span, chosen, parent_of, root_of, trace_of

log = structlog.get_logger(__name__)

QUEUE = 4096
"""Spans that wait to be exported; more are dropped, and counted."""
_BATCH, _EVERY_MS = 512, 1000
_TIMEOUT_S = 3.0
"""Seconds that an export takes at most."""
_PARTING_S = 1.5
"""Seconds that the last export has when the process stops."""
_REMEMBERED = 10_000
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_KINDS: Mapping[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


class OpenTelemetry:
    """``gateway.tracing.Tracer``, and a part that starts and stops. ``endpoint`` is a whole address (``…/v1/traces``).

    ``share`` of all traces are exported, from 0 to 1. ``about`` says what process this is. The variables of the
    environment that OpenTelemetry reads (certificates, compression, resource attributes) hold.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str], share: float, about: Mapping[str, str]) -> None:
        self._share = share
        self._asked: OrderedDict[str, str] = OrderedDict()
        self._ids = _Ids()
        session = Session()
        session.trust_env = False  # as in every call of ours: no proxy and no password from the environment
        exporter = OTLPSpanExporter(endpoint, headers=dict(headers), timeout=_TIMEOUT_S, session=session)
        self._exporting = _Exporting(exporter)
        for name in ("opentelemetry.exporter", "opentelemetry.sdk"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # they log each try; we say once that it does not work
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # what is told is chosen already
            resource=Resource.create(dict(about)),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._tracer = self._provider.get_tracer("passerelle")
        self._told = 0

    async def start(self) -> None:
        """Export from now on."""
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporting, max_queue_size=QUEUE, max_export_batch_size=_BATCH, schedule_delay_millis=_EVERY_MS
            )
        )

    async def stop(self) -> None:
        """Export what is left, for a moment; what cannot be exported by then is lost."""
        self._exporting.until = time.monotonic() + _PARTING_S
        ending = threading.Thread(target=self._provider.shutdown, name="last traces", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _PARTING_S + _TIMEOUT_S / 2)

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()

    def follows(self, cause: str | None) -> bool:
        """Whether this trace is exported; that of an attempt is the one of the request that asked for it."""
        request = self._request(cause)
        return request is not None and chosen(trace_of(request), self._share)

    def attempting(self, message: str, cause: str) -> None:
        """Remember, for a while, which request asked for a message."""
        self._asked[message] = cause
        if len(self._asked) > _REMEMBERED:
            self._asked.popitem(last=False)

    def tell(self, span: Span) -> None:
        """Put a span where the exporting thread finds it."""
        request = self._request(span.cause)
        if request is None or not chosen(trace := trace_of(request), self._share):
            return
        if self._told - self._exporting.done >= QUEUE:
            SPANS.labels("dropped").inc()
            return
        root = SpanContext(trace, root_of(trace), is_remote=True, trace_flags=_SAMPLED)
        self._ids.following = (trace, root.span_id) if span.root else None
        made = self._tracer.start_span(
            span.name,
            None if span.root else set_span_in_context(NonRecordingSpan(root)),
            _KINDS[span.kind],
            dict(span.told),
            _links(span.link),
            start_time=span.began,
        )
        if span.error:
            made.set_attribute("error.type", span.error)
            made.set_status(Status(StatusCode.ERROR))
        self._told += 1
        made.end()

    def _request(self, cause: str | None) -> str | None:
        """The request behind a cause: itself, or the one that asked for the message that is attempted."""
        if cause is None or ":" not in cause:
            return cause
        return self._asked.get(cause.partition(":")[0])


class _Ids(IdGenerator):
    """The ids of a request's own span are known beforehand; those of other spans are chance."""

    def __init__(self) -> None:
        self.following: tuple[int, int] | None = None
        self._chance = RandomIdGenerator()

    def generate_trace_id(self) -> int:
        return self.following[0] if self.following else self._chance.generate_trace_id()

    def generate_span_id(self) -> int:
        return self.following[1] if self.following else self._chance.generate_span_id()


class _Exporting(SpanExporter):
    """Counts what is exported and what is not, and says once when it goes wrong and once when it is right again.

    ``done`` counts the spans that have left the queue; ``until`` is when there is no more time.
    """

    def __init__(self, exporter: OTLPSpanExporter) -> None:
        self._exporter, self._failing = exporter, False
        self.done = 0
        self.until = float("inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called by the thread that exports."""
        self.done += len(spans)
        late = time.monotonic() >= self.until
        result = SpanExportResult.FAILURE if late else self._exporter.export(spans)
        good = result is SpanExportResult.SUCCESS
        SPANS.labels("exported" if good else "failed").inc(len(spans))
        if good and self._failing:
            log.info("traces are exported again")
        elif not good and not self._failing:
            log.warning("traces cannot be exported; going on without them")
        self._failing = not good
        return result

    def shutdown(self) -> None:
        """Called at the end."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call] # the library left its types out


def _links(parent: str) -> list[Link]:
    found = parent_of(parent) if parent else None
    return [Link(SpanContext(*found, is_remote=True))] if found else []
