"""One try at a received file: ask the connector where it is, download it under guard, see what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import structlog

from connectors.api import Call, Deferred, Refused
from connectors.outcomes import seconds
from gateway.config import Account
from gateway.finding import is_own, where
from gateway.media.folder import Folder, TooLarge, Unwritable
from gateway.media.kinds import sniff
from gateway.ports import Download, Forbidden, Http, KeptFile, NeverSent, NoAnswer
from gateway.steps import Unsettled

log = structlog.get_logger(__name__)

LIMIT_S = 300.0
"""How long one download may take in all; the client sees to it that it never stands still for long."""

LONGEST_WAIT_S = 300.0

_PASSING = frozenset({408, 425, 429}) | frozenset(range(500, 600))
_PASSING_REASONS = frozenset({"auth_expired", "account_restricted", "provider_down", "rate_limited"})


class Gone(Exception):
    """It cannot be had, and it is no use to try again; the text says why, for people."""


class Trouble(Exception):
    """It did not come. ``passing`` says that nobody said no; ``wait`` is in seconds, if the provider named a time."""

    def __init__(self, why: str, *, passing: bool, wait: float | None = None) -> None:
        super().__init__(why)
        self.passing, self.wait = passing, min(wait or 0.0, LONGEST_WAIT_S)


class Fetch:
    """Fetches files of accounts. No text of what it raises holds an address."""

    def __init__(self, http: Http, accounts: Mapping[str, Account], folder: Folder, max_bytes: int) -> None:
        self._http, self._accounts, self._folder, self._max_bytes = http, accounts, folder, max_bytes

    async def kept(self, file: KeptFile) -> KeptFile:
        """The file with its bytes in their place. Raises Gone, Trouble."""
        account = self._accounts.get(file.account)
        if account is None:
            raise Gone("its account is not configured any more")
        try:
            async with asyncio.timeout(LIMIT_S):
                call = await self._where(file, account)
                async with self._http.download(call, trusted=is_own(account, call)) as download:
                    return await self._written(file, download)
        except (Gone, Trouble):
            raise
        except TooLarge as error:
            raise Gone(str(error)) from None
        except Forbidden as error:
            raise Gone(f"it may not be fetched from there: {error}") from None
        except (NeverSent, NoAnswer) as error:
            raise Trouble(str(error), passing=True) from None
        except TimeoutError:
            raise Trouble(f"it took longer than {LIMIT_S:g} s", passing=True) from None
        except Unwritable as error:
            raise Trouble(f"it cannot be written: {error}", passing=True) from None
        except Exception as error:  # noqa: BLE001 - a connector that broke; its words may hold an address
            log.error("fetching broke", media=file.id, account=file.account, error=type(error).__name__)
            raise Trouble(f"fetching broke ({type(error).__name__})", passing=False) from None

    async def _where(self, file: KeptFile, account: Account) -> Call:
        connector = account.connector
        if connector.fetch is None:
            raise Gone(f"{connector.name} has no way to fetch files")
        try:
            call = await where(account, file.ref, self._http)
        except Refused as refused:
            passing = refused.code in _PASSING_REASONS
            raise Trouble(f"refused ({refused.code}): {refused.detail}", passing=passing) from None
        except Unsettled as unsettled:
            wait = unsettled.outcome.wait if isinstance(unsettled.outcome, Deferred) else None
            raise Trouble(str(unsettled), passing=True, wait=wait) from None
        if call is None:
            raise Gone("the provider does not have it")
        return call

    async def _written(self, file: KeptFile, download: Download) -> KeptFile:
        if download.status != HTTPStatus.OK:
            wait = seconds(download.headers.get("retry-after"))
            raise Trouble(f"HTTP {download.status}", passing=download.status in _PASSING, wait=wait)
        declared = download.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_bytes:
            raise TooLarge(f"the file is larger than {self._max_bytes} bytes")
        async with self._folder.incoming(self._max_bytes) as incoming:
            async for chunk in download.chunks:
                await incoming.write(chunk)
            place = await incoming.keep(file.id)
        return replace(file, state="kept", mime=sniff(incoming.head), size=incoming.size, path=place, why="")
