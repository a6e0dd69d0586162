"""An ownership that a test hands out."""

from __future__ import annotations

from collections.abc import Callable


class Owned:
    """Owns the accounts that ``give`` said, until ``take`` says otherwise."""

    def __init__(self, *accounts: str) -> None:
        self.accounts = set(accounts)
        self._listeners: list[Callable[[], None]] = []

    def owns(self, account: str) -> bool:
        return account in self.accounts

    def on_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def give(self, account: str) -> None:
        self.accounts.add(account)
        self._tell()

    def take(self, account: str) -> None:
        self.accounts.discard(account)
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
