"""What a provider told us, and what we ask to be sent: the two values that connectors translate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from normalizer.model import Failure, Instant, Model, Part, Referral, is_empty


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

    ``quote`` is the piece of the earlier message that is quoted; what was sent together shares an ``album``.
    ``aliases`` are other identities of the same person, by the provider's own word. ``window_until``: so long it lets
    us answer freely, where it says more than the channel's rule.
    ``raw`` is the provider's own item, kept where a part is ``unsupported``.
    """

    kind: Literal["message"] = "message"
    identity: str
    name: str = ""
    sent_at: Instant
    parts: tuple[Part, ...] = Field(min_length=1)
    provider_ids: tuple[str, ...] = Field(min_length=1)
    reply_to: str = ""
    quote: str = Field(default="", exclude_if=is_empty)
    album: str = Field(default="", exclude_if=is_empty)
    aliases: tuple[str, ...] = Field(default=(), exclude_if=is_empty)
    window_until: Instant | None = Field(default=None, exclude_if=is_empty)
    referral: Referral | None = Field(default=None, exclude_if=is_empty)
    raw: Any = Field(default=None, exclude_if=is_empty)


class MessageEdited(Told):
    """A customer changed a message; ``parts`` is the whole new version."""

    kind: Literal["edit"] = "edit"
    identity: str
    provider_id: str
    parts: tuple[Part, ...] = Field(min_length=1)
    edited_at: Instant
    raw: Any = Field(default=None, exclude_if=is_empty)


class MessageDeleted(Told):
    """A customer took a message back."""

    kind: Literal["deletion"] = "deletion"
    provider_id: str
    at: Instant


class Reacted(Told):
    """A customer put emojis on a message, ours or theirs, or took them off: ``emojis`` is all that is there now."""

    kind: Literal["reaction"] = "reaction"
    identity: str
    name: str = ""
    provider_id: str
    emojis: tuple[str, ...]
    at: Instant


class ReachChanged(Told):
    """A customer blocked us, let us in again, opted out or in."""

    kind: Literal["reach"] = "reach"
    identity: str
    name: str = ""
    change: Literal["blocked", "unblocked", "opted_out", "opted_in"]
    at: Instant


class Echoed(Told):
    """A message of our side, as the provider tells of it, whichever tool sent it; ``identity`` is the customer's.

    ``ref`` is the id of our own message, where the provider gives back what was sent along.
    """

    kind: Literal["echo"] = "echo"
    identity: str
    name: str = ""
    sent_at: Instant
    parts: tuple[Part, ...] = Field(min_length=1)
    provider_ids: tuple[str, ...] = Field(min_length=1)
    ref: str = ""


class IdentityChanged(Told):
    """The provider names a person anew: ``identity`` is who ``previous`` was.

    ``previous_aliases`` are the other names that it knew them by: we may know them by one of those only.
    """

    kind: Literal["identity"] = "identity"
    identity: str
    previous: str
    previous_aliases: tuple[str, ...] = Field(default=(), exclude_if=is_empty)
    aliases: tuple[str, ...] = ()
    at: Instant


class Watermark(Told):
    """Everything that we sent to an identity up to ``at`` was delivered, or read."""

    kind: Literal["watermark"] = "watermark"
    identity: str
    status: Literal["delivered", "read"]
    at: Instant


class ReceiptReceived(Told):
    """The provider's later word on a message that we sent; ``ref`` is our own id, where it gives that back.

    ``window_until``: so long it lets us write freely, where our message opened more than the channel's rule says.
    """

    kind: Literal["receipt"] = "receipt"
    provider_id: str
    ref: str = Field(default="", exclude_if=is_empty)
    identity: str = Field(default="", exclude_if=is_empty)
    status: Literal["sent", "delivered", "read", "failed"]
    failure: Failure | None = None
    window_until: Instant | None = Field(default=None, exclude_if=is_empty)
    at: Instant | None = None


Event = Annotated[
    MessageReceived
    | MessageEdited
    | MessageDeleted
    | Reacted
    | ReachChanged
    | ReceiptReceived
    | Echoed
    | IdentityChanged
    | Watermark,
    Field(discriminator="kind"),
]


class Outgoing(Model):
    """A message to send. ``to`` is the identity; ``reply_to`` is a provider id.

    ``media_urls`` holds, per media id, an address where the provider may fetch it for a while. ``window`` is how the
    reply window stands as it is sent, and ``callback_url`` the public address of the account's own hook, if it has one.
    """

    id: str
    to: str
    parts: tuple[Part, ...]
    reply_to: str | None = None
    media_urls: dict[str, str] = Field(default_factory=dict)
    window: Literal["open", "late", "closed"] = "open"
    callback_url: str = ""
