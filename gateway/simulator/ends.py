"""Our ends of one channel: found by their ids, made when they are first called, shown to the control API."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from aiohttp import web

from gateway.simulator import portraits
from gateway.simulator.account import Account
from gateway.simulator.delivery import Deliverer
from gateway.simulator.faults import COMMON, Fault
from gateway.simulator.store import Json
from gateway.simulator.world import Deed, Fields, Refusal, Target, Upload, World

A = TypeVar("A", bound=Account)


class Ends(ABC, Generic[A]):
    """The half of a channel that is about our side; see `world.Channel` for what each power is for."""

    name: str  # `twilio`: in addresses and in faults
    title: ClassVar[str]  # `SMS`: on the page's tab
    provider: ClassVar[str] = ""  # `Twilio`: whose it is, when the title does not say it
    dress: ClassVar[str] = ""  # how the page dresses a chat, a CSS class; a chat's own `dress` goes before
    ids: ClassVar[re.Pattern[str]] = re.compile(r"\d{1,20}")  # how accounts are named in the control API
    says: ClassVar[Sequence[str]] = ("text",)  # the kinds that customers can send: see `saying.read`
    asks: ClassVar[Sequence[str]] = ("name",)  # the fields that a new customer has on the page
    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {}  # deeds that the page offers: their fields, with suggestions
    configures: ClassVar[Sequence[str]] = ("webhook", "secret")  # what the page lets one say about an account
    example: ClassVar[str] = "1000001"  # an id that the page suggests for the first account
    snippet: ClassVar[str] = ""  # the gateway's configuration of an account here, with `{address}` for the API's
    faults: frozenset[str] = COMMON
    sends: frozenset[str] = frozenset()  # names of the calls that make a message
    parallel: ClassVar[int] = 40  # webhooks of one account under way at once
    attempts: int | None = None  # how often a webhook is posted; None: for a day

    def __init__(self, world: World) -> None:
        self.world = world
        self._accounts: dict[str, A] = {}

    @abstractmethod
    def make(self, account: str) -> A:
        """An account by its id, new or as the store has it."""

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """The provider's own API, under `/{name}/…`."""

    @abstractmethod
    def kind(self, body: bytes) -> str:
        """In one word, what a webhook tells: `message`, `status.delivered` …; faults choose by it."""

    @abstractmethod
    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:
        """The content type of a webhook and its signature."""

    @abstractmethod
    def configure(self, account: str, fields: Fields) -> Json:
        """Say something about one of our ends, making it if it is new."""

    @abstractmethod
    def add_person(self, account: str, fields: Fields) -> Json:
        """A new customer of an account."""

    @property
    @abstractmethod
    def deeds(self) -> Mapping[str, Deed]:
        """What customers can do, by name."""

    def account(self, name: str) -> A:
        """One of our ends; one that did not exist now does."""
        found = self._accounts.get(name)
        if found is None:
            found = self._accounts[name] = self.make(name)
            found.deliverer = Deliverer(self.world, self, name)
            self.world.traffic.keep_secret(name, *self.secrets(found))
        return found

    def known(self) -> list[A]:
        """Our ends that were ever called or configured."""
        return [account for _, account in sorted(self._accounts.items()) if account.seen]

    def secrets(self, account: A) -> Sequence[str]:
        """What the traffic must not show."""
        return [str(account.settings.get("secret", ""))]

    async def start(self) -> None:
        """Accounts whose webhooks wait begin to deliver them again."""
        for key, _ in self.world.store.every("account", f"{self.name}/"):
            self.account(key.partition("/")[2])

    def about(self) -> Json:
        """What the page must know of the channel."""
        return {
            "name": self.name,
            "title": self.title,
            "provider": self.provider or self.title,
            "dress": self.dress or self.name,
            "says": list(self.says),
            "deeds": list(self.deeds),
            "asks": list(self.asks),
            "acts": {deed: dict(fields) for deed, fields in self.acts.items()},
            "configures": list(self.configures),
            "example": self.example,
            "snippet": self.snippet,
            "faults": sorted(self.faults),
            "sends": sorted(self.sends),
        }

    def check(self, account: str) -> None:
        """Raises Refusal when an account cannot be named so."""
        if not self.ids.fullmatch(account):
            raise Refusal(404, "an account is named by its number")

    def accounts(self) -> list[Json]:
        """Our ends with their customers, as the page shows them."""
        return [{**account.shown(), "people": self.people(account.id)} for account in self.known()]

    def people(self, account: str) -> list[Json]:
        """The customers of an account and their chats."""
        end = self.account(account)
        return [end.shown_chat(chat) for chat in end.chats()]

    def messages(self, account: str, chat: str, after: int, limit: int) -> list[Json]:
        """Everything in a chat, oldest first."""
        return self.account(account).messages(chat, after, limit)

    def file(self, account: str, number: str) -> Upload | None:
        """A file by its id."""
        return self.account(account).file(number)

    def picture(self, account: str, chat: str) -> Upload | None:
        """What a customer looks like, or None."""
        end = self.account(account)
        found = end.find_chat(chat)
        return portraits.face(end, found) if found else None

    def change_picture(self, account: str, chat: str, fields: Fields) -> Json:
        """Give a customer another picture, or none: see `portraits.change`."""
        end = self.account(account)
        found = end.find_chat(chat)
        if found is None:
            raise Refusal(404, f"no customer has the number {chat}")
        return end.shown_chat(portraits.change(end, found, fields))

    def ordered(self, fault: Fault) -> None:
        """A fault was ordered; most need no preparation."""

    def said(self, params: Json) -> str:
        """The words of an accepted call, wherever this provider has them."""
        for found in (params.get("text"), params.get("Body"), params.get("message")):
            inner = found.get("body", found.get("text")) if isinstance(found, dict) else found
            if isinstance(inner, str):
                return inner
        return ""

    def target(self, account: str) -> Target | None:
        """Where webhooks go, or None while nobody said it."""
        settings = self._accounts[account].settings if account in self._accounts else {}
        url = settings.get("webhook")
        return Target(str(url), self.parallel) if url else None

    def delivered(self, account: str, body: bytes) -> None:
        """A webhook was acknowledged; most providers do not read how."""

    def undelivered(self, account: str, why: str) -> None:
        """The last failure, for the page."""
        self.account(account).set(last_error_message=why)
