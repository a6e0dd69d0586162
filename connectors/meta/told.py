"""One thing that Meta tells of, with who did it and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.meta.item import Item
from connectors.raw import kept
from normalizer.model import Part, Unsupported


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened between a customer and us. ``mark`` names it where Meta gives no id."""

    item: Item
    kind: str
    to: str
    identity: str
    at: datetime
    mark: str

    @property
    def what(self) -> Item:
        """What stands under its kind."""
        return self.item.item(self.kind)

    def envelope(self, event_id: str) -> dict[str, Any]:
        """What every event says of itself."""
        return {"id": event_id, "to": self.to, "order": self.item.number("timestamp")}

    def raw(self, parts: Sequence[Part]) -> dict[str, Any]:
        """The item as it came, where a part of it cannot be shown; without the token by which anybody could write."""
        if not any(isinstance(part, Unsupported) for part in parts):
            return {}
        about = {name: value for name, value in self.what.fields.items() if not name.endswith("token")}
        return {"raw": kept({**self.item.fields, **({self.kind: about} if self.what.fields else {})})}
