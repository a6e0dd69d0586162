"""A faithful local Telegram: its Bot API, its webhooks, and customers to write with. https://core.telegram.org/bots/api"""

from collections.abc import Mapping
from functools import partial

import orjson
from aiohttp import web

from gateway.simulator.ends import Ends
from gateway.simulator.faults import CALLS, WEBHOOKS, Fault
from gateway.simulator.store import Json
from gateway.simulator.telegram import media
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.customers import DEEDS, add_person
from gateway.simulator.telegram.endpoint import Endpoint
from gateway.simulator.telegram.errors import ApiError
from gateway.simulator.telegram.methods import MESSAGES
from gateway.simulator.world import Deed, Fields, Refusal, Target, World


class Telegram(Ends[Bot]):
    """The Telegram channel. Its chats keep Telegram's own messages, so it brings its customers' deeds itself."""

    name = NAME
    title = "Telegram"
    says = ("text", *media.KINDS, "location", "contact", "album", "entities", "reply", "quote")
    asks = ("first_name", "last_name", "username", "language_code")
    configures = ()
    snippet = (
        "accounts:\n  support-telegram:\n    connector: telegram\n    api: {address}\n"
        "    token: 1000001:any-letters\n    secret: any-secret"
    )
    faults = (CALLS | WEBHOOKS) - {"error"}
    sends = MESSAGES

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._endpoint = Endpoint(world, self.account)

    def make(self, account: str) -> Bot:
        """A bot by its number."""
        return Bot(self.world, account)

    def routes(self) -> list[web.RouteDef]:
        """The Bot API."""
        return self._endpoint.routes()

    @property
    def deeds(self) -> Mapping[str, Deed]:
        """What customers can do."""
        return {name: partial(self._do, name) for name in DEEDS}

    async def _do(self, name: str, account: str, chat: str, fields: Fields) -> Json:
        try:
            return await DEEDS[name](self.account(account), chat, fields)
        except ApiError as problem:
            raise Refusal(problem.code, problem.description) from None

    def configure(self, account: str, fields: Fields) -> Json:
        """Give a bot its `name` and `username`; its webhook is set by setWebhook."""
        bot = self.account(account)
        bot.set(**{field: str(fields[field]) for field in ("name", "username") if fields.get(field)})
        return bot.shown()

    def add_person(self, account: str, fields: Fields) -> Json:
        """A customer who has not pressed Start yet."""
        return add_person(self.account(account), fields)

    def ordered(self, fault: Fault) -> None:
        """A chat that is to migrate needs the supergroup it moves to; its person can write there too."""
        if fault.kind != "migrate" or fault.account is None or fault.to is None:
            return
        bot = self.account(fault.account)
        old = bot.find_chat(fault.chat or "")
        if old is None or bot.find_chat(str(fault.to)) is not None:
            return
        title = f"{bot.shown_chat(old)['name']} (supergroup)"
        bot.put_chat({**old, "id": fault.to, "type": "supergroup", "title": title, "started": True, "blocked": False})
        bot.put_chat({**old, "migrated_to": fault.to})

    def target(self, account: str) -> Target | None:
        """The webhook that was set, or None."""
        settings = self._accounts[account].settings if account in self._accounts else {}
        url = settings.get("url")
        return Target(url, settings["max_connections"]) if url else None

    def kind(self, body: bytes) -> str:
        """The one key of an update beside its id."""
        return next((key for key in orjson.loads(body) if key != "update_id"), "update")

    def said(self, params: Json) -> str:
        """The words of an accepted call."""
        return str(params.get("text", ""))

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  nothing is signed here
        """JSON, and the secret that setWebhook gave."""
        secret = self.account(account).settings.get("secret")
        plain = {"Content-Type": "application/json"}
        return {**plain, "X-Telegram-Bot-Api-Secret-Token": secret} if secret else plain

    def delivered(self, account: str, body: bytes) -> None:
        """The answer of a webhook may be a call."""
        if body.lstrip().startswith(b"{"):
            self.world.spawn(self._endpoint.perform_reply(self.account(account), body))

    def undelivered(self, account: str, why: str) -> None:
        """The last failure, which getWebhookInfo tells."""
        self.account(account).set(last_error_date=int(self.world.now()), last_error_message=why)
