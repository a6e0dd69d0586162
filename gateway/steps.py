"""The one runner of connectors' generators of calls, for all of them but the sending of messages."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from connectors.api import Accepted, Answer, Call, Deferred, Outcome, Refused, Uncertain
from gateway.ports import Http

T = TypeVar("T")


class Unsettled(Exception):
    """The provider neither took a call nor refused it; ``outcome`` says what it did, and when to try again."""

    def __init__(self, call: Call, outcome: Deferred | Uncertain) -> None:
        super().__init__(outcome.detail)
        self.call, self.outcome = call, outcome


async def run(steps: Generator[Call, Answer, T], http: Http, classify: Callable[[Call, Answer], Outcome]) -> T:
    """Make each call and hand its answer back; returns what the generator returns.

    A refusal is thrown into the generator, which may try another form. Raises Refused where it does not, Unsettled,
    and what ``Http.perform`` raises: NeverSent, NoAnswer.
    """
    try:
        call = next(steps)
        while True:
            answer = await http.perform(call)
            match classify(call, answer):
                case Accepted():
                    call = steps.send(answer)
                case Refused() as refused:
                    call = steps.throw(refused)
                case outcome:
                    raise Unsettled(call, outcome)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return] # what the generator returns
    finally:
        steps.close()
