"""A faithful local Telegram: its Bot API, its webhooks, and customers to write with. https://core.telegram.org/bots/api"""

from collections.abc import Mapping
from functools import partial

import orjson
from aiohttp import web

from gateway.simulator.delivery import Deliverer
from gateway.simulator.faults import Fault
from gateway.simulator.store import Json
from gateway.simulator.telegram import files
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.customers import DEEDS, add_person
from gateway.simulator.telegram.endpoint import Endpoint
from gateway.simulator.telegram.errors import ApiError
from gateway.simulator.world import Deed, Fields, Refusal, Target, Upload, World


class Telegram:
    """The Telegram channel of the simulator; see `world.Channel` for what each power is for."""

    name = NAME
    title = "Telegram"

    def __init__(self, world: World) -> None:
        self._world = world
        self._bots: dict[str, Bot] = {}
        self._endpoint = Endpoint(world, self._bot)

    def _bot(self, number: str) -> Bot:
        bot = self._bots.get(number)
        if bot is None:
            bot = self._bots[number] = Bot(self._world, number)
            bot.deliverer = Deliverer(self._world, self, number)
        return bot

    async def start(self) -> None:
        """Bots whose updates wait begin to deliver them again."""
        for key, settings in self._world.store.every("account", f"{NAME}/"):
            number = key.partition("/")[2]
            self._world.traffic.keep_secret(number, settings.get("secret", ""))
            self._bot(number)

    def routes(self) -> list[web.RouteDef]:
        """The Bot API."""
        return self._endpoint.routes()

    @property
    def deeds(self) -> Mapping[str, Deed]:
        """What customers can do."""
        return {name: partial(self._do, name) for name in DEEDS}

    async def _do(self, name: str, account: str, chat: str, fields: Fields) -> Json:
        try:
            return await DEEDS[name](self._bot(account), chat, fields)
        except ApiError as problem:
            raise Refusal(problem.code, problem.description) from None

    def accounts(self) -> list[Json]:
        """Bots that were ever called or named, with their customers."""
        known = [bot for _, bot in sorted(self._bots.items()) if bot.seen]
        return [{**bot.shown(), "people": self.people(bot.number)} for bot in known]

    def rename(self, account: str, fields: Fields) -> Json:
        """Give a bot its `name` and `username`."""
        bot = self._bot(account)
        bot.set(**{field: str(fields[field]) for field in ("name", "username") if fields.get(field)})
        return bot.shown()

    def people(self, account: str) -> list[Json]:
        """Customers of a bot and their chats."""
        bot = self._bot(account)
        return [bot.shown_chat(chat) for chat in bot.chats()]

    def add_person(self, account: str, fields: Fields) -> Json:
        """A customer who has not pressed Start yet."""
        return add_person(self._bot(account), fields)

    def messages(self, account: str, chat: str, after: int, limit: int) -> list[Json]:
        """Everything in a chat."""
        return self._bot(account).messages(chat, after, limit)

    def file(self, account: str, number: str) -> Upload | None:
        """A file by its file_id."""
        known = files.find(self._bot(account), number)
        if known is None:
            return None
        return Upload(known["name"], known["mime"], self._world.store.read_file(known["stored"]))

    def ordered(self, fault: Fault) -> None:
        """A chat that is to migrate needs the supergroup it moves to; its person can write there too."""
        if fault.kind != "migrate" or fault.account is None or fault.to is None:
            return
        bot = self._bot(fault.account)
        old = bot.find_chat(fault.chat or "")
        if old is None or bot.find_chat(str(fault.to)) is not None:
            return
        title = f"{bot.shown_chat(old)['name']} (supergroup)"
        bot.put_chat({**old, "id": fault.to, "type": "supergroup", "title": title, "started": True, "blocked": False})
        bot.put_chat({**old, "migrated_to": fault.to})

    def target(self, account: str) -> Target | None:
        """The webhook that was set, or None."""
        settings = self._bots[account].settings if account in self._bots else {}
        url = settings.get("url")
        return Target(url, settings["max_connections"]) if url else None

    def kind(self, body: bytes) -> str:
        """The one key of an update beside its id."""
        return next((key for key in orjson.loads(body) if key != "update_id"), "update")

    def headers(self, account: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  Telegram does not sign the body
        """JSON, and the secret that setWebhook gave."""
        secret = self._bot(account).settings.get("secret")
        plain = {"Content-Type": "application/json"}
        return {**plain, "X-Telegram-Bot-Api-Secret-Token": secret} if secret else plain

    def delivered(self, account: str, body: bytes) -> None:
        """The answer of a webhook may be a call."""
        if body.lstrip().startswith(b"{"):
            self._world.spawn(self._endpoint.perform_reply(self._bot(account), body))

    def undelivered(self, account: str, why: str) -> None:
        """The last failure, which getWebhookInfo tells."""
        self._bot(account).set(last_error_date=int(self._world.now()), last_error_message=why)
