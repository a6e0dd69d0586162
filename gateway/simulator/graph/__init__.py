"""A local Messenger and a local Instagram: their part of Meta's Graph, their webhooks, and customers to write with.

https://developers.facebook.com/docs/messenger-platform and https://developers.facebook.com/docs/instagram-platform
"""

from collections.abc import Sequence
from typing import ClassVar

from gateway.simulator.graph.asked import INSTAGRAM, MESSENGER, Rules
from gateway.simulator.graph.talk import Talk
from gateway.simulator.store import Json


class Messenger(Talk):
    """Pages: read and delivered up to a time."""

    name, title, dress = "messenger", "Messenger", "messenger"
    example = "1040000000000001"
    rules: ClassVar[Rules] = MESSENGER
    kind_of_object: ClassVar[str] = "page"
    edits: ClassVar[str] = "message_edits"
    marks: ClassVar[str] = "message_reads"
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "voice", "document", "sticker", "album")
    can: ClassVar[Sequence[str]] = ("messages", "press", "react", "edit", "open", "block", "unblock")
    steps: ClassVar[Sequence[str]] = ("sent", "delivered", "read")

    def read_mark(self, line: Json) -> Json:  # noqa: ARG002  a time, not a message
        """Everything up to now."""
        return {"read": {"watermark": self.now()}}


class Instagram(Talk):
    """Professional accounts: read up to a message, and nothing tells that something was delivered."""

    name, title, dress = "instagram", "Instagram", "instagram"
    example = "17840000000000001"
    rules: ClassVar[Rules] = INSTAGRAM
    kind_of_object: ClassVar[str] = "instagram"
    edits: ClassVar[str] = "message_edit"
    marks: ClassVar[str] = "messaging_seen"
    says: ClassVar[Sequence[str]] = ("text", "photo", "video", "voice", "album")
    can: ClassVar[Sequence[str]] = ("messages", "press", "react", "edit", "delete", "open", "block", "unblock")
    steps: ClassVar[Sequence[str]] = ("sent", "read")

    def read_mark(self, line: Json) -> Json:
        """Everything up to this message."""
        return {"read": {"mid": line["id"]}}
