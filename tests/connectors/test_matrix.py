"""The table of features says of every connector what its value says."""

from __future__ import annotations

import runpy
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import catalog, matrix
from connectors.api import POWERS, Accepts, Connector, Pace, powers
from connectors.telegram import connector as telegram
from connectors.twilio import connector as sms
from normalizer.model import MediaType
from normalizer.windows import Window

MEDIA = get_args(MediaType)


def cells(page: str) -> dict[str, dict[str, dict[str, str]]]:
    """What a page says: by section, by row, by connector."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for section in page.split("\n## ")[1:]:
        title, _, *table = section.strip().splitlines()
        head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
        found[title] = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    return found


def told(connector: Connector[Any], section: str) -> dict[str, str]:
    """One connector's column of a section."""
    page = cells(matrix.document({connector.name: connector}))
    return {row: of[connector.name] for row, of in page[section].items()}


@given(
    parts=st.sets(st.sampled_from(matrix.PARTS)),
    media=st.sets(st.sampled_from(MEDIA)),
    has=st.sets(st.sampled_from(POWERS)),
)
def test_there_is_a_tick_exactly_where_a_connector_can(parts: set[str], media: set[Any], has: set[str]) -> None:
    limits = replace(telegram.limits, parts=frozenset(parts), media_types=frozenset(media))
    lacks: dict[str, Any] = {power: None for power in POWERS if power not in has}
    made = replace(telegram, limits=limits, **lacks)
    sends = told(made, "What can be sent")
    assert {part for part in matrix.PARTS if sends[part] == "✓"} == parts
    assert {kind for kind in MEDIA if sends[f"media: {kind}"] == "✓"} == media
    does = told(made, "What else it does")
    assert {power for power in POWERS if does[matrix.SAYS[power]] == "✓"} == set(powers(made))
    assert set(told(made, "Files")) == set(MEDIA)
    assert {kind for kind, cell in told(made, "Files").items() if cell != "-"} == media


def test_every_power_has_words_of_its_own() -> None:
    assert set(matrix.SAYS) == set(POWERS)
    assert len(set(matrix.SAYS.values())) == len(POWERS)


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (None, "always"),
        (Window(24), "24 hours"),
        (Window(24, 168), "24 hours, by a person 168 hours"),
        (Window(0.5), "0.5 hours"),
    ],
)
def test_the_reply_window_is_told_in_hours(window: Window | None, words: str) -> None:
    row = told(replace(telegram, window=window), "How much")
    assert row["free text after the customer's last word"] == words


def test_numbers_are_written_for_people() -> None:
    limits = replace(telegram.limits, text=4096, caption=0, choices=3, unit="utf-16", styles=frozenset())
    made = replace(telegram, limits=limits, pace=Pace(per_second=2.5, per_chat=1))
    row = told(made, "How much")
    assert (row["a text"], row["a caption"], row["choices"]) == ("4,096", "-", "3")
    assert (row["counted in"], row["messages a second"], row["and to one chat"]) == ("utf-16", "2.5", "1")
    assert told(made, "What can be sent")["formatting"] == "-"


def test_what_a_channel_takes_of_a_file_is_told_and_a_tick_where_it_names_no_limit() -> None:
    limits = replace(telegram.limits, media_types=frozenset({"image", "file"}))
    made = replace(telegram, limits=limits, accepts={"image": Accepts(("image/png", "image/jpeg"), 5_500_000)})
    files = told(made, "Files")
    assert (files["image"], files["file"], files["video"]) == ("image/png, image/jpeg, 5.5 MB", "✓", "-")
    assert told(replace(made, accepts=None), "Files")["image"] == "✓"


def test_each_connector_has_a_column_in_the_order_of_names() -> None:
    page = cells(matrix.document({"twilio": sms, "telegram": telegram}))
    assert all(list(row) == ["telegram", "twilio"] for section in page.values() for row in section.values())
    assert page["How much"]["counted in"] == {"telegram": telegram.limits.unit, "twilio": sms.limits.unit}


def test_printed_are_those_that_come_with_passerelle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        "telegram": catalog.Found(telegram, "passerelle", "1"),
        "theirs": catalog.Found(replace(sms, name="theirs"), "another-distribution", "1"),
    }
    monkeypatch.setattr(catalog, "installed", lambda: found)
    runpy.run_path(matrix.__file__, run_name="__main__")
    assert capsys.readouterr().out == matrix.document({"telegram": telegram})
