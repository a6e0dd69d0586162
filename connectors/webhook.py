"""What comes in: a webhook's request, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook call as it arrived. Header names are lower-case; the clock is read by whoever received it."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    received_at: datetime
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def read(self, model: type[M]) -> M:
        """The JSON body as ``model``; raises Malformed, which never quotes what was sent."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            raise Malformed(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider reads in our answer."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


class Rejected(Exception):
    """The request is not the provider's: 401, and not a word to the caller."""


class Malformed(Exception):
    """The request is the provider's but cannot be read: kept for the operator, and answered 200."""
