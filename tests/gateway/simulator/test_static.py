"""The page's files: both languages say the same things, and nothing asks for what the policy forbids."""

import json
import re
from pathlib import Path

import pytest

from gateway.simulator import samples
from gateway.simulator.app import CHANNELS
from gateway.simulator.faults import CALLS, RECEIPTS, WEBHOOKS
from gateway.simulator.telegram import Telegram, media
from gateway.simulator.telegram.methods import MESSAGES, METHODS
from gateway.simulator.telegram.sending import ACTIONS

STATIC = Path(__file__).parents[3] / "gateway" / "simulator" / "static"
SCRIPTS = "\n".join(path.read_text() for path in STATIC.glob("*.js"))
PAGE = (STATIC / "index.html").read_text()
ENGLISH, FRENCH = (json.loads((STATIC / "locales" / f"{name}.json").read_text()) for name in ("en", "fr"))


def test_both_catalogues_have_the_same_words() -> None:
    assert ENGLISH.keys() == FRENCH.keys()
    for key, said in ENGLISH.items():
        placed = [set(re.findall(r"\{(\w+)\}", json.dumps(words))) for words in (said, FRENCH[key])]
        assert placed[0] == placed[1] or "count" in placed[1], key


def test_every_word_asked_for_exists() -> None:
    asked = set(re.findall(r"\bt\(\"([a-z_.A-Z]+)\"", SCRIPTS)) | set(re.findall(r'data-t(?:-label)?="([^"]+)"', PAGE))
    assert len(asked) > 60
    assert asked <= ENGLISH.keys()
    kinds = set(re.findall(r"^\s+(?:\w+: \{.*?\},? ?)+$", SCRIPTS))
    for kind in {*kinds, *re.findall(r"\b(webhook_\w+|accept_then_\w+):", SCRIPTS)}:
        assert {f"fault.{kind}", f"fault.{kind}.means", f"fault.{kind}.wants"} <= ENGLISH.keys()


def test_every_method_kind_and_action_has_its_words() -> None:
    wanted = {f"call.{method}" for method in METHODS} | {f"doing.{action}" for action in ACTIONS}
    wanted |= {f"kind.{kind}" for kind in (*media.KINDS, "venue", "location", "contact", "message")}
    wanted |= {f"sample.{kind}" for kind in (*samples.FILES, "album")}
    assert wanted <= ENGLISH.keys()


def test_page_and_control_api_have_the_same_stickers() -> None:
    drawn = re.search(r"STICKERS = \{(.*?)\}", SCRIPTS)
    assert drawn
    assert dict(re.findall(r'"(.+?)": "(\w+)"', drawn[1])) == samples.STICKERS


def test_every_fault_that_a_channel_knows_is_on_the_page_and_has_its_words() -> None:
    known = set().union(*(channel.faults for channel in CHANNELS))
    assert known == CALLS | RECEIPTS | WEBHOOKS
    for kind in known:
        assert re.search(rf"\b{kind}: \{{", SCRIPTS), kind
        assert {f"fault.{kind}", f"fault.{kind}.means", f"fault.{kind}.wants"} <= ENGLISH.keys()


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_every_field_of_a_channel_has_its_words(channel: type[Telegram]) -> None:
    for name in (*channel.asks, *channel.configures):
        assert {f"person.{name}", f"person.{name}.{channel.name}"} & ENGLISH.keys(), name


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_every_deed_that_the_page_offers_has_its_words(channel: type[Telegram]) -> None:
    for deed, fields in channel.acts.items():
        assert f"act.{deed}" in ENGLISH
        assert not fields or f"act.{deed}.hint" in ENGLISH, deed
        assert re.search(rf"\b{deed}: \"", SCRIPTS), f"{deed} has no icon"
        for name, suggested in fields.items():
            assert {f"act.{deed}.{name}", f"act.field.{name}"} & ENGLISH.keys(), (deed, name)
            options = suggested.split("|") if "|" in suggested else ()
            assert {f"act.{deed}.{option}" for option in options} <= ENGLISH.keys(), deed


def test_the_sends_of_telegram_are_its_messages() -> None:
    assert Telegram.sends == MESSAGES


@pytest.mark.parametrize(
    "forbidden", [r"innerHTML", r"\beval\(", r"setAttribute\(\"style\"", r"https?://(?!www\.w3\.org)\w"]
)
def test_nothing_the_policy_forbids(forbidden: str) -> None:
    assert not re.search(forbidden, SCRIPTS)
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=", PAGE)


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(theme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "style.css").read_text(), re.DOTALL)
    token = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[theme]))
    texts = ("ink", "ink-2", "accent", "warn", "bad", "good", "string", "number", "word")
    for text in texts:
        for ground in ("paper", "wall"):
            assert _contrast(token[text], token[ground]) >= 4.5, (text, ground)
    for text in ("ink", "ink-2", "accent"):
        for ground in ("mine", "theirs", "sms", "whatsapp", "messenger", "instagram"):
            assert _contrast(token[text], token[ground]) >= 4.5, (text, ground)
    assert _contrast(token["on-accent"], token["accent"]) >= 4.5
    assert _contrast(token["edge"], token["paper"]) >= 3
