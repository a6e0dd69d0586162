"""The runner of connectors' generators: each call made, each answer handed back, each refusal thrown in."""

from __future__ import annotations

import pytest

from connectors.api import Accepted, Answer, Call, Deferred, Refused, Uncertain
from gateway import steps
from gateway.ports import NeverSent


class Provider:
    """Answers from a list; an exception in it is raised."""

    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    async def perform(self, call):
        self.calls.append(call.name)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer)


def classify(_call, answer):
    return {
        200: Accepted(),
        429: Deferred("slow down", 3),
        502: Uncertain("a proxy"),
    }.get(answer.status) or Refused("content_rejected", f"HTTP {answer.status}")


def two():
    first = yield Call("first", "GET", "http://x/1")
    second = yield Call("second", "GET", "http://x/2")
    return first.status, second.status


def with_another_form():
    try:
        yield Call("first", "GET", "http://x/1")
    except Refused:
        yield Call("plain", "GET", "http://x/2")
        return "plain"
    return "rich"


def none():
    return "nothing to do"
    yield


async def test_answers_are_handed_back():
    provider = Provider(200, 200)
    assert await steps.run(two(), provider, classify) == (200, 200)
    assert provider.calls == ["first", "second"]


async def test_a_generator_may_make_no_call():
    assert await steps.run(none(), Provider(), classify) == "nothing to do"


async def test_a_refusal_is_thrown_in():
    provider = Provider(400, 200)
    assert await steps.run(with_another_form(), provider, classify) == "plain"
    assert provider.calls == ["first", "plain"]
    assert await steps.run(with_another_form(), Provider(200), classify) == "rich"


async def test_a_refusal_that_is_not_caught_is_raised():
    with pytest.raises(Refused, match="HTTP 404"):
        await steps.run(two(), Provider(200, 404), classify)


@pytest.mark.parametrize(("status", "kind"), [(429, Deferred), (502, Uncertain)])
async def test_what_is_not_settled_is_raised_with_its_outcome(status, kind):
    with pytest.raises(steps.Unsettled) as caught:
        await steps.run(with_another_form(), Provider(status), classify)
    assert isinstance(caught.value.outcome, kind)
    assert caught.value.call.name == "first"


async def test_the_generator_is_closed_whatever_happens():
    closed = []

    def watched():
        try:
            yield Call("first", "GET", "http://x/1")
        finally:
            closed.append(True)

    with pytest.raises(NeverSent):
        await steps.run(watched(), Provider(NeverSent("refused")), classify)
    assert closed == [True]
