"""The inbox's files: what a browser would only find out at run time, and what an eye might miss."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from connectors.api import Ailment
from normalizer.model import Only

INBOX = Path(__file__).parents[2] / "agent_api" / "inbox"
VENDOR = INBOX / "vendor"
LOCALES = sorted((INBOX / "locales").glob("*.json"))
MODULES = sorted(path for path in INBOX.rglob("*.js") if VENDOR not in path.parents)
STYLES = sorted(INBOX.rglob("*.css"))
INDEX = (INBOX / "index.html").read_text()
ENGLISH: dict[str, str | dict[str, str]] = json.loads((INBOX / "locales" / "en.json").read_text())

FAILURES = [
    "window_closed",
    "template_required",
    "opted_out",
    "unreachable",
    "invalid_recipient",
    "content_rejected",
    "media_unsupported",
    "too_long",
    "rate_limited",
    "auth_expired",
    "account_restricted",
    "provider_down",
    "expired",
    "unknown",
]
STATUSES = ["received", "queued", "sending", "uncertain", "sent", "failed", "delivered", "read"]


def named(path: Path) -> str:
    return path.relative_to(INBOX).as_posix()


def forms(entry: str | dict[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


# The catalogue.


@pytest.mark.parametrize("locale", LOCALES, ids=named)
def test_every_catalogue_says_the_same_things(locale: Path) -> None:
    words = json.loads(locale.read_text())
    assert list(words) == list(ENGLISH)
    for key, entry in words.items():
        holes = [set(re.findall(r"\{(\w+)\}", form)) for form in forms(entry) + forms(ENGLISH[key])]
        assert all(found == holes[0] for found in holes), key
        assert all(form.strip() for form in forms(entry)), key
        assert isinstance(entry, str) or "other" in entry, key


KINDS = {"conversation.read", "conversation.assigned", "note.added"}
"""Kinds of records: they look like keys."""


def used() -> tuple[set[str], set[str]]:
    """The keys that the modules name, and the beginnings of those that they put together."""
    text = "\n".join(module.read_text() for module in MODULES)
    groups = {key.split(".")[0] for key in ENGLISH}
    quoted = re.findall(r"""['"]([a-z_]+(?:\.[a-z_]+)+)['"]""", text)
    whole = {key for key in quoted if key.split(".")[0] in groups and not key.endswith(".js")} - KINDS
    whole |= set(re.findall(r"""(?<![.\w])(?:t|has)\(['"]([^'"]+)['"]""", text))
    begun = set(re.findall(r"`([a-z_.]+\.)\$\{", text))
    return whole, begun


def test_every_key_that_a_module_uses_is_in_the_catalogue() -> None:
    whole, begun = used()
    assert {"again", "composer.send", "signin.wrong"} <= whole
    assert whole - set(ENGLISH) == set()
    assert [start for start in begun if not any(key.startswith(start) for key in ENGLISH)] == []


def test_the_catalogue_has_no_key_that_nobody_uses() -> None:
    whole, begun = used()
    assert [key for key in ENGLISH if key not in whole and not key.startswith(tuple(begun))] == []


def test_closed_lists_are_in_words() -> None:
    wanted = [f"failure.{reason}{end}" for reason in FAILURES for end in ("", ".do")]
    wanted += [f"tick.{status}" for status in STATUSES]
    assert [key for key in wanted if key not in ENGLISH] == []


def test_why_an_account_does_not_do_well_is_said_for_every_code() -> None:
    said = {key.removeprefix("accounts.why.") for key in ENGLISH if key.startswith("accounts.why.")}
    assert said == set(get_args(Ailment))


def test_a_reason_that_is_about_some_messages_only_is_said_as_that() -> None:
    wanted = [f"failure.opted_out.{only}{end}" for only in get_args(Only) if only for end in ("", ".do")]
    assert [key for key in wanted if key not in ENGLISH] == []


# What is served.


def test_vendored_files_are_those_that_were_published() -> None:
    listed = {}
    for line in (VENDOR / "HASHES.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            digest, name = line.split("  ")
            listed[name] = digest
    found = {
        path.relative_to(VENDOR).as_posix(): "sha384-"
        + base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "HASHES.txt"
    }
    assert found == listed
    folders = [folder for folder in VENDOR.iterdir() if folder.is_dir()]
    assert folders
    assert all((folder / "LICENSE").is_file() for folder in folders)


def import_map() -> dict[str, str]:
    found = re.search(r'<script type="importmap">(.*?)</script>', INDEX, re.DOTALL)
    assert found
    imports: dict[str, str] = json.loads(found[1])["imports"]
    return imports


def test_every_import_leads_to_a_file() -> None:
    known = import_map()
    assert [path for path in known.values() if not (INBOX / path).is_file()] == []
    for module in [*MODULES, *VENDOR.rglob("*.mjs")]:
        for name in re.findall(
            r"""(?:from\s*|^import\s*|\bimport\()['"]([^'"]+)['"]""", module.read_text(), re.MULTILINE
        ):
            if name.startswith("."):
                assert (module.parent / name).is_file(), (named(module), name)
            else:
                assert name in known, (named(module), name)


def test_every_name_that_a_module_imports_is_exported() -> None:
    for module in MODULES:
        for names, source in re.findall(r"import \{([^}]*)\} from '(\.[^']+)'", module.read_text()):
            given = (module.parent / source).read_text()
            for name in (part.strip() for part in names.split(",")):
                exported = rf"export (?:async )?(?:const|let|function|class) {name}\b|export \{{[^}}]*\b{name}\b"
                assert re.search(exported, given), (named(module), source, name)


def test_the_page_is_content_with_its_policy() -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", INDEX, re.DOTALL)
    inline = [attributes for attributes, body in scripts if body.strip()]
    assert inline == [' type="importmap"']
    assert not re.search(r"<style|\sstyle=|\son\w+=|https?://", INDEX)
    for module in MODULES:
        text = module.read_text()
        assert not re.search(r"\beval\(|new Function\(|innerHTML|insertAdjacentHTML|document\.write|\bstyle=", text), (
            named(module)
        )
    for style in STYLES:
        assert not re.search(r"@import|url\(", style.read_text()), named(style)


def test_every_style_is_linked() -> None:
    assert sorted(re.findall(r'<link rel="stylesheet" href="\./([^"]+)"', INDEX)) == sorted(map(named, STYLES))


def test_modules_are_small_and_say_what_they_are() -> None:
    for module in MODULES:
        text = module.read_text()
        assert text.startswith("/**"), named(module)
        assert len(text.splitlines()) < 300, named(module)


# The tokens.

TOKENS = (INBOX / "tokens.css").read_text()
_LIGHT, _, _DARK = TOKENS.partition("@media (prefers-color-scheme: dark)")


def colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", text))


LIGHT = colours(_LIGHT)
DARK = LIGHT | colours(_DARK)
GROUNDS = ["paper", "wall", "mine", "theirs", "note"]
TEXTS = ["ink", "ink-2", "accent", "warn", "bad", "good"]
TINTS = [name for name in LIGHT if name.startswith("tint-")]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_in_both_themes(theme: dict[str, str]) -> None:
    weak = {
        (text, ground): round(contrast(theme[text], theme[ground]), 2)
        for text in TEXTS
        for ground in GROUNDS
        if contrast(theme[text], theme[ground]) < 4.5
    }
    assert weak == {}
    assert contrast(theme["paper"], theme["accent"]) >= 4.5  # the words on a primary button
    assert contrast(theme["paper"], theme["ink"]) >= 4.5  # and on what floats
    assert contrast(theme["wall"], theme["ink-2"]) >= 4.5  # initials


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_controls_can_be_seen_in_both_themes(theme: dict[str, str]) -> None:
    edges = {(name, ground): contrast(theme[name], theme[ground]) for name in ["edge", "accent"] for ground in GROUNDS}
    edges |= {
        (name, ground): contrast(theme[name], theme[ground]) for name in TINTS for ground in ("wall", "mine", "paper")
    }
    assert {pair: round(found, 2) for pair, found in edges.items() if found < 3} == {}


def test_both_themes_have_every_colour() -> None:
    assert set(colours(_DARK)) == set(LIGHT)


def test_no_colour_is_used_that_is_not_a_token() -> None:
    for style in STYLES:
        if style.name == "tokens.css":
            continue
        loose = [found for found in re.findall(r"#[0-9a-f]{3,8}\b", style.read_text()) if found != "#000"]
        assert loose == [], named(style)
        unknown = (
            set(re.findall(r"var\(--([\w-]+)\)", style.read_text()))
            - set(re.findall(r"--([\w-]+):", TOKENS))
            - {"tint"}
        )
        assert unknown == set(), named(style)
