"""A simulated provider: all that channels have in common; a channel is a subclass with what its provider does differently."""

import re
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.simulator import saying
from gateway.simulator.account import Account
from gateway.simulator.calls import Call, Desk, Said
from gateway.simulator.customers import DEEDS, Customers
from gateway.simulator.ends import A, Ends
from gateway.simulator.faults import Fault
from gateway.simulator.receipts import Receipts
from gateway.simulator.store import Json
from gateway.simulator.world import Deed, Fields, Refusal, World

Own = Callable[[A, Json, Fields], Coroutine[Any, Any, Json]]
NAMES = ("name", "first_name", "last_name")


class Configuration(BaseModel):
    """What one says about an account at the provider by hand, here by `POST /api/{channel}/{account}`.

    A field that is absent keeps its value; null forgets it. Channels add fields of their own.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: str | None = None
    webhook: str | None = None  # where customers' messages and receipts are posted
    secret: str | None = None  # what signs them
    delivered_after: float | None = Field(default=None, ge=0, le=3600)  # seconds until a receipt says so
    read_after: float | None = Field(default=None, ge=0, le=3600)  # seconds; None: when the customer opens the chat


class Provider(Ends[A], Customers[A]):
    """What every channel has. A subclass names itself and brings the abstract methods; the rest it may replace."""

    can: ClassVar[Sequence[str]] = ("messages",)  # the common deeds (`customers.DEEDS`) that customers can do
    steps: ClassVar[Sequence[str]] = ("sent", "delivered", "read")  # the receipts that the provider tells of
    configuration: ClassVar[type[Configuration]] = Configuration
    first_person: ClassVar[int] = 1

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.desk = Desk(world, self)
        self.receipts = Receipts(world, self.steps, self._told)

    # What a channel brings, beside `make`, `routes`, `kind` and `headers` of its ends and `heard` of its customers.

    @abstractmethod
    def too_many(self, seconds: int, call: Call) -> Said:
        """The provider's words for: too much, wait so many seconds."""

    @abstractmethod
    def wrong(self, fault: Fault, call: Call) -> Said:
        """The provider's words for `server_error`, `blocked`, `revoked_token` and `error` (with `fault.code`)."""

    def receipt(self, account: A, chat: Json, line: Json, status: str, code: int | None) -> None:
        """Push the webhook that tells `sent`, `delivered`, `read` or `failed` (with the provider's code) of a line."""

    def own_deeds(self) -> Mapping[str, Own[A]]:
        """Deeds that only this channel's customers can do."""
        return {}

    def person(self, account: A, fields: Fields) -> Json:
        """The chat of a new customer: its `id` and what else the channel keeps (`dress` …)."""
        first = self.first_person + self.world.seed
        number = saying.words(fields, "id") or str(account.world.store.next(f"person:{self.name}", first))
        if not re.fullmatch(r"[^/\s]{1,64}", number):
            raise Refusal(422, "id: a customer's id has no spaces and no slashes")
        return {"id": number}

    # What all have.

    def configure(self, account: str, fields: Fields) -> Json:
        """Say something about one of our ends, making it if it is new."""
        try:
            given = self.configuration.model_validate(dict(fields))
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            raise Refusal(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        end = self.account(account)
        end.set(**{name: getattr(given, name) for name in given.model_fields_set})
        self.world.traffic.keep_secret(account, *self.secrets(end))
        if end.deliverer is not None and "webhook" in given.model_fields_set:
            end.deliverer.reload()
        return end.shown()

    def add_person(self, account: str, fields: Fields) -> Json:
        """A customer who has not written yet: a `name`, an `id` if one is chosen, and what else the channel asks."""
        name = " ".join(part for field in NAMES if (part := saying.words(fields, field).strip()))
        if not name:
            raise Refusal(422, "name: a customer has one")
        end = self.account(account)
        with self.world.store.transaction():
            chat = {"name": name, "started": False, "blocked": False, **self.person(end, fields)}
            if end.find_chat(chat["id"]) is not None:
                raise Refusal(409, f"customer {chat['id']} is already there")
            if not end.seen:
                end.set()
            end.put_chat(chat)
        return end.shown_chat(chat)

    @property
    def deeds(self) -> Mapping[str, Deed]:
        """What customers can do, by name."""
        common: dict[str, Own[A]] = {name: getattr(self, DEEDS[name]) for name in self.can}
        return {name: partial(self._do, name, deed) for name, deed in {**common, **self.own_deeds()}.items()}

    async def _do(self, name: str, deed: Own[A], account: str, chat: str, fields: Fields) -> Json:
        end = self.account(account)
        found = end.find_chat(chat)
        if found is None:
            raise Refusal(404, f"no customer has the number {chat}")
        if name not in found.get("deeds", (name,)):
            raise Refusal(404, f"this customer can {', '.join(found['deeds'])}")
        return await deed(end, found, fields)

    def _told(self, account: Account, chat: Json, line: Json, status: str, code: int | None) -> None:
        self.receipt(self.account(account.id), chat, line, status, code)

    # What channels use.

    def accept(self, account: A, chat: Json, parts: list[Json], call: Call, *, line_id: str, **more: Any) -> Json:
        """The moment of acceptance: our line, the note of the call, and from then on its receipts. The line."""
        with self.world.store.transaction():
            line = account.new_line(chat, "out", parts, line_id=line_id, **{"status": "queued", **more})
            account.accepted(chat, call.name, call.shown, line["message_id"])
        self.receipts.follow(account, chat, line, call.name)
        return line
