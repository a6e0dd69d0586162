"""A channel whose dialect is our own format, so that tests of the engine speak of nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hmac import compare_digest

from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from connectors.api import (
    Accepted,
    Answer,
    Call,
    Connector,
    Deferred,
    Malformed,
    Outcome,
    Pace,
    Refused,
    Rejected,
    Reply,
    Request,
    Settings,
    Steps,
    Uncertain,
)
from gateway.config import Account
from normalizer.event import Event, MessageReceived, Outgoing
from normalizer.fit import Limits
from normalizer.model import Text

_events: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


class ToySettings(Settings):
    secret: SecretStr = SecretStr("toy-secret")
    own: str = ""

    @property
    def address(self) -> str:
        return self.own


class Took(BaseModel):
    id: str


class No(BaseModel):
    error: str
    wait: float | None = None
    account: bool = False


def verify(request: Request, settings: ToySettings) -> None:
    if not compare_digest(request.headers.get("x-toy", "").encode(), settings.secret.get_secret_value().encode()):
        raise Rejected


def parse(request: Request, _settings: ToySettings) -> Sequence[Event]:
    try:
        return _events.validate_json(request.body)
    except ValidationError as error:
        raise Malformed(str(error.error_count())) from None


def send(outgoing: Outgoing, settings: ToySettings) -> Steps:
    """One call per part; a text ``again`` that is refused is sent another way, ``nothing`` needs no call at all."""
    for number, part in enumerate(outgoing.parts):
        match part:
            case Text(text="nothing"):
                continue
            case Text(text="look first"):
                yield Call(f"{number}:look", "GET", f"{settings.base}/look", effect=False, part=number)
        body = {"to": outgoing.to, "part": part.model_dump(mode="json"), "reply_to": outgoing.reply_to}
        try:
            yield Call(f"{number}:send", "POST", f"{settings.base}/send", part=number, json=body)
        except Refused:
            if not isinstance(part, Text) or part.text != "again":
                raise
            yield Call(f"{number}:other", "POST", f"{settings.base}/other", part=number, json=body)


def classify(_call: Call, answer: Answer) -> Outcome:
    if answer.status == 200:
        took = answer.read(Took)
        return Accepted((took.id,) if took else ())
    no = answer.read(No)
    if no is None:
        return Uncertain(f"HTTP {answer.status}")
    if answer.status == 429 or answer.status >= 500:
        reason = "rate_limited" if answer.status == 429 else "provider_down"
        return Deferred(no.error, no.wait, "account" if no.account else "conversation", reason)
    return Refused("unreachable" if answer.status == 403 else "content_rejected", no.error, str(answer.status))


def acknowledge(event: MessageReceived, settings: ToySettings) -> Steps:
    if event.id.startswith("press:"):
        yield Call("acknowledge", "POST", f"{settings.base}/acknowledge", effect=False, json={"id": event.id})


toy = Connector(
    name="toy",
    settings=ToySettings,
    content_types=("application/json",),
    limits=Limits(
        text=100,
        caption=10,
        choices=2,
        choice_id=10,
        label=10,
        parts=frozenset({"text", "media", "choices"}),
        media_types=frozenset({"image"}),
    ),
    pace=Pace(per_second=1000, per_chat=1000),
    verify=verify,
    parse=parse,
    send=send,
    classify=classify,
    acknowledge=acknowledge,
    reply=lambda _request, _settings: Reply(body="taken"),
)


def account(name: str = "toy-one", **settings: object) -> Account:
    """An account of the toy channel."""
    given = {"name": name, "connector": "toy", "api": "http://toy.invalid", **settings}
    return Account(name, toy, ToySettings.model_validate(given))


def took(provider_id: str) -> Answer:
    """The provider accepts."""
    return Answer(200, {}, json.dumps({"id": provider_id}).encode())


def no(status: int, error: str = "no", **more: object) -> Answer:
    """The provider says no, in its own words."""
    return Answer(status, {}, json.dumps({"error": error, **more}).encode())
