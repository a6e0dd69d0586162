"""What Twilio posts to a webhook: messages, and what becomes of ours. https://www.twilio.com/docs/messaging/guides/webhook-request"""

from typing import Final
from urllib.parse import urlencode

from gateway.simulator.lines import words_of
from gateway.simulator.store import Json
from gateway.simulator.twilio.errors import LOST, UNSENT
from gateway.simulator.twilio.number import NAME, VERSION, WHATSAPP, Number, files_of, on_whatsapp, theirs

PLACES = ("FromCity", "FromState", "FromZip", "FromCountry", "ToCity", "ToState", "ToZip", "ToCountry")
TYPES: Final = {"photo": "image", "voice": "audio"}
STOPPING = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
STARTING = frozenset({"start", "yes", "unstop"})
HELPING = frozenset({"help", "info"})


def heard(number: Number, chat: Json, line: Json) -> list[tuple[str, str]]:
    """The fields of a customer's message, blank ones included: they are signed too."""
    sid, files = line["id"], files_of(line)
    fields = [
        ("ToCountry", ""),
        *((name, "") for name in PLACES if name != "ToCountry"),
        ("SmsMessageSid", sid),
        ("NumMedia", str(len(files))),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("Body", words_of(line)),
        ("To", number.ours(chat)),
        ("NumSegments", str(line.get("segments") or 1)),
        ("MessageSid", sid),
        ("AccountSid", number.sid),
        ("From", theirs(chat)),
        ("ApiVersion", VERSION),
    ]
    root = f"{number.world.url}/{NAME}/{VERSION}/Accounts/{number.sid}/Messages/{sid}/Media"
    for place, file in enumerate(files):
        fields += [(f"MediaContentType{place}", file["mime"]), (f"MediaUrl{place}", f"{root}/{file['file']}")]
    service = number.settings.get("service")
    if service:
        fields.append(("MessagingServiceSid", service))
    change = keyword(words_of(line))
    if change and number.settings.get("advanced_opt_out"):
        fields.append(("OptOutType", change))
    return [*fields, *(_whatsapp(number, chat, line) if on_whatsapp(chat) else ())]


def keyword(text: str) -> str:
    """STOP, START or HELP when a message says just that, in any case; else nothing."""
    word = text.strip().lower()
    return "STOP" if word in STOPPING else "START" if word in STARTING else "HELP" if word in HELPING else ""


def _whatsapp(number: Number, chat: Json, line: Json) -> list[tuple[str, str]]:
    """The fields that only WhatsApp's messages have."""
    name = str(chat["id"]).removeprefix(WHATSAPP)
    fields = [("ProfileName", chat["name"]), ("ChannelMetadata", "{}"), ("MessageType", _type(line))]
    if name.isdigit():
        fields.append(("WaId", name))
    choice, about = line.get("choice"), line.get("about")
    if choice and choice["kind"] == "row":
        fields += [
            ("ListId", choice["data"]),
            ("ListTitle", choice["text"]),
            ("ListDescription", choice.get("about", "")),
        ]
    elif choice:
        fields += [("ButtonPayload", choice["data"]), ("ButtonText", choice["text"]), ("ButtonType", "QUICK_REPLY")]
    if about:
        fields += [("OriginalRepliedMessageSid", about), ("OriginalRepliedMessageSender", number.ours(chat))]
    for part in line["parts"]:
        if part["kind"] == "location":
            fields += [("Latitude", str(part["latitude"])), ("Longitude", str(part["longitude"]))]
            fields += [("Label", part["title"]), ("Address", part["address"])]
    return fields


def _type(line: Json) -> str:
    if line.get("reaction"):
        return "reaction"
    if choice := line.get("choice"):
        return "interactive" if choice["kind"] == "row" else "button"
    for part in line["parts"]:
        if part["kind"] == "media":
            return TYPES.get(part["as"], str(part["as"]))
        if part["kind"] in ("location", "contact"):
            return {"location": "location", "contact": "contacts"}[part["kind"]]
    return "text"


def status(number: Number, chat: Json, line: Json, told: str, code: int | None) -> list[tuple[str, str]]:
    """The fields of a status callback.

    https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
    """
    sid, word = line["id"], status_word(told, code)
    fields = [
        ("SmsSid", sid),
        ("SmsStatus", word),
        ("MessageStatus", word),
        ("To", theirs(chat)),
        ("MessageSid", sid),
        ("AccountSid", number.sid),
        ("From", number.ours(chat)),
        ("ApiVersion", VERSION),
    ]
    if told == "failed":
        fields.append(("ErrorCode", str(code or LOST)))
    if line.get("service"):
        fields.append(("MessagingServiceSid", line["service"]))
    if on_whatsapp(chat):
        fields += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", theirs(chat).removeprefix(WHATSAPP))]
        if told in ("delivered", "read"):
            fields.append(("EventType", told.upper()))
    return fields


def status_word(told: str, code: int | None) -> str:
    """Twilio's word for a status: a message that a carrier had was not delivered, any other failed."""
    if told != "failed":
        return told
    return "failed" if (code or LOST) in UNSENT else "undelivered"


def form(fields: list[tuple[str, str]]) -> bytes:
    """The body of a webhook."""
    return urlencode(fields).encode()
