"""A page or an account of Instagram, as Meta keeps it: its subscriptions, its ids."""

from gateway.simulator.account import Account

LATE = 7 * 24 * 3600.0
"""Seconds after a customer's last sign in which a person (HUMAN_AGENT) may answer."""


class Page(Account):
    """One page, or one professional account."""

    pictured = True

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

    def link(self, file: str) -> str:
        """Where the bytes of a file are, for whoever has the address."""
        return f"{self.world.url}/{self.channel}/cdn/{self.id}/{file}"
