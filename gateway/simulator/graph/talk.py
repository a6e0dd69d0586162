"""What Messenger and Instagram have in common: customers, their webhooks, and what becomes of our messages."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from aiohttp import web
from pydantic import Field

from gateway.simulator import lines
from gateway.simulator.calls import Call, Said
from gateway.simulator.faults import COMMON, Fault
from gateway.simulator.graph import told
from gateway.simulator.graph.api import Api
from gateway.simulator.graph.asked import Rules
from gateway.simulator.graph.doing import Doing
from gateway.simulator.graph.page import Page
from gateway.simulator.meta import failing, usual_wrong
from gateway.simulator.provider import Configuration
from gateway.simulator.store import Json


class PageConfiguration(Configuration):
    """What one sets for a page: `token` is then the only one that is accepted."""

    token: str | None = None
    picture_lasts: float | None = Field(default=None, ge=0)  # seconds that the address of a picture is good for


class Talk(Doing):
    """The half of Meta's Graph that is about talking with customers."""

    rules: ClassVar[Rules]
    about_people: ClassVar[Sequence[str]]  # the fields of a customer that can be asked for
    sends: frozenset[str] = frozenset({"messages"})
    faults: frozenset[str] = COMMON - {"undelivered"}  # Meta has no word for it: it refuses at once
    configuration: ClassVar[type[Configuration]] = PageConfiguration
    together: ClassVar[bool] = True
    first_person: ClassVar[int] = 7_000_000_001

    def make(self, account: str) -> Page:
        """A page by its number."""
        return Page(self.world, self.name, account)

    def routes(self) -> list[web.RouteDef]:
        """The part of Graph that pages and accounts of Instagram need."""
        return Api(self).routes()

    def kind(self, body: bytes) -> str:
        """In a word, what a webhook tells."""
        return told.kind(body)

    def too_many(self, seconds: int, call: Call) -> Said:  # noqa: ARG002  Meta does not say how long
        """Calls of the page."""
        return failing(400, 613, "Calls to this api have exceeded the rate limit.")

    def wrong(self, fault: Fault, call: Call) -> Said:  # noqa: ARG002  the words are the same for all calls
        """Meta's words."""
        code, subcode = self.rules.blocked
        blocked = failing(400, code, "This person isn't available right now.", subcode=subcode)
        return usual_wrong(fault) or (
            blocked if fault.kind == "blocked" else failing(400, 1, "An unknown error occurred")
        )

    # What customers do.

    def line_id(self, account: Page, chat: Json) -> str:  # noqa: ARG002  the same for everybody
        """A mid."""
        return account.mid()

    def reacted(self, account: Page, chat: Json, line: Json, emoji: str) -> int | None:
        """A reaction."""
        chat = account.heard_from(chat)
        return self.push(account, chat, told.reaction(line, emoji), "message_reactions")

    def edited(self, account: Page, chat: Json, line: Json) -> int | None:
        """New words for a message."""
        count = int(line.get("edits", 0)) + 1
        account.keep(chat, {**line, "edits": count})
        what = {"message_edit": {"mid": line["id"], "text": lines.words_of(line), "num_edit": count}}
        return self.push(account, chat, what, self.told_as("edit"))

    def deleted(self, account: Page, chat: Json, line: Json) -> int | None:
        """A message taken back."""
        return self.push(account, chat, {"message": {"mid": line["id"], "is_deleted": True}}, "messages")

    # What becomes of our messages.

    def receipt(self, account: Page, chat: Json, line: Json, status: str, code: int | None) -> None:  # noqa: ARG002  no code
        """The echo of what was sent, then the marks; `code` is for failures, which Meta tells at once."""
        if status == "sent":
            self.push(account, chat, told.echo(account, line, told.OURS), self.told_as("echo"), ours=True)
        elif status == "delivered":
            self.push(account, chat, told.delivered(line, self.now()), "message_deliveries")
        elif status == "read":
            self.push(account, chat, self.read_mark(line), self.told_as("read"))

    @abstractmethod
    def read_mark(self, line: Json) -> Json:
        """That everything up to a line was read."""

    def now(self) -> int:
        """Milliseconds since 1970, as Meta counts."""
        return round(self.world.now() * 1000)
