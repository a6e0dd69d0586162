"""How a broken law explains itself."""

from __future__ import annotations

import difflib
import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

GUIDE = "docs/adding-a-connector.md"
LONGEST = 2_000
"""Characters of one value in an explanation."""


class Broken(AssertionError):
    """A law does not hold, or a sample does not come true: which, for what, what was expected, what came."""

    def __init__(self, law: str, sample: str, expected: object, came: object, see: str) -> None:
        self.law, self.see = law, see
        lines = [
            f"the law     {law}",
            f"the sample  {_short(sample)}",
            f"expected    {_short(expected)}",
            f"came        {_short(came)}",
            f"read        {GUIDE}#{see}",
        ]
        super().__init__("\n" + "\n".join(lines))


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters in all)"
    # A terminal cannot print half a character; the sample may hold one on purpose.
    return text.encode("utf-8", "backslashreplace").decode().replace("\n", "\n            ")


def described(error: BaseException) -> str:
    """An exception, and where in the connector it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


@contextmanager
def only(allowed: tuple[type[Exception], ...], law: str, sample: str, see: str) -> Iterator[None]:
    """Inside, nothing but ``allowed`` may be raised; that goes on to the caller, and everything else is Broken."""
    expected = " ".join(["nothing raised", *(f"but {one.__name__}" for one in allowed)])
    try:
        yield
    except Broken:
        raise
    except Exception as error:
        if isinstance(error, allowed):
            raise
        raise Broken(law, sample, expected, described(error), see) from error


def difference(expected: Any, came: Any) -> str:
    """Two JSON values, line by line: ``-`` is what was expected, ``+`` what came."""
    left, right = (
        json.dumps(one, indent=1, ensure_ascii=True, sort_keys=True).splitlines() for one in (expected, came)
    )
    return "\n".join(difflib.unified_diff(left, right, "expected", "came", lineterm="", n=4))
