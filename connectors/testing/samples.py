"""Folders of samples, read as values: webhooks with their events, messages with their calls, answers with their outcomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr, TypeAdapter

from connectors.api import Answer, Connector, Request, Settings
from normalizer.event import MessageReceived, Outgoing

NOW = datetime(2026, 11, 22, 9, 0, 0, 120_000, UTC)
HOOK = "https://chat.example.com/hooks/support"
Sign = Callable[[Request, Any], Mapping[str, str]]
"""What a provider adds to a request as its proof: the headers, from the request without them and the settings."""

SHORTEST = 6
"""Characters of a secret; a shorter one would be found everywhere."""

_instant = TypeAdapter(datetime)


class BadSample(Exception):
    """A folder of samples cannot be read; says which file, and why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request of the provider and what comes of it. ``polled`` items did not come by the hook and carry no proof."""

    name: str
    request: Request = field(repr=False)
    expected: Mapping[str, Any] = field(repr=False)
    polled: bool = False

    @property
    def accepted(self) -> bool:
        """Whether it is a webhook that ``verify`` lets in."""
        return not self.polled and self.request.method == "POST" and "rejected" not in self.expected


@dataclass(frozen=True, slots=True)
class Asked:
    """Something asked of the connector, by name of the power (or ``send``), and the calls that it takes."""

    name: str
    power: str
    arguments: Sequence[Any]
    expected: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of the provider and what it means."""

    name: str
    answer: Answer
    expected: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Samples:
    """Everything in a folder of samples, and the settings of the account that it is about."""

    settings: Any
    given: Mapping[str, Any] = field(repr=False)
    heard: Sequence[Heard]
    asked: Sequence[Asked]
    answered: Sequence[Answered]
    sign: Sign | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that nobody may ever see."""
        values = (getattr(self.settings, name) for name in type(self.settings).model_fields)
        found = (value.get_secret_value() for value in values if isinstance(value, SecretStr))
        return tuple(secret for secret in found if secret)


def read(connector: Connector[Any], folder: Path, sign: Sign | None = None) -> Samples:
    """The samples in a folder; raises BadSample."""
    given = _json(folder / "settings.json")
    try:
        settings = connector.settings.model_validate({"name": "support", "connector": connector.name, **given})
    except (ValueError, TypeError) as error:
        raise BadSample(f"{folder / 'settings.json'}: {error}") from None
    samples = Samples(settings, given, (), (), (), sign)
    if any(len(secret) < SHORTEST for secret in samples.secrets):
        why = f"make up secrets of {SHORTEST} characters or more, which stand in nothing else"
        raise BadSample(f"{folder / 'settings.json'}: {why}")
    cases = sorted({file.parent for file in folder.rglob("expected.json")})
    heard = [_heard(case, folder, settings, sign) for case in cases if (case / "request.json").exists()]
    asked = [_asked(case, folder) for case in cases if not (case / "request.json").exists()]
    table = folder / "answers.json"
    answered = [_answered(name, one, table) for name, one in _json(table).items()] if table.exists() else []
    return replace(samples, heard=heard, asked=asked, answered=answered)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise BadSample(f"{file} is missing") from None
    except ValueError as error:
        raise BadSample(f"{file}: {error}") from None


def _heard(case: Path, folder: Path, settings: Settings, sign: Sign | None) -> Heard:
    given = _json(case / "request.json")
    query = given.get("query", {})
    request = Request(
        method=given.get("method", "POST"),
        url=given.get("url", HOOK + (f"?{urlencode(query)}" if query else "")),
        headers={},
        received_at=_instant.validate_python(given["received_at"]) if "received_at" in given else NOW,
        query=query,
        body=_body(case, given),
    )
    own = {name.lower(): value for name, value in given.get("headers", {}).items()}
    signed = {**(sign(request, settings) if sign else {}), **own}
    headers = {name: value for name, value in signed.items() if value is not None}
    name = case.relative_to(folder).as_posix()
    return Heard(name, replace(request, headers=headers), _json(case / "expected.json"), given.get("polled", False))


def _body(case: Path, given: Mapping[str, Any]) -> bytes:
    """The exact bytes in the file ``body.…`` beside the request, else its ``body``: text as it is, ``form`` or JSON."""
    for file in case.glob("body.*"):
        return file.read_bytes()
    if "form" in given:
        return urlencode(given["form"]).encode()
    body = given.get("body", "")
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _asked(case: Path, folder: Path) -> Asked:
    name, expected = case.relative_to(folder).as_posix(), _json(case / "expected.json")
    try:
        if (case / "message.json").exists():
            return Asked(name, "send", (outgoing(_json(case / "message.json")),), expected)
        given = _json(case / "power.json")
        power, arguments = given["power"], given.get("with", [])
        return Asked(name, power, [_argument(power, one) for one in arguments], expected)
    except (ValueError, LookupError, TypeError) as error:
        raise BadSample(f"{case}: {error}") from None


def outgoing(given: Mapping[str, Any]) -> Outgoing:
    """A message to send, as a sample writes it; raises ValueError for what is no field of it."""
    return Outgoing.model_validate({"id": "msg_1", **given}, extra="forbid")


def _argument(power: str, value: Any) -> Any:
    """What stands for a value that JSON cannot hold: objects become what the power is asked with."""
    if not isinstance(value, dict):
        return value
    if power == "acknowledge":
        return MessageReceived.model_validate(value, extra="forbid")
    return outgoing(value)


def answer_of(given: Mapping[str, Any]) -> Answer:
    """An answer, as a sample writes it: ``status``, ``headers`` and ``body`` (text as it is, or JSON)."""
    body = given.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {name.lower(): value for name, value in given.get("headers", {}).items()}
    return Answer(given.get("status", 200), headers, text.encode())


def _answered(name: str, given: Mapping[str, Any], file: Path) -> Answered:
    try:
        return Answered(name, answer_of(given["answer"]), given["outcome"])
    except (LookupError, TypeError) as error:
        raise BadSample(f"{file}: {name}: {error!r}") from None
