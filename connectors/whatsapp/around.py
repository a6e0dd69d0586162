"""What an item of a webhook is read with: itself, and what stands around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from connectors.api import Malformed
from connectors.raw import kept
from connectors.whatsapp.people import People
from connectors.whatsapp.said import Said

S = TypeVar("S", bound=Said)


@dataclass(frozen=True, slots=True)
class Around:
    """What a webhook says around an item: which number of ours it is for, whom it is about, and when it came."""

    to: str
    people: People
    received_at: datetime

    def time(self, seconds: int) -> datetime:
        """When something happened: as WhatsApp says, else when we heard of it."""
        return datetime.fromtimestamp(seconds, UTC) if seconds else self.received_at


def read(kind: type[S], item: Any) -> tuple[S, dict[str, Any]]:
    """The item as it can be read, and as it can be kept. Raises Malformed, which quotes nothing."""
    raw = kept(item)
    if not isinstance(raw, dict):
        raise Malformed(f"{kind.__name__.lower()}: not an object")
    try:
        return kind.model_validate(raw), raw
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise Malformed(f"{kind.__name__.lower()}: {place} cannot be read") from None
