"""The four roles, each added to a process that has it."""

from __future__ import annotations

from aiohttp import web

from agent_api.app import Inside, mount
from gateway.adapters.journal import FileJournal
from gateway.amending import Amending
from gateway.assembly.house import House
from gateway.attempts import Attempts
from gateway.config import Account, hook_url, journal_path
from gateway.delivery import Delivery
from gateway.edge import Edge
from gateway.journalling import Journalling
from gateway.leases import Part, Post
from gateway.metrics import VIEWS_BEHIND
from gateway.numbering import Numbering
from gateway.partitions import partition
from gateway.polling import Polling
from gateway.pruning import Pruning
from gateway.publishing import Publisher
from gateway.recalling import Recalling
from gateway.replies import Replies
from gateway.tasks import Background
from gateway.templates import Templates
from gateway.waking import Waking

RELAY = "relay"
"""The lease of the one process that numbers, publishes, wakes and prunes."""
_CALL_S = 30.0
"""Seconds that a call takes at most, but for large files."""


async def add_edge(house: House, app: web.Application) -> Edge:
    """What providers call. With a store elsewhere it takes webhooks into its own journal while that is away."""
    config = house.config
    journal = None
    if config.remote:
        journal = Journalling(
            house.taking, FileJournal(journal_path(config)), config.accounts, house.store, house.clock
        )
        await house.begin(journal)
    edge = Edge(config.accounts, house.taking, house.store, house.clock, config.http.public_url, journal,
                house.tracer)  # fmt: skip
    edge.mount(app)
    house.mount_files(app)
    return edge


async def add_api(house: House, app: web.Application) -> None:
    """What agents and integrators use."""
    config, store, clock = house.config, house.store, house.clock
    replies = Replies(store, clock, config.accounts, links=config.http.public_url is not None)
    amending = Amending(store, house.http, clock, config.accounts)
    house.stack.push_async_callback(amending.stop)
    listened = house.listening
    mount(app, Inside(store, house.broker, replies, amending, house.states, house.media, clock, config.accounts,
                      config.answer_within, config.http.public_url, lambda: (listened.host, listened.port),
                      Templates(house.http, clock), house.tracer))  # fmt: skip
    if "edge" not in house.roles:
        house.mount_files(app)


async def add_relay(house: House) -> None:
    """What one process does for all: numbers the feed, publishes it, opens what was snoozed, forgets what is old."""
    config, store, clock = house.config, house.store, house.clock
    parts: list[Part] = []
    if house.exchange is not None:
        channels = {name: account.channel for name, account in config.accounts.items()}
        parts.append(Publisher(store, house.exchange, clock, channels, house.tracer))
    parts.append(Background(Waking(store, clock).run, clock, "waking"))
    parts.append(Background(Pruning(store, clock, config.retention.raw, house.media.tidy).run, clock, "pruning"))
    if (holdings := house.holdings) is not None:
        VIEWS_BEHIND.set_function(lambda: store.views_behind if holdings.holds(RELAY) else 0)
        parts.append(_numbering(house))  # last, so that it ends first: nothing is folded by who has lost the lease
        await house.begin(Post(holdings, RELAY, clock, parts))
    else:
        VIEWS_BEHIND.set_function(lambda: store.views_behind)
        for part in parts:
            await house.begin(part)


def _numbering(house: House) -> Numbering:
    holdings = house.holdings
    assert holdings is not None  # noqa: S101 - numbering is for a store that several processes write

    def grown() -> None:
        house.follower.look()
        if house.nudging is not None:
            house.nudging.note()

    numbering = Numbering(house.store, house.clock, grown, lambda: holdings.drop(RELAY))
    house.store.on_commit(numbering.look)
    if house.exchange is not None:
        house.exchange.on_nudge(numbering.look)
    return numbering


async def add_delivery(house: House) -> None:
    """What goes out to providers, and what is asked of them: for the accounts that are this process's."""
    config, store, clock, states = house.config, house.store, house.clock, house.states

    def callback(account: Account) -> str:
        return hook_url(config, account) if config.http.public_url else ""

    attempts = Attempts(store, house.http, clock, states.heard, patience=_CALL_S if config.remote else 0.0,
                        tracer=house.tracer)  # fmt: skip
    delivery = Delivery(store, house.broker, attempts, config.accounts, clock, config.delivery,
                        link=house.media.signed_url, news_of=house.intake.news_of, callback=callback,
                        stopped=states.stopped, ownership=house.ownership)  # fmt: skip
    polling = Polling(config.accounts, house.taking, store, house.http, clock, states, house.ownership,
                      house.tracer)  # fmt: skip
    if house.partitions is not None:
        house.partitions.busy = lambda number: any(
            partition(account) == number for account in delivery.busy() | polling.busy()
        )
    recalling = Recalling(house.intake, config.accounts, clock, house.ownership)
    for part in (recalling, delivery, polling):
        await house.begin(part)
