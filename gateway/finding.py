"""Where a provider has a file, and whether that is the provider's own server."""

from __future__ import annotations

from urllib.parse import urlsplit

from connectors.api import Call
from gateway.config import Account
from gateway.ports import Http
from gateway.steps import run

_PORTS = {"http": 80, "https": 443}


async def where(account: Account, ref: str, http: Http) -> Call | None:
    """The call that downloads a file; None where the connector has no way, or the provider does not have it.

    Raises what ``steps.run`` raises.
    """
    connector = account.connector
    if connector.fetch is None:
        return None
    fetched = await run(connector.fetch(ref, account.settings), http, connector.classify)
    return fetched.call if fetched else None


def is_own(account: Account, call: Call) -> bool:
    """Whether a call goes to the account's own ``api``, which may be an inner address."""
    return _origin(call.url) == _origin(account.settings.base)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port."""
    try:
        split = urlsplit(url)
        return split.scheme, split.hostname, split.port or _PORTS.get(split.scheme)
    except ValueError:
        return "", url, None
