"""The log, on standard error: readable on a terminal, JSON otherwise, and without a secret in it anywhere."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

import structlog
from pydantic import BaseModel, SecretBytes, SecretStr

from gateway.config import Config, passwords
from gateway.ports import Clock
from normalizer.model import rfc3339

HIDDEN = "[secret]"
SHORTEST = 4
"""Characters. A shorter value hides nothing, and hiding it would make the log unreadable."""

MOST = 100
"""Lines a second of one kind of success; of more, only a sample is written."""

_ONE_IN = 100

Line = MutableMapping[str, Any]


class Redactor:
    """Replaces secrets by value, as they are and as addresses, JSON and reprs write them."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        """Show these no more."""
        new = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)} - self._forms
        if new:
            self._forms |= new
            self._pattern = re.compile("|".join(map(re.escape, sorted(self._forms, key=len, reverse=True))))

    def text(self, text: str) -> str:
        """A text without them."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def value(self, value: Any) -> Any:
        """Any value without them; what is no JSON becomes its repr."""
        match value:
            case Mapping():
                return {self.text(str(key)): self.value(held) for key, held in value.items()}
            case list() | tuple() | set() | frozenset():
                return [self.value(held) for held in value]
            case None | bool() | int() | float():
                return value if self.text(str(value)) == str(value) else HIDDEN
            case str():
                return self.text(value)
            case _:
                return self.text(value.decode(errors="backslashreplace") if isinstance(value, bytes) else _repr(value))

    def __call__(self, _logger: Any, _method: str, line: Line) -> Line:
        """As a structlog processor; it must stand last before the one that renders."""
        cleaned: Line = self.value(line)
        return cleaned


HIDE = Redactor()
"""Of the whole process: what anybody hides here, no line shows."""


def hide(*secrets: str) -> None:
    """Keep these values out of the log from now on: new keys, passwords, link tokens."""
    HIDE.hide(*secrets)


def secrets_of(config: Config) -> set[str]:
    """Every secret that the configuration holds."""
    accounts = {secret for account in config.accounts.values() for secret in secrets_in(account.settings)}
    return accounts | passwords(config)


def secrets_in(value: Any) -> Iterator[str]:
    """Every secret that a value holds, at any depth."""
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case SecretBytes():
            yield value.get_secret_value().decode(errors="backslashreplace")
        case BaseModel():
            for _, held in value:
                yield from secrets_in(held)
        case Mapping():
            for held in value.values():
                yield from secrets_in(held)
        case list() | tuple() | set() | frozenset():
            for held in value:
                yield from secrets_in(held)
        case _:
            return


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="surrogatepass")
    encoded = [quote(raw, safe=""), quote(raw), quote_plus(raw)]
    encoded += [re.sub("%..", lambda found: found[0].lower(), form) for form in encoded]
    yield from {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(raw)[2:-1], *encoded}


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - a line is written whatever stands in it
        return f"<{type(value).__name__}: its repr raised {type(error).__name__}>"


class Sampler:
    """Lets through so many lines a second of one kind, and counts the others.

    After a second that had more, only one in a hundred is written: a line costs more than what it tells of.
    """

    def __init__(self, monotonic: Callable[[], float], most: int = MOST) -> None:
        self._monotonic, self._most = monotonic, most
        self._second = 0
        self._seen: Counter[str] = Counter()
        self._before: Counter[str] = Counter()
        self._unsaid: Counter[str] = Counter()

    def take(self, event: str) -> int | None:
        """How many lines of this kind were left out before this one; None if it is to be left out too."""
        if (second := int(self._monotonic())) != self._second:
            self._before = self._seen if second == self._second + 1 else Counter()
            self._second, self._seen = second, Counter()
        self._seen[event] = seen = self._seen[event] + 1
        if seen > self._most or (self._before[event] > self._most and seen % _ONE_IN):
            self._unsaid[event] += 1
            return None
        return self._unsaid.pop(event, 0)


SAMPLER = Sampler(time.monotonic)


def sampled(log: Any, event: str, **fields: Any) -> None:
    """Log a success, unless there are more than ``MOST`` of its kind in this second; never for failures.

    ``unsaid`` counts the lines that were left out before this one.
    """
    unsaid = SAMPLER.take(event)
    if unsaid is not None:
        log.info(event, **fields, **({"unsaid": unsaid} if unsaid else {}))


class _Stderr(logging.Handler):
    """Writes to whatever standard error is just then; a line that cannot be written costs only itself."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream = self._stream or sys.stderr
            stream.write(f"{self.format(record)}\n")
            stream.flush()
        except Exception as error:  # noqa: BLE001 - and what it says could hold a secret
            self._say(type(error).__name__, record)

    def _say(self, why: str, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f'{{"level": "error", "event": "a line of {record.name} could not be written: {why}"}}\n')
        except (OSError, ValueError):  # standard error is closed: there is nobody to tell
            return


def setup(clock: Clock, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send every line, of structlog and of the standard library alike, through one chain."""
    HIDE.hide(*secrets)
    out = stream or sys.stderr

    def stamped(_logger: Any, method: str, line: Line) -> Line:
        first = {"at": rfc3339(clock.now()), "level": line.pop("level", method), "event": line.pop("event", "")}
        return {**first, **line}

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        stamped,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            use_get_message=True,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.StackInfoRenderer(),
                HIDE,
                *(_for_people(out) if out.isatty() else (structlog.processors.JSONRenderer(ensure_ascii=False),)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("aiohttp.access").disabled = True
    logging.captureWarnings(capture=True)


def _for_people(stream: TextIO) -> tuple[structlog.typing.Processor, ...]:
    colors = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb" and stream.isatty()
    console = structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="at", exception_formatter=_never)
    return (_printable, console)


def _printable(_logger: Any, _method: str, line: Line) -> Line:
    """Control characters escaped, lest what a stranger wrote moves the cursor; tracebacks keep their lines."""
    for key, value in line.items():
        if isinstance(value, str):
            kept = "\n" if key in ("exception", "stack") else ""
            line[key] = "".join(c if c.isprintable() or c in kept else repr(c)[1:-1] for c in value)
    return line


def _never(_stream: TextIO, _error: Any) -> None:
    """Tracebacks are text already, without secrets, when they come to be rendered."""
