"""Throws spoilt webhooks at each connector by itself: a million are read in a minute or two, without a server between.

    python benchmarks/translations.py --count 1000000 --seed 1 [--connector whatsapp …]

It holds for every one: `verify` raises nothing but Rejected, `parse` nothing but Malformed, what was read becomes a record
that is JSON, a second reading of every twentieth gives the same, and memory stays flat from a tenth of the way to the end. `fuzz.py` asks the
same of a whole gateway, more slowly. Webhook N of a seed is always the same: `--first N --count 1` repeats it.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import orjson
from fuzz import Target, targets

from connectors import catalog
from connectors.api import Connector, Malformed, Rejected
from connectors.testing.mutations import mutated
from normalizer import told
from normalizer.decision import Channel, Place, Stamp
from normalizer.event import Event, MessageReceived
from normalizer.record import By

PLACE, BY = Place("per_0", "cnv_0"), By("person", "per_0")
STAMP = Stamp("rec_0", BY, datetime(2026, 11, 22, tzinfo=UTC), "main", "req_0")
GROWTH = 1.1
SLACK_KB = 4096
"""What a heap may grow by that has a million small things made and thrown away in it."""


def outcome(connector: Connector[object], target: Target, number: int, seed: int) -> str:
    """What came of webhook ``number``, in a word; raises whatever a connector should not."""
    dice = random.Random(seed << 40 | number)  # noqa: S311 - dice that fall alike again
    body = mutated(target.request.body, dice.randrange)
    headers = target.headers(body)
    if dice.randrange(25) == 0:
        headers = {name: value[:-1] for name, value in headers.items()}
    url = f"https://fuzz.example.com/hooks/{target.hook}"
    request = replace(target.request, url=url, headers=headers, body=body)
    try:
        connector.verify(request, target.settings)
    except Rejected:
        return "rejected"
    try:
        events = connector.parse(request, target.settings)
    except Malformed:
        return "malformed"
    if number % 20 == 0:
        assert connector.parse(request, target.settings) == events, "read again, it says something else"
    for event in events:
        _recorded(event, connector.name)
    return "read" if events else "nothing in it"


def _recorded(event: Event, channel: str) -> None:
    """What is kept of an event can be written."""
    if isinstance(event, MessageReceived):
        kept = told.keep_files(event.parts, [f"med_{place}" for place in range(len(event.parts))])
        draft = told.received(event, PLACE, Channel("fuzz", channel), STAMP, "msg_0", kept, None)
        orjson.dumps(draft.data)
        draft.key.encode()
    else:
        event.model_dump_json()


def memory_kb() -> int:
    """What this process takes now."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - it is no file that lies anywhere
        return int(file.read().split()[1]) * resource.getpagesize() // 1024


def run(name: str, first: int, count: int, seed: int) -> list[str]:
    """One connector's webhooks; what does not hold."""
    found = [target for target in targets()[0] if target.hook == f"fuzz-{name.replace('_', '-')}"]
    connector = catalog.find()[name]
    outcomes: Counter[str] = Counter()
    wrong: list[str] = []
    tenth, started = 0, time.perf_counter()
    for number in range(first, first + count):
        try:
            outcomes[outcome(connector, found[number % len(found)], number, seed)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            wrong.append(f"{name}: webhook {number} of seed {seed}: {type(error).__name__}: {error}")
        if number - first == count // 10:
            tenth = memory_kb()
    end, took = memory_kb(), time.perf_counter() - started
    told_of = ", ".join(f"{word} {times:,}" for word, times in outcomes.most_common())
    print(f"{name}: {count:,} in {took:,.0f} s; {told_of}; {tenth / 1024:,.0f} to {end / 1024:,.0f} MB", flush=True)
    if count >= 100_000 and end > tenth * GROWTH + SLACK_KB:
        wrong.append(f"{name}: memory grew from {tenth} to {end} KB")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connector", nargs="*", default=list(catalog.find()))
    options = parser.parse_args()
    wrong = [line for name in options.connector for line in run(name, options.first, options.count, options.seed)]
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
