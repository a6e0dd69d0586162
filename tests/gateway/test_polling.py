"""Long polling: asked, taken, remembered, in this order; and how accounts do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from toys.channel import ToySettings, no, took, toy
from toys.engine import Engine, engine
from toys.owning import Owned
from toys.world import ToyHttp, until

from connectors.api import Accepted, Answer, Call, Health, Refused, Steps
from gateway.attempts import Attempts
from gateway.config import Account, DeliveryConfig
from gateway.delivery import Delivery
from gateway.polling import Polling
from gateway.ports import NeverSent, NoAnswer, Unavailable
from gateway.states import EVERY_S, UNWELL_S, States
from gateway.taking import Taking


class PolledSettings(ToySettings):
    @property
    def polls(self) -> bool:
        return True


def poll(cursor: str, settings: ToySettings) -> Steps:
    yield Call("poll", "GET", f"{settings.base}/news?after={cursor}", effect=False, waits=50)


def polled(answer: Answer, _settings: ToySettings) -> tuple[Sequence[bytes], str]:
    found = json.loads(answer.body)
    return [json.dumps(item).encode() for item in found["items"]], found["next"]


def account(**powers: object) -> Account:
    settings = PolledSettings(name="toy-one", connector="toy", api="http://toy.invalid")
    classify = lambda call, answer: Accepted() if answer.status == 200 else toy.classify(call, answer)  # noqa: E731
    return Account(
        "toy-one", replace(toy, **{"poll": poll, "polled": polled, "classify": classify, **powers}), settings
    )


def news(made: Engine, following: str, *numbers: int) -> Answer:
    items = [[json.loads(made.event(number).model_dump_json())] for number in numbers]
    return Answer(200, {}, json.dumps({"items": items, "next": following}).encode())


def polling(made: Engine) -> tuple[Polling, States]:
    states = States(made.accounts, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
    taking = Taking(made.intake, made.store, made.clock)
    return Polling(made.accounts, taking, made.store, made.http, made.clock, states), states  # type: ignore[arg-type]


async def test_what_was_polled_is_recorded_before_the_cursor_moves(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        at_asking: list[tuple[str, int]] = []

        def answered(call: Call) -> Answer:
            at_asking.append((call.url.partition("after=")[2], len(made.records)))
            if len(at_asking) > 3:
                raise NoAnswer("the test is over")
            return [news(made, "3", 1, 2), news(made, "3"), news(made, "4", 3)][len(at_asking) - 1]

        made.http.otherwise = answered
        poller, _ = polling(made)
        await poller.start()
        await until(lambda: len(at_asking) > 3)
        await poller.stop()
        assert at_asking == [("", 0), ("3", 2), ("3", 2), ("4", 3)]
        assert await made.store.value("polling toy-one") == "4"


async def test_a_poller_goes_on_where_it_was_and_repeats_are_not_taken_twice(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        await made.store.set_value("polling toy-one", "7")
        script = [news(made, "8", 1), news(made, "9", 1), NoAnswer("end")]
        made.http.script.extend(script)
        poller, _ = polling(made)
        await poller.start()
        await until(lambda: not made.http.script)
        await poller.stop()
        assert made.http.calls[0].url.endswith("after=7")
        assert len(made.records) == 1


async def test_what_cannot_be_read_is_kept_and_polling_goes_on(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        broken = Answer(200, {}, json.dumps({"items": [{"no": "event"}], "next": "2"}).encode())
        made.http.script.extend([broken, news(made, "3", 1), NoAnswer("end")])
        poller, _ = polling(made)
        await poller.start()
        await until(lambda: not made.http.script)
        await poller.stop()
        (entry,) = await made.store.kept(10)
        kept = await made.store.kept_one(entry.id)
        assert kept is not None
        assert (kept.hook, kept.body) == ("toy-one", b'{"no": "event"}')
        assert len(made.records) == 1


@pytest.mark.parametrize(
    ("trouble", "level"),
    [
        (NeverSent("connection refused"), "degraded"),
        (no(409, "conflict"), "ok"),  # refused for good: not the account's own trouble
        (no(500, "oops"), "degraded"),
        (Answer(502, {}, b"<html>"), "degraded"),
    ],
)
async def test_trouble_is_waited_out_and_shown_and_ends(tmp_path: Path, trouble: Answer, level: str) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        made.http.script.extend([trouble, news(made, "2", 1), NoAnswer("end")])
        poller, states = polling(made)
        await poller.start()
        await until(lambda: made.clock.waits)
        assert states.of("toy-one").level == level
        assert (made.records, made.clock.waits) == ([], [1.0])
        made.clock.turn(1)
        await until(lambda: not made.http.script and made.clock.waits)
        assert len(made.records) == 1
        await poller.stop()


async def test_a_provider_that_says_how_long_is_asked_again_then(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        made.http.script.append(no(429, "slow down", wait=17))
        poller, _ = polling(made)
        await poller.start()
        await until(lambda: made.clock.waits)
        assert made.clock.waits == [17.0]
        await poller.stop()


async def test_an_answer_that_its_connector_cannot_read_is_trouble_and_no_loop(tmp_path: Path) -> None:
    def unread(cursor: str, settings: ToySettings) -> Steps:
        yield from poll(cursor, settings)
        raise Refused("unknown", "not the provider's answer")

    async with engine(tmp_path / "p.db", accounts={"toy-one": account(poll=unread)}) as made:
        made.http.script.append(news(made, ""))
        poller, states = polling(made)
        await poller.start()
        await until(lambda: made.clock.waits)
        assert (states.of("toy-one").level, made.clock.waits) == ("degraded", [1.0])
        assert await made.store.value("polling toy-one") is None
        await poller.stop()


# How accounts do.


def check(settings: ToySettings) -> Steps:
    answer = yield Call("check", "GET", f"{settings.base}/check", effect=False)
    found = json.loads(answer.body)
    return Health(found["ok"], "as it says", down=found.get("down", False), code=found.get("code", ""))  # type: ignore[return-value]


def says(**what: bool | str) -> Answer:
    return Answer(200, {}, json.dumps(what).encode())


async def test_accounts_are_checked_now_and_then(tmp_path: Path) -> None:
    script = [
        (says(ok=True), "ok", ""),
        (says(ok=False), "degraded", "unknown"),
        (says(ok=False, down=True, code="quality_low"), "down", "quality_low"),
        (NeverSent("connection refused"), "degraded", "unreachable"),
        (no(500, "oops"), "degraded", "provider_down"),
        (no(400, "what?"), "degraded", "unknown"),
        (ValueError("a connector's mistake"), "degraded", "unknown"),
        (says(ok=True), "ok", ""),
    ]
    http = ToyHttp(*(answer for answer, _, _ in script))
    async with engine(tmp_path / "p.db", accounts={"toy-one": account(check=check)}) as made:
        states = States(made.accounts, http, made.clock)  # type: ignore[arg-type] # downloads nothing
        for number, (_, level, code) in enumerate(script):
            await states.check(made.account)
            assert (states.of("toy-one").level, states.of("toy-one").code) == (level, code), number
            assert bool(states.of("toy-one").why) == (level != "ok")


async def test_a_healthy_check_does_not_hide_that_polling_fails(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        states = States(made.accounts, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
        states.tell("toy-one", "degraded", "polling: conflict", "polling")
        since = states.of("toy-one").since
        made.clock.turn(60)
        states.tell("toy-one", "ok")
        assert (states.of("toy-one").level, states.of("toy-one").since) == ("degraded", since)
        states.tell("toy-one", "ok", source="polling")
        assert (states.of("toy-one").level, states.of("toy-one").why) == ("ok", "")


async def test_who_is_not_well_is_looked_at_sooner(tmp_path: Path) -> None:
    http = ToyHttp(says(ok=False), says(ok=True))
    async with engine(tmp_path / "p.db", accounts={"toy-one": account(check=check)}) as made:
        states = States(made.accounts, http, made.clock)  # type: ignore[arg-type] # downloads nothing
        checking = asyncio.create_task(states._check_always())
        for waits, level in ((UNWELL_S, "degraded"), (EVERY_S, "ok")):
            await until(lambda: made.clock.waits)
            assert (made.clock.waits, states.of("toy-one").level) == ([waits], level)
            made.clock.turn(UNWELL_S)
        checking.cancel()
        await asyncio.gather(checking, return_exceptions=True)


async def test_since_moves_only_when_the_level_does(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        states = States(made.accounts, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
        states.tell("toy-one", "degraded", "a")
        first = states.of("toy-one").since
        made.clock.turn(60)
        states.tell("toy-one", "degraded", "b")
        assert (states.of("toy-one").why, states.of("toy-one").since) == ("b", first)
        await states.check(made.account)  # this connector cannot ask: nothing changes
        assert states.of("toy-one").why == "b"


async def test_sending_says_how_an_account_does(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        states = States(made.accounts, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
        states.heard("toy-one", Refused("unreachable", "blocked"))
        assert states.of("toy-one").level == "ok"
        states.heard("toy-one", Refused("auth_expired", "Unauthorized"))
        assert (states.of("toy-one").level, states.of("toy-one").why) == ("down", "Unauthorized")
        states.heard("toy-one", Accepted())
        assert states.of("toy-one").level == "ok"
        states.heard("toy-one", Refused("account_restricted", "no permission for this"))
        assert states.of("toy-one").level == "degraded"
        assert not states.stopped("toy-one")
        states.heard("toy-one", Refused("auth_expired", "Unauthorized"))
        assert not states.stopped("toy-one")  # nobody could say when to go on: this connector cannot be asked


async def test_an_account_that_is_down_is_not_tried_until_it_was_checked(tmp_path: Path) -> None:
    http = ToyHttp(no(401), says(ok=True), took("2"))
    refuses = account(check=check, classify=auth_or(toy.classify))
    async with engine(tmp_path / "p.db", http, {"toy-one": refuses}) as made:
        states = States(made.accounts, http, made.clock)  # type: ignore[arg-type] # downloads nothing
        attempts = Attempts(made.store, http, made.clock, states.heard)  # type: ignore[arg-type]
        delivery = Delivery(made.store, made.broker, attempts, made.accounts, made.clock, DeliveryConfig(),
                            link=lambda *_: None, news_of=made.intake.news_of, stopped=states.stopped)  # fmt: skip
        await delivery.start()
        conversation = await made.hear(1)
        first, second = await made.say(conversation, "one"), await made.say(conversation, "two")
        assert (await made.becomes(first, "failed")).failure.reason == "auth_expired"
        for _ in range(3):
            await until(lambda: made.clock.waits)
            made.clock.turn(5)
        assert len(http.calls) == 1
        await states.check(refuses)
        await made.becomes(second, "sent", turn=5)
        await delivery.stop()


async def test_what_waited_for_an_account_for_too_long_has_failed(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account(check=check)}) as made:
        delivery = made.delivery(timedelta(minutes=1))
        delivery._stopped = lambda _: True
        await delivery.start()
        message = await made.say(await made.hear(1), "one")
        await until(lambda: made.clock.waits)
        assert (await made.becomes(message, "failed", turn=5)).failure.reason == "expired"
        assert made.http.calls == []
        await delivery.stop()


def auth_or(classify: Any) -> Any:
    return lambda call, answer: (
        Refused("auth_expired", "Unauthorized") if answer.status == 401 else classify(call, answer)
    )


# With other processes.


async def test_a_poller_runs_where_its_account_is_and_goes_with_it(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db", accounts={"toy-one": account()}) as made:
        made.http.gate = asyncio.Event()  # a long poll that waits
        owned = Owned()
        states = States(made.accounts, made.http, made.clock)  # type: ignore[arg-type] # downloads nothing
        taking = Taking(made.intake, made.store, made.clock)
        poller = Polling(made.accounts, taking, made.store, made.http, made.clock, states, owned)  # type: ignore[arg-type]
        await poller.start()
        await asyncio.sleep(0.02)
        assert (made.http.calls, poller.busy()) == ([], set())
        owned.give("toy-one")
        await until(lambda: made.http.calls)
        assert poller.busy() == {"toy-one"}
        owned.take("toy-one")
        await until(lambda: not poller.busy())
        owned.give("toy-one")
        await until(lambda: len(made.http.calls) == 2)
        await poller.stop()
        assert poller.busy() == set()


async def test_how_an_account_does_is_known_wherever_its_process_is(tmp_path: Path) -> None:
    http = ToyHttp(says(ok=False), otherwise=says(ok=False))
    async with engine(tmp_path / "p.db", accounts={"toy-one": account(check=check)}) as made:
        owned = Owned("toy-one")
        here = States(made.accounts, http, made.clock, made.store, owned)  # type: ignore[arg-type] # downloads nothing
        there = States(made.accounts, http, made.clock, made.store, Owned())  # type: ignore[arg-type]
        assert (await there.shown("toy-one")).level == "ok"  # nobody has said anything yet
        await here.start()
        await there.start()
        await until(lambda: here.of("toy-one").level == "degraded")
        since = made.clock.now()
        made.clock.turn(5)
        while (state := await there.shown("toy-one")).level != "degraded":
            await asyncio.sleep(0.005)
        assert (state.why, state.since) == ("as it says", since)
        assert await here.shown("toy-one") == state
        assert len(http.calls) == 1
        await here.stop()
        await there.stop()


async def test_who_is_given_an_account_goes_on_from_what_was_known_and_looks_at_once(tmp_path: Path) -> None:
    http = ToyHttp(says(ok=False, down=True), says(ok=False, down=True), says(ok=True))
    async with engine(tmp_path / "p.db", accounts={"toy-one": account(check=check)}) as made:
        old, new = Owned("toy-one"), Owned()
        first = States(made.accounts, http, made.clock, made.store, old)  # type: ignore[arg-type] # downloads nothing
        second = States(made.accounts, http, made.clock, made.store, new)  # type: ignore[arg-type]
        began = made.clock.now()
        await first.start()
        await second.start()
        await until(lambda: first.stopped("toy-one"))
        while (await second.shown("toy-one")).level != "down":
            await asyncio.sleep(0.005)
        made.clock.turn(100)
        await until(lambda: len(http.calls) == 2)  # the first has looked again
        old.take("toy-one")
        await first.stop()
        http.gate = asyncio.Event()
        new.give("toy-one")
        await until(lambda: len(http.calls) == 3)
        assert second.stopped("toy-one")
        assert second.of("toy-one").since == began
        http.gate.set()
        await until(lambda: not second.stopped("toy-one"))
        while (await first.shown("toy-one")).level != "ok":
            await asyncio.sleep(0.005)
        await second.stop()


async def test_a_state_that_cannot_be_written_is_written_later(tmp_path: Path) -> None:
    async with engine(tmp_path / "p.db") as made:
        ledger = Ledger(2)
        states = States(made.accounts, made.http, made.clock, ledger, Owned("toy-one"))  # type: ignore[arg-type]
        await states.start()
        states.tell("toy-one", "degraded", "a")
        for _ in range(2):
            await until(lambda: 1.0 in made.clock.waits)
            made.clock.turn(1)
        await until(lambda: ledger.held)
        assert (await States(made.accounts, made.http, made.clock, ledger, Owned()).shown("toy-one")).why == "a"  # type: ignore[arg-type]
        await states.stop()


class Ledger:
    """Settings that are away for the next few writes."""

    def __init__(self, away: int) -> None:
        self.away, self.held = away, dict[str, str]()

    async def value(self, name: str) -> str | None:
        if self.away:
            raise Unavailable("away")
        return self.held.get(name)

    async def set_value(self, name: str, value: str, *, once: bool = False) -> str:
        if self.away:
            self.away -= 1
            raise Unavailable("away")
        self.held[name] = value
        return value
