"""Webhook samples come true: who is let in, what is read, and what holds for every event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from connectors.api import Connector, Malformed, Rejected, Reply, Request
from connectors.testing.samples import Heard, Samples
from connectors.testing.verdict import Broken, described, difference, only
from normalizer.event import Event

_events: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


@dataclass(frozen=True, slots=True)
class Reading:
    """How a connector reads the requests of its samples."""

    connector: Connector[Any]
    samples: Samples

    def sample(self, case: Heard) -> None:
        """What a sample says of its request comes true."""
        if "rejected" in case.expected:
            self.rejected(case.request, case.name, "a request that is not the provider's is Rejected")
        elif case.request.method == "GET" and not (self.connector.gets and self.connector.challenge is None):
            self._challenged(case)
        else:
            self._told(case)

    def _told(self, case: Heard) -> None:
        if not case.polled:
            self._verified(case)
        if "malformed" in case.expected:
            self._malformed(case)
            return
        with only((), "parse reads what the sample says", case.name, "parse"):
            events = self.connector.parse(case.request, self.samples.settings)
        self.sound(events, case.name)
        self._as_expected(events, case)
        own = self._mine(case, events)
        if own:
            law = "an event's `to` is the account's address"
            raise Broken(law, case.name, repr(self.samples.settings.address), own, "parse")
        if "reply" in case.expected:
            self._replied(case)

    def _mine(self, case: Heard, events: Sequence[Event]) -> list[str]:
        """Whom events are for that are not for this account; a sample with ``elsewhere`` is about such."""
        if case.expected.get("elsewhere"):
            return []
        return [event.to for event in events if event.to != self.samples.settings.address]

    def _verified(self, case: Heard) -> None:
        law = "verify lets the provider's own request in"
        with only((), law, case.name, "verify"):
            try:
                self.connector.verify(case.request, self.samples.settings)
            except Rejected as error:
                raise Broken(law, case.name, "no exception", described(error), "verify") from error

    def _challenged(self, case: Heard) -> None:
        law = "a GET is answered as the sample says"
        if self.connector.challenge is None:
            raise Broken(law, case.name, "the power `challenge`", "the connector has none", "powers")
        with only((), law, case.name, "powers"):
            reply = self.connector.challenge(case.request, self.samples.settings)
        self._same_reply(law, case, reply)

    def _replied(self, case: Heard) -> None:
        law = "the provider reads in our answer what the sample says"
        if self.connector.reply is None:
            raise Broken(law, case.name, "the power `reply`", "the connector has none", "powers")
        with only((), law, case.name, "powers"):
            reply = self.connector.reply(case.request, self.samples.settings)
        self._same_reply(law, case, reply)

    def _same_reply(self, law: str, case: Heard, reply: Reply) -> None:
        expected = case.expected["reply"]
        came = {name: getattr(reply, name) for name in expected}
        if came != expected:
            raise Broken(law, case.name, expected, came, "powers")

    def _malformed(self, case: Heard) -> None:
        law, start = "what cannot be read is Malformed", case.expected["malformed"]
        try:
            with only((Malformed,), law, case.name, "parse"):
                events = self.connector.parse(case.request, self.samples.settings)
        except Malformed as error:
            if isinstance(start, str) and not str(error).startswith(start):
                raise Broken(law, case.name, f"Malformed: {start}…", described(error), "parse") from error
            return
        raise Broken(law, case.name, "Malformed", f"events: {list(events)!r}", "parse")

    def _as_expected(self, events: Sequence[Event], case: Heard) -> None:
        try:
            wanted = shown(_events.validate_python(case.expected["events"], extra="forbid"))
        except KeyError:
            what = f"the keys {sorted(case.expected)}"
            raise Broken(
                "expected.json says what comes", case.name, '"events", "malformed" or "rejected"', what, "samples"
            ) from None
        except ValidationError as error:
            said = error.errors(include_url=False, include_input=False)[0]
            what = f"{error.error_count()} mistakes, the first at {'/'.join(map(str, said['loc']))}: {said['msg']}"
            raise Broken(
                "expected.json holds events", case.name, "what docs/conversation-format.md says", what, "samples"
            ) from None
        came = shown(events)
        if came != wanted:
            raise Broken(
                "parse gives the sample's events", case.name, "no difference", difference(wanted, came), "parse"
            )

    # For every law about requests.

    def total(self, request: Request, name: str) -> Sequence[Event]:
        """The events of a request that may hold anything; none if it is Malformed."""
        with only((), "parse raises nothing but Malformed", name, "parse"):
            try:
                events = list(self.connector.parse(request, self.samples.settings))
            except Malformed as error:
                self.silent(error, name)
                return []
        self.sound(events, name)
        return events

    def sound(self, events: Sequence[Event], name: str) -> None:
        """What holds for every event, whatever was sent: a proper id, and JSON that reads back."""
        for event in events:
            kind, _, rest = event.id.partition(":")
            if not (rest and kind.replace("_", "").replace("-", "").isalnum()):
                raise Broken("an event's id is `kind:native id[:version]`", name, "as in message:42:7", event.id, "ids")
            law = "an event can be written as JSON and read again"
            with only((), law, name, "parse"):
                written = event.model_dump_json()
                json.dumps(event.model_dump(mode="json"), allow_nan=False).encode()
                again = type(event).model_validate_json(written)
            if again != event:
                raise Broken(law, name, event, again, "parse")

    def lets_in(self, request: Request, name: str, law: str, settings: Any = None) -> bool:
        """Whether ``verify`` accepts a request; it may raise nothing but Rejected."""
        with only((), law, name, "verify"):
            try:
                self.connector.verify(request, settings or self.samples.settings)
            except Rejected as error:
                self.silent(error, name)
                return False
        return True

    def rejected(self, request: Request, name: str, law: str, settings: Any = None) -> None:
        """A request must not be let in; a GET is the challenge's."""
        if request.method == "GET" and self.connector.challenge is not None:
            with only((), law, name, "powers"):
                try:
                    reply = self.connector.challenge(request, settings or self.samples.settings)
                except Rejected as error:
                    self.silent(error, name)
                    return
            raise Broken(law, name, "Rejected", reply, "powers")
        if self.lets_in(request, name, law, settings):
            raise Broken(law, name, "Rejected", "verify let it in", "verify")

    def silent(self, error: Exception, name: str) -> None:
        """An exception says no secret."""
        if any(secret in f"{error} {error!r}" for secret in self.samples.secrets):
            raise Broken("no secret is in an exception", name, "words without it", repr(error), "secrets")

    def like(self, body: bytes) -> Request:
        """A request of these bytes, otherwise like the first sample."""
        return replace(self.samples.heard[0].request, method="POST", body=body)

    def readable(self) -> list[Heard]:
        """The samples that are read, by hook or by poll."""
        return [case for case in self.samples.heard if case.accepted or case.polled]


def shown(events: Sequence[Event]) -> list[Any]:
    """Events as JSON."""
    return [json.loads(event.model_dump_json()) for event in events]
