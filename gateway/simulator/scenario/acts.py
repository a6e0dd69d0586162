"""What a step does: a customer acts, a fault is ordered. Each takes the stage and its step."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from mimetypes import guess_type
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.simulator.lines import choices
from gateway.simulator.scenario.model import MEDIA, Say, Step
from gateway.simulator.scenario.stage import Chat, NotDone, Sent, Stage
from gateway.simulator.store import Json

Now = Callable[[], datetime]


class Acts:
    """The steps that act; `folder` is where the scenario's files are."""

    def __init__(self, stage: Stage, folder: Path, now: Now) -> None:
        self._stage, self._folder, self.now = stage, folder, now
        self.named: dict[str, Callable[[Any], Coroutine[Any, Any, None]]] = {
            "say": self.say,
            "press": self.press,
            "edit": self.edit,
            "delete": self.delete,
            "react": self.react,
            "block": lambda name: self._simple(name, "block"),
            "unblock": lambda name: self._simple(name, "unblock"),
            "open": lambda name: self._simple(name, "open"),
            "wait": asyncio.sleep,
            "fault": self.fault,
            "lift": self.lift,
        }

    async def act(self, step: Step) -> None:
        """Do what the step says; raises NotDone."""
        await self.named[step.kind](getattr(step, step.kind))

    async def say(self, step: Any) -> None:
        """A customer writes."""
        chat = self._stage.chats[step.who]
        at = self.now().timestamp()
        made = await self._stage.deed(chat, "messages", await asyncio.to_thread(self._form, step))
        if step.name:
            self._stage.messages[step.name] = made["message_id"]
        for one in made["data"]:
            if one["update_id"] is not None:
                self._stage.sent.append(Sent(chat, one["update_id"], at))

    def _form(self, say: Say) -> aiohttp.FormData:
        form = aiohttp.FormData(default_to_multipart=True)
        words = {"text": say.text, "caption": say.caption, "parse_mode": say.format, "quote": say.quote}
        for name, value in words.items():
            if value:
                form.add_field(name, value)
        form.add_field("repeat", str(say.repeat))
        if say.reply_to:
            form.add_field("reply_to", str(self._stage.named(say.reply_to)))
        for name in ("location", "contact"):
            if (one := getattr(say, name)) is not None:
                form.add_field(name, orjson.dumps(one.model_dump(exclude_defaults=True)).decode())
        for kind in MEDIA:
            if given := getattr(say, kind):
                self._attach(form, kind, given)
        if say.album:
            self._album(form, say)
        return form

    def _attach(self, form: aiohttp.FormData, name: str, given: str) -> None:
        path = self._folder / given
        if not path.is_file():
            form.add_field(name, given)  # a sample, or a sticker by its emoji
            return
        mime = guess_type(path.name)[0] or "application/octet-stream"
        form.add_field(name, path.read_bytes(), filename=path.name, content_type=mime)

    def _album(self, form: aiohttp.FormData, say: Say) -> None:
        items: list[Json] = []
        for number, given in enumerate(say.album):
            if given == "sample":
                items.append({"type": "photo", "media": given})
                continue
            kind = (guess_type(given)[0] or "").partition("/")[0]
            item_type = {"image": "photo", "video": "video", "audio": "audio"}.get(kind, "document")
            items.append({"type": item_type, "media": f"attach://file{number}"})
            self._attach(form, f"file{number}", given)
        if say.caption:
            items[0]["caption"] = say.caption
        form.add_field("album", orjson.dumps(items).decode())

    async def press(self, step: Any) -> None:
        """A customer presses a button."""
        chat = self._stage.chats[step.who]
        if step.message:
            number = self._stage.named(step.message)
        else:
            number = await self._last(chat, "out", lambda kept: step.button in buttons(kept))
        await self._stage.deed(chat, "press", {"message_id": number, "text": step.button})

    async def edit(self, step: Any) -> None:
        """A customer changes an own message."""
        chat, number = await self._about(step, "in")
        await self._stage.deed(chat, "edit", {"message_id": number, "text": step.text})

    async def delete(self, step: Any) -> None:
        """A customer takes an own message back."""
        chat, number = await self._about(step, "in")
        await self._stage.deed(chat, "delete", {"message_id": number})

    async def react(self, step: Any) -> None:
        """A customer reacts to a message of the bot."""
        chat, number = await self._about(step, "out")
        await self._stage.deed(chat, "react", {"message_id": number, "emoji": step.emoji})

    async def _about(self, step: Any, direction: str) -> tuple[Chat, int]:
        chat = self._stage.chats[step.who]
        if step.message:
            return chat, self._stage.named(step.message)
        return chat, await self._last(chat, direction, lambda _: True)

    async def _last(self, chat: Chat, direction: str, fits: Callable[[Json], bool]) -> int:
        for kept in reversed(await self._stage.seen(chat)):
            if kept["direction"] == direction and not kept["deleted"] and fits(kept):
                return int(kept["message_id"])
        raise NotDone("there is no such message in the chat")

    async def _simple(self, name: str, what: str) -> None:
        await self._stage.deed(self._stage.chats[name], what, {})

    async def fault(self, order: Any) -> None:
        """Something goes wrong from now on; names of the scenario stand for its numbers."""
        fields = order.model_dump(exclude_unset=True)
        if order.account in self._stage.scenario.accounts:
            account = self._stage.account(order.account)
            fields |= {"account": account.number, "channel": account.channel}
        if order.chat in self._stage.chats:
            chat = self._stage.chats[order.chat]
            fields |= {"chat": chat.number, "account": chat.account, "channel": chat.channel}
        await self._stage.ask("POST", "/api/faults", json=fields)

    async def lift(self, _: Any) -> None:
        """Nothing goes wrong any more."""
        for account in self._stage.scenario.accounts.values():
            await self._stage.ask("DELETE", f"/api/faults?account={account.number}")


def buttons(kept: Json) -> list[str]:
    """The labels of everything that can be chosen in a line, links included."""
    links = (one for part in kept["parts"] if part["kind"] == "buttons" for row in part["rows"] for one in row)
    return [*(one["text"] for one in choices(kept["parts"])), *(one["text"] for one in links if "data" not in one)]
