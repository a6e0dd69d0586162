"""What each channel can do, as a table: ``python -m connectors.matrix`` prints docs/features.md."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
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
    "connect": "registers its hook by itself",
    "check": "tests its credentials",
    "poll": "asks for news, where no hook can be reached",
    "typing": "shows the customer that somebody types",
    "read": "shows the customer that their message was read",
    "edit": "changes a message of ours",
    "delete": "takes a message of ours back",
    "react": "puts an emoji on a message",
    "profile": "asks for the customer's name or picture",
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
        _table("What can be sent", found, _sends),
        _table("How much", found, _limits),
        _table("Files", found, _media),
        _table("What else it does", found, _powers),
    ]
    return "\n".join([_ABOUT, *sections])


def _table(
    title: str, connectors: Sequence[Connector[Any]], tell: Callable[[Connector[Any]], Mapping[str, str]]
) -> str:
    """One column for each connector; ``tell`` gives its cells by their rows' names."""
    columns = [tell(one) for one in connectors]
    rows = dict.fromkeys(row for column in columns for row in column)
    head = ["", *(one.name for one in connectors)]
    lines = [head, ["---"] * len(head), *([row, *(column[row] for column in columns)] for row in rows)]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _yes(holds: bool) -> str:
    return "✓" if holds else "-"


def _sends(connector: Connector[Any]) -> Mapping[str, str]:
    limits = connector.limits
    return {
        **{part: _yes(part in limits.parts) for part in PARTS},
        **{f"media: {kind}": _yes(kind in limits.media_types) for kind in get_args(MediaType)},
        "formatting": ", ".join(sorted(limits.styles)) or "-",
        "media without a caption": ", ".join(sorted(limits.uncaptioned)) or "-",
    }


def _limits(connector: Connector[Any]) -> Mapping[str, str]:
    limits, pace = connector.limits, connector.pace
    return {
        "counted in": limits.unit,
        "a text": _most(limits.text),
        "a caption": _most(limits.caption),
        "choices": _most(limits.choices),
        "a choice's label": _most(limits.label),
        "a choice's id, in bytes": _most(limits.choice_id),
        "messages a second": f"{pace.per_second:g}",
        "and to one chat": f"{pace.per_chat:g}",
        "free text after the customer's last word": _window(connector),
    }


def _window(connector: Connector[Any]) -> str:
    window = connector.window
    if window is None:
        return "always"
    late = f", by a person {window.late_hours:g} hours" if window.late_hours else ""
    return f"{window.hours:g} hours{late}"


def _most(number: int) -> str:
    return f"{number:,}" if number else "-"


def _media(connector: Connector[Any]) -> Mapping[str, str]:
    return {kind: _accepts(connector, kind) for kind in get_args(MediaType)}


def _accepts(connector: Connector[Any], kind: MediaType) -> str:
    if kind not in connector.limits.media_types:
        return "-"
    accepts = (connector.accepts or {}).get(kind)
    return f"{', '.join(accepts.types)}, {accepts.max_bytes / 1e6:g} MB" if accepts else "✓"


def _powers(connector: Connector[Any]) -> Mapping[str, str]:
    return {SAYS[power]: _yes(getattr(connector, power) is not None) for power in POWERS}


def main() -> None:
    """Print it, for the connectors that come with Passerelle."""
    ours = {name: one.connector for name, one in catalog.installed().items() if one.distribution == "passerelle"}
    sys.stdout.write(document(ours))


if __name__ == "__main__":
    main()
