"""The laws of the connector as a value: its name, its settings, its limits, its powers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import ValidationError

from connectors import api
from connectors.api import POWERS, Connector
from connectors.testing.samples import Samples
from connectors.testing.verdict import Broken
from normalizer.model import MediaType
from normalizer.parts import Part, Style

NAME = "a connector's name is short and plain"
TYPES = "content types are plain: what a Content-Type says before its semicolon"
SETTINGS = "settings keep secrets, and know their keys"
LIMITS = "limits agree with each other"
TOGETHER = "powers that go together are given together"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
_SECRET = re.compile(r"secret|token|password|(^|_)key$")
KINDS = frozenset(get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Part)[0]))


@dataclass(frozen=True, slots=True)
class ValueLaws:
    """The laws of what a connector says of itself."""

    connector: Connector[Any]
    samples: Samples

    def laws(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Each law by name."""
        yield NAME, self.name
        yield TYPES, self.content_types
        yield SETTINGS, self.settings
        yield LIMITS, self.limits
        yield TOGETHER, self.powers

    def name(self) -> None:
        """It stands in identities, addresses and configuration files."""
        if not _NAME.fullmatch(self.connector.name):
            raise Broken(
                NAME, "the connector", "a to z, 0 to 9 and _, 40 at most", self.connector.name, "the-connector"
            )

    def content_types(self) -> None:
        """What is compared with a header must look like one."""
        for one in self.connector.content_types:
            if not _TYPE.fullmatch(one):
                raise Broken(TYPES, "the connector", "as in application/json", one, "the-connector")

    def settings(self) -> None:
        """A configuration shows no secret, says no secret in an error, and refuses a key that it does not know."""
        model, settings = self.connector.settings, self.samples.settings
        if not issubclass(model, api.Settings):
            raise Broken(SETTINGS, "settings", "a subclass of connectors.api.Settings", model, "settings")
        for name, about in model.model_fields.items():
            if _SECRET.search(name) and "SecretStr" not in str(about.annotation):
                raise Broken(SETTINGS, f"settings.{name}", "a SecretStr", about.annotation, "settings")
        shown = f"{settings!r} {settings} {settings.model_dump_json()}"
        if any(secret in shown for secret in self.samples.secrets):
            raise Broken(SETTINGS, "settings.json", "settings without their secrets", shown, "secrets")
        self._unknown_key()

    def _unknown_key(self) -> None:
        given = {"name": "support", "connector": self.connector.name, **self.samples.given, "no_such_key": 1}
        try:
            self.connector.settings.model_validate(given)
        except ValidationError:
            return
        raise Broken(SETTINGS, "settings.json with no_such_key", "an error", "nothing", "settings")

    def limits(self) -> None:
        """What is promised in one place is not denied in another."""
        limits, accepts = self.connector.limits, self.connector.accepts
        unknown = limits.parts - KINDS | limits.media_types - frozenset(get_args(MediaType))
        claims = {
            "known kinds of parts and media": not unknown,
            "no limit below 0": min(limits.text, limits.caption, limits.choices, limits.choice_id, limits.label) >= 0,
            '"text" in parts and a text limit': ("text" in limits.parts) == (limits.text > 0),
            '"media" in parts and media_types': ("media" in limits.parts) == bool(limits.media_types),
            '"choices" in parts and how many': ("choices" in limits.parts) == (limits.choices > 0),
            "room for an id and a label of a choice": not limits.choices or min(limits.choice_id, limits.label) > 0,
            "uncaptioned among media_types": limits.uncaptioned <= limits.media_types,
            "known styles": limits.styles <= frozenset(get_args(Style)),
            "accepts for each of media_types, and no other": accepts is None or set(accepts) == limits.media_types,
        }
        for expected, holds in claims.items():
            if not holds:
                raise Broken(LIMITS, "limits", expected, f"{limits} accepts {sorted(accepts or ())}", "limits")

    def powers(self) -> None:
        """``poll`` comes with ``polled``; a power is a function."""
        connector = self.connector
        if (connector.poll is None) != (connector.polled is None):
            raise Broken(TOGETHER, "the connector", "poll and polled, or neither", "one of them", "powers")
        for power in POWERS:
            function = getattr(connector, power)
            if function is not None and not inspect.isroutine(function):
                raise Broken(TOGETHER, power, "a function, or None", function, "powers")
