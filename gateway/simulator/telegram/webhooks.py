"""How a bot gets its updates: setWebhook and its kin, or getUpdates."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import orjson

from gateway.simulator.guard import loopback
from gateway.simulator.store import Json
from gateway.simulator.telegram.args import Args
from gateway.simulator.telegram.bot import Bot
from gateway.simulator.telegram.errors import ApiError, bad

PORTS = (443, 80, 88, 8443)
SECRET = re.compile(r"[A-Za-z0-9_-]*")
SECRET_LENGTH = 256
CONNECTIONS = 40
MOST_CONNECTIONS = 100
MOST_UPDATES = 100
LONGEST_POLL = 50
KINDS_WORDS = (
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages message_reaction message_reaction_count inline_query "
    "chosen_inline_result callback_query shipping_query pre_checkout_query purchased_paid_media poll poll_answer "
    "my_chat_member chat_member chat_join_request chat_boost removed_chat_boost"
)
KINDS = frozenset(KINDS_WORDS.split())


async def set_webhook(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#setwebhook"""
    url = args.text("url").strip()
    if not url:
        return await delete_webhook(bot, args)
    _check_url(url)
    secret = args.text("secret_token")
    if len(secret) > SECRET_LENGTH:
        raise bad("secret token is too long")
    if not SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    if args.flag("drop_pending_updates"):
        bot.world.store.drop_waiting(bot.key)
    bot.world.traffic.keep_secret(bot.number, secret)
    bot.set(
        url=url,
        secret=secret or None,
        max_connections=min(MOST_CONNECTIONS, max(1, args.integer("max_connections", CONNECTIONS))),
        certificate=args.upload("certificate") is not None,
        last_error_date=None,
        last_error_message=None,
        **_allowed(bot, args),
    )
    _changed(bot)
    return True


async def delete_webhook(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#deletewebhook"""
    if args.flag("drop_pending_updates"):
        bot.world.store.drop_waiting(bot.key)
    gone = ("url", "secret", "max_connections", "certificate", "last_error_date", "last_error_message")
    bot.set(**dict.fromkeys(gone))
    _changed(bot)
    return True


async def get_webhook_info(bot: Bot, _: Args) -> Any:
    """https://core.telegram.org/bots/api#getwebhookinfo"""
    settings = bot.settings
    bot.world.store.drop_waiting(bot.key, before=bot.world.now() - bot.world.pace.kept)
    info: Json = {
        "url": settings.get("url", ""),
        "has_custom_certificate": settings.get("certificate", False),
        "pending_update_count": bot.world.store.count_waiting(bot.key),
    }
    if settings.get("url"):
        info["max_connections"] = settings["max_connections"]
    names = ("last_error_date", "last_error_message", "allowed_updates")
    return {**info, **{name: settings[name] for name in names if name in settings}}


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad("bad webhook: URL is invalid") from None
    host = parts.hostname or ""
    if not host:
        raise bad("bad webhook: URL host is empty")
    if loopback(host) and parts.scheme in ("http", "https"):
        return  # what the real one would refuse, and what this one is for
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if port is not None and port not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _allowed(bot: Bot, args: Args) -> Json:
    """The wanted kinds: those given, else those remembered; an empty list means the default again."""
    kinds = args.json("allowed_updates", "allowed updates")
    if kinds is None:
        return {"allowed_updates": bot.settings.get("allowed_updates")}
    if not isinstance(kinds, list):
        raise bad("can't parse allowed updates JSON object")
    return {"allowed_updates": [kind for kind in kinds if kind in KINDS] or None}


def _changed(bot: Bot) -> None:
    if bot.polling is not None:
        bot.polling.end("terminated by setWebhook request")
    if bot.deliverer is not None:
        bot.deliverer.reload()


class Poll:
    """One long poll that waits; a second one ends it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.conflict: str | None = None

    def wake(self) -> None:
        """There is an update."""
        self._event.set()

    def end(self, reason: str) -> None:
        """Somebody else took over."""
        self.conflict = reason
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Until woken; False when the time passed in silence."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


async def get_updates(bot: Bot, args: Args) -> Any:
    """https://core.telegram.org/bots/api#getupdates : asking with a higher offset confirms what is below it."""
    if bot.settings.get("url"):
        words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        raise ApiError(409, f"Conflict: {words}")
    if bot.polling is not None:
        bot.polling.end("terminated by other getUpdates request; make sure that only one bot instance is running")
    if "allowed_updates" in args:
        bot.set(**_allowed(bot, args))
    offset = _confirm(bot, args.integer("offset"))
    limit = min(MOST_UPDATES, args.integer("limit", MOST_UPDATES) or MOST_UPDATES)
    seconds = min(LONGEST_POLL, max(0, args.integer("timeout")))
    poll = bot.polling = Poll()
    stopping = asyncio.ensure_future(bot.world.stopping.wait())
    stopping.add_done_callback(lambda _: poll.wake())
    try:
        return await _updates(bot, poll, offset, limit, seconds)
    finally:
        stopping.cancel()
        if bot.polling is poll:
            bot.polling = None


async def _updates(bot: Bot, poll: Poll, offset: int, limit: int, seconds: float) -> list[Json]:
    while True:
        found = bot.world.store.waiting(bot.key, bot.world.now() - bot.world.pace.kept, offset, limit)
        if not found and seconds and not bot.world.stopping.is_set() and await poll.wait(seconds):
            if poll.conflict is not None:
                raise ApiError(409, f"Conflict: {poll.conflict}")
            continue
        bodies = [bot.world.store.waiting_body(bot.key, number) for number, _ in found]
        return [orjson.loads(body) for body in bodies if body]


def _confirm(bot: Bot, offset: int) -> int:
    """Forget what the offset confirms; a negative one counts from the last update and forgets those before."""
    if offset < 0:
        numbers = [number for number, _ in bot.world.store.waiting(bot.key, 0.0)]
        offset = numbers[offset:][0] if numbers else 0
    if offset > 0:
        bot.world.store.drop_waiting(bot.key, below=offset)
    return max(0, offset)
