"""The parameters of a call, in whatever form they came: text, numbers, flags, JSON, files."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.simulator.telegram.errors import bad
from gateway.simulator.world import Upload

STRUCTURED = (
    *("reply_markup", "entities", "caption_entities", "reply_parameters", "allowed_updates", "reaction"),
    *("link_preview_options", "message_ids", "media"),
)


class Args:
    """Reads parameters as Telegram does: a number may be a string, an object may be a string of JSON."""

    def __init__(self, fields: Mapping[str, Any], files: Mapping[str, Upload] | None = None) -> None:
        self._fields = {name: value for name, value in fields.items() if value is not None}
        own = {name: value for name, value in self._fields.items() if isinstance(value, Upload)}
        self._files = {**(files or {}), **own}

    @property
    def fields(self) -> Mapping[str, Any]:
        """All of them, as they came."""
        return self._fields

    def within(self, fields: Mapping[str, Any]) -> "Args":
        """The parameters of a part of this call, which has the call's files at hand."""
        return Args(fields, self._files)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def raw(self, name: str) -> Any:
        """The value as it came, or None."""
        return self._fields.get(name)

    def text(self, name: str) -> str:
        """A string; empty when absent."""
        value = self._fields.get(name, "")
        if isinstance(value, Upload):
            raise bad(f"parameter {name} must be a string")
        return value if isinstance(value, str) else orjson.dumps(value).decode()

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; the default when absent or unreadable, as Telegram does."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            return default

    def decimal(self, name: str) -> float | None:
        """A number, or None."""
        try:
            return float(self.text(name))
        except ValueError:
            return None

    def flag(self, name: str) -> bool:
        """A yes or no."""
        return self.text(name).lower() in ("true", "yes", "1")

    def json(self, name: str, what: str = "") -> Any:
        """A structured value, or None when absent or empty."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise bad(f"can't parse {what or name.replace('_', ' ')} JSON object") from None

    def upload(self, name: str) -> Upload | None:
        """A file that came with the call, directly or as `attach://its-name`."""
        value = self._fields.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            value = self._files.get(value.removeprefix("attach://"))
        return value if isinstance(value, Upload) else None

    def shown(self) -> dict[str, Any]:
        """All parameters for showing: JSON opened, files by name and size."""
        return {name: self._shown(name, value) for name, value in self._fields.items()}

    def _shown(self, name: str, value: Any) -> Any:
        if isinstance(value, Upload):
            return {"file": value.name, "mime": value.mime, "bytes": len(value.data)}
        if name in STRUCTURED and isinstance(value, str):
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
        return value
