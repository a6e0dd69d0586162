"""What is true beside the log: what was tried and what came back, and what arrived and has no place yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import orjson
from pymongo.errors import DuplicateKeyError

from connectors.api import Answer
from gateway.adapters.instants import millis, moment
from gateway.adapters.mongo.collection import Document
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.trouble import reaching
from gateway.ports import Attempt, Clock, Kept, KeptEntry, Unavailable


class AttemptsPart:
    """Implements ``gateway.ports.Attempts``.

    An attempt is a document that nothing ever changes, and its answer another one. So an owner that was overtaken, and
    comes back late, can neither begin again what somebody has begun nor spoil what somebody has read: what it may
    still write is the answer to its own call, once.
    """

    _collections: Collections
    _clock: Clock

    def __init__(self) -> None:
        self._doubted: dict[str, str] = {}
        """Attempts of which we do not know whether they were written, and the word each was written with. Nobody was
        told to call, so they may be begun again, here; to every other process they are attempts without an answer."""

    async def begin(self, attempt: Attempt) -> bool:
        """See ``gateway.ports.Attempts``. Raises Unavailable, and then nobody may call; asking again is safe."""
        doubted = self._doubted.pop(attempt.id, None)
        word = doubted or self._clock.new_id("try")
        try:
            with reaching():
                try:
                    await self._collections.attempts.insert_one(_attempt_row(attempt, word))
                except DuplicateKeyError:
                    return doubted is not None and await self._wrote(attempt.id, doubted)
        except BaseException:  # also when whoever asked has gone
            self._doubted[attempt.id] = word
            raise
        return True

    async def _wrote(self, attempt_id: str, word: str) -> bool:
        """Whether it was written after all, when we were not told."""
        found = await self._collections.attempts.find_one({"_id": attempt_id})
        if found is None:
            raise Unavailable(f"nobody can say yet who has begun {attempt_id}")
        wrote: bool = found["word"] == word
        return wrote

    async def finish(self, attempt: Attempt) -> None:
        """See ``gateway.ports.Attempts``. The first answer stays: another one is the same, told again."""
        with reaching(), suppress(DuplicateKeyError):
            await self._collections.answers.insert_one(_answer_row(attempt))

    async def attempts(self, message_id: str) -> Sequence[Attempt]:
        """See ``gateway.ports.Attempts``."""
        with reaching():
            found = await self._collections.attempts.find({"message": message_id}).to_list()
            found = [one for one in found if self._doubted.get(one["_id"]) != one["word"]]
            if not found:
                return []
            answers = await self._collections.answers.find({"message": message_id}).to_list()
        answered = {one["_id"]: one for one in answers}
        found.sort(key=lambda one: (one["step"], one["number"]))
        return [_attempt(one, answered.get(one["_id"])) for one in found]


class LeftoversPart:
    """Implements ``gateway.ports.Leftovers``."""

    _collections: Collections
    _clock: Clock

    async def keep(self, kept: Kept) -> None:
        """See ``gateway.ports.Leftovers``."""
        with reaching(), suppress(DuplicateKeyError):  # it was kept, and nobody was told
            await self._collections.kept.insert_one(_kept_row(kept))

    async def kept(self, limit: int, before: str | None = None, hook: str | None = None) -> Sequence[KeptEntry]:
        """See ``gateway.ports.Leftovers``."""
        wanted: Document = {} if before is None else {"_id": {"$lt": before}}
        if hook is not None:
            wanted["hook"] = hook
        with reaching():
            asked = self._collections.kept.find(wanted, {"body": 0, "headers": 0}, sort=[("_id", -1)], limit=limit)
            found = await asked.to_list()
        return [KeptEntry(one["_id"], one["hook"], one["why"], moment(one["at"]), one["size"]) for one in found]

    async def kept_one(self, kept_id: str) -> Kept | None:
        """See ``gateway.ports.Leftovers``."""
        with reaching():
            found = await self._collections.kept.find_one({"_id": kept_id})
        return None if found is None else _kept(found)

    async def forget_kept(self, kept_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        with reaching():
            await self._collections.kept.delete_one({"_id": kept_id})

    async def keep_unmatched(self, account: str, provider_id: str, event_id: str, event: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        row = {
            "_id": _news_id(account, event_id),
            "account": account,
            "provider_id": provider_id,
            "event": event,
            "at": millis(self._clock.now()),
        }
        with reaching(), suppress(DuplicateKeyError):  # told twice
            await self._collections.unmatched.insert_one(row)

    async def unmatched(self, account: str, provider_ids: Sequence[str]) -> Sequence[str]:
        """See ``gateway.ports.Leftovers``. In the order of the ids that were asked, then of the events'."""
        if not provider_ids:
            return []
        with reaching():
            wanted = {"account": account, "provider_id": {"$in": list(provider_ids)}}
            found = await self._collections.unmatched.find(wanted, sort=[("_id", 1)]).to_list()
        found.sort(key=lambda one: provider_ids.index(one["provider_id"]))
        return [one["event"] for one in found]

    async def waiting_news(self) -> Sequence[tuple[str, str]]:
        """See ``gateway.ports.Leftovers``."""
        with reaching():
            found = await self._collections.unmatched.find({}, {"account": 1, "provider_id": 1}).to_list()
        return sorted({(one["account"], one["provider_id"]) for one in found})

    async def matched(self, account: str, event_id: str) -> None:
        """See ``gateway.ports.Leftovers``."""
        with reaching():
            await self._collections.unmatched.delete_one({"_id": _news_id(account, event_id)})


def _attempt_row(attempt: Attempt, word: str) -> Document:
    return {
        "_id": attempt.id,
        "message": attempt.message,
        "step": attempt.step,
        "number": attempt.number,
        "name": attempt.name,
        "part": attempt.part,
        "started_at": millis(attempt.started_at),
        "word": word,
    }


def _answer_row(attempt: Attempt) -> Document:
    answer = attempt.answer
    return {
        "_id": attempt.id,
        "message": attempt.message,
        "started_at": millis(attempt.started_at),
        "status": None if answer is None else answer.status,
        "headers": None if answer is None else orjson.dumps(dict(answer.headers)).decode(),
        "body": None if answer is None else answer.body,
        "error": attempt.error,
        "never_sent": attempt.never_sent,
    }


def _attempt(begun: Document, answered: Document | None) -> Attempt:
    status = None if answered is None else answered["status"]
    return Attempt(
        id=begun["_id"],
        message=begun["message"],
        step=begun["step"],
        number=begun["number"],
        name=begun["name"],
        part=begun["part"],
        started_at=moment(begun["started_at"]),
        answer=None if answered is None or status is None else Answer(status, _headers(answered), answered["body"]),
        error="" if answered is None else answered["error"],
        never_sent=answered is not None and answered["never_sent"],
    )


def _kept_row(kept: Kept) -> Document:
    return {
        "_id": kept.id,
        "hook": kept.hook,
        "why": kept.why,
        "at": millis(kept.at),
        "method": kept.method,
        "path": kept.path,
        "headers": orjson.dumps(dict(kept.headers)).decode(),
        "body": kept.body,
        "size": len(kept.body),
        "accounts": list(kept.accounts),
    }


def _kept(found: Document) -> Kept:
    return Kept(
        id=found["_id"],
        hook=found["hook"],
        why=found["why"],
        at=moment(found["at"]),
        method=found["method"],
        path=found["path"],
        headers=_headers(found),
        body=found["body"],
        accounts=tuple(found["accounts"]),
    )


def _headers(found: Document) -> dict[str, str]:
    """They are kept as JSON: their names may have dots, which not every server takes as names of fields."""
    headers: dict[str, str] = orjson.loads(found["headers"])
    return headers


def _news_id(account: str, event_id: str) -> str:
    return f"{account}:{event_id}"
