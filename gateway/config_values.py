"""The values that a configuration is written in: durations, sizes, names, addresses. Each raises ValueError in words."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

T = TypeVar("T", bound=str)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NAME = re.compile(r"[a-z0-9-]{1,40}")
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
_SIZE = re.compile(r"([0-9]{1,15}) ?([KMGT]i?B|B)?", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = timedelta(days=36_500)
_PORTS = range(65_536)
_USER = r"(?:[^@/?#\s]+@)?"
_HOST = r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])"
_MONGODB = re.compile(
    rf"mongodb(?:\+srv://{_USER}{_HOST}|://{_USER}{_HOST}(?::[0-9]{{1,5}})?(?:,{_HOST}(?::[0-9]{{1,5}})?)*)"
    r"(?:/[A-Za-z0-9_-]{0,63})?(?:\?[^#\s]*)?"
)
_AMQP = re.compile(rf"amqps?://{_USER}{_HOST}(?::[0-9]{{1,5}})?(?:/[^/?#\s]*)?(?:\?[^#\s]*)?")
_ESCAPED = "; write @ : / ? # in a user or a password as %40 %3A %2F %3F %23"


def name(text: str) -> str:
    """What accounts, hooks and brands are called."""
    if not NAME.fullmatch(text):
        raise ValueError(f"{_quoted(text)} must be 1 to 40 characters of a-z, 0-9 and -")
    return text


def duration(text: str) -> timedelta:
    """``90s``, ``15m``, ``4h`` or ``30d``."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"must be a duration such as 90s, 15m, 4h or 30d, not {_quoted(text)}")
    length = timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
    if not timedelta(0) < length <= _LONGEST:
        raise ValueError(f"must be a duration from 1s to {_LONGEST.days}d, not {_quoted(text)}")
    return length


def size(text: str) -> int:
    """Bytes: a number, or one with a unit such as ``50MB`` (10⁶) or ``50MiB`` (2²⁰)."""
    found = _SIZE.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError(f"must be a size such as 52428800, 50MB or 50MiB, not {_quoted(text)}")
    bytes_, unit = int(found[1]), found[2] or "B"
    factor = 1024 if "i" in unit else 1000
    for _ in range("BKMGT".index(unit[0])):
        bytes_ *= factor
    return bytes_


def port(text: str) -> int:
    """A TCP port; 0 takes a free one."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) not in _PORTS:
        raise ValueError(f"must be a port from 1 to 65535, or 0 for any free one, not {_quoted(text)}")
    return int(text)


def host(text: str) -> str:
    """An address or a host name to listen on."""
    bare = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if re.fullmatch(r"(?=[^.]*[A-Za-z]|.*\.[A-Za-z])[A-Za-z0-9_.-]{1,253}", bare):
            return bare
        raise ValueError(
            f"must be an address or a host name such as 127.0.0.1, without scheme or port, not {_quoted(text)}"
        ) from None


def public_url(text: str) -> str | None:
    """Where the world reaches us: scheme and host, without a closing slash; None for an empty text."""
    if not text:
        return None
    split = _web(text, "https://chat.example.com")
    if split.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError("must end after the host and the port: a path or a query cannot be kept")
    return f"{split.scheme}://{split.netloc.lower()}"


def api(text: str) -> str:
    """A provider's base address."""
    if text:
        _web(text, "https://api.example.com")
        if "?" in text or "#" in text:
            raise ValueError("must have no query and no fragment")
    return text


def endpoint(text: str) -> str:
    """A collector's whole address."""
    _web(text, "http://127.0.0.1:4318/v1/traces")
    if "#" in text:
        raise ValueError("must have no fragment")
    return text


def header(text: str) -> str:
    """What a header says. It is never quoted: it may be a secret."""
    if not text or not re.fullmatch(r"[ -~]*", text) or text.strip() != text:
        raise ValueError("must be printable ASCII characters, without spaces before or after")
    return text


def header_name(text: str) -> str:
    """What a header is called."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", text):
        raise ValueError("is no name of a header")
    return text


def share(text: str) -> float:
    """A share of all, from 0 to 1."""
    if not re.fullmatch(r"0|1|[01]\.[0-9]{1,9}", text) or float(text) > 1:
        raise ValueError(f"must be a share from 0 to 1, such as 0.1, not {_quoted(text)}")
    return float(text)


def _web(text: str, example: str) -> SplitResult:
    try:
        split = urlsplit(text)
        good = split.scheme in ("http", "https") and bool(split.hostname) and split.port != 0
    except ValueError:
        good = False
    if not good or not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"must be an http or https address such as {example}")
    if "@" in split.netloc:
        raise ValueError("must not hold a user or a password")
    return split


def network(text: str) -> Network:
    """A CIDR block, or one address."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        pass
    try:
        wider = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"must be a network such as 10.0.0.0/8, not {_quoted(text)}") from None
    raise ValueError(f"{_quoted(text)} is an address within a network; the network is {wider}")


def one_of(*choices: T) -> Callable[[str], T]:
    """One of a few words."""

    def read(text: str) -> T:
        for choice in choices:
            if choice == text:
                return choice
        raise ValueError(f"must be {' or '.join(choices)}, not {_quoted(text)}")

    return read


def store(text: str) -> str:
    """Where everything durable is. What it holds is never quoted: an address may hold a password."""
    scheme, _, rest = text.partition(":")
    if scheme in ("mongodb", "mongodb+srv"):
        if not _MONGODB.fullmatch(text):
            raise ValueError("must be an address such as mongodb://user:password@host:27017/passerelle" + _ESCAPED)
        return text
    if scheme != "sqlite" or not rest:
        raise ValueError(
            "must be sqlite: and the path of a file, such as sqlite:data/passerelle.db, or an address of mongodb://"
        )
    if rest.startswith("//"):
        raise ValueError(
            "has // after sqlite:; write sqlite:/path for an absolute path, sqlite:path for a relative one"
        )
    if rest.startswith(":") or rest.endswith("/") or "\0" in rest:
        raise ValueError("must name a file: everything in it has to last")
    return text


def broker(text: str) -> str:
    """What tells the world of records. What it holds is never quoted: an address may hold a password."""
    if text.startswith(("amqp:", "amqps:")):
        if not _AMQP.fullmatch(text):
            raise ValueError("must be an address such as amqp://user:password@host:5672/" + _ESCAPED)
        return text
    if text != "memory":
        raise ValueError("must be memory, or an address of amqp:// or amqps://")
    return text


def without_user(address: str) -> str:
    """An address without its user and password, and without its query."""
    return re.sub(r"//[^@/?#]*@", "//", address).partition("?")[0]


def password_of(address: str) -> str:
    """The password in an address, as it stands there; empty if there is none."""
    found = re.match(r"[a-z+]+://[^:@/?#]*:([^@/?#]*)@", address)
    return found[1] if found else ""


def folder(text: str) -> str:
    """The path of a folder."""
    if not text or "\0" in text:
        raise ValueError("must be the path of a folder")
    return text


def _quoted(text: str) -> str:
    shown = text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - what fits a line
    return f'"{shown}"' if shown.isprintable() else repr(shown)
