"""What WhatsApp says in a webhook: only the fields that we read, the rest is ignored.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic import field_validator as validator
from pydantic_core import PydanticUndefined

Seconds = Annotated[int, Field(ge=0, lt=250_000_000_000)]
"""Since 1970, as a text or a number, well before the year 10000; 0 stands for none."""
Name = Annotated[str, Field(min_length=1)]


class Said(BaseModel):
    """A value of WhatsApp's. A field that cannot be read is as if it had not been said, unless nothing is without it."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    @validator("*", mode="wrap")
    @classmethod
    def _or_nothing(cls, value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return read(value)
        except ValidationError:
            default = cls.model_fields[str(info.field_name)].get_default(call_default_factory=True)
            if default is PydanticUndefined:
                raise
            return default


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


class Details(Said):
    """More of what went wrong."""

    details: str = ""


class Trouble(Said):
    """Why a message did not arrive."""

    code: int = Field(ge=0, lt=2**31)
    title: str = ""
    message: str = ""
    error_data: Details = Details()


class Status(Said):
    """What became of a message of ours."""

    id: Name
    status: str = ""
    timestamp: Seconds = 0
    recipient_id: str = ""
    recipient_type: str = ""
    recipient_user_id: str = ""
    biz_opaque_callback_data: str = ""
    errors: tuple[Trouble, ...] = ()


class Named(Said):
    """Something with an id."""

    id: Name


class Sent(Said):
    """What a call to send is answered with: the ids of what was sent."""

    messages: tuple[Named, ...] = ()
