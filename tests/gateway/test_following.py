"""The follower: the feed in order, without a gap or a repeat, whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from hypothesis import given, settings
from hypothesis import strategies as st
from toys.world import ToyClock, until

from gateway.adapters.memory import MemoryBroker
from gateway.following import Follower
from gateway.nudging import Nudging
from gateway.numbering import Numbering
from gateway.ports import CursorExpired, Overtaken, Unavailable
from normalizer.record import By, Record


def record(feed: int) -> Record:
    by, at = By("agent", "agt_1"), ToyClock().now()
    return Record(feed, f"rec_{feed}", "cnv_1", feed, f"key {feed}", "note.added", "main", None, by, None, at, None, {})


class Log:
    """A feed; ``trouble`` is raised by the next questions."""

    def __init__(self, length: int = 0) -> None:
        self.records = [record(feed) for feed in range(1, length + 1)]
        self.kept_after = 0
        self.trouble: list[Exception] = []
        self.listeners: list[Any] = []
        self.asked = 0

    def on_commit(self, listener: Any) -> None:
        self.listeners.append(listener)

    def commit(self, *, told: bool | None = True) -> None:
        """One more record; listeners are given it, or told that there is something, or nothing at all."""
        self.records.append(record(len(self.records) + 1))
        for listener in self.listeners:
            if told is not None:
                listener(self.records[-1:] if told else ())

    async def head(self) -> int:
        return len(self.records)

    async def oldest(self) -> int:
        return self.kept_after

    async def feed(self, after: int, limit: int) -> Sequence[Record]:
        self.asked += 1
        if self.trouble:
            raise self.trouble.pop(0)
        if after < self.kept_after:
            raise CursorExpired
        return self.records[after : after + limit]


class Followed:
    """A follower at work on a log, and what it handed on."""

    def __init__(self, log: Log, every: float | None = None) -> None:
        self.log, self.clock, self.broker = log, ToyClock(), MemoryBroker()
        self.noticed: list[int] = []
        self.follower = Follower(log, self.broker, self.clock, every=every, notice=self._notice)  # type: ignore[arg-type] # as much of a store as it asks

    def _notice(self, records: Sequence[Record]) -> None:
        self.noticed.extend(one.feed for one in records)

    async def __aenter__(self) -> Self:
        self.subscription = self.broker.subscribe(100_000)
        await self.follower.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.follower.stop()

    async def hands_on(self, up_to: int) -> None:
        await until(lambda: self.noticed and self.noticed[-1] >= up_to)
        handed = [(await self.subscription.next()) for _ in self.noticed]
        assert [one.feed for one in handed if one] == self.noticed


async def test_what_is_committed_here_is_handed_on_without_asking_the_store() -> None:
    async with Followed(Log(3)) as made:
        for _ in range(5):
            made.log.commit()
        await made.hands_on(8)
        assert (made.noticed, made.log.asked) == ([4, 5, 6, 7, 8], 0)


async def test_what_others_wrote_in_between_is_read() -> None:
    async with Followed(Log()) as made:
        made.log.commit(told=None)
        made.log.commit()
        await made.hands_on(2)
        assert made.noticed == [1, 2]


async def test_being_told_of_something_is_enough() -> None:
    async with Followed(Log()) as made:
        made.log.commit(told=False)
        await made.hands_on(1)
        made.log.commit(told=None)
        made.follower.look()
        await until(lambda: made.noticed == [1, 2])


async def test_a_feed_of_others_is_looked_at_though_nobody_told() -> None:
    async with Followed(Log(), every=0.5) as made:
        made.log.commit(told=None)
        await until(lambda: made.clock.waits)
        made.clock.turn(0.5)
        await made.hands_on(1)


async def test_a_store_that_is_away_is_asked_again() -> None:
    async with Followed(Log()) as made:
        made.log.trouble = [Unavailable("away")] * 2
        made.log.commit(told=False)
        for _ in range(2):
            await until(lambda: made.clock.waits)
            made.clock.turn(1)
        await made.hands_on(1)


async def test_who_stood_still_for_too_long_goes_on_with_the_oldest() -> None:
    log = Log(2)
    async with Followed(log) as made:
        for _ in range(5):
            log.commit(told=None)
        log.kept_after = 5
        made.follower.look()
        await made.hands_on(7)
        assert made.noticed == [6, 7]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=60))
async def test_whoever_tells_what_it_is_in_order_without_a_gap_or_a_repeat(told: list[bool | None]) -> None:
    async with Followed(Log()) as made:
        for one in told:
            made.log.commit(told=one)
        made.follower.look()
        await until(lambda: len(made.noticed) >= len(told))
        assert made.noticed == list(range(1, len(told) + 1))


# The relay's numbering, and nudges.


class Unnumbered:
    """A log whose numbering does what the test says: how many, or what is raised."""

    def __init__(self, *does: int | Exception) -> None:
        self.does = list(does)
        self.called = 0

    async def number(self) -> int:
        self.called += 1
        one = self.does.pop(0) if self.does else 0
        if isinstance(one, Exception):
            raise one
        return one


async def test_it_numbers_until_nothing_is_left_and_again_when_told_or_after_a_while() -> None:
    clock, log, grown = ToyClock(), Unnumbered(500, 3), list[int]()
    numbering = Numbering(log, clock, lambda: grown.append(log.called), lambda: None)  # type: ignore[arg-type] # numbers
    await numbering.start()
    await until(lambda: clock.waits)
    assert (grown, log.called) == ([1, 2], 3)
    log.does = [1]
    numbering.look()
    await until(lambda: log.called == 5)
    await until(lambda: clock.waits)
    clock.turn(0.3)
    await until(lambda: log.called == 6)
    assert grown == [1, 2, 4]
    await numbering.stop()


async def test_who_was_overtaken_lets_go_and_one_without_a_store_tries_again() -> None:
    clock, log, overtaken = ToyClock(), Unnumbered(Unavailable("away"), Overtaken("7 is taken"), 1), list[int]()
    numbering = Numbering(log, clock, lambda: None, lambda: overtaken.append(log.called))  # type: ignore[arg-type] # numbers
    await numbering.start()
    for calls in (1, 2):
        await until(lambda calls=calls: log.called == calls and clock.waits)
        clock.turn(0.5)
    await until(lambda: log.called == 4)
    assert overtaken == [2]
    await numbering.stop()


class Nudges:
    def __init__(self) -> None:
        self.count = 0

    async def nudge(self) -> None:
        self.count += 1


async def test_a_nudge_goes_at_once_and_what_comes_meanwhile_shares_the_next() -> None:
    clock, exchange = ToyClock(), Nudges()
    nudging = Nudging(exchange, clock)  # type: ignore[arg-type] # nudges
    await nudging.start()
    nudging.note()
    await until(lambda: exchange.count == 1 and clock.waits)
    for _ in range(100):
        nudging.note()
    assert exchange.count == 1
    clock.turn(0.02)
    await until(lambda: exchange.count == 2 and clock.waits)
    clock.turn(1)
    await until(lambda: not clock.waits)
    assert exchange.count == 2
    await nudging.stop()
