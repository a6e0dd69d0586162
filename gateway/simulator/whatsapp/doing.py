"""What only WhatsApp's customers do: order, fill in forms, come by advertisements, write in groups, change their number."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.simulator import lines, saying
from gateway.simulator.meta import Meta
from gateway.simulator.provider import Own
from gateway.simulator.store import Json
from gateway.simulator.whatsapp import told
from gateway.simulator.whatsapp.number import Number
from gateway.simulator.world import Fields, Refusal

BASKET = [
    {"product_retailer_id": "BEANS-1KG", "quantity": 2, "item_price": 18.5, "currency": "EUR"},
    {"product_retailer_id": "FILTERS-100", "quantity": 1, "item_price": 4.9, "currency": "EUR"},
]
"""What is ordered unless somebody says it: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/order"""
SOURCES = ("ad", "post")


class Doing(Meta[Number]):
    """The deeds that no other channel has."""

    def did(self, account: Number, chat: Json, what: Json) -> int:
        """A webhook of something that the customer did."""
        body = told.said(account, chat, what, account.wamid(), self.world.now())
        return account.push(body, str(chat["id"]))

    def own_deeds(self) -> Mapping[str, Own[Number]]:
        """What only WhatsApp's customers do."""
        return {
            "order": self.order,
            "fill": self.fill,
            "arrive": self.arrive,
            "group": self.group,
            "marketing": self.marketing,
            "renumber": self.renumber,
            "listen": self.listen,
        }

    async def marketing(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Stop or resume offers: `value` is `stop` or `resume`."""
        value = saying.words(fields, "value") or "stop"
        if value not in ("stop", "resume"):
            raise Refusal(422, "value: stop or resume")
        about = {
            **told.contact(chat),
            "category": "marketing_messages",
            "value": value,
            "timestamp": int(self.world.now()),
        }
        account.put_chat({**chat, "no_offers": value == "stop"})
        body = told.envelope(account, "user_preferences", user_preferences=[about])
        return {"update_id": account.push(body, str(chat["id"]))}

    async def renumber(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Move to another telephone number, `id`; the user id changes with it."""
        phone = saying.words(fields, "id").removeprefix("+")
        if not phone.isdigit() or account.whom(phone) is not None:
            raise Refusal(422, "id: a telephone number in digits that nobody has")
        before = {"previous_user_id": chat.get("user_id")}
        moved = {**chat, "phone": phone, "user_id": f"FR.{phone}"}
        account.put_chat(moved)
        self.world.store.put("user", f"{account.key}/{phone}", {"chat": chat["id"]})
        system = {"type": "user_changed_number", "body": f"{chat['name']} changed their number", "wa_id": phone,
                  "user_id": moved["user_id"], **before}  # fmt: skip
        body = told.said(account, chat, {"type": "system", "system": system}, account.wamid(), self.world.now())
        return {"update_id": account.push(body, str(chat["id"]))}

    async def listen(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Play our voice message `message_id`."""
        line = self.there(account, chat, saying.whole(fields, "message_id"))
        if line["direction"] == "in" or not any(part.get("as") in ("audio", "voice") for part in line["parts"]):
            raise Refusal(409, "message_id: this is no voice message of ours")
        account.advance(chat, line["message_id"], "read")
        return {"update_id": account.push(told.status(account, chat, line, "played", None), str(chat["id"]))}

    async def order(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Order `items` (as WhatsApp writes `product_items`) of the catalogue, with a `text`."""
        items = saying.structure(fields, "items") or BASKET
        if not isinstance(items, list) or not all(isinstance(one, dict) and _is_item(one) for one in items):
            raise Refusal(422, "items: a list of product_retailer_id, quantity, item_price and currency")
        words = saying.words(fields, "text").strip()
        shown = lines.summary("order", [_row(one) for one in items])
        told_of = {"catalog_id": "1000", "product_items": items, **({"text": words} if words else {})}
        parts = [shown, *([lines.text(words)] if words else [])]
        return self._said(account, chat, parts, {"type": "order", "order": told_of})

    async def fill(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Fill in a form (a flow), of our message `message_id` if it is said: every other field is an answer.

        https://developers.facebook.com/documentation/business-messaging/whatsapp/flows/reference/responsemsgwebhook
        """
        number = saying.whole(fields, "message_id")
        more = {"reply_to": lines.quoted(self.there(account, chat, number))} if number else {}
        answers = {name: value for name, value in fields.items() if name != "message_id"}
        if not answers or not all(isinstance(value, str | int | float | bool | list) for value in answers.values()):
            raise Refusal(422, "a field for each answer is wanted")
        filled = json.dumps({"flow_token": "unused", **answers})
        reply = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": filled}}
        shown = lines.summary("form", [[name, _shown(value)] for name, value in answers.items()])
        return self._said(account, chat, [shown], {"type": "interactive", "interactive": reply}, **more)

    async def arrive(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Write `text` by way of an advertisement or a post (`source`: ad, post): the window is then open for 72 hours."""
        source, words = saying.words(fields, "source") or "ad", saying.words(fields, "text").strip()
        if source not in SOURCES or not words:
            raise Refusal(422, f"source: {' or '.join(SOURCES)}; text: what is written")
        headline = saying.words(fields, "headline") or "Chat with us"
        led = {
            "source_url": "https://fb.me/garden", "source_id": str(int(account.new_id("ad", 6), 16)),
            "source_type": source, "headline": headline, "body": "Everything for the garden",
        }  # fmt: skip
        account.put_chat(chat := {**chat, "entered_at": self.world.now()})
        content = {"type": "text", "text": {"body": words}, "referral": led}
        return self._said(account, chat, [lines.text(words)], content)

    async def group(self, account: Number, chat: Json, fields: Fields) -> Json:
        """Write `text` in a group that our number is in (`group`: its id): it is told, and is no part of this chat."""
        words = saying.words(fields, "text").strip()
        if not words:
            raise Refusal(422, "text: what is written")
        group = saying.words(fields, "group") or "Y2FwaV9ncm91cDox"
        return {"update_id": self.did(account, chat, {"type": "text", "text": {"body": words}, "group_id": group})}

    def _said(self, account: Number, chat: Json, parts: list[Json], content: Json, **more: Any) -> Json:
        """A line of the customer's whose webhook has this content."""
        with self.world.store.transaction():
            line = self.say(account, chat, parts, content=content, **more)
            return {"message_id": line["message_id"], "update_id": self.heard(account, chat, line)}


def _is_item(one: Json) -> bool:
    return isinstance(one.get("product_retailer_id"), str) and isinstance(one.get("quantity"), int)


def _row(one: Json) -> list[str]:
    price = f"{one['item_price']} {one.get('currency', '')}".strip() if "item_price" in one else ""
    return [one["product_retailer_id"], f"{one['quantity']} x {price}" if price else str(one["quantity"])]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
