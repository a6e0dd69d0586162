"""What the server's troubles mean to whoever asked: try again, or what you gave cannot be written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge, DuplicateKeyError, PyMongoError

from gateway.ports import Unavailable

DUPLICATE = 11000
"""The server's code for a unique value that is taken."""


@contextmanager
def reaching() -> Iterator[None]:
    """Around every talk with the server: raises Unavailable for its troubles, ValueError for a document it cannot hold.

    After Unavailable nobody knows whether a write was made. DuplicateKeyError passes: it is an answer.
    """
    try:
        yield
    except DuplicateKeyError:
        raise
    except (DocumentTooLarge, BSONError) as error:
        raise ValueError(f"the store cannot hold this: {error}") from error
    except BulkWriteError as error:
        raise Unavailable(f"the store refused: {_said(error)}") from error
    except PyMongoError as error:
        raise Unavailable(f"the store cannot be reached: {shortly(error)}") from error


def shortly(error: Exception) -> str:
    """What went wrong, without the map of the servers that the driver draws behind it."""
    return re.split(r" \(configured timeouts|, Timeout: |, Topology Description: ", str(error), maxsplit=1)[0]


def taken(error: BulkWriteError) -> list[int]:
    """Which documents of a bulk insert were refused for a unique value. Raises Unavailable for any other trouble."""
    refused = error.details.get("writeErrors", [])
    if error.details.get("writeConcernErrors") or any(one.get("code") != DUPLICATE for one in refused):
        raise Unavailable(f"the store refused: {_said(error)}") from error
    return [one["index"] for one in refused]


def _said(error: BulkWriteError) -> str:
    troubles = [*error.details.get("writeConcernErrors", ()), *error.details.get("writeErrors", ())]
    return str(troubles[0].get("errmsg", "")) if troubles else str(error)
