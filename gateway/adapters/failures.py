"""Why a request failed, in words that hold no address: addresses hold tokens."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl

import aiohttp

from gateway.adapters.guard import Inner
from gateway.ports import Forbidden, NeverSent, NoAnswer, Unsendable

FAILURES = (aiohttp.ClientError, OSError, asyncio.TimeoutError, ValueError, LookupError)
"""What a request raises that came to nothing."""

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection reset",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.ETIMEDOUT: "connection timed out",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}

_KINDS: dict[type[BaseException], str] = {
    ConnectionResetError: "connection reset",
    LookupError: "a file to send is not on disk",
    FileNotFoundError: "a file to send is not on disk",
    aiohttp.ServerDisconnectedError: "the connection was closed without an answer",
    aiohttp.ClientPayloadError: "the answer broke off",
    aiohttp.ClientResponseError: "the answer is not HTTP",
    aiohttp.InvalidURL: "the address is not one of HTTP",
    aiohttp.NonHttpUrlClientError: "the address is not one of HTTP",
}


class Broken(aiohttp.ClientError):
    """A connection broke, as its text says. Unlike aiohttp's own errors of this kind it has nothing repeated."""


async def once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET (or PUT, or DELETE) again by itself when the connection broke."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise Broken(_words(error)) from None


def failure(error: BaseException, *, connected: bool, limit: float) -> NeverSent | NoAnswer | Forbidden:
    """What to raise: NeverSent only if no connection had been made. ``limit`` is the seconds there were for it.

    A file that is not there is never sent either, and nobody needs to wait for it: Unsendable.
    """
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Inner):
        return Forbidden("an inner address")
    if connected:
        timed_out = isinstance(error, asyncio.TimeoutError)
        return NoAnswer(f"no answer within {limit:g} s" if timed_out else _words(error))
    if isinstance(error, asyncio.TimeoutError):
        return NeverSent(f"no connection within {limit:g} s")
    if isinstance(error, LookupError | FileNotFoundError):
        return Unsendable(_words(error))
    return NeverSent(_words(error))


def _words(error: BaseException) -> str:
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _connecting(error)
    for kind, words in _KINDS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError):
        return _WORDS.get(error.errno or 0, "the connection failed")
    return f"the call failed ({type(error).__name__})"


def _connecting(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "no such host" if _is_no_name(error.os_error) else "the host's name cannot be looked up"
        case aiohttp.ClientConnectorCertificateError():
            return "TLS failed: the certificate is not trusted"
        case aiohttp.ClientConnectorSSLError():
            return f"TLS failed: {_reason(error.os_error)}"
    return _words(error.os_error)


def _is_no_name(error: OSError) -> bool:
    inner = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return inner.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def _reason(error: OSError) -> str:
    """OpenSSL's own word, such as WRONG_VERSION_NUMBER, in plain letters."""
    reason = error.reason if isinstance(error, ssl.SSLError) else ""
    return re.sub(r"[^a-z0-9]+", " ", str(reason or "the handshake broke off").lower())[:80]
