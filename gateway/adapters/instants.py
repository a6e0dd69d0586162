"""Times as the stores and the journal keep them: whole milliseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@overload
def millis(time: datetime) -> int: ...
@overload
def millis(time: datetime | None) -> int | None: ...
def millis(time: datetime | None) -> int | None:
    """Milliseconds since 1970."""
    return None if time is None else (time - _EPOCH) // _MILLISECOND


@overload
def moment(value: int) -> datetime: ...
@overload
def moment(value: int | None) -> datetime | None: ...
def moment(value: int | None) -> datetime | None:
    """The time of so many milliseconds since 1970."""
    return None if value is None else _EPOCH + value * _MILLISECOND
