"""What a provider told us, and what we ask to be sent: the two values that connectors translate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from normalizer.model import Failure, Instant, Model, Part, is_empty


class Told(Model):
    """What every event says of itself.

    ``id`` is unique per account: ``kind:native id[:version]``. ``to`` is our end in the provider's own words; empty
    where the hook alone says it. ``order`` is the provider's own order.
    """

    id: str
    to: str = ""
    order: int = 0


class MessageReceived(Told):
    """A customer wrote. ``reply_to`` and a ``Choice``'s ``of`` are provider ids here; intake finds the messages.

    ``raw`` is the provider's own item, kept where a part is ``unsupported``.
    """

    kind: Literal["message"] = "message"
    identity: str
    name: str = ""
    sent_at: Instant
    parts: tuple[Part, ...] = Field(min_length=1)
    provider_ids: tuple[str, ...] = Field(min_length=1)
    reply_to: str = ""
    raw: Any = Field(default=None, exclude_if=is_empty)


class MessageEdited(Told):
    """A customer changed a message; ``parts`` is the whole new version."""

    kind: Literal["edit"] = "edit"
    identity: str
    provider_id: str
    parts: tuple[Part, ...] = Field(min_length=1)
    edited_at: Instant
    raw: Any = Field(default=None, exclude_if=is_empty)


class ReachChanged(Told):
    """A customer blocked us, let us in again, opted out or in."""

    kind: Literal["reach"] = "reach"
    identity: str
    name: str = ""
    change: Literal["blocked", "unblocked", "opted_out", "opted_in"]
    at: Instant


class ReceiptReceived(Told):
    """The provider's later word on a message that we sent."""

    kind: Literal["receipt"] = "receipt"
    provider_id: str
    status: Literal["sent", "delivered", "read", "failed"]
    failure: Failure | None = None
    at: Instant | None = None


Event = Annotated[
    MessageReceived | MessageEdited | ReachChanged | ReceiptReceived,
    Field(discriminator="kind"),
]


class Outgoing(Model):
    """A message to send. ``to`` is the identity; ``reply_to`` is a provider id.

    ``media_urls`` holds, per media id, an address where the provider may fetch it for a while.
    """

    id: str
    to: str
    parts: tuple[Part, ...]
    reply_to: str | None = None
    media_urls: dict[str, str] = Field(default_factory=dict)
