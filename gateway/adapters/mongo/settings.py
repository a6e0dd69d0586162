"""Small settings: a document each, by its name."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Unavailable


class SettingsPart:
    """Implements ``gateway.ports.Settings``."""

    _collections: Collections

    async def value(self, name: str) -> str | None:
        """See ``gateway.ports.Settings``."""
        with reaching():
            found = await self._collections.settings.find_one({"_id": name})
        return None if found is None else found["value"]

    async def set_value(self, name: str, value: str, *, once: bool = False) -> str:
        """See ``gateway.ports.Settings``. Of many who set it first, the one whose document is inserted has set it."""
        settings = self._collections.settings
        with reaching():
            try:
                await settings.insert_one({"_id": name, "value": value})
            except DuplicateKeyError:
                if not once:
                    await settings.replace_one({"_id": name}, {"value": value})
                    return value
            else:
                return value
        earlier = await self.value(name)
        if earlier is None:  # its writer has not been told yet that it lasts
            raise Unavailable(f"{name} is just being set")
        return earlier
