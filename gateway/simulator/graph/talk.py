"""What Messenger and Instagram have in common: customers, their webhooks, and what becomes of our messages."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from aiohttp import web

from gateway.simulator import lines, saying
from gateway.simulator.calls import Call, Said
from gateway.simulator.faults import COMMON, Fault
from gateway.simulator.graph import told
from gateway.simulator.graph.api import Api
from gateway.simulator.graph.asked import Rules
from gateway.simulator.graph.page import Page
from gateway.simulator.meta import failing, signed, usual_wrong
from gateway.simulator.provider import Configuration, Own, Provider
from gateway.simulator.store import Json
from gateway.simulator.world import Fields, Refusal


class PageConfiguration(Configuration):
    """What one sets for a page: `token` is then the only one that is accepted."""

    token: str | None = None


class Talk(Provider[Page]):
    """The half of Meta's Graph that is about talking with customers."""

    rules: ClassVar[Rules]
    kind_of_object: ClassVar[str]
    edits: ClassVar[str]  # the field of edited messages
    marks: ClassVar[str]  # the field of read marks
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

    def secrets(self, account: Page) -> Sequence[str]:
        """What the traffic must not show."""
        return [str(account.settings.get(name, "")) for name in ("secret", "token")]

    def kind(self, body: bytes) -> str:
        """In a word, what a webhook tells."""
        return told.kind(body)

    def headers(self, account: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002  Meta signs the body alone
        """Signed with the app's secret."""
        return signed(str(self.account(account).settings.get("secret", "")), body)

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

    def push(self, page: Page, chat: Json, what: Json, field: str, *, ours: bool = False) -> int | None:
        """A webhook, if the page's app subscribed to its field."""
        if not page.tells(field):
            return None
        body = told.envelope(page, self.kind_of_object, chat, what, ours=ours)
        return page.push(body, str(chat["id"]))

    def heard(self, account: Page, chat: Json, line: Json) -> int | None:
        """A message, or the press of a button."""
        chat = account.heard_from(chat)
        what = told.said(account, chat, line)
        return self.push(account, chat, what, "messages" if "message" in what else "messaging_postbacks")

    def reacted(self, account: Page, chat: Json, line: Json, emoji: str) -> int | None:
        """A reaction."""
        chat = account.heard_from(chat)
        return self.push(account, chat, told.reaction(line, emoji), "message_reactions")

    def edited(self, account: Page, chat: Json, line: Json) -> int | None:
        """New words for a message."""
        count = int(line.get("edits", 0)) + 1
        account.keep(chat, {**line, "edits": count})
        what = {"message_edit": {"mid": line["id"], "text": lines.words_of(line), "num_edit": count}}
        return self.push(account, chat, what, self.edits)

    def deleted(self, account: Page, chat: Json, line: Json) -> int | None:
        """A message taken back."""
        return self.push(account, chat, {"message": {"mid": line["id"], "is_deleted": True}}, "messages")

    def own_deeds(self) -> Mapping[str, Own[Page]]:
        """What is done here alone."""
        return {"elsewhere": self.elsewhere, "arrive": self.arrive, "silence": self.silence}

    async def elsewhere(self, account: Page, chat: Json, fields: Fields) -> Json:
        """Somebody of the page answers with Meta's own inbox: `text`."""
        words = saying.words(fields, "text").strip()
        if not words:
            raise Refusal(422, "text: what is answered")
        with self.world.store.transaction():
            line = account.new_line(chat, "out", [lines.text(words)], line_id=account.mid(), status="sent")
            update = self.push(account, chat, told.echo(account, line, told.ELSEWHERE), self._echoes, ours=True)
        return {"message_id": line["message_id"], "update_id": update}

    async def arrive(self, account: Page, chat: Json, fields: Fields) -> Json:
        """The customer comes by a link or an advertisement: `ref`, `source` (SHORTLINK, ADS …)."""
        source = saying.words(fields, "source") or "SHORTLINK"
        told_of = {"ref": saying.words(fields, "ref"), "source": source, "type": "OPEN_THREAD"}
        chat = account.heard_from(chat)
        return {"update_id": self.push(account, chat, {"referral": told_of}, self._referrals)}

    async def silence(self, account: Page, chat: Json, fields: Fields) -> Json:
        """Let it be so many `hours` (25) since the customer's last sign: the provider's window closes."""
        hours = saying.whole(fields, "hours", 25)
        account.put_chat({**chat, "heard_at": self.world.now() - hours * 3600})
        return {"update_id": None}

    # What becomes of our messages.

    def receipt(self, account: Page, chat: Json, line: Json, status: str, code: int | None) -> None:  # noqa: ARG002
        """The echo of what was sent, then the marks; `code` is for failures, which Meta tells at once."""
        if status == "sent":
            self.push(account, chat, told.echo(account, line, told.OURS), self._echoes, ours=True)
        elif status == "delivered":
            self.push(account, chat, told.delivered(line, self.now()), "message_deliveries")
        elif status == "read":
            self.push(account, chat, self.read_mark(line), self.marks)

    @abstractmethod
    def read_mark(self, line: Json) -> Json:
        """That everything up to a line was read."""

    def now(self) -> int:
        """Milliseconds since 1970, as Meta counts."""
        return round(self.world.now() * 1000)

    @property
    def _echoes(self) -> str:
        return "message_echoes" if self.kind_of_object == "page" else "messages"

    @property
    def _referrals(self) -> str:
        return "messaging_referrals" if self.kind_of_object == "page" else "messaging_referral"
