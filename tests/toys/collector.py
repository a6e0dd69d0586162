"""A collector of traces that takes OTLP over HTTP, and remembers what it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

KINDS = {value: name.removeprefix("SPAN_KIND_").lower() for name, value in trace_pb2.Span.SpanKind.items()}


@dataclass(frozen=True)
class Seen:
    """A span as a collector has it; ids in hexadecimal digits."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    told: dict[str, Any]
    failed: bool
    links: list[tuple[str, str]]
    took: int
    resource: dict[str, Any] = field(repr=False)


class Collector:
    """``spans`` are those it was told of; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.spans: list[Seen] = []
        self.headers: list[dict[str, str]] = []
        self.raw: list[bytes] = []
        self.status = 200
        self.endpoint = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if self.status == 200:
            self.raw.append(body)
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
        return web.Response(status=self.status)

    def named(self, beginning: str) -> list[Seen]:
        """The spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(beginning)]


def _spans(told: ExportTraceServiceRequest) -> list[Seen]:
    return [
        Seen(
            name=span.name,
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            kind=KINDS[span.kind],
            told=_plain(span.attributes),
            failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
            links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            took=span.end_time_unix_nano - span.start_time_unix_nano,
            resource=_plain(of.resource.attributes),
        )
        for of in told.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


def _plain(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


@asynccontextmanager
async def collector() -> AsyncIterator[Collector]:
    """One that listens on a port of its own."""
    found = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", found.take)
    async with TestServer(app) as server:
        found.endpoint = str(server.make_url("/v1/traces"))
        yield found
