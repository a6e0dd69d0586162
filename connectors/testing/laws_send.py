"""The laws of ``send`` and of the powers: steady, bounded, silent about secrets, and within the limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from connectors.api import POWERS, Answer, Call, Connector
from connectors.testing.asking import Asking, see
from connectors.testing.laws_answers import answers
from connectors.testing.making import ADDRESS, at_the_limit, one_of_each, parts
from connectors.testing.running import Ran
from connectors.testing.samples import Samples
from connectors.testing.trying import for_all
from connectors.testing.verdict import Broken, only
from normalizer.event import MessageEdited, MessageReceived, Outgoing
from normalizer.fit import measure, misfits
from normalizer.model import Media, Part

SAME = "send is deterministic: the same message makes the same calls"
CALLS = "a call can be made, and found again by its name"
PROMISED = "what the limits promise can be sent"
LIMITS = "what is at the limit arrives whole, and over no limit"
END = "send ends, whatever it is answered, and raises nothing but Refused"
POLITE = "a power may be repeated, ends, and raises nothing but Refused"
CHECK = "a power asks only for what may be repeated"
SILENT = "no secret is in the repr of a call, nor in an outcome"

IDENTITIES = ("toy:1", "tel:+33612345678", "telegram:42", "", "é:\x00", "x" * 300)


def accepted(_number: int, _call: Call) -> Answer:
    """A provider that takes everything, without a word."""
    return Answer(200)


@dataclass(frozen=True, slots=True)
class SendLaws:
    """The laws of what a connector asks a provider for."""

    asking: Asking

    @property
    def connector(self) -> Connector[Any]:
        """The one that they are about."""
        return self.asking.connector

    @property
    def samples(self) -> Samples:
        """The samples that tell who is written to."""
        return self.asking.samples

    def laws(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Each law by name."""
        yield PROMISED, self.promised
        yield LIMITS, self.limits
        yield SAME, self.any_message
        for power in POWERS:
            if getattr(self.connector, power) is not None and power not in ("challenge", "reply"):
                yield f"{power} may be repeated and ends", partial(self.polite, power)

    # Who is written to, and what is said.

    def _identities(self) -> list[str]:
        events = [event for case in self.samples.heard for event in case.expected.get("events", ())]
        asked = [case.arguments[0].to for case in self.samples.asked if case.power == "send"]
        return [*dict.fromkeys([*asked, *(event["identity"] for event in events if "identity" in event)])] or ["toy:1"]

    def _ids(self) -> list[str]:
        events = [event for case in self.samples.heard for event in case.expected.get("events", ())]
        return [*dict.fromkeys(one for event in events for one in event.get("provider_ids", ()))] or ["1"]

    def _outgoing(self, *said: Part, **fields: Any) -> Outgoing:
        given = {"to": self._identities()[0], "media_urls": {"med_1": ADDRESS}, **fields}
        return Outgoing(id="msg_1", parts=said, **given)

    # Send.

    def promised(self) -> None:
        """A part of every kind in the limits makes a call, and none is refused before anybody was asked."""
        for part in one_of_each(self.connector.limits):
            name = f"a {part.media_type}" if isinstance(part, Media) else f"a {part.kind}"
            said = misfits([part], self.connector.limits)
            if said:
                raise Broken("the limits let through what they promise", name, "no misfit", said, "limits")
            ran = self.asking.ran("send", [self._outgoing(part)], accepted, PROMISED, name)
            if ran.refused:
                raise Broken(PROMISED, name, "calls", repr(ran.refused), "limits")
            self._sound(ran, 1, name)
        together = [*one_of_each(self.connector.limits)] * 2
        ran = self.asking.ran("send", [self._outgoing(*together)], accepted, PROMISED, "all of them in one message")
        self._sound(ran, len(together), "all of them in one message")

    def limits(self) -> None:
        """Nothing of a part at the limit is lost, and nothing is added that goes over it."""
        limits = self.connector.limits
        for name, part, texts in at_the_limit(limits):
            ran = self.asking.ran("send", [self._outgoing(part)], accepted, LIMITS, name)
            leaves = [leaf for call in ran.calls for leaf in _leaves([call.json, call.form, call.multipart])]
            for text in texts if ran.calls else ():
                holding = [leaf for leaf in leaves if text in leaf]
                if not holding and text not in "".join(leaves):
                    raise Broken(LIMITS, name, text, "it is in none of the calls", "limits")
                limit = max(limits.text, limits.caption, limits.label, limits.choice_id)
                over = [leaf for leaf in holding if measure(leaf, limits.unit) > limit]
                if over:
                    came = f"{measure(over[0], limits.unit)}: {over[0]}"
                    raise Broken(LIMITS, name, f"at most {limit} {limits.unit}", came, "limits")

    def any_message(self) -> None:
        """Whatever is to be sent and however it is answered: the same twice, an end, proper calls, no secret."""
        said = st.lists(parts(self.connector.limits), max_size=3)
        replies = st.none() | st.sampled_from(self._ids()) | st.text(max_size=9)
        who = st.sampled_from([*self._identities(), *IDENTITIES])

        def holds(one: tuple[list[Part], str | None, str, Sequence[Answer]]) -> None:
            outgoing = self._outgoing(*one[0], reply_to=one[1], to=one[2])
            name = f"{outgoing.model_dump_json()} answered {[answer.status for answer in one[3]]}"
            runs = [self.asking.ran("send", [outgoing], _script(one[3]), END, name) for _ in range(2)]
            if runs[0].shown() != runs[1].shown():
                raise Broken(SAME, name, runs[0].shown(), runs[1].shown(), "send")
            self._sound(runs[0], len(outgoing.parts), name)

        for_all(st.tuples(said, replies, who, answers(self.samples)), holds)

    def _sound(self, ran: Ran, parts: int, name: str) -> None:
        """What holds for every call of ``send``."""
        names = [call.name for call in ran.calls]
        if len(set(names)) != len(names):
            raise Broken(CALLS, name, "names that differ", names, "send")
        for call in ran.calls:
            if not 0 <= call.part < max(1, parts):
                raise Broken(CALLS, name, f"a part from 0 to {parts - 1}", call.part, "send")
        self._proper(ran, name, "send")

    def _proper(self, ran: Ran, name: str, power: str) -> None:
        """What holds for every call."""
        for call in ran.calls:
            bodies = [body for body in (call.json, call.form, call.multipart) if body is not None]
            if len(bodies) > 1:
                raise Broken(CALLS, name, "json, form or multipart", f"{len(bodies)} of them in {call}", see(power))
            if not call.name or not call.method.isupper() or not call.url.startswith(("http://", "https://")):
                raise Broken(CALLS, name, "a name, a method, an http address", f"{call} {call.url}", see(power))
            with only((), CALLS, name, see(power)):
                json.dumps(call.json, allow_nan=False)
                _strings([*call.headers.values(), *(call.form or {}).values()])
        shown = f"{ran.calls!r} {ran.outcomes!r} {[str(one) for one in ran.outcomes]} {ran.refused!r} {ran.returned!r}"
        for secret in self.samples.secrets:
            if secret in shown:
                raise Broken(SILENT, name, "calls and outcomes without it", shown, "secrets")

    # The powers.

    def polite(self, power: str) -> None:
        """Whatever a power is asked with and answered, it makes repeatable calls, ends, and breaks nothing."""
        for arguments in self._arguments(power):
            name = f"{power}({', '.join(map(repr, arguments))})"
            ran = self.asking.ran(power, arguments, accepted, POLITE, name)
            self._repeatable(ran, power, name)

        def holds(one: tuple[Sequence[Any], Sequence[Answer]]) -> None:
            name = f"{power}({', '.join(map(repr, one[0]))}) answered {[answer.status for answer in one[1]]}"
            runs = [self.asking.ran(power, one[0], _script(one[1]), POLITE, name) for _ in range(2)]
            if runs[0].shown() != runs[1].shown():
                raise Broken(POLITE, name, runs[0].shown(), runs[1].shown(), "powers")
            self._repeatable(runs[0], power, name)

        for_all(st.tuples(st.sampled_from(self._arguments(power)), answers(self.samples)), holds, examples=40)

    def _repeatable(self, ran: Ran, power: str, name: str) -> None:
        effects = [call for call in ran.calls if call.effect]
        if effects:
            raise Broken(CHECK, name, "calls with effect=False", effects, "powers")
        self._proper(ran, name, power)

    def _arguments(self, power: str) -> list[Sequence[Any]]:
        """What a power may be asked with, the likely first."""
        who, ids = [*self._identities()[:3], *IDENTITIES], [*self._ids()[:3], "", "1", "é:x:y"]
        message = [self._outgoing(part) for part in one_of_each(self.connector.limits)]
        found: dict[str, list[Sequence[Any]]] = {
            "acknowledge": [[event] for event in self._messages()],
            "fetch": [[ref] for ref in (*self._refs(), "", "../x", "é")],
            "connect": [["https://chat.example.com/hooks/support"]],
            "poll": [[cursor] for cursor in self._cursors()],
            "typing": [[one, ids[0]] for one in who],
            "read": [[who[0], one] for one in ids],
            "edit": [[one, said] for one in ids for said in message],
            "delete": [[one, who[0]] for one in ids],
            "react": [[one, who[0], emoji] for one in ids for emoji in ("👍", "", "x")],
            "profile": [[one] for one in who],
        }
        return found.get(power) or [[]]

    def _cursors(self) -> list[str]:
        """The first cursor, and those that the samples' polls gave."""
        return ["", *(case.expected["cursor"] for case in self.samples.asked if "cursor" in case.expected)]

    def _messages(self) -> list[MessageReceived]:
        found: list[MessageReceived] = []
        for case in self.samples.heard:
            if case.accepted and "malformed" not in case.expected:
                events = self.connector.parse(case.request, self.samples.settings)
                found += [event for event in events if isinstance(event, MessageReceived)]
        return found

    def _refs(self) -> list[str]:
        events: list[MessageReceived | MessageEdited] = [*self._messages()]
        return [part.ref for event in events for part in event.parts if isinstance(part, Media) and part.ref]


def _script(answered: Sequence[Answer]) -> Callable[[int, Call], Answer]:
    """These answers in turn, then success."""
    return lambda number, _call: answered[number] if number < len(answered) else Answer(200)


def _strings(values: Sequence[object]) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} is no text")


def _leaves(node: Any) -> Iterator[str]:
    """Every text of a call; what is JSON within a text is looked into."""
    if isinstance(node, dict):
        node = [*node.values()]
    if isinstance(node, list | tuple):
        for one in node:
            yield from _leaves(one)
    elif isinstance(node, str):
        if node[:1] in ("{", "["):
            try:
                yield from _leaves(json.loads(node))
            except ValueError:
                yield node
        else:
            yield node
