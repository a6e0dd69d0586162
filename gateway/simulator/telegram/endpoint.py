"""The Bot API over HTTP: `bot<token>/<method>` and `file/bot<token>/<path>`."""

import re
from collections.abc import Callable

import orjson
from aiohttp import web

from gateway.simulator import forms
from gateway.simulator.calls import Call, Desk, Said
from gateway.simulator.faults import Fault
from gateway.simulator.telegram import files
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.errors import ApiError, bad, forbidden, too_many
from gateway.simulator.telegram.methods import BY_NAME, MESSAGES, METHODS
from gateway.simulator.world import World

TOKEN = re.compile(r"(\d{1,19}):[A-Za-z0-9_-]+")


class Endpoint:
    """Answers calls. `bot` finds a bot by its number."""

    name = NAME

    def __init__(self, world: World, bot: Callable[[str], Bot]) -> None:
        self._world = world
        self._bot = bot
        self._desk = Desk(world, self)

    def routes(self) -> list[web.RouteDef]:
        """Methods and files."""
        calls, downloads = "/telegram/bot{token:[^/]+}/{method:.*}", "/telegram/file/bot{token:[^/]+}/{path:.*}"
        return [web.get(calls, self.call), web.post(calls, self.call), web.get(downloads, self.download)]

    def too_many(self, seconds: int, call: Call) -> Said:  # noqa: ARG002  Telegram says the same for every method
        """A flood."""
        return too_many(seconds).said

    def wrong(self, fault: Fault, call: Call) -> Said:  # noqa: ARG002  Telegram says the same for every method
        """What an ordered fault sounds like."""
        answers = {
            "server_error": ApiError(fault.status, "Internal Server Error"),
            "blocked": forbidden("bot was blocked by the user"),
            "revoked_token": ApiError(401, "Unauthorized"),
            "migrate": bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=fault.to or 0),
        }
        return answers[fault.kind].said

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call of a method."""
        try:
            fields = await forms.read(request)
        except forms.UnreadableError as problem:
            return ApiError(problem.status, problem.reason).said.response()
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return ApiError(404, "Not Found").said.response()
        bot, args = self._bot(token[1]), Args(fields)
        if not bot.seen:
            bot.set()
        self._world.traffic.keep_secret(bot.number, token[0].partition(":")[2])
        method, named = _method(request.match_info["method"].strip("/"), args, bot, request.path)
        return await self._desk.respond(request, named, lambda: _perform(bot, method, args))

    async def perform_reply(self, bot: Bot, body: bytes) -> None:
        """A webhook's acknowledgement may itself be one call; nobody learns what came of it.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        try:
            fields = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        if isinstance(fields, dict) and isinstance(fields.get("method"), str):
            name, args = str(fields.pop("method")), Args(fields)
            method, named = _method(name, args, bot, "(in the webhook's answer)")
            await self._desk.answer(named, lambda: _perform(bot, method, args))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file by the path that getFile gave; neither its name nor its type is kept."""
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return ApiError(404, "Not Found").said.response()
        bot, path = self._bot(token[1]), request.match_info["path"]
        self._world.traffic.keep_secret(bot.number, token[0].partition(":")[2])

        async def found() -> Said:
            known = files.find_path(bot, path)
            if known is None or known["file_size"] > files.MOST_DOWNLOAD:
                raise ApiError(404, "Not Found")
            return Said(200, self._world.store.read_file(known["stored"]))

        return await self._desk.respond(request, Call(bot.number, "file", {"path": path}, request.path), found)


def _method(name: str, args: Args, bot: Bot, url: str) -> tuple[str, Call]:
    """The method's own spelling, and the call."""
    method = BY_NAME.get(name.lower(), name)
    try:
        chat = args.text("chat_id") or None
    except ApiError:  # a file in its place: the method says so
        chat = None
    return method, Call(bot.number, method, args.shown(), url, chat, counts=method in MESSAGES)


async def _perform(bot: Bot, method: str, args: Args) -> Said:
    action = METHODS.get(method)
    if action is None:
        raise ApiError(404, "Not Found: method not found")
    return Said(200, {"ok": True, "result": await action(bot, args)})
