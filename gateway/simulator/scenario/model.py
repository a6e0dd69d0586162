"""What a scenario may say: who is there, and what happens step by step."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from gateway.simulator.faults import Order
from gateway.simulator.guard import loopback

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?")
MEDIA = ("photo", "video", "audio", "voice", "animation", "video_note", "sticker", "document")
Kind = Literal[
    "text", "photo", "video", "audio", "voice", "animation", "video_note", "sticker", "document", "location", "contact"
]


def seconds(value: Any) -> Any:
    """Seconds of `10s`, `500ms`, `2m`, `1h`, or of a plain number."""
    found = DURATION.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("a length of time is wanted, such as 10s, 500ms or 2m")
    return float(found[1]) * UNITS[found[2] or "s"]


def _here(host: str) -> str:
    if not loopback(host):
        raise ValueError("the simulator has no passwords, so it listens on loopback addresses only")
    return host


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address is wanted, such as http://127.0.0.1:8080")
    return url.rstrip("/")


Seconds = Annotated[float, BeforeValidator(seconds)]
Address = Annotated[str, AfterValidator(_address)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, hide_input_in_errors=True)


class Place(_Strict):
    """Where the simulator is: started here, or (`url`) one that runs already, such as a demo's."""

    host: Annotated[str, AfterValidator(_here)] = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    keep: Path | None = None  # a folder; without one, the simulator forgets everything at the end
    url: Address | None = None


class Account(_Strict):
    """An account of the gateway under test, at one of the simulated channels.

    Telegram's is known by its `token`; with a `hook` its webhook is set, else the gateway has set it itself. The others
    are known by their `number` (or id); they have no call to set a webhook, so the `hook` is needed, and `secret` signs.
    """

    channel: str = "telegram"
    token: SecretStr = SecretStr("")
    number: str = Field(default="", coerce_numbers_to_str=True)
    secret: SecretStr = SecretStr("")
    hook: str = ""
    name: str = ""
    settings: dict[str, str | float] = Field(default_factory=dict)  # what else the channel's configuration has

    @model_validator(mode="before")
    @classmethod
    def _is_a_token(cls, given: Any) -> Any:
        """The number of a bot is what stands before the colon of its token."""
        if not isinstance(given, dict) or given.get("channel", "telegram") != "telegram":
            return given
        found = re.fullmatch(r"(\d{1,19}):[A-Za-z0-9_-]+", str(given.get("token", "")))
        if found is None:
            raise ValueError("token: a number, a colon and letters are wanted, such as 1000001:any-letters")
        return {**given, "number": found[1]}

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if not self.number:
            raise ValueError(f"number: our number or id at {self.channel} is wanted")
        return self


class Customer(_Strict):
    """Somebody who writes."""

    name: str = ""
    account: str = ""  # the first one
    language: str = ""
    username: str = ""
    id: str | None = Field(default=None, coerce_numbers_to_str=True, pattern=r"^[^/\s]{1,64}$")


class Spot(_Strict):
    """A place on earth; with a title it is a venue."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    title: str = ""
    address: str = ""


class Card(_Strict):
    """A contact card."""

    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Say(_Strict):
    """A customer writes: words, or one file (a path, or `sample`), an album, a place, a card."""

    who: str = Field(alias="from")
    text: str = ""
    format: Literal["HTML", "MarkdownV2", "Markdown"] | None = None
    caption: str = ""
    photo: str = ""
    video: str = ""
    audio: str = ""
    voice: str = ""
    animation: str = ""
    video_note: str = ""
    sticker: str = ""
    document: str = ""
    album: list[str] = Field(default_factory=list, max_length=10)
    location: Spot | None = None
    contact: Card | None = None
    reply_to: str = ""  # the name that an earlier step gave
    quote: str = ""
    repeat: int = Field(default=1, ge=1, le=100_000)
    name: str = Field(default="", alias="as")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        said = [kind for kind in ("text", *MEDIA, "album", "location", "contact") if getattr(self, kind)]
        if len(said) != 1:
            many = f"not {', '.join(said)}" if said else "none is here"
            raise ValueError(f"one of text, {', '.join(MEDIA)}, album, location, contact is wanted; {many}")
        return self


class _Deed(_Strict):
    """A customer does something to a message: the last that it fits, or a named one."""

    who: str = Field(alias="by")
    message: str = ""


class Press(_Deed):
    """A customer presses a button of the bot's last message that has it, or of a named one."""

    button: str


class Edit(_Deed):
    """A customer changes the words of the last own message, or of a named one."""

    text: str


class Delete(_Deed):
    """A customer takes the last own message back, or a named one; Telegram does not tell the bot."""


class React(_Deed):
    """A customer reacts to the bot's last message, or to a named one; without an emoji, no more."""

    emoji: str = ""


class Expect(_Strict):
    """A customer sees something within a time; with `nothing`, whatever fits would be wrong."""

    who: str = Field(alias="to")
    text: str = ""
    contains: str = ""
    kind: Kind | None = None
    button: str = ""
    reaction: str = ""  # of the bot, to the customer's last message or to a named one
    deleted: str = ""  # the name of the message that goes
    message: str = ""
    nothing: bool = False
    within: Seconds = 10.0
    name: str = Field(default="", alias="as")


class Load(_Strict):
    """Many customers write, each in turn; with an `answer`, each message wants exactly one."""

    customers: int = Field(default=10, ge=1, le=100_000)
    per_second: float = Field(default=10, gt=0, le=10_000)
    lasting: Seconds = Field(default=10.0, alias="for")
    text: str = "message {n}"
    answer: str = ""
    within: Seconds = 30.0
    account: str = ""


class Step(_Strict):
    """One thing that happens."""

    say: Say | None = None
    press: Press | None = None
    edit: Edit | None = None
    delete: Delete | None = None
    react: React | None = None
    block: str = ""
    unblock: str = ""
    expect: Expect | None = None
    wait: Seconds | None = None
    open: str = ""  # a customer opens the chat: what was delivered is read
    fault: Order | None = None
    lift: Literal["all", ""] = ""
    load: Load | None = None

    @property
    def kind(self) -> str:
        """Which one."""
        return next(iter(self.model_fields_set))

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step is one of {', '.join(type(self).model_fields)}")
        return self


class Scenario(_Strict):
    """A whole scenario."""

    gateway: Address = "http://127.0.0.1:8080"
    simulator: Place = Place()
    accounts: dict[str, Account] = Field(min_length=1)
    customers: dict[str, Customer] = Field(default_factory=dict)
    steps: list[Step] = Field(min_length=1)
