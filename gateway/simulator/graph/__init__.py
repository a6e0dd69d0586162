"""A local Messenger and a local Instagram: their part of Meta's Graph, their webhooks, and customers to write with.

https://developers.facebook.com/docs/messenger-platform and https://developers.facebook.com/docs/instagram-platform
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from gateway.simulator.graph.asked import INSTAGRAM, MESSENGER, Rules
from gateway.simulator.graph.page import Page
from gateway.simulator.graph.talk import Talk
from gateway.simulator.provider import Own
from gateway.simulator.store import Json

ACTS = {
    "arrive": {"ref": "spring", "source": "SHORTLINK|ADS"},
    "elsewhere": {"text": "I take care of this."},
    "handover": {"value": "take|pass"},
    "silence": {"hours": "25"},
}
"""What the page offers on both."""
CAN = ("messages", "press", "react", "edit", "open", "block", "unblock", "silence")


class Messenger(Talk):
    """Pages: read and delivered up to a time."""

    name, title, dress = "messenger", "Messenger", "messenger"
    example = "1040000000000001"
    rules: ClassVar[Rules] = MESSENGER
    about_people: ClassVar[Sequence[str]] = ("first_name", "last_name", "name", "profile_pic")
    kind_of_object: ClassVar[str] = "page"
    words: ClassVar[Mapping[str, str]] = {"post": "post", "reel": "reel", "link": "fallback"}
    fields: ClassVar[Mapping[str, str]] = {
        "echo": "message_echoes",
        "edit": "message_edits",
        "read": "message_reads",
        "referral": "messaging_referrals",
        "handover": "messaging_handovers",
    }
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "voice", "document", "sticker", "album")
    can: ClassVar[Sequence[str]] = CAN
    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "share": {"what": "post|reel|link", "title": "A garden in autumn"},
        "optin": {"title": "News"},
        **ACTS,
    }
    steps: ClassVar[Sequence[str]] = ("sent", "delivered", "read")

    def own_deeds(self) -> Mapping[str, Own[Page]]:
        """One can ask to be written to."""
        return {**super().own_deeds(), "optin": self.optin}

    def read_mark(self, line: Json) -> Json:  # noqa: ARG002  a time, not a message
        """Everything up to now."""
        return {"read": {"watermark": self.now()}}


class Instagram(Talk):
    """Professional accounts: read up to a message, and nothing tells that something was delivered."""

    name, title, dress = "instagram", "Instagram", "instagram"
    example = "17840000000000001"
    rules: ClassVar[Rules] = INSTAGRAM
    about_people: ClassVar[Sequence[str]] = ("name", "username", "profile_pic")
    kind_of_object: ClassVar[str] = "instagram"
    words: ClassVar[Mapping[str, str]] = {"post": "ig_post", "reel": "ig_reel"}
    fields: ClassVar[Mapping[str, str]] = {
        "echo": "messages",
        "edit": "message_edit",
        "read": "messaging_seen",
        "referral": "messaging_referral",
        "handover": "messaging_handover",
    }
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "voice", "album")
    can: ClassVar[Sequence[str]] = (*CAN, "delete")
    acts: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "heart": {},
        "story": {"text": "So nice!"},
        "mention": {},
        "share": {"what": "post|reel", "title": "A garden in autumn"},
        **ACTS,
    }
    steps: ClassVar[Sequence[str]] = ("sent", "read")

    def own_deeds(self) -> Mapping[str, Own[Page]]:
        """One has stories, and a heart beside the keyboard."""
        return {**super().own_deeds(), "heart": self.heart, "story": self.story, "mention": self.mention}

    def read_mark(self, line: Json) -> Json:
        """Everything up to this message."""
        return {"read": {"mid": line["id"]}}
