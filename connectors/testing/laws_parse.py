"""The laws of ``parse``: total, without memory, one id for one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from connectors.api import Malformed, Request
from connectors.testing.mutations import Pick, mutated
from connectors.testing.reading import Reading, shown
from connectors.testing.samples import Heard
from connectors.testing.trying import PICKS, for_all
from connectors.testing.verdict import Broken, only
from normalizer.event import Echoed, Event, MessageDeleted, MessageEdited, MessageReceived, Reacted

ENOUGH = "there are samples to try the laws on"
MEMORY = "parse remembers nothing: a duplicate is the same event, an edit needs no original"
LATER = "a duplicate that comes later has the same id"
IDS = "one id names one thing, and each thing has its own"
BATCH = "one bad item of a batch costs only itself"
QUOTES = "Malformed quotes nothing of the body"
JUNK: tuple[Any, ...] = (None, 5, "x", {}, [])
WHISPER = "wh1sper-0f-a-cust0mer"
PITS = tuple(start * depth for start in (b"[", b'{"a":', b"[{") for depth in (50, 200, 990, 5_000, 100_000))


@dataclass(frozen=True, slots=True)
class ParseLaws:
    """The laws of ``parse``, tried on every sample, and on what becomes of samples when they are spoilt."""

    reading: Reading

    def laws(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Each law by name."""
        yield ENOUGH, self.enough
        yield "parse takes any bytes", self.any_bytes
        yield "parse takes spoilt samples", self.spoilt
        yield MEMORY, self.no_memory
        yield IDS, self.ids
        yield BATCH, self.batches
        yield QUOTES, self.quotes_nothing

    def _posts(self) -> list[Heard]:
        return self.reading.readable()

    def enough(self) -> None:
        """At least a request with an event, and one that is rejected."""
        found = self.reading.samples.heard
        if not any(case.expected.get("events") for case in found):
            raise Broken(ENOUGH, "all of them", "a request.json with events in its expected.json", "none", "samples")
        if any(case.accepted for case in found) and not any("rejected" in case.expected for case in found):
            raise Broken(ENOUGH, "all of them", 'a request.json that expects {"rejected": true}', "none", "samples")

    def any_bytes(self) -> None:
        """Any bytes are read or Malformed."""

        def holds(body: bytes) -> None:
            self.reading.total(self.reading.like(body), f"the body {body[:500]!r}")

        for pit in PITS:
            holds(pit)
        for_all(st.binary(max_size=200), holds)

    def spoilt(self) -> None:
        """Samples that were cut, flipped, or given values of another type are read or Malformed."""

        def holds(one: tuple[Heard, Pick]) -> None:
            case, pick = one
            body = mutated(case.request.body, pick)
            self.reading.total(replace(case.request, body=body), f"{case.name}, spoilt: {body[:1000]!r}")

        for_all(st.tuples(st.sampled_from(self._posts()), PICKS), holds, examples=300)

    def no_memory(self) -> None:
        """The same request gives the same events: again, in another order, and later."""
        cases = self._posts()
        first = {case.name: self.reading.total(case.request, case.name) for case in cases}
        for case in (*reversed(cases), *cases):
            known, again = first[case.name], self.reading.total(case.request, case.name)
            if again != known:
                raise Broken(MEMORY, case.name, shown(known), shown(again), "ids")
            later = replace(case.request, received_at=case.request.received_at + timedelta(hours=3, milliseconds=7))
            ids = [event.id for event in self.reading.total(later, case.name)]
            if ids != [event.id for event in known]:
                raise Broken(LATER, case.name, [event.id for event in known], ids, "ids")

    def ids(self) -> None:
        """Within a request ids are unique; over all samples, one id names one thing."""
        named: dict[str, tuple[object, str]] = {}
        for case in self._posts():
            events = self.reading.total(case.request, case.name)
            ids = [event.id for event in events]
            if len(set(ids)) != len(ids):
                raise Broken(IDS, case.name, "ids that differ", ids, "ids")
            for event in events:
                what = _what(event)
                known, where = named.setdefault(event.id, (what, case.name))
                if known != what:
                    raise Broken(IDS, f"{where} and {case.name}", f"{event.id} is {known}", f"also {what}", "ids")

    def batches(self) -> None:
        """Rubbish in the place of one item leaves the events of the others."""
        for case in self._posts():
            body = _json(case.request.body)
            if len(case.expected.get("events", ())) > 1 and body is not None:
                for path, length in _lists(body):
                    for index in range(length):
                        self._costs_itself(case, (*path, index))

    def _costs_itself(self, case: Heard, path: Sequence[Any]) -> None:
        without = _json(case.request.body)
        del _at(without, path[:-1])[path[-1]]
        others = self.reading.total(_saying(case, without), case.name)
        if not 0 < len(others) < len(case.expected["events"]):
            return  # not a list of what makes events
        for junk in JUNK:
            spoilt = _json(case.request.body)
            _at(spoilt, path[:-1])[path[-1]] = junk
            where = f"{case.name}, with {junk!r} at {'/'.join(map(str, path))}"
            came = {event.id for event in self.reading.total(_saying(case, spoilt), where)}
            missing = sorted({event.id for event in others} - came)
            if missing:
                raise Broken(BATCH, where, f"{missing} too", sorted(came), "batches")

    def quotes_nothing(self) -> None:
        """What is Malformed is said without the words of the body, which may be anybody's."""
        for case in self._posts():
            body = _json(case.request.body)
            for key in body if isinstance(body, dict) else ():
                self._says_no_word(_saying(case, {**body, key: WHISPER}), f"{case.name}, with words at {key}")

    def _says_no_word(self, request: Request, name: str) -> None:
        with only((), QUOTES, name, "parse"):
            try:
                self.reading.connector.parse(request, self.reading.samples.settings)
            except Malformed as error:
                if WHISPER in str(error):
                    raise Broken(QUOTES, name, "our own words", str(error), "secrets") from None


def _what(event: Event) -> object:
    """What an event is about, apart from what it says of it: the one thing that an id may stand for."""
    match event:
        case MessageReceived() | Echoed():
            return event.kind, event.identity, event.provider_ids
        case MessageEdited() | MessageDeleted() | Reacted():
            return event.kind, event.provider_id
        case _:
            return (event.kind,)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _saying(case: Heard, body: Any) -> Request:
    return replace(case.request, body=json.dumps(body).encode())


def _lists(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], int]]:
    """The lists within a body that hold more than one thing: where, and how long."""
    if isinstance(node, list) and len(node) > 1:
        yield path, len(node)
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from _lists(value, (*path, key))


def _at(node: Any, path: Sequence[Any]) -> Any:
    for key in path:
        node = node[key]
    return node
