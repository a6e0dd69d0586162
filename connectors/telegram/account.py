"""A bot's own affairs: its webhook, its credentials, the files it was sent, its answers to buttons."""

from __future__ import annotations

from collections.abc import Generator
from urllib.parse import quote

from connectors.api import Answer, Call, Fetched, Health, Refused, Steps
from connectors.telegram.answers import DOWNLOAD, redacted
from connectors.telegram.dialect import KINDS, Bot, FilePath, Webhook
from connectors.telegram.outbound import chat_of
from connectors.telegram.settings import Settings, call
from normalizer.event import MessageReceived


def connect(webhook_url: str, settings: Settings) -> Steps:
    """Have updates sent to ``webhook_url``, with our secret. https://core.telegram.org/bots/api#setwebhook"""
    fields = {
        "url": webhook_url,
        "secret_token": settings.secret.get_secret_value(),
        "allowed_updates": list(KINDS),  # Telegram remembers an earlier list if there is none
    }
    yield call(settings, "setWebhook", fields, effect=False)


def check(settings: Settings) -> Generator[Call, Answer, Health]:
    """Whose the token is, where updates go, and what last went wrong there.

    https://core.telegram.org/bots/api#getwebhookinfo
    """
    try:
        whose = (yield call(settings, "getMe", effect=False)).read(Bot, under="result")
        asked = call(settings, "getWebhookInfo", effect=False)
        hook = (yield asked).read(Webhook, under="result")
    except Refused as refusal:
        return Health(ok=False, detail=refusal.detail)
    if whose is None or hook is None:
        return Health(ok=False, detail="this is not Telegram's answer: is `api` right?")
    bot = f"@{whose.username}"
    if not hook.url:
        return Health(ok=False, detail=f"{bot}: no webhook is set; `passerelle connect` sets it")
    host = hook.url.partition("://")[2].partition("/")[0].rpartition("@")[2]  # paths and users may be secrets
    error = f"; last error: {redacted(hook.last_error_message, asked)}" if hook.last_error_message else ""
    return Health(ok=True, detail=f"{bot}: webhook at {host}, {hook.pending_update_count} updates pending{error}")


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


def acknowledge(event: MessageReceived, settings: Settings) -> Steps:
    """Stop the clock on a pressed button; no call for another message.

    https://core.telegram.org/bots/api#answercallbackquery
    """
    kind, _, query = event.id.partition(":")
    if kind == "callback":
        yield call(settings, "answerCallbackQuery", {"callback_query_id": query}, effect=False)


def typing(identity: str, settings: Settings) -> Steps:
    """Show the customer for five seconds that somebody types. https://core.telegram.org/bots/api#sendchataction"""
    yield call(settings, "sendChatAction", {"chat_id": chat_of(identity), "action": "typing"}, effect=False)
