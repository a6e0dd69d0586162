"""Questions with answers to pick from: buttons, numbered buttons, or numbered lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from normalizer.fit.limits import Limits, Numbered
from normalizer.fit.making import Making
from normalizer.fit.unchanged import question_limit
from normalizer.fit.units import measure
from normalizer.fit.written import of_options
from normalizer.parts import Choices, Option, Text

_NUMBER = re.compile(r"\s*([0-9]{1,4})\s*[.)]?\s*")


def ask(making: Making, at: str, part: Choices) -> None:
    """Add a question: as it is; with numbers on its buttons; or without buttons, where those cannot be."""
    limits = making.limits
    numbers = tuple(Option(id=option.id, label=str(number)) for number, option in enumerate(part.choices, 1))
    if _buttons_fit(part.choices, limits):
        _with_buttons(making, at, part.text, part.choices)
    elif _buttons_fit(numbers, limits):
        making.change(f"{at}/choices", "labels_numbered", "the buttons have numbers, and the answers stand in the text")
        _with_buttons(making, at, f"{part.text}\n{of_options(part.choices)}", numbers)
    else:
        making.change(f"{at}/choices", "choices_numbered", "the answers go as numbered lines, without buttons")
        if making.text(f"{at}/text", f"{part.text}\n{of_options(part.choices)}"):
            making.numbered.append(Numbered(len(making.parts) - 1, part.choices))


def picked(text: str, options: Sequence[Option]) -> Option | None:
    """The answer that a customer wrote out: its number (``2``, ``2.``, ``2)``) or its words; None for anything else."""
    said = " ".join(text.split()).casefold()
    for option in options:
        if " ".join(option.label.split()).casefold() == said:
            return option
    number = _NUMBER.fullmatch(text)
    index = int(number[1]) - 1 if number else -1
    return options[index] if 0 <= index < len(options) else None


def _buttons_fit(options: Sequence[Option], limits: Limits) -> bool:
    return (
        "choices" in limits.parts
        and len(options) <= limits.choices
        and all(
            measure(option.id, "bytes") <= limits.choice_id
            and measure(option.label, limits.label_unit or limits.unit) <= limits.label
            for option in options
        )
    )


def _with_buttons(making: Making, at: str, text: str, options: tuple[Option, ...]) -> None:
    """A question too long goes in pieces; the last has the buttons."""
    limit = question_limit(making.limits)
    if measure(text, making.limits.unit) > limit:
        if not making.text(f"{at}/text", text, limit=limit):
            return
        last = making.parts.pop()
        assert isinstance(last, Text)  # noqa: S101 - a text was added
        text = last.text
    making.parts.append(Choices(text=text, choices=options))
