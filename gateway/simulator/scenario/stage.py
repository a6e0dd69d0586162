"""The simulator as a scenario uses it: its control API, who is there, and what was said so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

from gateway.simulator.scenario.model import Account, Customer, Scenario
from gateway.simulator.store import Json

WANTED = ["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"]
PATIENCE = aiohttp.ClientTimeout(total=60)


class NotDone(Exception):
    """A step cannot be done: why, in words."""


@dataclass(frozen=True)
class Chat:
    """Where a customer writes."""

    channel: str
    account: str  # the bot's number, or our number or id
    number: str

    @property
    def path(self) -> str:
        """Where the control API has it."""
        return f"/api/{self.channel}/{self.account}/chats/{self.number}"


@dataclass(frozen=True)
class Sent:
    """A customer's message on its way."""

    chat: Chat
    update: int
    at: float  # seconds since 1970
    wants: str | None = None  # the one answer that it wants, if it says so


@dataclass
class Stage:
    """One scenario on one simulator."""

    session: aiohttp.ClientSession
    url: str
    scenario: Scenario
    chats: dict[str, Chat] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)  # those that have a name
    sent: list[Sent] = field(default_factory=list)
    met: set[tuple[Chat, int, str]] = field(default_factory=set)  # messages that an expectation has met

    async def ask(self, method: str, path: str, **given: Any) -> Any:
        """Ask the simulator; raises NotDone with its reason."""
        try:
            async with self.session.request(method, f"{self.url}{path}", timeout=PATIENCE, **given) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            raise NotDone(f"no simulator answers at {self.url}: {problem}") from None
        said = _read(body)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            reason = said.get("error", said.get("description")) if isinstance(said, dict) else None
            raise NotDone(str(reason or f"the simulator answered {answer.status}"))
        return said

    async def deed(self, chat: Chat, what: str, fields: Mapping[str, Any] | aiohttp.FormData) -> Any:
        """A customer does something."""
        given = {"data": fields} if isinstance(fields, aiohttp.FormData) else {"json": fields}
        return await self.ask("POST", f"{chat.path}/{what}", **given)

    async def seen(self, chat: Chat) -> list[Json]:
        """What is on a customer's phone, oldest first."""
        said = await self.ask("GET", f"{chat.path}/messages?limit=500")
        found: list[Json] = said["data"]
        return found

    def named(self, name: str) -> int:
        """The message that an earlier step named; raises NotDone when that step has failed."""
        if name not in self.messages:
            raise NotDone(f'there is no message "{name}": the step that names it has failed')
        return self.messages[name]

    async def open(self, gateway: str) -> None:
        """Make the accounts and the customers; set the webhooks that the scenario knows."""
        for account in self.scenario.accounts.values():
            await self._configure(account, gateway)
        for name, customer in self.scenario.customers.items():
            self.chats[name] = await self.person(name, customer)

    async def _configure(self, account: Account, gateway: str) -> None:
        url = account.hook if "://" in account.hook or not account.hook else f"{gateway}/{account.hook.lstrip('/')}"
        place, secret = f"/api/{account.channel}/{account.number}", account.secret.get_secret_value()
        if account.channel != "telegram":
            hooked = {"webhook": url, "secret": secret} if url else {}
            named = {"name": account.name} if account.name else {}
            await self.ask("POST", place, json={**account.settings, **hooked, **named})
            return
        await self.ask("POST", place, json={"name": account.name or None})
        if url:
            fields = {"url": url, "secret_token": secret, "allowed_updates": WANTED}
            await self.ask("POST", f"/telegram/bot{account.token.get_secret_value()}/setWebhook", json=fields)

    async def person(self, name: str, customer: Customer) -> Chat:
        """Make a customer."""
        account = self.account(customer.account)
        first, _, last = (customer.name or name).partition(" ")
        more = {"username": customer.username, "language_code": customer.language, "id": customer.id}
        fields = {"first_name": first, "last_name": last, **more}
        made = await self.ask("POST", f"/api/{account.channel}/{account.number}/people", json=fields)
        return Chat(account.channel, account.number, str(made["id"]))

    def account(self, name: str) -> Account:
        """An account by its name in the scenario; the first one when it has none."""
        accounts = self.scenario.accounts
        return accounts[name] if name else next(iter(accounts.values()))


def _read(body: bytes) -> Any:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
