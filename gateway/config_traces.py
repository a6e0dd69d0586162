"""Reads where traces go, and how many of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType

from yaml.nodes import Node

from gateway import config_values as values
from gateway.config_file import Page, Place, Section, is_null

KEYS = ("endpoint", "headers", "sample")
_EXPORTER = "opentelemetry.exporter.otlp.proto.http"
_SDK = "opentelemetry.sdk"


@dataclass(frozen=True)
class TracesConfig:
    """Where spans go by OTLP over HTTP, with which headers, and the share of all traces that does, from 0 to 1."""

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    sample: float = 0.1

    def secrets(self) -> set[str]:
        """What of it no line may show: headers, whole and without the word before a key."""
        return {form for value in self.headers.values() for form in (value, value.rpartition(" ")[2])}


def read(page: Page, place: Place, node: Node | None) -> TracesConfig | None:
    """The section, if it is there; what is wrong with it is noted on the page."""
    if node is None or is_null(node):
        return None
    traces = Section(page, place, node, KEYS)
    if not (_there(_EXPORTER) and _there(_SDK)):
        page.wrong(place, "needs OpenTelemetry, which is not installed here", "pip install 'passerelle[otel]'")
    endpoint = traces.take("endpoint", values.endpoint, "")
    if "endpoint" not in traces.found and not page.suggested(place, "endpoint"):
        page.wrong(traces.at("endpoint"), "is missing", "give the address that takes OTLP over HTTP")
    given = page.entries(traces.at("headers"), traces.node("headers"))
    headers = traces.section("headers", given)
    found = {name: headers.take(name, values.header, "") for name in given}
    for name in found:
        _named(page, headers, name)
    return TracesConfig(
        endpoint=endpoint,
        headers=MappingProxyType(found),
        sample=traces.take("sample", values.share, TracesConfig.sample),
    )


def _named(page: Page, headers: Section, name: str) -> None:
    try:
        values.header_name(name)
    except ValueError as error:
        page.wrong(headers.at(name), str(error))


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False
