"""What WhatsApp says in a webhook: only the fields that we read, the rest is ignored.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from connectors.whatsapp.said import Name, Said, Seconds


class Number(Said):
    """Which of our numbers a webhook is about."""

    phone_number_id: Name


class Profile(Said):
    """How somebody calls themselves; both change at will."""

    name: str = ""
    username: str = ""


class Known(Said):
    """Somebody whom a webhook is about. Any of the ids may be missing: a user name hides the phone number."""

    profile: Profile = Profile()
    wa_id: str = ""
    user_id: str = ""
    parent_user_id: str = ""


class File(Said):
    """A picture, a film, a sound, a document, a sticker."""

    id: Name
    mime_type: str = ""
    filename: str = ""
    voice: bool = False


class Captioned(Said):
    """The words under a file, which are there even if the file cannot be read."""

    caption: str = ""


class Words(Said):
    """A text."""

    body: Name


class Place(Said):
    """A place on the map."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str = ""
    address: str = ""


class CardName(Said):
    """The name on a card."""

    formatted_name: str = ""
    first_name: str = ""
    last_name: str = ""


class CardPhone(Said):
    """A number on a card."""

    phone: str = ""
    wa_id: str = ""


class CardEmail(Said):
    """An address on a card."""

    email: str = ""


class Card(Said):
    """Somebody's card."""

    name: CardName = CardName()
    phones: tuple[CardPhone, ...] = ()
    emails: tuple[CardEmail, ...] = ()


class Picked(Said):
    """A button or a row of a list."""

    id: str = ""
    title: str = ""


class Form(Said):
    """What somebody filled in: ``response_json`` is JSON within a text."""

    name: str = ""
    body: str = ""
    response_json: Any = None


class Interactive(Said):
    """An answer to buttons, a list, a flow."""

    type: str = ""
    button_reply: Picked | None = None
    list_reply: Picked | None = None
    nfm_reply: Form | None = None


class Button(Said):
    """A quick reply of a template."""

    payload: str = ""
    text: str = ""


class Reaction(Said):
    """An emoji on a message; none, or an empty one, takes it off."""

    message_id: Name
    emoji: str = ""


class Ordered(Said):
    """One line of an order."""

    product_retailer_id: str = ""
    quantity: str = ""
    item_price: str = ""
    currency: str = ""


class Order(Said):
    """A cart that somebody sent."""

    text: str = ""
    product_items: tuple[Ordered, ...] = ()


class System(Said):
    """WhatsApp's own remark."""

    body: str = ""
    type: str = ""
    wa_id: str = ""
    new_wa_id: str = ""
    user_id: str = ""
    parent_user_id: str = ""
    previous_user_id: str = ""
    previous_parent_user_id: str = ""


class Revoke(Said):
    """A message taken back."""

    original_message_id: Name


class Edit(Said):
    """A message changed; ``message`` is an item of its own."""

    original_message_id: Name
    message: Any = None


class Product(Said):
    """The product that somebody asks about."""

    product_retailer_id: Name


class Context(Said):
    """What a message answers."""

    id: str = ""
    referred_product: Product | None = None


class Referred(Said):
    """The advertisement or post that somebody came by."""

    source_url: str = ""
    source_id: str = ""
    source_type: str = ""
    headline: str = ""
    body: str = ""
    ctwa_clid: str = ""


class Strange(Said):
    """What WhatsApp does not hand on."""

    type: str = ""


class Message(Said):
    """An item of ``messages`` or ``message_echoes``. ``kind`` names the field that holds what was said."""

    id: str = ""
    kind: str = Field("", alias="type")
    timestamp: Seconds = 0
    sender: str = Field("", alias="from")
    from_user_id: str = ""
    from_parent_user_id: str = ""
    to: str = ""
    to_user_id: str = ""
    to_parent_user_id: str = ""
    group_id: str = ""
    context: Context = Context()
    referral: Referred | None = None
    text: Words | None = None
    location: Place | None = None
    contacts: tuple[Card, ...] = ()
    interactive: Interactive | None = None
    button: Button | None = None
    reaction: Reaction | None = None
    order: Order | None = None
    system: System | None = None
    edit: Edit | None = None
    revoke: Revoke | None = None
    unsupported: Strange = Strange()
