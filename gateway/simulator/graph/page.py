"""A page or an account of Instagram, as Meta keeps it: its window, its subscriptions, its ids."""

from gateway.simulator.account import Account
from gateway.simulator.store import Json

WINDOW, LATE = 24 * 3600.0, 7 * 24 * 3600.0
"""Seconds after a customer's last sign: for any answer, and for a person's (HUMAN_AGENT)."""


class Page(Account):
    """One page, or one professional account."""

    @property
    def fields(self) -> list[str]:
        """The webhooks that were subscribed; none yet counts as all, for who tries without subscribing."""
        return list(self.settings.get("fields") or ())

    def tells(self, field: str) -> bool:
        """Whether webhooks of this field go out."""
        return not self.fields or field in self.fields

    def mid(self) -> str:
        """The id of a new message."""
        return f"m_{self.new_id('mid', 24)}"

    def heard_from(self, chat: Json) -> Json:
        """The customer gave a sign: the window is open for a day from now."""
        chat = {**chat, "started": True, "heard_at": self.world.now()}
        self.put_chat(chat)
        return chat

    def silent_for(self, chat: Json) -> float:
        """Seconds since the customer's last sign."""
        heard = chat.get("heard_at")
        return float("inf") if heard is None else self.world.now() - float(heard)

    def link(self, file: str) -> str:
        """Where the bytes of a file are, for whoever has the address."""
        return f"{self.world.url}/{self.channel}/cdn/{self.id}/{file}"
