"""The control API: be a customer, order faults, watch what passes. For the page and for tests."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import web
from pydantic import ValidationError

from gateway.simulator import forms
from gateway.simulator.faults import Order
from gateway.simulator.guard import HEADERS
from gateway.simulator.world import Channel, Refusal, Upload, World

ALIVE = 15.0  # seconds between signs of life on a silent stream
SANDBOX = "default-src 'none'; sandbox"


class Control:
    """The routes under `/api`; everything is JSON, errors are `{"error": "…"}`."""

    def __init__(self, world: World, channels: Mapping[str, Channel]) -> None:
        self._world = world
        self._channels = channels

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        chat = "/api/{channel}/{account}/chats/{chat}"
        return [
            web.get("/api/state", self.state),
            web.get("/api/live", self.live),
            web.get("/api/faults", self.faults),
            web.post("/api/faults", self.order),
            web.delete("/api/faults", self.lift_all),
            web.delete("/api/faults/{id}", self.lift),
            web.get("/api/traffic", self.traffic),
            web.delete("/api/traffic", self.forget),
            web.post("/api/{channel}/{account}", self.configure),
            web.get("/api/{channel}/{account}/people", self.people),
            web.post("/api/{channel}/{account}/people", self.add_person),
            web.get("/api/{channel}/{account}/accepted", self.accepted),
            web.get("/api/{channel}/{account}/files/{file}", self.file),
            web.get(f"{chat}/messages", self.messages),
            web.get(f"{chat}/picture", self.picture),
            web.post(f"{chat}/picture", self.change_picture),
            web.post(f"{chat}/{{deed}}", self.deed),
        ]

    def _place(self, request: web.Request) -> tuple[Channel, str]:
        found = self._channels.get(request.match_info["channel"])
        if found is None:
            raise Refusal(404, f"no channel is called {request.match_info['channel']}")
        account = request.match_info["account"]
        self._world.url = f"{request.scheme}://{request.host}{request.path.partition('/api/')[0]}"
        found.check(account)
        return found, account

    async def state(self, _: web.Request) -> web.Response:
        """Everything the page needs to begin: channels, accounts, people, faults."""
        channels = [{**channel.about(), "accounts": channel.accounts()} for channel in self._channels.values()]
        faults = [fault.model_dump(mode="json") for fault in self._world.faults.every()]
        return _json({"channels": channels, "faults": faults, "traffic": self._world.traffic.revision})

    async def live(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: every change from now on, one JSON object each."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        with self._world.board.listen() as queue, suppress(ConnectionResetError):  # the page was left
            await response.prepare(request)
            await response.write(b'retry: 1000\ndata: {"what":"hello"}\n\n')
            while (change := await _soon(self._world, queue)) is not None:
                await response.write(b"data: " + orjson.dumps(change) + b"\n\n" if change else b": alive\n\n")
        return response

    async def faults(self, _: web.Request) -> web.Response:
        """The faults in force and those used up."""
        return _json({"data": [fault.model_dump(mode="json") for fault in self._world.faults.every()]})

    async def order(self, request: web.Request) -> web.Response:
        """Order a fault."""
        fields = await forms.read(request)
        try:
            order = Order.model_validate(fields)
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            raise Refusal(422, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
        if order.channel not in self._channels:
            raise Refusal(422, f"no channel is called {order.channel}")
        if order.kind not in self._channels[order.channel].faults:
            raise Refusal(422, f"kind: {order.channel} knows {', '.join(sorted(self._channels[order.channel].faults))}")
        if order.kind == "migrate" and order.to is None:
            raise Refusal(422, "to: the number of the new chat is missing")
        fault = self._world.faults.order(order)
        self._channels[fault.channel].ordered(fault)
        return _json(fault.model_dump(mode="json"), 201)

    async def lift(self, request: web.Request) -> web.Response:
        """Lift one fault."""
        number = request.match_info["id"]
        if not number.isdigit() or not self._world.faults.remove(int(number)):
            raise Refusal(404, "no such fault")
        return web.Response(status=204)

    async def lift_all(self, request: web.Request) -> web.Response:
        """Lift every fault, or those of `?account=`."""
        account = request.query.get("account")
        for fault in self._world.faults.every():
            if account in (None, fault.account):
                self._world.faults.remove(fault.id)
        return web.Response(status=204)

    async def traffic(self, request: web.Request) -> web.Response:
        """What passed since `?after=` (a revision), of all accounts or of one."""
        after = _number(request, "after", 0)
        data = self._world.traffic.since(after, request.query.get("account"))
        return _json({"data": data, "next": self._world.traffic.revision})

    async def forget(self, _: web.Request) -> web.Response:
        """Empty the log of what passed."""
        self._world.traffic.clear()
        return web.Response(status=204)

    async def configure(self, request: web.Request) -> web.Response:
        """Say something about one of our ends: its name, its webhook; one that did not exist now does."""
        channel, account = self._place(request)
        return _json(channel.configure(account, await forms.read(request, nulls=True)))

    async def people(self, request: web.Request) -> web.Response:
        """The customers of an account."""
        channel, account = self._place(request)
        return _json({"data": channel.people(account)})

    async def add_person(self, request: web.Request) -> web.Response:
        """A new customer; a `picture` says what they look like, as in `change_picture`."""
        channel, account = self._place(request)
        fields = await forms.read(request, nulls=True)
        about = {name: value for name, value in fields.items() if name != "picture" and value is not None}
        with self._world.store.transaction():
            made = channel.add_person(account, about)
            if "picture" in fields:
                made = channel.change_picture(account, str(made["chat_id"]), {"picture": fields["picture"]})
        return _json(made, 201)

    async def picture(self, request: web.Request) -> web.Response:
        """What a customer looks like."""
        channel, account = self._place(request)
        found = channel.picture(account, request.match_info["chat"])
        if found is None:
            raise Refusal(404, "there is no picture")
        headers = {**HEADERS, "Content-Security-Policy": SANDBOX, "Cache-Control": "no-store"}
        return web.Response(body=found.data, content_type=found.mime, headers=headers)

    async def change_picture(self, request: web.Request) -> web.Response:
        """Another picture of a customer: the file `picture`, null for none, nothing for one that is drawn anew."""
        channel, account = self._place(request)
        fields = await forms.read(request, nulls=True)
        return _json(channel.change_picture(account, request.match_info["chat"], fields), 201)

    async def accepted(self, request: web.Request) -> web.Response:
        """Every call that was accepted and had an effect, oldest first: what truly arrived, and how often."""
        channel, account = self._place(request)
        data = self._world.store.accepted(f"{channel.name}/{account}", _number(request, "after", 0))
        method, chat = request.query.get("method"), request.query.get("chat")
        data = [
            {**call, "text": channel.said(call["params"]), "sends": call["method"] in channel.sends}
            for call in data
            if method in (None, call["method"]) and chat in (None, call["chat"])
        ]
        return _json({"data": data, "count": len(data)})

    async def file(self, request: web.Request) -> web.Response:
        """A picture or document of a chat."""
        channel, account = self._place(request)
        found = channel.file(account, request.match_info["file"])
        if found is None:
            raise Refusal(404, "no such file")
        shown = "inline" if found.mime.startswith(("image/", "audio/", "video/")) else "attachment"
        headers = {
            **HEADERS,
            "Content-Security-Policy": SANDBOX,
            "Content-Disposition": shown,
            "Cache-Control": "private, max-age=86400, immutable",
        }
        return _piece(request, found, headers)

    async def messages(self, request: web.Request) -> web.Response:
        """Everything in a chat, both directions, oldest first."""
        channel, account = self._place(request)
        limit = _number(request, "limit", 1_000_000)
        data = channel.messages(account, request.match_info["chat"], _number(request, "after", -1), limit)
        return _json({"data": data})

    async def deed(self, request: web.Request) -> web.Response:
        """A customer does something in a chat."""
        channel, account = self._place(request)
        deed = channel.deeds.get(request.match_info["deed"])
        if deed is None:
            raise Refusal(404, f"customers can {', '.join(channel.deeds)}")
        return _json(await deed(account, request.match_info["chat"], await forms.read(request)), 201)


@web.middleware
async def explained(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refusals of the control API, in words."""
    try:
        response: web.StreamResponse = await handler(request)
    except Refusal as refused:
        return _json({"error": refused.reason}, refused.status)
    except forms.UnreadableError as unreadable:
        return _json({"error": unreadable.reason}, unreadable.status)
    return response


def _json(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json")


def _piece(request: web.Request, file: Upload, headers: dict[str, str]) -> web.Response:
    """The file, or the part of it that a player asks for when somebody jumps."""
    mime = file.mime if "/" in file.mime else "application/octet-stream"
    headers = {**headers, "Accept-Ranges": "bytes"}
    try:
        start, end, _ = request.http_range.indices(len(file.data))
    except ValueError:
        start, end = 0, len(file.data)
    if "Range" not in request.headers or start >= end:
        return web.Response(body=file.data, content_type=mime, headers=headers)
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(file.data)}"
    return web.Response(status=206, body=file.data[start:end], content_type=mime, headers=headers)


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise Refusal(422, f"{name}: a number is wanted") from None


async def _soon(world: World, queue: Any) -> dict[str, Any] | None:
    """The next change; an empty one after a silence; None when the simulator stops."""
    if world.stopping.is_set():
        return None
    try:
        async with asyncio.timeout(ALIVE):
            change: dict[str, Any] | None = await queue.get()
    except TimeoutError:
        return {}
    return change
