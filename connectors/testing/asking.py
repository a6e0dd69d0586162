"""Samples of what is asked of a connector come true: the calls it makes, and what their answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from connectors.api import Answer, Call, Connector, Fetched, Health, Request
from connectors.testing.reading import shown
from connectors.testing.running import Ran, call_shown, is_as, outcome_shown, run
from connectors.testing.samples import NOW, Answered, Asked, Samples, answer_of
from connectors.testing.verdict import Broken, difference, only

REASONS_LAW = "an answer means what the sample says"


@dataclass(frozen=True, slots=True)
class Asking:
    """How a connector does what its samples ask for."""

    connector: Connector[Any]
    samples: Samples

    def sample(self, case: Asked) -> None:
        """The calls, their outcomes and the end are those of the sample."""
        law = f"`{case.power}` makes the sample's calls"
        expected: Sequence[Mapping[str, Any]] = case.expected.get("calls", ())
        ran = self.ran(case.power, case.arguments, _in_turn(expected), law, case.name)
        wanted, came = [_wanted(one, self.samples.settings.base) for one in expected], [*map(call_shown, ran.calls)]
        if came != wanted:
            raise Broken(law, case.name, "no difference", difference(wanted, came), see(case.power))
        for call, outcome, one in zip(ran.calls, ran.outcomes, expected, strict=True):
            if "outcome" in one and not is_as(outcome, one["outcome"]):
                raise Broken(
                    REASONS_LAW, f"{case.name}, {call.name}", one["outcome"], outcome_shown(outcome), "classify"
                )
        self._ended(case, ran)

    def _ended(self, case: Asked, ran: Ran) -> None:
        law = f"`{case.power}` ends as the sample says"
        came = ran.refused.code if ran.refused else None
        if came != case.expected.get("refused"):
            raise Broken(
                law, case.name, case.expected.get("refused") or "not refused", repr(ran.refused), see(case.power)
            )
        if "returns" in case.expected:
            returned = _returned(ran.returned)
            if returned != case.expected["returns"]:
                raise Broken(law, case.name, case.expected["returns"], returned, see(case.power))
        if "cursor" in case.expected or "events" in case.expected:
            self._polled(case)

    def _polled(self, case: Asked) -> None:
        """What the last answer of a poll brings: the next cursor, and events by way of ``parse``."""
        law = "`polled` reads what the sample says"
        if self.connector.polled is None:
            raise Broken(law, case.name, "the power `polled`", "the connector has none", "powers")
        answer = answer_of(case.expected["calls"][-1].get("answer", {}))
        with only((), law, case.name, "powers"):
            bodies, cursor = self.connector.polled(answer, self.samples.settings)
            asked = [Request("POST", "", {}, NOW, body=body) for body in bodies]
            events = [event for one in asked for event in self.connector.parse(one, self.samples.settings)]
        came = {"cursor": cursor, "events": shown(events)}
        wanted = {name: case.expected.get(name, came[name]) for name in came}
        if came != wanted:
            raise Broken(law, case.name, "no difference", difference(wanted, came), "powers")

    def answered(self, case: Answered) -> None:
        """An answer to the first call of the samples means what the table says."""
        with only((), REASONS_LAW, case.name, "classify"):
            outcome = self.connector.classify(self.a_call(), case.answer)
        if not is_as(outcome, case.expected):
            raise Broken(REASONS_LAW, case.name, dict(case.expected), outcome_shown(outcome), "classify")

    def a_call(self) -> Call:
        """A call with an effect, as the connector makes it; one of ours for a connector that makes none."""
        sent = (case for case in self.samples.asked if case.power == "send")
        runs = (self.ran("send", one.arguments, lambda _n, _c: Answer(200), "send is steady", one.name) for one in sent)
        calls = (call for ran in runs for call in ran.calls if call.effect)
        return next(calls, Call("0:send", "POST", f"{self.samples.settings.base}/send"))

    def ran(
        self, power: str, arguments: Sequence[Any], answering: Callable[[int, Call], Answer], law: str, name: str
    ) -> Ran:
        """What a power does when it is asked and answered so; raises Broken for all but a proper end."""
        function = getattr(self.connector, power, None)
        if function is None:
            raise Broken(law, name, f"the power `{power}`", "the connector has none", see(power))
        with only((), law, name, see(power)):
            return run(function(*arguments, self.samples.settings), self.connector.classify, answering)


def see(power: str) -> str:
    """Where the guide is about a power."""
    return "send" if power == "send" else "powers"


def _in_turn(expected: Sequence[Mapping[str, Any]]) -> Callable[[int, Call], Answer]:
    """The answers of a sample, in order; a plain 200 where it gives none."""

    def answer(number: int, _call: Call) -> Answer:
        return answer_of(expected[number].get("answer", {})) if number < len(expected) else Answer(200)

    return answer


def _wanted(given: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A call of a sample, with what may be left out; an address may begin after the account's ``api``."""
    held = {name: value for name, value in given.items() if name not in ("answer", "outcome")}
    url = held.get("url", "/")
    headers = {"headers": held["headers"]} if held.get("headers") else {}
    return {"method": "POST", **held, **headers, "url": f"{base}{url}" if url.startswith("/") else url}


def _returned(value: Any) -> Any:
    """What a power returns, as a sample writes it."""
    match value:
        case Health(ok=ok, detail=detail, code=code):
            return {"ok": ok, "detail": detail, **({"code": code} if code else {})}
        case Fetched(call=call):
            return call_shown(call)
        case _:
            return json.loads(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else repr(value)
