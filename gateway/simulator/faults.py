"""What goes wrong on order: each fault says what it does, whom it meets, and how often."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal, get_args

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, computed_field

from gateway.simulator.board import Board
from gateway.simulator.store import Store

CallKind = Literal[
    "delay",  # handle the call only after `seconds`
    "server_error",  # not accepted: the provider's own error, with `status`
    "proxy_error",  # not accepted: a 502 page of HTML
    "accept_then_proxy_error",  # accepted, then a 502 page of HTML
    "accept_then_drop",  # accepted, then the connection closes without an answer
    "drop",  # not accepted: the connection closes without an answer
    "too_many_requests",  # not accepted: 429, and during `retry_after` seconds every call of `scope`
    "blocked",  # not accepted: the customer blocked us
    "revoked_token",  # not accepted: the credentials no longer hold
    "migrate",  # not accepted: the chat is now `to`
    "error",  # not accepted: the provider's own error with this `code`
    "rate_limits",  # the provider's published rates, enforced
]
ReceiptKind = Literal[
    "receipt_hold",  # accepted; its receipts are kept back until the fault is lifted
    "undelivered",  # accepted; then the receipt says failed, with the provider's `code`
]
WebhookKind = Literal[
    "webhook_delay",  # post only after `seconds`
    "webhook_duplicate",  # post each update `times` times, at once
    "webhook_reorder",  # hold `hold` updates (for at most `seconds`), then post them shuffled by `seed`
    "webhook_ignore_ack",  # post again although it was acknowledged
]
ENDING: frozenset[str] = frozenset(
    {"server_error", "proxy_error", "accept_then_proxy_error", "accept_then_drop", "drop", "too_many_requests"}
    | {"blocked", "revoked_token", "migrate", "error"}
)
CALLS: frozenset[str] = frozenset(get_args(CallKind))
RECEIPTS: frozenset[str] = frozenset(get_args(ReceiptKind))
WEBHOOKS: frozenset[str] = frozenset(get_args(WebhookKind))
COMMON = (CALLS | RECEIPTS | WEBHOOKS) - {"migrate"}
"""What a provider can do wrong unless its channel says otherwise."""


class Order(BaseModel):
    """A fault as one orders it."""

    model_config = ConfigDict(extra="forbid")

    kind: CallKind | ReceiptKind | WebhookKind
    channel: str = "telegram"
    account: str | None = Field(
        default=None, validation_alias=AliasChoices("account", "bot"), coerce_numbers_to_str=True
    )
    method: str | None = None  # `sendMessage`, `send*`, or several with commas; for webhooks, a kind of update
    chat: str | None = Field(default=None, coerce_numbers_to_str=True)
    count: int | None = Field(default=None, ge=1)  # None: until removed; without a method, only messages count
    seconds: float = Field(default=1.0, ge=0, le=3600)
    status: int = Field(default=500, ge=400, le=599)
    code: int | None = None  # the provider's, for `error` and `undelivered`; None: the channel's usual one
    retry_after: int = Field(default=3, ge=1, le=3600)
    scope: Literal["account", "chat"] = "account"
    to: int | None = None
    times: int = Field(default=2, ge=2, le=20)
    hold: int = Field(default=5, ge=2, le=100)
    seed: int = 0
    per_second: float = Field(default=30, gt=0)
    per_chat: float = Field(default=1, gt=0)
    burst: int = Field(default=3, ge=1)


class Fault(Order):
    """A fault in force, and how often it has struck."""

    model_config = ConfigDict(extra="ignore")

    id: int
    hits: int = 0

    @computed_field  # type: ignore[prop-decorator] # mypy knows no decorated properties
    @property
    def done(self) -> bool:
        """Whether it has struck as often as it was ordered to."""
        return self.count is not None and self.hits >= self.count


@dataclass(frozen=True)
class Moment:
    """Where a fault may strike: one call, or one update on its way out."""

    channel: str
    account: str
    name: str
    chat: str | None = None
    sends: bool = True  # whether it is a call that sends a message, or an update


class Faults:
    """The faults in force; kept in the store, so that they survive a restart."""

    def __init__(self, store: Store, board: Board) -> None:
        self._store = store
        self._board = board
        self._all: dict[int, Fault] = {}
        self._waits: dict[int, list[tuple[Moment, float]]] = {}

    def load(self) -> None:
        """Read what was in force before a restart."""
        found = [Fault.model_validate(data) for _, data in self._store.every("fault")]
        self._all = {fault.id: fault for fault in sorted(found, key=lambda fault: fault.id)}

    def every(self) -> list[Fault]:
        """All faults, used up or not, oldest first."""
        return list(self._all.values())

    def order(self, order: Order) -> Fault:
        """Put a fault in force."""
        fault = Fault.model_validate({**order.model_dump(), "id": self._store.next("fault")})
        self._all[fault.id] = fault
        self._keep(fault)
        return fault

    def remove(self, number: int) -> bool:
        """Lift one fault; whether there was one."""
        found = self._all.pop(number, None)
        self._waits.pop(number, None)
        self._store.drop("fault", str(number))
        self._board.publish("fault", removed=number)
        return found is not None

    def take(self, kinds: Iterable[str], moment: Moment) -> Fault | None:
        """The first fault of these kinds that strikes here; it counts as struck."""
        fault = self.find(kinds, moment)
        if fault is not None:
            self.struck(fault)
        return fault

    def find(self, kinds: Iterable[str], moment: Moment) -> Fault | None:
        """The first fault of these kinds that would strike here."""
        wanted = frozenset(kinds)
        for fault in self._all.values():
            if fault.kind in wanted and not fault.done and _meets(fault, moment):
                return fault
        return None

    def struck(self, fault: Fault) -> None:
        """Count one more hit."""
        fault.hits += 1
        self._keep(fault)

    def start_wait(self, fault: Fault, moment: Moment, now: datetime) -> None:
        """Until `retry_after` has passed, `waiting` answers for everyone in the fault's scope."""
        until = now.timestamp() + fault.retry_after
        chat = moment.chat if fault.scope == "chat" else None
        whom = Moment(moment.channel, moment.account, moment.name, chat)
        held = [(who, end) for who, end in self._waits.get(fault.id, []) if end > now.timestamp()]
        self._waits[fault.id] = [*held, (whom, until)]

    def waiting(self, moment: Moment, now: datetime) -> float:
        """Seconds that a call must still wait because of an earlier 429; 0 when it need not."""
        longest = 0.0
        for waits in self._waits.values():
            for whom, until in waits:
                same = whom.channel == moment.channel and whom.account == moment.account
                if same and whom.chat in (None, moment.chat):
                    longest = max(longest, until - now.timestamp())
        return longest

    def _keep(self, fault: Fault) -> None:
        self._store.put("fault", str(fault.id), fault.model_dump(mode="json"))
        self._board.publish("fault", fault=fault.model_dump(mode="json"))


def _meets(fault: Fault, moment: Moment) -> bool:
    return (
        fault.channel == moment.channel
        and fault.account in (None, moment.account)
        and (fault.chat is None or fault.chat == moment.chat)
        and (_meant(fault, moment) if fault.method is None else _named(fault.method, moment.name))
    )


def _meant(fault: Fault, moment: Moment) -> bool:
    """Without a method, one that has a count is for messages: it is not spent on what is asked meanwhile."""
    return moment.sends or fault.count is None


def _named(patterns: str, name: str) -> bool:
    """Whether a method is one of `sendMessage, send*`."""
    return any(fnmatchcase(name.lower(), pattern.strip().lower()) for pattern in patterns.split(","))
