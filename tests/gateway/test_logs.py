"""The log: one chain for all, JSON or for people, and no secret in it in any form."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretBytes, SecretStr

from connectors.api import Settings
from connectors.telegram import connector as telegram
from gateway import logs
from gateway.adapters.system import SystemClock
from gateway.config import Account, Config
from gateway.logs import MOST, Redactor, Sampler, sampled, secrets_of

TOKEN = "123456:AA/b b+c\"d\\é'x"


class At(SystemClock):
    def now(self):
        return datetime(2026, 11, 22, 9, 0, 0, 120_000, tzinfo=UTC)


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def chain(monkeypatch):
    """Sets the chain up on a stream; what was set before comes back."""
    monkeypatch.setattr(logs, "HIDE", Redactor())
    root = logging.getLogger()
    before, level = root.handlers[:], root.level

    def chain(stream):
        logs.setup(At(), [TOKEN], stream)
        return stream

    yield chain
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    logging.getLogger("aiohttp.access").disabled = False
    root.handlers, root.level = before, level


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_where_nobody_watches(chain):
    stream = chain(io.StringIO())
    structlog.get_logger("gateway.edge").info("webhook stored", hook="bot", seq=3, ratio=0.5, ok=True, none=None)
    (line,) = lines(stream)
    assert line == {
        "at": "2026-11-22T09:00:00.120Z", "level": "info", "event": "webhook stored", "logger": "gateway.edge",
        "hook": "bot", "seq": 3, "ratio": 0.5, "ok": True, "none": None,
    }  # fmt: skip
    assert list(line)[:3] == ["at", "level", "event"]


def test_a_line_is_readable_on_a_terminal(chain, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    stream = chain(Screen())
    log = structlog.get_logger("gateway.edge")
    log.info("listening on http://127.0.0.1:8080", who="a\x1b[31m\nb")
    try:
        raise ValueError(f"no {TOKEN}")  # noqa: TRY301
    except ValueError:
        log.exception("it broke")
    first, second, *trace = stream.getvalue().splitlines()
    assert first.startswith("2026-11-22T09:00:00.120Z [info     ] listening on http://127.0.0.1:8080")
    assert r"a\x1b[31m\nb" in first
    assert "it broke" in second
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ValueError: no [secret]"
    assert TOKEN not in stream.getvalue()


def test_colours_are_for_terminals(chain, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    stream = chain(Screen())
    structlog.get_logger().warning("here")
    assert "\x1b[" in stream.getvalue()


def test_the_standard_library_goes_the_same_way(chain):
    stream = chain(io.StringIO())
    logging.getLogger("aiohttp.server").error("Error at %s", f"/bot{TOKEN}/x")
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("chatty").debug("nothing")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", stacklevel=1)
    error, warning = lines(stream)
    assert (error["event"], error["level"], error["logger"]) == ("Error at /bot[secret]/x", "error", "aiohttp.server")
    assert (warning["level"], warning["logger"]) == ("warning", "py.warnings")


def test_a_line_that_cannot_be_written_costs_only_itself(chain, capsys):
    chain(io.StringIO())
    logging.getLogger("aiohttp.server").error("%s and %s", TOKEN)  # noqa: PLE1206 - that is the mistake
    said = capsys.readouterr().err
    assert json.loads(said) == {
        "level": "error",
        "event": "a line of aiohttp.server could not be written: TypeError",
    }


def test_standard_error_may_be_closed(chain, monkeypatch):
    chain(None)
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stderr", closed)
    structlog.get_logger().error("nobody hears this")


class Odd:
    def __repr__(self):
        raise RuntimeError(TOKEN)


class Holder:
    def __repr__(self):
        return f"<Holder {TOKEN}>"


def test_secrets_are_hidden_in_every_field_and_traceback(chain):
    stream = chain(io.StringIO())
    log = structlog.get_logger()
    log.info(
        f"event {TOKEN}",  # noqa: G004 - structlog takes no arguments here
        plain=TOKEN, deep={"list": [{TOKEN: (TOKEN, {TOKEN})}]}, raw=TOKEN.encode(), thing=Holder(),
        odd=Odd(), error=ValueError(TOKEN), path=Path(f"/x/{TOKEN}"),
        urls=[quote(TOKEN), quote(TOKEN, safe=""), re.sub("%..", lambda hexed: hexed[0].lower(), quote(TOKEN)), quote_plus(TOKEN)],
        texts=[json.dumps({"token": TOKEN}), repr(TOKEN), repr(TOKEN.encode())],
    )  # fmt: skip
    try:
        try:
            raise KeyError(TOKEN)  # noqa: TRY301
        except KeyError as error:
            raise ValueError(f"while {TOKEN}") from error
    except ValueError:
        log.exception("it broke")
        logging.getLogger("other").exception("it broke there")
    text = stream.getvalue()
    assert text.count("[secret]") > 12
    for form in (TOKEN, json.dumps(TOKEN)[1:-1], "AA/b", "AA%2Fb", "AA%2fb", "%22"):
        assert form not in text
    assert lines(stream)[0]["odd"] == "<Odd: its repr raised RuntimeError>"
    assert len(lines(stream)) == 3


def test_what_is_made_at_run_time_is_hidden_too(chain):
    stream = chain(io.StringIO())
    logs.hide("pk_fresh-and-long", "abc")
    structlog.get_logger().info("made pk_fresh-and-long for abc")
    assert lines(stream)[0]["event"] == "made [secret] for abc"  # too short to be a secret, and too common


def test_a_number_can_be_a_secret():
    hidden = Redactor(["987654321"])
    assert hidden.value({"a": 987654321, "b": 5, "c": True}) == {"a": "[secret]", "b": 5, "c": True}


class Nested(Settings):
    token: SecretStr
    raw: SecretBytes
    others: dict[str, list[SecretStr]]


def test_every_secret_of_the_configuration_is_found():
    settings = Nested(
        name="a",
        connector="x",
        token=SecretStr("first"),
        raw=SecretBytes(b"second"),
        others={"k": [SecretStr("third")]},
    )
    config = Config(Path("x"), Path(), accounts={"a": Account("a", telegram, settings)})
    assert secrets_of(config) == {"first", "second", "third"}


SECRETS = st.text(min_size=4, max_size=30)


@given(SECRETS, st.text(max_size=10), st.text(max_size=10))
def test_no_form_of_any_secret_is_left(secret, before, after):
    hidden = Redactor([secret])
    for form in (secret, quote_plus(secret, errors="replace"), repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        assert form not in hidden.text(f"\0{before}\0{form}\0{after}\0").replace("[secret]", "")


# Sampling.


class Ticking:
    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


def test_successes_are_sampled_beyond_so_many_a_second():
    ticking = Ticking()
    sampler = Sampler(ticking, most=3)
    assert [sampler.take("stored") for _ in range(5)] == [0, 0, 0, None, None]
    assert sampler.take("sent") == 0
    ticking.time = 1.0  # after a second of too many, one in a hundred
    assert [sampler.take("stored") for _ in range(100)] == [None] * 100
    assert sampler.take("sent") == 0
    ticking.time = 2.5
    assert sampler.take("stored") is None
    ticking.time = 4.0  # after a quiet second, all again
    assert [sampler.take("stored"), sampler.take("stored")] == [103, 0]


def test_a_sample_is_one_in_a_hundred():
    ticking = Ticking()
    sampler = Sampler(ticking, most=200)
    for second in range(3):
        ticking.time = float(second)
        written = sum(sampler.take("stored") is not None for _ in range(1000))
        assert written == (200 if second == 0 else 2)


def test_failures_are_never_sampled(chain, monkeypatch):
    monkeypatch.setattr(logs, "SAMPLER", Sampler(Ticking()))
    stream = chain(io.StringIO())
    log = structlog.get_logger()
    for number in range(MOST + 50):
        sampled(log, "stored", n=number)
        log.error("refused", n=number)
    events = [line["event"] for line in lines(stream)]
    assert (events.count("stored"), events.count("refused")) == (MOST, MOST + 50)
    logs.SAMPLER._monotonic.time = 2.0
    sampled(log, "stored")
    assert lines(stream)[-1]["unsaid"] == 50
