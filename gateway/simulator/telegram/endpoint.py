"""The Bot API over HTTP: `bot<token>/<method>` and `file/bot<token>/<path>`, with the faults that were ordered."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import orjson
from aiohttp import web

from gateway.simulator import forms
from gateway.simulator.faults import ENDING, Fault, Moment
from gateway.simulator.telegram import files, rates
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import NAME, Bot
from gateway.simulator.telegram.errors import ApiError, bad, forbidden, too_many
from gateway.simulator.telegram.methods import BY_NAME, MESSAGES, METHODS
from gateway.simulator.traffic import Exchange
from gateway.simulator.world import World

TOKEN = re.compile(r"(\d{1,19}):[A-Za-z0-9_-]+")
PROXY_PAGE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True)
class Said:
    """What a caller gets to hear: JSON, a proxy's page, or nothing at all."""

    status: int | None
    body: dict[str, Any] | str | None = None

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.status is None:
            return "dropped"
        if isinstance(self.body, str):
            return "unclear"
        if self.status == 200:  # noqa: PLR2004
            return "accepted"
        return "deferred" if self.status == 429 or self.status >= 500 else "refused"  # noqa: PLR2004


class Endpoint:
    """Answers calls. `bot` finds a bot by its number."""

    def __init__(self, world: World, bot: Callable[[str], Bot]) -> None:
        self._world = world
        self._bot = bot

    def routes(self) -> list[web.RouteDef]:
        """Methods and files."""
        calls, downloads = "/telegram/bot{token:[^/]+}/{method:.*}", "/telegram/file/bot{token:[^/]+}/{path:.*}"
        return [web.get(calls, self.call), web.post(calls, self.call), web.get(downloads, self.download)]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call of a method."""
        try:
            fields = await forms.read(request)
        except forms.UnreadableError as problem:
            return _response(ApiError(problem.status, problem.reason).body(), problem.status)
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return _response(ApiError(404, "Not Found").body(), 404)
        bot, args = self._bot(token[1]), Args(fields)
        if not bot.seen:
            bot.set()
        self._world.traffic.keep_secret(bot.number, token[0].partition(":")[2])
        named = request.match_info["method"].strip("/")
        method = BY_NAME.get(named.lower(), named)
        said = await self._observed(bot, method, args, request.path)
        if said.status is None:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=502)  # never read: the connection is gone
        return _response(said.body, said.status)

    async def _observed(self, bot: Bot, method: str, args: Args, url: str) -> Said:
        chat = args.text("chat_id") or None
        exchange = self._world.traffic.open("call", NAME, bot.number, method, request=args.shown(), url=url, chat=chat)
        try:
            said = await self._said(bot, method, args, exchange)
        except ApiError as problem:
            said = Said(problem.code, problem.body())
        body = said.body if isinstance(said.body, dict) or said.body is None else "502 Bad Gateway (HTML)"
        note = "; ".join(exchange.faults)
        self._world.traffic.close(exchange, said.outcome, status=said.status, answer=body, note=note)
        return said

    async def _said(self, bot: Bot, method: str, args: Args, exchange: Exchange) -> Said:
        """The answer to a call: first what was ordered to go wrong, then the method itself."""
        moment = Moment(NAME, bot.number, method, exchange.chat)
        delay = self._world.faults.take(["delay"], moment)
        if delay is not None:
            exchange.faults.append(delay.kind)
            if not await self._world.pause(delay.seconds):
                return Said(None)
        self._hold_back(bot, moment, exchange)
        fault = self._world.faults.take(ENDING, moment)
        if fault is not None:
            exchange.faults.append(fault.kind)
            early = self._before(fault, moment)
            if early is not None:
                return early
        try:
            said = Said(200, {"ok": True, "result": await self._perform(bot, method, args)})
        except ApiError as problem:
            said = Said(problem.code, problem.body())
        if fault is None:
            return said
        return Said(502, PROXY_PAGE) if fault.kind == "accept_then_proxy_error" else Said(None)

    def _hold_back(self, bot: Bot, moment: Moment, exchange: Exchange) -> None:
        """429 while an earlier one still holds, or when the rates are enforced."""
        wait = self._world.faults.waiting(moment, self._world.clock())
        if wait > 0:
            exchange.faults.append("too_many_requests")
            raise too_many(ceil(wait))
        rate = self._world.faults.find(["rate_limits"], moment)
        if rate is None or moment.name not in MESSAGES:
            return
        slow = rates.over(bot, rate, moment.chat or "", self._world.now())
        if slow:
            self._world.faults.struck(rate)
            exchange.faults.append(rate.kind)
            raise too_many(slow)

    def _before(self, fault: Fault, moment: Moment) -> Said | None:
        """What a fault answers in place of the method; None when the method still runs."""
        if fault.kind == "drop":
            return Said(None)
        if fault.kind == "proxy_error":
            return Said(502, PROXY_PAGE)
        if fault.kind == "too_many_requests":
            self._world.faults.start_wait(fault, moment, self._world.clock())
            raise too_many(fault.retry_after)
        refusals = {
            "server_error": ApiError(fault.status, "Internal Server Error"),
            "blocked": forbidden("bot was blocked by the user"),
            "revoked_token": ApiError(401, "Unauthorized"),
            "migrate": bad("group chat was upgraded to a supergroup chat", migrate_to_chat_id=fault.to or 0),
        }
        if fault.kind in refusals:
            raise refusals[fault.kind]
        return None

    async def _perform(self, bot: Bot, method: str, args: Args) -> Any:
        action = METHODS.get(method)
        if action is None:
            raise ApiError(404, "Not Found: method not found")
        return await action(bot, args)

    async def perform_reply(self, bot: Bot, body: bytes) -> None:
        """A webhook's acknowledgement may itself be one call; nobody learns what came of it.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        try:
            fields = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        if isinstance(fields, dict) and isinstance(fields.get("method"), str):
            named = str(fields.pop("method"))
            await self._observed(bot, BY_NAME.get(named.lower(), named), Args(fields), "(in the webhook's answer)")

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file by the path that getFile gave; neither its name nor its type is kept."""
        token = TOKEN.fullmatch(request.match_info["token"])
        if token is None:
            return _response(ApiError(404, "Not Found").body(), 404)
        bot, path = self._bot(token[1]), request.match_info["path"]
        exchange = self._world.traffic.open("call", NAME, bot.number, "file", request={"path": path}, url=request.path)
        self._world.traffic.keep_secret(bot.number, token[0].partition(":")[2])
        known = files.find_path(bot, path)
        if known is None or known["file_size"] > files.MOST_DOWNLOAD:
            self._world.traffic.close(exchange, "refused", status=404)
            return _response(ApiError(404, "Not Found").body(), 404)
        self._world.traffic.close(exchange, "accepted", status=200, answer=f"{known['file_size']} bytes")
        data = self._world.store.read_file(known["stored"])
        return web.Response(body=data, content_type="application/octet-stream")


def _response(body: dict[str, Any] | str | None, status: int) -> web.Response:
    if isinstance(body, str):
        return web.Response(text=body, status=status, content_type="text/html")
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json")
