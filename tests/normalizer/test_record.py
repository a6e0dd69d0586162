"""Records of other versions of this program."""

from collections.abc import Callable
from typing import Any

import pytest

from normalizer import record
from normalizer.record import UPCASTERS, VERSION, upcast


def step(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda data: {**data, "steps": [*data.get("steps", ()), name]}


# Made up: as if this were version 4, and versions 0 to 3 had each looked different.
CHAIN = {0: step("0 to 1"), 1: step("1 to 2"), 2: step("2 to 3"), 3: step("3 to 4")}


@pytest.mark.parametrize(
    ("version", "steps"),
    [
        (0, ["0 to 1", "1 to 2", "2 to 3", "3 to 4"]),
        (2, ["2 to 3", "3 to 4"]),
        (3, ["3 to 4"]),
    ],
)
def test_an_old_record_goes_through_every_later_version_in_order(monkeypatch, version, steps):
    monkeypatch.setattr(record, "VERSION", 4)
    assert upcast(version, {"text": "hi"}, CHAIN) == {"text": "hi", "steps": steps}


@pytest.mark.parametrize("version", [4, 5, 99])
def test_a_record_of_this_version_or_a_newer_one_is_read_as_it_is(monkeypatch, version):
    monkeypatch.setattr(record, "VERSION", 4)
    data = {"text": "hi", "new": {"field": 1}}
    assert upcast(version, data, CHAIN) is data


def test_every_version_that_was_ever_written_has_its_upcaster():
    assert sorted(UPCASTERS) == list(range(1, VERSION))
