"""Runs a connector's generator of calls as the engine does, and keeps what it did."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.api import Accepted, Answer, Call, Deferred, File, Outcome, Refused, Uncertain

MOST_CALLS = 200
Answering = Callable[[int, Call], Answer]


class Endless(Exception):
    """A generator goes on making calls."""


@dataclass(slots=True)
class Ran:
    """What a generator did: its calls, what their answers meant, and how it ended."""

    calls: list[Call] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    returned: Any = None
    refused: Refused | None = None

    def shown(self) -> dict[str, Any]:
        """All of it, to compare with that of another run."""
        return {
            "calls": [call_shown(call) for call in self.calls],
            "outcomes": [outcome_shown(outcome) for outcome in self.outcomes],
            "returned": repr(self.returned),
            "refused": outcome_shown(self.refused) if self.refused else None,
        }


def run(steps: Generator[Call, Answer, Any], classify: Callable[[Call, Answer], Outcome], answering: Answering) -> Ran:
    """Answer each call; throw refusals in; stop where the engine would wait. Raises Endless, and whatever else comes."""
    ran = Ran()
    try:
        call = next(steps)
        while len(ran.calls) < MOST_CALLS:
            answer = answering(len(ran.calls), call)
            ran.calls.append(call)
            outcome = classify(call, answer)
            ran.outcomes.append(outcome)
            match outcome:
                case Accepted():
                    call = steps.send(answer)
                case Refused():
                    call = steps.throw(outcome)
                case _:
                    return ran
        raise Endless(f"it makes more than {MOST_CALLS} calls")
    except StopIteration as end:
        ran.returned = end.value
    except Refused as refused:
        ran.refused = refused
    finally:
        steps.close()
    return ran


def call_shown(call: Call) -> dict[str, Any]:
    """A call as a sample writes it: what is as usual is left out."""
    shown: dict[str, Any] = {"name": call.name, "method": call.method, "url": call.url}
    usual = {"effect": True, "part": 0, "waits": 0}
    shown |= {name: getattr(call, name) for name, value in usual.items() if getattr(call, name) != value}
    shown |= {"headers": dict(call.headers)} if call.headers else {}
    shown |= {name: getattr(call, name) for name in ("json", "form") if getattr(call, name) is not None}
    if call.multipart is not None:
        shown["multipart"] = {name: _field_shown(value) for name, value in call.multipart.items()}
    return shown


def _field_shown(value: str | File) -> Any:
    return value if isinstance(value, str) else {"media": value.media, "name": value.name, "mime": value.mime}


def outcome_shown(outcome: Outcome) -> dict[str, Any]:
    """An outcome as a sample writes it."""
    match outcome:
        case Accepted(ids=ids, rest=rest):
            return {"accepted": list(ids), "rest": rest}
        case Deferred(detail=detail, wait=wait, scope=scope, reason=reason):
            return {"deferred": reason, "wait": wait, "scope": scope, "detail": detail}
        case Refused(code=code, detail=detail, provider_code=provider_code, only=only):
            return {"refused": code, "provider_code": provider_code, "detail": detail, "only": only}
        case Uncertain(detail=detail):
            return {"uncertain": True, "detail": detail}
    return {"not an outcome": repr(outcome)}


def is_as(outcome: Outcome, expected: Mapping[str, Any]) -> bool:
    """Whether an outcome is what a sample says; what the sample leaves out does not matter."""
    shown = outcome_shown(outcome)
    return all(name in shown and shown[name] == value for name, value in expected.items())
