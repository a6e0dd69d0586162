"""Tries a law on what hypothesis makes up, without a stop-watch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.testing.mutations import Pick

T = TypeVar("T")
USUAL = 100


def for_all(found: st.SearchStrategy[T], holds: Callable[[T], object], examples: int = 100) -> None:
    """Try a law on many values; raises what the law raises, for the smallest value that breaks it.

    ``examples`` are for hypothesis's usual profile of a hundred; a profile of more or fewer gives more or fewer.
    """

    @settings(
        database=None,
        deadline=None,
        max_examples=max(1, examples * settings().max_examples // USUAL),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(found)
    def tried(value: T) -> None:
        holds(value)

    tried()


@st.composite
def _picks(draw: st.DrawFn) -> Pick:
    """Dice that hypothesis throws, and can throw again with less."""
    thrown = iter(draw(st.lists(st.integers(0, 2**16), min_size=12, max_size=24)))

    def pick(below: int) -> int:
        return next(thrown, 0) % below

    return pick


PICKS = _picks()
