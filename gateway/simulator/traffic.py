"""Every webhook that went out and every call that came in, with its answer and without its secrets, newest thousand."""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from gateway.simulator.board import Board

KEPT = 1000
SHOWN = 20_000  # characters of one body
HIDDEN = "•••"
SECRET_KEYS = frozenset({"secret_token", "certificate", "token"})
TOKEN = re.compile(r"\b(\d+):[A-Za-z0-9_-]{16,}")


@dataclass
class Exchange:
    """One request and what came of it. `direction`: `call` (the gateway asked us) or `webhook` (we asked the gateway)."""

    id: int
    revision: int
    at: str
    direction: str
    channel: str
    account: str
    name: str  # the method, or the kind of update
    chat: str | None
    attempt: int
    url: str
    number: int | None  # of a webhook: the update's, as `update_id` in what a deed answers
    request: Any
    status: int | None = None
    answer: Any = None
    outcome: str = "open"  # then: accepted, refused, deferred, unclear, dropped, failed
    note: str = ""
    milliseconds: int | None = None
    faults: list[str] = field(default_factory=list)
    started: float = field(default=0.0, repr=False)

    def shown(self) -> dict[str, Any]:
        """The exchange as the control API shows it."""
        values = asdict(self)
        del values["started"]
        return values


class Traffic:
    """The log of exchanges, in memory: it is for looking at, and a restart empties it."""

    def __init__(self, board: Board, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._clock = clock
        self._kept: OrderedDict[int, Exchange] = OrderedDict()
        self._secrets: dict[str, set[str]] = {}
        self._last = 0
        self._revision = 0

    def keep_secret(self, account: str, *secrets: str) -> None:
        """From now on hide these strings in everything shown about the account."""
        known = self._secrets.setdefault(account, set())
        known.update(secret for secret in secrets if len(secret) >= len(HIDDEN))

    def open(
        self,
        direction: str,
        channel: str,
        account: str,
        name: str,
        *,
        request: Any,
        url: str,
        chat: str | None = None,
        attempt: int = 1,
        number: int | None = None,
    ) -> Exchange:
        """Note a request that has begun; `close` tells what came of it."""
        self._last += 1
        now = self._clock()
        secrets = self._secrets.get(account, ())
        exchange = Exchange(
            id=self._last,
            revision=0,
            at=now.isoformat(timespec="milliseconds"),
            direction=direction,
            channel=channel,
            account=account,
            name=name,
            chat=chat,
            attempt=attempt,
            url=str(hide(url, secrets)),
            number=number,
            request=hide(request, secrets),
            started=now.timestamp(),
        )
        self._kept[exchange.id] = exchange
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self._tell(exchange)
        return exchange

    def close(
        self, exchange: Exchange, outcome: str, *, status: int | None = None, answer: Any = None, note: str = ""
    ) -> None:
        """Note the answer of an open exchange; no status means that there was no answer."""
        secrets = self._secrets.get(exchange.account, ())
        exchange.outcome = outcome
        exchange.status = status
        exchange.answer = hide(answer, secrets)
        exchange.note = str(hide(note, secrets))
        exchange.milliseconds = max(0, round((self._clock().timestamp() - exchange.started) * 1000))
        self._tell(exchange)

    def since(self, revision: int, account: str | None = None) -> list[dict[str, Any]]:
        """The exchanges that began or changed after a revision, in the order of their last change."""
        found = [e for e in self._kept.values() if e.revision > revision and account in (None, e.account)]
        return [e.shown() for e in sorted(found, key=lambda e: e.revision)]

    @property
    def revision(self) -> int:
        """Where the log stands: the `after` to ask with next."""
        return self._revision

    def clear(self) -> None:
        """Forget everything shown so far."""
        self._kept.clear()
        self._board.publish("resync")

    def _tell(self, exchange: Exchange) -> None:
        self._revision += 1
        exchange.revision = self._revision
        self._board.publish("traffic", exchange=exchange.shown())


def hide(value: Any, secrets: Iterable[str]) -> Any:
    """The value with every secret replaced, at any depth; long strings are cut."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        value = TOKEN.sub(rf"\1:{HIDDEN}", value)
        return value if len(value) <= SHOWN else f"{value[:SHOWN]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: HIDDEN if key in SECRET_KEYS and item else hide(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide(item, secrets) for item in value]
    return value


def readable(body: bytes, content_type: str = "") -> Any:
    """A body for showing: JSON when it is JSON, the fields of a form, else its text."""
    if content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body[:SHOWN].decode("utf-8", "replace")
