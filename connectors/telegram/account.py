"""A bot's own affairs: how its updates come, its credentials, the files it was sent, its answers to buttons."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from connectors.api import Ailment, Answer, Call, Fetched, Health, Profile, Refused, Steps
from connectors.telegram.answers import DOWNLOAD, redacted
from connectors.telegram.dialect import KINDS, Int
from connectors.telegram.outbound import chat_of
from connectors.telegram.results import Bot, FilePath, FullChat, Webhook
from connectors.telegram.settings import Settings, call
from normalizer.event import MessageReceived
from normalizer.value import rfc3339

LONG_POLL = 50
"""Seconds that Telegram may let a poll wait for news. https://core.telegram.org/bots/api#getupdates"""

RECENT = 3600
"""Seconds for which a failed delivery counts, while updates are waiting."""


def connect(webhook_url: str, settings: Settings) -> Steps:
    """Have updates sent to ``webhook_url``, with our secret; for a bot that polls, have none sent, and none dropped.

    https://core.telegram.org/bots/api#setwebhook, https://core.telegram.org/bots/api#deletewebhook
    """
    if settings.polls or settings.secret is None:
        yield call(settings, "deleteWebhook", effect=False)
        return
    fields = {
        "url": webhook_url,
        "secret_token": settings.secret.get_secret_value(),
        "allowed_updates": list(KINDS),  # Telegram remembers an earlier list if there is none
    }
    yield call(settings, "setWebhook", fields, effect=False)


# Polling.


class _Numbered(msgspec.Struct):
    update_id: Int


class _Updates(msgspec.Struct):
    result: tuple[msgspec.Raw, ...]


_CURSOR = re.compile(r"[0-9]{1,19}")
_UPDATES = msgspec.json.Decoder(_Updates)
_NUMBERED = msgspec.json.Decoder(_Numbered)


def poll(cursor: str, settings: Settings) -> Steps:
    """Ask for the updates from ``cursor`` on, which tells Telegram to forget those before; "" asks for the oldest kept.

    https://core.telegram.org/bots/api#getupdates. Raises Refused for an answer that is not Telegram's, which would
    come again at once.
    """
    fields: dict[str, Any] = {"limit": 100, "timeout": LONG_POLL, "allowed_updates": list(KINDS)}
    if _CURSOR.fullmatch(cursor):
        fields["offset"] = int(cursor)
    answer = yield call(settings, "getUpdates", fields, effect=False, waits=LONG_POLL)
    if _updates(answer) is None:
        raise Refused("unknown", "this is not Telegram's answer to getUpdates: is `api` right?")


def polled(answer: Answer, settings: Settings) -> tuple[Sequence[bytes], str]:  # noqa: ARG001 - any bot's look alike
    """The updates that a poll brought, each as Telegram wrote it, and the next cursor.

    The cursor is "" when nothing came, or nothing that can be read: whoever asks goes on from the one they have.
    (Asking from "" does no harm either: Telegram begins with the oldest that it was not told to forget.)
    """
    bodies = _updates(answer) or []
    numbers = [number for body in bodies if (number := _number(body)) is not None]
    return bodies, str(max(numbers) + 1) if numbers else ""


def _updates(answer: Answer) -> list[bytes] | None:
    try:
        return [bytes(update) for update in _UPDATES.decode(answer.body).result]
    except (ValueError, RecursionError):
        return None


def _number(update: bytes) -> int | None:
    try:
        return _NUMBERED.decode(update).update_id
    except (ValueError, RecursionError):
        return None


# What state it is in.


def check(settings: Settings) -> Generator[Call, Answer, Health]:
    """Whose the token is, how updates come, what last went wrong there, and what to do about it.

    https://core.telegram.org/bots/api#getwebhookinfo
    """
    try:
        whose = (yield call(settings, "getMe", effect=False)).read(Bot, under="result")
        answer = yield call(settings, "getWebhookInfo", effect=False)
    except Refused as refusal:
        return Health.refused(refusal, "auth_expired")
    hook = answer.read(Webhook, under="result")
    if whose is None or hook is None:
        return Health(ok=False, detail="this is not Telegram's answer: is `api` right?", code="wrong_address")
    code, detail = _polling(hook) if settings.polls else _hooked(hook, answer, settings)
    return Health(ok=code == "", detail=f"@{whose.username}: {detail}", code=code)


def _polling(hook: Webhook) -> tuple[Ailment | Literal[""], str]:
    if hook.url:
        return (
            "hook_in_the_way",
            f"nothing can be polled while a webhook is set, at {_host(hook)}; `passerelle connect` removes it",
        )
    return "", f"polling, {hook.pending_update_count} updates pending"


def _hooked(hook: Webhook, answer: Answer, settings: Settings) -> tuple[Ailment | Literal[""], str]:
    """An error counts while updates wait and it is recent; Telegram goes on telling of one that is long over."""
    if not hook.url:
        return "hook_missing", "no webhook is set; `passerelle connect` sets it"
    found = f"webhook at {_host(hook)}, {hook.pending_update_count} updates pending{_unasked(hook)}"
    if not hook.last_error_message:
        return "", found
    at = rfc3339(datetime.fromtimestamp(hook.last_error_date, UTC))
    found += f"; last error at {at}: {redacted(hook.last_error_message, call(settings, 'getWebhookInfo'))}"
    if not hook.pending_update_count or not _is_recent(hook.last_error_date, answer):
        return "", found
    return (
        "hook_failing",
        f"{found}; see that the internet reaches {_host(hook)}, and that `passerelle serve` runs there",
    )


def _host(hook: Webhook) -> str:
    """Of the address only this: paths and users may be secrets."""
    return hook.url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _unasked(hook: Webhook) -> str:
    """What the webhook does not bring: the list of kinds is older than this program, or not ours."""
    missing = [kind for kind in KINDS if kind not in (hook.allowed_updates or ())]
    told = ", ".join(missing)
    return f", without {told} until `passerelle connect` is run again" if missing and hook.allowed_updates else ""


def _is_recent(seconds: int, answer: Answer) -> bool:
    """Whether that was less than an hour before the answer, by the clock of whoever answered; True if it tells no time."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp() - seconds < RECENT
    except (ValueError, TypeError, OverflowError):
        return True


# Files, buttons, typing.


def fetch(ref: str, settings: Settings) -> Generator[Call, Answer, Fetched | None]:
    """Where a received file can be downloaded for an hour (20 MB at most); None if Telegram does not say.

    https://core.telegram.org/bots/api#getfile: the address holds the token, so it stays inside the call.
    """
    file = (yield call(settings, "getFile", {"file_id": ref}, effect=False)).read(FilePath, under="result")
    if file is None:
        return None
    path = quote(file.file_path.lstrip("/"))
    url = f"{settings.base}/file/bot{settings.token.get_secret_value()}/{path}"
    return Fetched(Call(DOWNLOAD, "GET", url, effect=False))


def profile(identity: str, settings: Settings) -> Generator[Call, Answer, Profile]:
    """The customer's small picture, if they let bots see it. Their name comes with every message.

    https://core.telegram.org/bots/api#getchat
    """
    try:
        answer = yield call(settings, "getChat", {"chat_id": chat_of(identity)}, effect=False)
    except Refused:
        return Profile()
    found = answer.read(FullChat, under="result")
    if found is None:
        return Profile()
    if found.photo is None:
        return Profile(picture="")
    return Profile(picture=found.photo.small_file_id, version=found.photo.small_file_unique_id)


def acknowledge(event: MessageReceived, settings: Settings) -> Steps:
    """Stop the clock on a pressed button; no call for another message.

    https://core.telegram.org/bots/api#answercallbackquery
    """
    kind, _, query = event.id.partition(":")
    if kind == "callback":
        yield call(settings, "answerCallbackQuery", {"callback_query_id": query}, effect=False)


def typing(identity: str, _message: str, settings: Settings) -> Steps:
    """Show the customer for five seconds that somebody types. https://core.telegram.org/bots/api#sendchataction"""
    yield call(settings, "sendChatAction", {"chat_id": chat_of(identity), "action": "typing"}, effect=False)
