"""Which names are ours: the defence against pages of others that call us from a browser (DNS rebinding, forgery)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/@?#\s]+))(?::([0-9]{1,5}))?")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A host's name, in lower case and without brackets, and a port if one was said."""

    name: str
    port: int | None


def read(host: str) -> Address | None:
    """What a ``Host`` says; None for what is none."""
    found = _HOST.fullmatch(host)
    if found is None:
        return None
    return Address((found[1] or found[2]).lower(), int(found[3]) if found[3] else None)


def read_origin(origin: str) -> tuple[str, Address] | None:
    """The scheme and the address of an ``Origin``, with the port that its scheme implies; None for what is none."""
    scheme, apart, rest = origin.lower().partition("://")
    found = read(rest) if apart and scheme in _PORTS else None
    return (scheme, Address(found.name, found.port or _PORTS[scheme])) if found else None


class Hosts:
    """Tells our own names from others."""

    def __init__(self, public_url: str | None, listening: Callable[[], tuple[str, int]]) -> None:
        self._listening = listening
        self.public: tuple[str, Address] | None = None
        if public_url is not None:
            parts = urlsplit(public_url)
            self.public = read_origin(f"{parts.scheme}://{parts.netloc}")

    @property
    def secure(self) -> bool:
        """Whether the world reaches us over https."""
        return self.public is not None and self.public[0] == "https"

    def _local(self, request: web.Request) -> tuple[frozenset[str], int]:
        """The names of the address that was called, without looking any up, and the port listened on."""
        host, port = self._listening()
        here = request.transport.get_extra_info("sockname") if request.transport else None
        called = {str(here[0])} if isinstance(here, tuple) else set()
        return LOOPBACK | called | {host.lower().strip("[]")}, port

    def ours(self, request: web.Request) -> bool:
        """Whether the request's ``Host`` is ours. A missing port counts as the right one.

        A loopback name is ours under any port, for the port may be forwarded: no page of others has such a name.
        """
        asked = read(request.headers.get("Host", ""))
        if asked is None:
            return False
        if asked.name in LOOPBACK:
            return True
        names, port = self._local(request)
        ports = {None, port}
        if self.public is not None:
            names |= {self.public[1].name}
            ports.add(self.public[1].port)
        return asked.name in names and asked.port in ports

    def own_page(self, request: web.Request) -> bool:
        """Whether the request's ``Origin`` is a page of ours."""
        found = read_origin(request.headers.get("Origin", ""))
        if found is None or found == self.public:
            return found is not None
        if found[1].name in LOOPBACK and request.headers.get("Origin", "").partition("://")[2] == request.headers.get(
            "Host"
        ):
            return True
        names, port = self._local(request)
        return found[1].name in names and found[1].port == port
