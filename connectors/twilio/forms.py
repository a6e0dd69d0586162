"""What Twilio posts: a form. https://www.twilio.com/docs/messaging/guides/webhook-request"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from connectors.api import Request
from connectors.raw import kept

MOST = 1000
"""Fields; Twilio sends some forty."""


class Form:
    """The fields of a form, each with all its values, blank ones too: the signature covers them.

    It is a multi-dictionary to whoever checks that signature.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> str:
        """The first value; "" for a field that is not there."""
        return self._values.get(name, [""])[0]

    def getall(self, name: str) -> list[str]:
        """Every value."""
        return self._values[name]

    def raw(self) -> dict[str, str | list[str]]:
        """All of it, as JSON that a record can hold."""
        held: dict[str, str | list[str]] = kept(
            {name: values[0] if len(values) == 1 else values for name, values in self._values.items()}
        )
        return held


def form_of(request: Request) -> Form:
    """The form of a request; of a GET it is the query. Raises ValueError for what is no text."""
    text = request.body.decode() or (urlsplit(request.url).query if request.method == "GET" else "")
    return Form(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST))
