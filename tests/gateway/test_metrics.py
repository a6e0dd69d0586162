"""The figures: each account and channel has its own, and no stranger can make more of them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from toys.channel import account, no, took
from toys.engine import engine
from toys.served import BOT, Served, served
from toys.world import ToyHttp, until

import agent_api.app
from agent_api.app import ROUTES
from gateway.metrics import OLDEST
from normalizer.model import Reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "observability.md").read_text()
RULES = yaml.safe_load((ROOT / "examples" / "prometheus-rules.yaml").read_text())
ACCOUNT = {"account": {BOT}, "channel": {"telegram"}}
PATHS = {route.path for route in ROUTES} | {"unknown"}
KINDS = {"message", "edit", "deletion", "reaction", "reach", "echo", "identity", "watermark", "receipt"}
BOUNDS = {
    "hook": {BOT, "unknown"},
    "status": {str(status) for status in range(100, 600)},
    "kind": KINDS,
    "result": {"recorded", "duplicate", "taken", "exported", "failed", "dropped"},
    "outcome": {"accepted", "deferred", "refused", "uncertain"},
    "how": {"sent", "failed", "uncertain", "deferred"},
    "reason": {"", *get_args(Reason)},
    "method": {"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
    "path": PATHS,
    "le": {"0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "+Inf"},
} | ACCOUNT
"""Every label, and all that it may ever say here."""

Sample = tuple[str, tuple[tuple[str, str], ...]]


def ours() -> Iterator[str]:
    """The names of our metrics, as Prometheus stores them."""
    for family in REGISTRY.collect():
        if family.name.startswith("passerelle_"):
            yield f"{family.name}_total" if family.type == "counter" else family.name


async def figures(gateway: Served) -> dict[Sample, float]:
    _, text = await gateway.ask("GET", "/metrics", headers={"Accept": "text/plain"})
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("passerelle_") and not sample.name.endswith("_created")
    }


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


async def test_a_journey_is_counted_by_account_and_channel(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway:
        before = await figures(gateway)
        await gateway.write("hello")
        gateway.refused.add("no")
        conversation = await gateway.conversation()
        for text in ("yes", "no"):
            await gateway.reply(conversation, text)
        bot = {"account": BOT, "channel": "telegram"}

        async def grown(name: str, **labels: str) -> float:
            now = await figures(gateway)
            return value(now, name, **labels) - value(before, name, **labels)

        settled = "passerelle_messages_settled_total"
        async with asyncio.timeout(60):
            while not await grown(settled, how="failed", reason="unreachable", **bot):
                await asyncio.sleep(0.01)
        assert await grown(settled, how="sent", reason="", **bot) == 1
        assert await grown("passerelle_webhooks_total", hook=BOT, status="200") == 1
        assert await grown("passerelle_events_total", kind="message", result="recorded", **bot) == 1
        assert await grown("passerelle_attempts_total", outcome="accepted", **bot) == 1
        assert await grown("passerelle_attempts_total", outcome="refused", **bot) == 1
        assert await grown("passerelle_call_duration_seconds_count", **bot) == 2
        assert await grown("passerelle_queue_oldest_seconds", **bot) == 0


async def test_whatever_strangers_say_no_label_is_theirs(tmp_path: Path) -> None:
    async with served(tmp_path) as gateway:
        before = set(await figures(gateway))
        for number in range(30):
            assert await gateway.write("hello", hook=f"nobody-{number}") == 404
            assert await gateway.write("hello", secret=f"wrong-{number}") == 401
            await gateway.ask("GET", f"/v1/nothing-{number}")
            await gateway.ask("GET", f"/v1/conversations/cnv_{number}")
            await gateway.ask(f"VERB{number}", "/v1/conversations")
            await gateway.ask("GET", "/v1/accounts", headers={"X-Request-Id": f"mine-{number}"})
        await gateway.write("hello", chat=8)
        gateway.refused.add("no")
        await gateway.reply(await gateway.conversation(), "no")
        await until(lambda: "sendMessage" in gateway.calls)
        new = set(await figures(gateway)) - before
    assert new
    for name, labels in new:
        for label, said in labels:
            assert said in BOUNDS[label], (name, label, said)
    assert not any("nothing-" in str(one) or "nobody-" in str(one) or "mine-" in str(one) for one in new)


async def test_the_oldest_that_waits_is_told_of_until_it_has_gone(tmp_path: Path) -> None:
    async with engine(
        tmp_path / "p.db", ToyHttp(no(503), took("1")), {"toy-one": account(), "toy-two": account("toy-two")}
    ) as made:
        sending = made.delivery()
        await sending.start()
        message = await made.say(await made.hear(), "hi")
        await until(lambda: made.clock.waits)
        made.clock._now = made.clock.now().replace(year=2099)
        ages = OLDEST.measure()
        assert ages["toy-one", "toy"] > 70 * 365 * 86_400
        assert ages["toy-two", "toy"] == 0
        made.clock._now = made.clock.now().replace(year=2026)
        await made.becomes(message, "sent", turn=1.0)
        assert OLDEST.measure()["toy-one", "toy"] == 0
        await sending.stop()
    assert OLDEST.measure() == {}


# The page and the rules.


def test_the_page_names_every_metric_and_no_other() -> None:
    assert agent_api.app  # its metrics are there once it is imported
    named = set(re.findall(r"^\| `(passerelle_\w+)`", PAGE, re.MULTILINE))
    assert named == set(ours())


def test_the_page_names_the_labels_of_each() -> None:
    for line in re.findall(r"^\| `passerelle_.*$", PAGE, re.MULTILINE):
        for label in re.findall(r"`(\w+)`", line.split("|")[2]):
            assert label in BOUNDS, line


@pytest.mark.parametrize("rule", RULES["groups"][0]["rules"], ids=lambda rule: str(rule["alert"]))
def test_every_rule_asks_for_figures_that_there_are(rule: dict) -> None:
    stems = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"passerelle_\w+", rule["expr"])}
    assert stems <= set(ours())
    for inside in re.findall(r"\{([^}]*)\}", rule["expr"]):
        for label in re.findall(r"(\w+)\s*(?:=|!)", inside):
            assert label in {*BOUNDS, "job"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["what_to_do"]
    assert rule["alert"] in PAGE
