"""The kit that tries a connector: one line in a test file runs its samples and every law of the contract.

    from connectors.testing import conformance
    test_connector = conformance(connector, Path(__file__).parent / "samples")

Each sample and each law is a test of its own, and says itself what broke. Needs pytest and hypothesis, which nothing else
of the package does: install ``passerelle[testing]``. ``docs/adding-a-connector.md`` tells what samples look like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from connectors.api import Connector
from connectors.testing.asking import Asking
from connectors.testing.laws_answers import AnswerLaws
from connectors.testing.laws_parse import ParseLaws
from connectors.testing.laws_send import SendLaws
from connectors.testing.laws_value import ValueLaws
from connectors.testing.laws_verify import VerifyLaws
from connectors.testing.reading import Reading
from connectors.testing.samples import BadSample, Sign, read
from connectors.testing.verdict import Broken

__all__ = ["BadSample", "Broken", "Check", "Sign", "checks", "conformance"]


@dataclass(frozen=True, slots=True)
class Check:
    """One sample or one law, to be tried: raises Broken."""

    name: str
    run: Callable[[], None] = field(repr=False)


def conformance(connector: Connector[Any], samples: Path, sign: Sign | None = None) -> Callable[[Check], None]:
    """A test function, with a parameter for each sample in the folder and each law.

    ``sign`` gives the headers that prove a request, where a provider signs what it sends: samples then need no signature
    of their own. Raises BadSample.
    """

    @pytest.mark.parametrize("check", [pytest.param(one, id=one.name) for one in checks(connector, samples, sign)])
    def test_conformance(check: Check) -> None:
        try:
            check.run()
        except Broken as broken:
            said = str(broken)
        else:
            return
        pytest.fail(said, pytrace=False)

    return test_conformance


def checks(connector: Connector[Any], samples: Path, sign: Sign | None = None) -> Iterator[Check]:
    """Each sample and each law, by name; raises BadSample."""
    found = read(connector, samples, sign)
    reading, asking = Reading(connector, found), Asking(connector, found)
    for heard in found.heard:
        yield Check(f"sample {heard.name}", partial(reading.sample, heard))
    for asked in found.asked:
        yield Check(f"sample {asked.name}", partial(asking.sample, asked))
    for answered in found.answered:
        yield Check(f"answer {answered.name}", partial(asking.answered, answered))
    laws = (ValueLaws(connector, found), VerifyLaws(reading), ParseLaws(reading), SendLaws(asking), AnswerLaws(asking))
    for one in laws:
        for name, law in one.laws():
            yield Check(f"law {name}", law)
