"""How what WhatsApp says is read, in webhooks and in answers, and what both have in common.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
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


class Details(Said):
    """More of what went wrong."""

    details: str = ""


class Trouble(Said):
    """Why a message did not arrive."""

    code: int = Field(ge=0, lt=2**31)
    title: str = ""
    message: str = ""
    error_data: Details = Details()


class Named(Said):
    """Something with an id."""

    id: Name


class Sent(Said):
    """What a call to send is answered with: the ids of what was sent."""

    messages: tuple[Named, ...] = ()
