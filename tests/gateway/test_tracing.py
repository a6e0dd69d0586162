"""Traces: one id from a webhook to its record, and from a reply to the provider's call; and nobody waits for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journeys.passage import nobody_answers
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from toys.channel import account, no, took
from toys.collector import collector
from toys.engine import Engine, engine
from toys.served import SECRET, TOKEN, Served, served
from toys.world import ToyHttp, until

from connectors.api import Request
from gateway.adapters import opentelemetry
from gateway.adapters.opentelemetry import OpenTelemetry
from gateway.adapters.system import SystemClock
from gateway.attempts import Attempts
from gateway.config import DeliveryConfig
from gateway.delivery import Delivery
from gateway.ports import Announcement, Unavailable
from gateway.publishing import Publisher
from gateway.taking import Heard
from gateway.tracing import Span, answered, chosen, parent_of, root_of, taking, trace_of
from normalizer.conversation import Asked, reply
from normalizer.decision import Stamp
from normalizer.model import Text
from normalizer.record import By

HEX = st.integers(1, (1 << 128) - 1).map(lambda number: f"{number:032x}")
PRIVATE = ("hello from Ann", "hi Ann, here we are", "telegram:7", "Ann", TOKEN, SECRET)


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The exporter keeps OpenTelemetry's own lines out of the log: only here is that undone."""
    loggers = [logging.getLogger(name) for name in ("opentelemetry.exporter", "opentelemetry.sdk")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def traces(endpoint: str, **more: Any) -> dict[str, Any]:
    return {"endpoint": endpoint, "sample": 1, **more}


def spans_of(result: str) -> float:
    return REGISTRY.get_sample_value("passerelle_spans_total", {"result": result}) or 0.0


async def records_of(gateway: Served) -> dict[str, Any]:
    feed = await gateway.store.feed(0, 500)
    return {record.kind: record for record in feed}


# Which trace.


@given(HEX)
def test_a_request_names_its_trace(digits: str) -> None:
    assert f"{trace_of(f'req_{digits}'):032x}" == digits


@given(st.text(max_size=80))
def test_any_name_of_a_request_names_one_trace(cause: str) -> None:
    trace = trace_of(cause)
    assert trace == trace_of(cause)
    assert 0 < trace < 1 << 128
    assert 0 < root_of(trace) < 1 << 64


@given(HEX, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_has_all_that_a_smaller_one_has(digits: str, one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert chosen(int(digits, 16), large) or not chosen(int(digits, 16), small)
    assert chosen(int(digits, 16), 1)
    assert not chosen(int(digits, 16), 0)


def test_a_share_of_our_own_ids_is_that_share() -> None:
    clock = SystemClock()
    ids = [clock.new_id("req") for _ in range(20_000)]
    for share in (0.1, 0.5, 0.9):
        assert abs(sum(chosen(trace_of(one), share) for one in ids) / len(ids) - share) < 0.03


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", True),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_a_traceparent_is_read_as_it_is_defined(header: str, found: bool) -> None:
    assert parent_of(header) == ((0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331) if found else None)


# A whole journey.


async def test_one_id_joins_webhook_record_line_and_reply_call_and_end(tmp_path: Path) -> None:
    async with collector() as there:
        with capture_logs() as lines:
            async with served(tmp_path, traces=traces(there.endpoint)) as gateway:
                assert await gateway.write("hello from Ann") == 200
                conversation = await gateway.conversation()
                said, message = await gateway.reply(conversation, "hi Ann, here we are")
                await until(lambda: [line for line in lines if line["event"] == "message settled"])
                records = await records_of(gateway)
        stored = next(line for line in lines if line["event"] == "webhook stored")
        settled = next(line for line in lines if line["event"] == "message settled")

        (webhook,) = there.named("webhook")
        (received,) = there.named("append message.received")
        assert records["message.received"].cause == stored["request_id"] == f"req_{webhook.trace}"
        assert (received.trace, received.parent, webhook.parent) == (webhook.trace, webhook.id, "")
        assert (webhook.name, webhook.kind, webhook.told["http.response.status_code"]) == ("webhook bot", "server", 200)
        assert webhook.told["passerelle.request.id"] == stored["request_id"]

        (asked,) = there.named("POST /v1/conversations/{id}/messages")
        asked_by = records["message.queued"].cause
        assert said["X-Request-Id"] == asked_by == settled["request_id"] == f"req_{asked.trace}"
        (sent,) = there.named("sendMessage bot")
        children = [sent, *there.named("append message.queued"), *there.named("append message.sent")]
        assert [(span.trace, span.parent) for span in children] == [(asked.trace, asked.id)] * 3
        assert sent.kind == "client"
        assert sent.told["passerelle.attempt.id"] == records["message.sent"].cause == f"{message['id']}:0:1"
        assert sent.told["messaging.message.id"] == message["id"]
        outcome = (sent.told["passerelle.outcome"], sent.told["http.response.status_code"], sent.told["server.address"])
        assert outcome == ("accepted", 200, "127.0.0.1")
        assert all(span.took >= 0 for span in there.spans)
        assert {span.resource["service.name"] for span in there.spans} == {"passerelle"}
        assert not any(word.encode() in raw for word in PRIVATE for raw in there.raw)


async def test_somebody_elses_trace_is_a_link_and_their_request_id_a_trace(tmp_path: Path) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with collector() as there:
        async with served(tmp_path, traces=traces(there.endpoint)) as gateway:
            given = {"X-Request-Id": "order-4711", "traceparent": parent}
            headers, _ = await gateway.ask("GET", "/v1/accounts", headers=given)
            await gateway.ask("GET", "/v1/accounts", headers={"traceparent": "nonsense"})
        first, second = there.named("GET /v1/accounts")
    assert headers["X-Request-Id"] == first.told["passerelle.request.id"] == "order-4711"
    assert first.trace == f"{trace_of('order-4711'):032x}"
    assert first.links == [("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")]
    assert second.links == []


async def test_a_share_of_nothing_exports_nothing(tmp_path: Path) -> None:
    async with collector() as there:
        async with served(tmp_path, traces=traces(there.endpoint, sample=0)) as gateway:
            assert await gateway.write("hello from Ann") == 200
            await gateway.reply(await gateway.conversation(), "hi Ann, here we are")
        assert (there.spans, there.headers) == ([], [])


async def test_a_collector_is_told_what_lets_us_in(tmp_path: Path) -> None:
    async with collector() as there:
        headers = {"Authorization": "Bearer of-the-collector"}
        async with served(tmp_path, traces=traces(there.endpoint, headers=headers)) as gateway:
            await gateway.write("hello from Ann")
        assert {told["authorization"] for told in there.headers} == {"Bearer of-the-collector"}
        assert {told["content-type"] for told in there.headers} == {"application/x-protobuf"}


# A collector that is none.


@pytest.mark.parametrize("how", ["away", "silent", "broken"])
async def test_a_collector_that_is_away_costs_one_line(tmp_path: Path, how: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(opentelemetry, "_EVERY_MS", 20)
    monkeypatch.setattr(opentelemetry, "_TIMEOUT_S", 0.3)
    before = spans_of("failed")
    async with collector() as there:
        there.status = 500
        with nobody_answers() as silent:
            endpoint = {"away": "http://127.0.0.1:9/v1/traces", "silent": silent, "broken": there.endpoint}[how]
            with capture_logs() as lines:
                async with served(tmp_path, traces=traces(endpoint)) as gateway:
                    for number in range(20):
                        failed = spans_of("failed")
                        assert await gateway.write(f"hello {number}") == 200
                        if number % 10 == 0:
                            await until(lambda failed=failed: spans_of("failed") > failed)
                    assert len(await gateway.store.feed(0, 500)) == 20
    assert spans_of("failed") > before
    about = [line for line in lines if "trace" in line["event"]]
    assert [line["event"] for line in about] == ["traces cannot be exported; going on without them"]


async def test_a_collector_that_comes_back_is_told_of(monkeypatch: Any) -> None:
    monkeypatch.setattr(opentelemetry, "_EVERY_MS", 20)
    async with collector() as there:
        there.status = 400
        exporting = OpenTelemetry(there.endpoint, {}, 1.0, {})
        await exporting.start()
        with capture_logs() as lines:
            exporting.tell(Span("one", "req_1", exporting.now()))
            await until(lambda: lines)
            there.status = 200
            exporting.tell(Span("two", "req_2", exporting.now()))
            await until(lambda: there.spans)
            await exporting.stop()
        assert [line["event"] for line in lines][-1] == "traces are exported again"


async def test_more_than_can_wait_is_dropped_and_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(opentelemetry, "QUEUE", 600)
    before = spans_of("dropped")
    async with collector() as there:
        exporting = OpenTelemetry(there.endpoint, {}, 1.0, {})
        exporting._told = 600  # as if so many waited
        await exporting.start()
        exporting.tell(Span("one", "req_1", exporting.now()))
        await exporting.stop()
        assert there.spans == []
    assert spans_of("dropped") == before + 1


# Single spans.


class Spans:
    """A tracer that follows everything but what ``skips`` says."""

    def __init__(self, *skips: str) -> None:
        self.told: list[Span] = []
        self.messages: dict[str, str] = {}
        self._skips = skips

    def now(self) -> int:
        return 1

    def follows(self, cause: str | None) -> bool:
        return cause is not None and cause not in self._skips

    def attempting(self, message: str, cause: str) -> None:
        self.messages[message] = cause

    def tell(self, span: Span) -> None:
        self.told.append(span)


def heard(made: Engine) -> Heard:
    request = Request("POST", "/hooks/toy-one", {}, made.clock.now(), body=b"[]")
    return Heard(request, "toy-one", (account(),), "req_heard")


async def test_what_could_not_be_stored_is_a_span_that_failed(tmp_path: Path) -> None:
    async def away(_: Heard) -> None:
        raise Unavailable("away")

    async with engine(tmp_path / "p.db") as made:
        spans = Spans()
        with pytest.raises(Unavailable):
            await taking(spans, away, "webhook", "server")(heard(made))
        (span,) = spans.told
        assert (span.error, span.told["http.response.status_code"], span.root) == ("Unavailable", 503, True)


async def test_without_a_tracer_nothing_stands_in_between(tmp_path: Path) -> None:
    async def take(_: Heard) -> None: ...

    assert taking(None, take, "webhook", "server") is take


async def test_a_poll_is_the_request_of_what_it_brought(tmp_path: Path) -> None:
    async def take(_: Heard) -> None: ...

    async with engine(tmp_path / "p.db") as made:
        spans = Spans()
        await taking(spans, take, "poll", "consumer")(heard(made))
        (span,) = spans.told
        assert (span.name, span.cause, span.kind, span.root) == ("poll toy-one", "req_heard", "consumer", True)
        assert "http.response.status_code" not in span.told


async def say(made: Engine, conversation: str, cause: str | None) -> str:
    message_id = made.clock.new_id("msg")
    asked = Asked(message_id, (Text(text="hi"),), key=message_id)
    stamp = Stamp(made.clock.new_id("rec"), By("agent", "agt_1"), made.clock.now(), "main", cause)
    await made.store.append(conversation, lambda view: reply(view, asked, stamp, {"toy-one": "toy"}))
    return message_id


def delivery(made: Engine, spans: Spans) -> Delivery:
    attempts = Attempts(made.store, made.http, made.clock, tracer=spans)  # type: ignore[arg-type] # downloads nothing
    return Delivery(made.store, made.broker, attempts, made.accounts, made.clock, DeliveryConfig(timedelta(hours=4)),
                    link=lambda _media, _seconds: None, news_of=made.intake.news_of)  # fmt: skip


@pytest.mark.parametrize("restarted", [False, True])
async def test_each_attempt_is_in_the_trace_of_the_request_that_asked(tmp_path: Path, restarted: bool) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(no(503), took("1"))) as made:
        conversation, spans = await made.hear(), Spans()
        sending = delivery(made, spans)
        if not restarted:
            await sending.start()
        message = await say(made, conversation, "req_asked")
        if restarted:  # nobody heard it being queued
            await until(lambda: made.records[-1].kind == "message.queued")
            await sending.start()
        with capture_logs() as lines:
            await made.becomes(message, "sent", turn=1.0)
            await sending.stop()
    assert [(span.cause, span.told["passerelle.outcome"], span.error) for span in spans.told] == [
        ("req_asked", "deferred", "deferred"),
        ("req_asked", "accepted", ""),
    ]
    assert spans.messages == {message: "req_asked"}
    about = [line for line in lines if line["event"] in {"attempt not accepted", "message put off", "message settled"}]
    assert [(line["event"], line["request_id"]) for line in about] == [
        ("attempt not accepted", "req_asked"),
        ("message put off", "req_asked"),
        ("message settled", "req_asked"),
    ]


async def test_what_nobody_asked_for_is_in_no_trace(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", ToyHttp(took("1"))) as made:
        spans = Spans()
        sending = delivery(made, spans)
        await sending.start()
        await made.becomes(await say(made, await made.hear(), None), "sent")
        await sending.stop()
        assert spans.told == []


class Exchange:
    """Takes everything."""

    async def publish(self, announcements: list[Announcement]) -> None: ...

    def on_nudge(self, listener: object) -> None: ...


async def test_what_was_published_is_a_span_in_the_trace_of_its_cause(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        spans = Spans()
        await made.hear()
        publisher = Publisher(made.store, Exchange(), SystemClock(), {"toy-one": "toy"}, spans)  # type: ignore[arg-type] # as much of it as is used
        await publisher.start()
        await until(lambda: spans.told)
        await publisher.stop()
        (span,) = spans.told
        assert (span.name, span.cause, span.kind) == ("publish passerelle.events", "req_test", "producer")
        assert span.told["messaging.message.id"] == made.records[0].id


def test_a_trace_that_is_not_chosen_is_not_told_of() -> None:
    spans = Spans("req_other")
    answered(spans, "req_other", 1, ("GET", "/v1/accounts"), 200, "")
    answered(spans, "req_one", 1, ("GET", "/v1/accounts"), 503, "")
    assert [(span.cause, span.error) for span in spans.told] == [("req_one", "503")]
