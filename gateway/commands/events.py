"""``passerelle events``: what is published, as it is published, and queues for those who want it all."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

import orjson
import typer

from gateway import logs
from gateway.announcing import NONE, announced, bindings
from gateway.commands.common import (
    CLOCK,
    WRONG,
    ConfigFile,
    Failure,
    account_of,
    group,
    loaded,
    on_terminal,
    opened,
    printable,
    run,
    say,
    tell,
)
from gateway.commands.serve import stopping
from gateway.config import Config
from gateway.config_file import nearest
from gateway.ports import CursorExpired, Store
from normalizer.record import RecordKind

if TYPE_CHECKING:
    from gateway.adapters.rabbitmq import Following

app = group("Follow what is published, and make queues for it.")

_EARLIER = 10
_LOOK_S = 0.3
_LINE = 160
_SOON_S = 3.0
_KINDS = get_args(RecordKind)

Kinds = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Only these: message.received, message.* …")
]
Accounts = Annotated[list[str] | None, typer.Option("--account", metavar="NAME", help="Only of these accounts.")]


@app.command()
def tail(
    config: ConfigFile,
    kind: Kinds = None,
    account: Accounts = None,
    from_now: Annotated[bool, typer.Option("--from-now", help="Without the last few of those before.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Each event whole, as JSON, one a line.")] = False,
) -> None:
    """Show events as they are published, until Ctrl-C; without RabbitMQ, as they are recorded."""
    settings = loaded(config)
    asked = Asked(settings, kind or (), account or ())
    logs.setup(CLOCK, logs.secrets_of(settings))
    run(_tail(settings, asked, from_now=from_now, as_json=json))


@app.command("declare")
def declare_(
    config: ConfigFile,
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Its name.")],
    kind: Kinds = None,
    account: Accounts = None,
    most: Annotated[
        int | None, typer.Option("--most", min=1, metavar="N", help="Messages that wait; then the oldest are dropped.")
    ] = None,
) -> None:
    """Make a lasting quorum queue for an integrator, and bind it; what is there already stays as it is."""
    settings = loaded(config)
    asked = Asked(settings, kind or (), account or ())
    logs.setup(CLOCK, logs.secrets_of(settings))
    if not settings.announces:
        raise Failure(
            "broker: memory has no queues", "write the address of a RabbitMQ: amqp://user:password@host/", WRONG
        )
    from gateway.adapters.rabbitmq import declare  # noqa: PLC0415 - the other commands need not wait for its driver

    run(declare(settings.broker, queue, asked.keys, most))
    say(f"{queue} is there, for {', '.join(asked.keys)}")


class Asked:
    """Which events somebody wants to see. Raises Failure for a kind or an account that there is none of."""

    def __init__(self, config: Config, kinds: Sequence[str], accounts: Sequence[str]) -> None:
        for kind in kinds:
            if not any(_is(kind, known) for known in _KINDS):
                raise Failure(f'--kind: no record is of kind "{kind}"', nearest(kind, _KINDS, "kind"), WRONG)
        for account in accounts:
            account_of(config, account)
        self._kinds, self._accounts = kinds, accounts
        self.keys = bindings(tuple(kinds), tuple(accounts))

    def __contains__(self, event: Mapping[str, Any]) -> bool:
        kinds, accounts = self._kinds, self._accounts
        return (not kinds or any(_is(kind, event["type"]) for kind in kinds)) and (
            not accounts or event.get("account") in accounts
        )


def _is(asked: str, kind: str) -> bool:
    return asked == kind or (asked.endswith(".*") and kind.startswith(asked[:-1]))


async def _tail(config: Config, asked: Asked, *, from_now: bool, as_json: bool) -> None:
    """Until a signal comes."""
    with stopping() as stop:
        events = _published(config, asked, from_now) if config.announces else _recorded(config, from_now)
        showing = asyncio.ensure_future(_show(events, asked, as_json=as_json))
        ending = asyncio.ensure_future(stop.wait())
        await asyncio.wait({showing, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (showing, ending):
            task.cancel()
        await asyncio.gather(ending, return_exceptions=True)
        try:
            await showing
        except asyncio.CancelledError:
            return


async def _show(events: AsyncIterator[bytes], asked: Asked, *, as_json: bool) -> None:
    """Each event once: those before are in the feed and may come by the exchange as well."""
    seen: set[str] = set()
    async for body in events:
        event = orjson.loads(body)
        if event not in asked or event["id"] in seen:
            continue
        if len(seen) < _EARLIER:
            seen.add(event["id"])
        say(body.decode() if as_json else _line(event))


async def _published(config: Config, asked: Asked, from_now: bool) -> AsyncIterator[bytes]:
    from gateway.adapters.rabbitmq import Following  # noqa: PLC0415 - likewise

    following = Following(config.broker, CLOCK, asked.keys)
    await following.start()
    try:
        await _listening(following, config)
        if not from_now:
            async with opened(config) as store:
                for body in await _earlier(store, config):
                    yield body
        while True:
            found = await following.next()
            if found.missed:
                tell("passerelle: the connection was lost for a while; events may be missing here")
            yield found.body
    finally:
        await following.stop()


async def _listening(following: Following, config: Config) -> None:
    from gateway.adapters.rabbitmq import shown  # noqa: PLC0415 - likewise

    try:
        async with asyncio.timeout(_SOON_S):
            await following.there.wait()
    except TimeoutError:
        tell(f"passerelle: {shown(config.broker)} is not there: {following.why}; waiting for it")
        await following.there.wait()


async def _recorded(config: Config, from_now: bool) -> AsyncIterator[bytes]:
    """The feed itself, looked at again and again: without RabbitMQ there is nobody who tells another process."""
    async with opened(config) as store:
        place = await store.head()
        if not from_now:
            for body in await _earlier(store, config):
                yield body
        while True:
            try:
                found = await store.feed(place, 500)
            except CursorExpired:
                place = await store.oldest()
                continue
            for record in found:
                place = record.feed
                yield announced(record, _channels(config)).body
            if not found:
                await CLOCK.sleep(_LOOK_S)


async def _earlier(store: Store, config: Config) -> list[bytes]:
    after = max(await store.oldest(), await store.head() - _EARLIER)
    return [announced(record, _channels(config)).body for record in await store.feed(after, _EARLIER)]


def _channels(config: Config) -> dict[str, str]:
    return {name: account.channel for name, account in config.accounts.items()}


def _line(event: Mapping[str, Any]) -> str:
    """An event in a line: when, what, where, who, and what was said, as far as there is room."""
    where = f"{event.get('channel', NONE)}/{event.get('account', NONE)}"
    who = event.get("actorname") or event.get("actorid") or event["actorkind"]
    line = f"{event['time'][11:23]}  {event['type']:<22} {where:<28} {who}: {_said(event['data'])}"
    shown_line = printable(line.replace("\n", " ⏎ ").replace("\t", " "))
    room = shutil.get_terminal_size().columns if on_terminal() else _LINE
    return shown_line if len(shown_line) <= room else f"{shown_line[: room - 1]}…"


def _said(data: Mapping[str, Any]) -> str:
    """The words of a message; of anything else, what changed."""
    message = data.get("message")
    parts = message.get("parts", ()) if isinstance(message, dict) else data.get("parts")
    if parts is not None:
        return " ".join(part.get("text") or part.get("caption") or f"[{part['kind']}]" for part in parts)
    return ", ".join(f"{name} {_short(value)}" for name, value in data.items() if value not in (None, [], ""))


def _short(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
