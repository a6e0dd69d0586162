"""The matrix of features says what the connectors say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors import matrix
from connectors.api import POWERS, Accepts
from connectors.telegram import connector
from connectors.testing.laws_value import KINDS
from normalizer.windows import Window

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    matrix.main()
    assert capsys.readouterr().out == PAGE.read_text(), "python -m connectors.matrix > docs/features.md"


def test_every_power_and_every_sendable_part_has_a_row() -> None:
    assert set(matrix.SAYS) == set(POWERS)
    assert set(matrix.PARTS) == KINDS - {"choice", "unsupported"}


def test_what_a_channel_lacks_is_told() -> None:
    poor = replace(
        connector,
        name="poor",
        limits=replace(connector.limits, choices=0, media_types=frozenset({"image", "file"})),
        accepts={"image": Accepts(("image/png",), 5_500_000)},
        typing=None,
        window=Window(24, 168),
    )
    short = replace(connector, name="short", window=Window(24))
    page = matrix.document({"telegram": connector, "poor": poor, "short": short})
    assert "|  | poor | short | telegram |" in page
    assert f"| {matrix.SAYS['typing']} | - | ✓ | ✓ |" in page
    assert "| choices | - | 100 | 100 |" in page
    assert "| 24 hours, by a person 168 hours | 24 hours | always |" in page
    assert "| image | image/png, 5.5 MB |" in page
    assert "| file | ✓ |" in page
    assert "| video | - |" in page
