"""What each channel can do, as a table: ``python -m connectors.matrix`` prints docs/features.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from connectors import catalog
from connectors.api import POWERS, Connector
from normalizer.model import MediaType

PARTS = ("text", "media", "location", "contact", "choices", "link", "template")
"""The kinds of parts that can be sent."""

SAYS: Mapping[str, str] = {
    "challenge": "answers the provider's question whether the hook is ours",
    "reply": "says something in the answer to a webhook",
    "acknowledge": "tells the provider that a button was seen",
    "fetch": "fetches received files",
    "upload": "puts files at the provider",
    "connect": "registers its hook by itself",
    "check": "tests its credentials",
    "poll": "asks for news, where no hook can be reached",
    "typing": "shows the customer that somebody types",
    "read": "shows the customer that their message was read",
    "edit": "changes a message of ours",
    "delete": "takes a message of ours back",
    "react": "puts an emoji on a message",
    "profile": "asks for the customer's name",
    "templates": "lists the approved texts",
}

_ABOUT = """\
# Features

Generated from the connectors' own values: `python -m connectors.matrix > docs/features.md`. A test compares.
A channel that cannot do a thing is sent what it can take: a long text in pieces, a caption as a message of its own, and so on.
What a channel cannot take in any form is refused before anything is queued.
"""


def document(connectors: Mapping[str, Connector[Any]]) -> str:
    """The page, for these connectors by name."""
    found = [connectors[name] for name in sorted(connectors)]
    sections = [
        _table("What can be sent", found, _sends()),
        _table("How much", found, _limits()),
        _table("Files", found, _media()),
        _table("What else it does", found, _powers()),
    ]
    return "\n".join([_ABOUT, *sections])


Row = tuple[str, Callable[[Connector[Any]], str]]


def _table(title: str, connectors: Sequence[Connector[Any]], rows: Iterator[Row]) -> str:
    head = ["", *(one.name for one in connectors)]
    lines = [head, ["---"] * len(head), *([name, *map(tell, connectors)] for name, tell in rows)]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _yes(holds: bool) -> str:
    return "✓" if holds else "-"


def _sends() -> Iterator[Row]:
    for part in PARTS:
        yield part, lambda one, part=part: _yes(part in one.limits.parts)  # type: ignore[misc]
    for kind in get_args(MediaType):
        yield f"media: {kind}", lambda one, kind=kind: _yes(kind in one.limits.media_types)  # type: ignore[misc]
    yield "formatting", lambda one: ", ".join(sorted(one.limits.styles)) or "-"
    yield "media without a caption", lambda one: ", ".join(sorted(one.limits.uncaptioned)) or "-"


def _limits() -> Iterator[Row]:
    yield "counted in", lambda one: one.limits.unit
    yield "a text", lambda one: _most(one.limits.text)
    yield "a caption", lambda one: _most(one.limits.caption)
    yield "choices", lambda one: _most(one.limits.choices)
    yield "a choice's label", lambda one: _most(one.limits.label)
    yield "a choice's id, in bytes", lambda one: _most(one.limits.choice_id)
    yield "messages a second", lambda one: f"{one.pace.per_second:g}"
    yield "and to one chat", lambda one: f"{one.pace.per_chat:g}"
    yield "free text after the customer's last word", _window


def _window(connector: Connector[Any]) -> str:
    window = connector.window
    if window is None:
        return "always"
    late = f", by a person {window.late_hours:g} hours" if window.late_hours else ""
    return f"{window.hours:g} hours{late}"


def _most(number: int) -> str:
    return f"{number:,}" if number else "-"


def _media() -> Iterator[Row]:
    for kind in get_args(MediaType):
        yield kind, lambda one, kind=kind: _accepts(one, kind)  # type: ignore[misc]


def _accepts(connector: Connector[Any], kind: MediaType) -> str:
    if kind not in connector.limits.media_types:
        return "-"
    accepts = (connector.accepts or {}).get(kind)
    return f"{', '.join(accepts.types)}, {accepts.max_bytes / 1e6:g} MB" if accepts else "✓"


def _powers() -> Iterator[Row]:
    for power in POWERS:
        yield SAYS[power], lambda one, power=power: _yes(getattr(one, power) is not None)  # type: ignore[misc]


def main() -> None:
    """Print it, for the connectors that come with Passerelle."""
    ours = {name: one.connector for name, one in catalog.installed().items() if one.distribution == "passerelle"}
    sys.stdout.write(document(ours))


if __name__ == "__main__":
    main()
