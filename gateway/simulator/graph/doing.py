"""What people do on Messenger and Instagram that no other channel has: stories, what they share, opting in, another app."""

from collections.abc import Mapping
from typing import Any, ClassVar

from gateway.simulator import lines, samples, saying
from gateway.simulator.graph import told
from gateway.simulator.graph.page import Page
from gateway.simulator.meta import Meta
from gateway.simulator.provider import Own
from gateway.simulator.store import Json
from gateway.simulator.world import Fields, Refusal

POST, REEL, LINK = "post", "reel", "link"


class Doing(Meta[Page]):
    """The deeds that only these two channels know, and the webhook that each of them is told by."""

    kind_of_object: ClassVar[str]
    words: ClassVar[Mapping[str, str]]  # the types of attachment that what is shared has here
    fields: ClassVar[Mapping[str, str]]  # the names of subscriptions that differ: see `told_as`

    def told_as(self, what: str) -> str:
        """The subscription by which something is told: `echo`, `edit`, `read`, `referral` or `handover`."""
        return self.fields[what]

    def push(self, page: Page, chat: Json, what: Json, field: str, *, ours: bool = False) -> int | None:
        """A webhook, if the page's app subscribed to its field; `standby` while another app has the conversation."""
        away = bool(chat.get("away"))
        if not page.tells("standby" if away else field):
            return None
        body = told.envelope(page, self.kind_of_object, chat, what, ours=ours, standby=away)
        return page.push(body, str(chat["id"]))

    def heard(self, account: Page, chat: Json, line: Json) -> int | None:
        """A message, or the press of a button."""
        chat = account.heard_from(chat)
        what = told.said(account, chat, line)
        return self.push(account, chat, what, "messages" if "message" in what else "messaging_postbacks")

    def own_deeds(self) -> Mapping[str, Own[Page]]:
        """What is done here alone, on both."""
        return {"elsewhere": self.elsewhere, "arrive": self.arrive, "handover": self.handover, "share": self.share}

    async def elsewhere(self, account: Page, chat: Json, fields: Fields) -> Json:
        """Somebody of the page answers with Meta's own inbox: `text`."""
        words = saying.words(fields, "text").strip()
        if not words:
            raise Refusal(422, "text: what is answered")
        with self.world.store.transaction():
            line = account.new_line(chat, "out", [lines.text(words)], line_id=account.mid(), status="sent")
            update = self.push(account, chat, told.echo(account, line, told.ELSEWHERE), self.told_as("echo"), ours=True)
        return {"message_id": line["message_id"], "update_id": update}

    async def arrive(self, account: Page, chat: Json, fields: Fields) -> Json:
        """The customer comes by a link or an advertisement: `ref`, `source` (SHORTLINK, ADS …)."""
        source = saying.words(fields, "source") or "SHORTLINK"
        told_of = {"ref": saying.words(fields, "ref"), "source": source, "type": "OPEN_THREAD"}
        chat = account.heard_from(chat)
        return {"update_id": self.push(account, chat, {"referral": told_of}, self.told_as("referral"))}

    async def handover(self, account: Page, chat: Json, fields: Fields) -> Json:
        """Another app takes the conversation (`value`: take), or gives it back to us (`value`: pass).

        https://developers.facebook.com/docs/messenger-platform/handover-protocol
        """
        value = saying.words(fields, "value") or "take"
        if value not in ("take", "pass"):
            raise Refusal(422, "value: take or pass")
        owners = (told.OURS, told.ELSEWHERE) if value == "take" else (told.ELSEWHERE, told.OURS)
        control = {"previous_owner_app_id": str(owners[0]), "new_owner_app_id": str(owners[1]), "metadata": ""}
        with self.world.store.transaction():
            back = {**chat, "away": False}  # this is told to us in any case
            update = self.push(account, back, {f"{value}_thread_control": control}, self.told_as("handover"))
            account.put_chat({**chat, "away": value == "take"})
        return {"update_id": update}

    async def share(self, account: Page, chat: Json, fields: Fields) -> Json:
        """The customer shares a post, a reel or, on Messenger, a page of the web (`what`: post, reel, link)."""
        what = saying.words(fields, "what") or POST
        if what not in self.words:
            raise Refusal(422, f"what: one of {', '.join(self.words)}")
        title = saying.words(fields, "title") or "A garden in autumn"
        url = saying.words(fields, "url") or "https://www.example.com/garden"
        with self.world.store.transaction():
            return self._said(account, chat, [self._shared(account, what, title, url)])

    def _shared(self, account: Page, what: str, title: str, url: str) -> Json:
        kind = {"type": self.words[what], "title": title}
        if what == LINK:
            return {**lines.cards([{"title": title, "about": url, "file": ""}]), "shared": {**kind, "url": url}}
        known = account.keep_file(samples.sample("video" if what == REEL else "photo"))
        if what == REEL:
            return lines.media("video", known, shared={**kind, "reel_video_id": known["file"]})
        card = {"title": title, "about": self.title, "file": known["file"]}
        return {**lines.cards([card]), "file": known["file"], "shared": kind}

    def _said(self, account: Page, chat: Json, parts: list[Json], **more: Any) -> Json:
        """A line of the customer's, told; with `content` where its parts do not say how."""
        line = self.say(account, chat, parts, **more)
        return {"message_id": line["message_id"], "update_id": self.heard(account, chat, line)}

    # What one of the two has alone.

    async def optin(self, account: Page, chat: Json, fields: Fields) -> Json:
        """The customer asks to be written to: to notifications called `title`, or by a plugin that has a `ref`.

        https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_optins
        """
        ref, title = saying.words(fields, "ref"), saying.words(fields, "title") or "News"
        token = {"notification_messages_token": account.new_id("optin", 12)}
        news = {"type": "notification_messages", "title": title, "payload": title.upper(), **token}
        chat = account.heard_from(chat)
        return {"update_id": self.push(account, chat, {"optin": {"ref": ref} if ref else news}, "messaging_optins")}

    async def story(self, account: Page, chat: Json, fields: Fields) -> Json:
        """The customer answers a story of ours with `text`."""
        words = saying.words(fields, "text").strip() or "So nice!"
        with self.world.store.transaction():
            known = account.keep_file(samples.sample("photo"))
            answered = {**lines.story("reply", known), "story": str(int(account.new_id("story", 6), 16))}
            return self._said(account, chat, [answered, lines.text(words)])

    async def mention(self, account: Page, chat: Json, _: Fields) -> Json:
        """The customer has us in a story of theirs."""
        with self.world.store.transaction():
            known = account.keep_file(samples.sample("photo"))
            return self._said(account, chat, [{**lines.story("mention", known), "shared": {"type": "story_mention"}}])

    async def heart(self, account: Page, chat: Json, _: Fields) -> Json:
        """The customer sends the heart beside the keyboard."""
        with self.world.store.transaction():
            content = {"attachments": [{"type": "like_heart", "payload": None}]}
            return self._said(account, chat, [lines.text("❤️")], content=content)
