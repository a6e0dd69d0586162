"""What every value of the format is made of: frozen models and times."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainSerializer


def in_utc_milliseconds(time: datetime) -> datetime:
    """The same instant in UTC, cut to the millisecond, which is all that the format keeps; raises ValueError."""
    if time.tzinfo is not UTC:
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            raise ValueError("in UTC this is before the year 1 or after the year 9999") from None
    return time if time.microsecond % 1000 == 0 else time.replace(microsecond=time.microsecond // 1000 * 1000)


@lru_cache(1024)  # in a burst, many records share a moment
def rfc3339(time: datetime) -> str:
    """``2026-11-22T09:00:00.000Z``: the one way a time is written. Takes a time in UTC."""
    return (
        f"{time.year:04}-{time.month:02}-{time.day:02}T{time.hour:02}:{time.minute:02}:{time.second:02}."
        f"{time.microsecond // 1000:03}Z"
    )


Instant = Annotated[
    AwareDatetime,
    AfterValidator(in_utc_milliseconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]


def is_empty(value: object) -> bool:
    """Whether an optional field is left out of the JSON."""
    return value is None or value in ("", (), {}, [])


class Model(BaseModel):
    """A frozen value. It ignores unknown fields when the log is read; the API validates with ``extra="forbid"``."""

    model_config = ConfigDict(frozen=True, extra="ignore")
