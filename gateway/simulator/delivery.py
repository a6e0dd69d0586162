"""Webhooks out: each waiting update is posted until it is acknowledged, with the faults that were ordered."""

import asyncio
import heapq
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

import aiohttp

from gateway.simulator.faults import Fault, Moment
from gateway.simulator.traffic import Exchange, readable
from gateway.simulator.world import Channel, Target, World

READ = 1 << 16  # bytes of an answer that we look at
APART = 0.02  # seconds between updates that were shuffled
NOWHERE = Target("", 40)  # while an account has no address, those that have their own still go


@dataclass
class Item:
    """One update on its way."""

    id: int
    chat: str
    url: str = ""  # its own address; else the account's
    attempts: int = 0
    marked: bool = False  # the faults of its first attempt have been taken


class Deliverer:
    """Posts one account's updates: at most `parallel` at once; strictly in order within a chat when that is 1.

    With more than one connection, updates of one chat overtake each other, as they do at Telegram's size.
    """

    def __init__(self, world: World, channel: Channel, account: str) -> None:
        self._world = world
        self._channel = channel
        self._account = account
        self._key = f"{channel.name}/{account}"
        self._due: list[tuple[float, int, Item]] = []
        self._failing: dict[str, tuple[int, float]] = {}
        self._held: list[Item] = []
        self._hold_until = 0.0
        self._hold: Fault | None = None
        self._flying = 0
        self._generation = 0
        self._wake = asyncio.Event()
        world.spawn(self._run())
        self.reload()

    def reload(self) -> None:
        """Begin again from what the store says waits: after a start, or when the webhook changed."""
        self._generation += 1
        self._due, self._held, self._hold = [], [], None
        self._failing.clear()
        oldest = self._world.now() - self._world.pace.kept
        self._world.store.drop_waiting(self._key, before=oldest)
        for number, chat in self._world.store.waiting(self._key, oldest):
            self._take(number, chat)
        self._wake.set()

    def add(self, number: int, chat: str) -> None:
        """A new update waits in the store."""
        self._take(number, chat)
        self._wake.set()

    def _take(self, number: int, chat: str) -> None:
        url = self._world.store.waiting_url(self._key, number)
        if url or self._channel.target(self._account) is not None:
            self._push(Item(number, chat, url), 0.0)

    def _push(self, item: Item, due: float) -> None:
        heapq.heappush(self._due, (due, item.id, item))

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            wait = self._start_due()
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _start_due(self) -> float | None:
        """Start what is due; the seconds until something else is, or None when only a change can tell."""
        if self._world.quiet:
            return None
        target = self._channel.target(self._account) or NOWHERE
        now = asyncio.get_running_loop().time()
        if self._held and now >= self._hold_until:
            self._release(now)
        while self._due and self._due[0][0] <= now and self._flying < target.parallel:
            _, _, item = heapq.heappop(self._due)
            if not self._set_back(item, now, in_order=target.parallel == 1):
                self._flying += 1
                self._world.spawn(self._deliver(item, self._generation))
        waits = [self._hold_until - now] if self._held else []
        if self._due and self._flying < target.parallel:
            waits.append(self._due[0][0] - now)
        return max(0.0, min(waits)) if waits else None

    def _set_back(self, item: Item, now: float, *, in_order: bool) -> bool:
        """Whether the item must wait: for an earlier one of its chat, or because a fault says so."""
        earlier = self._failing.get(item.chat)
        if in_order and earlier is not None and earlier[0] < item.id:
            self._push(item, max(now + 0.001, earlier[1]))
            return True
        if item.marked:
            return False
        item.marked = True
        moment = self._moment(item)
        delay = self._world.faults.take(["webhook_delay"], moment)
        if delay is not None:
            self._push(item, now + delay.seconds)
            return True
        reorder = self._world.faults.take(["webhook_reorder"], moment)
        if reorder is None:
            return False
        if not self._held:
            self._hold, self._hold_until = reorder, now + reorder.seconds
        self._held.append(item)
        if len(self._held) >= reorder.hold:
            self._release(now)
        return True

    def _release(self, now: float) -> None:
        seed = self._hold.seed if self._hold else 0
        shuffled = sorted(self._held, key=lambda item: _dice(seed, item.id))
        if len(shuffled) > 1 and [i.id for i in shuffled] == sorted(i.id for i in shuffled):
            shuffled.reverse()  # whoever orders disorder gets it
        for place, item in enumerate(shuffled):
            self._push(item, now + place * APART)
        self._held, self._hold = [], None

    def _moment(self, item: Item, body: bytes | None = None) -> Moment:
        body = body or self._world.store.waiting_body(self._key, item.id) or b"{}"
        return Moment(self._channel.name, self._account, self._channel.kind(body), item.chat)

    async def _deliver(self, item: Item, generation: int) -> None:
        """One attempt, from the taking of its faults to what comes of it."""
        retry: float | None = self._world.pace.longest  # whatever breaks, the update is not lost
        try:
            body = self._world.store.waiting_body(self._key, item.id)
            retry = None if body is None else await self._attempt(item, body)
        finally:
            self._flying -= 1
            if generation == self._generation:
                self._settle(item, retry)
            self._wake.set()

    def _settle(self, item: Item, retry: float | None) -> None:
        if retry is not None:
            due = asyncio.get_running_loop().time() + retry
            self._failing[item.chat] = (item.id, due)
            self._push(item, due)
        elif self._failing.get(item.chat, (0, 0.0))[0] == item.id:
            del self._failing[item.chat]

    async def _attempt(self, item: Item, body: bytes) -> float | None:
        """Post the update; None when that is settled, else the seconds until the next attempt."""
        item.attempts += 1
        moment = self._moment(item, body)
        copies = 1
        if item.attempts == 1:
            twin = self._world.faults.take(["webhook_duplicate"], moment)
            copies = twin.times if twin else 1
        answers = await asyncio.gather(*(self._post(item, body, moment) for _ in range(copies)))
        if not all(answers):
            return self._again(item)
        if self._world.faults.take(["webhook_ignore_ack"], moment):
            return self._world.pace.wait(item.attempts)
        self._world.store.done(self._key, item.id)
        return None

    def _again(self, item: Item) -> float | None:
        """When to try again; None when the provider does not try any more, and the update is lost."""
        if self._channel.attempts is not None and item.attempts >= self._channel.attempts:
            self._world.store.done(self._key, item.id)
            return None
        return self._world.pace.wait(item.attempts)

    async def _post(self, item: Item, body: bytes, moment: Moment) -> bool:
        target = self._channel.target(self._account)
        url = item.url or (target.url if target else "")
        if not url:
            return False
        headers = self._channel.headers(self._account, url, body)
        exchange = self._world.traffic.open(
            "webhook",
            self._channel.name,
            self._account,
            moment.name,
            request=readable(body, headers.get("Content-Type", "")),
            url=url,
            chat=item.chat,
            number=item.id,
            attempt=item.attempts,
        )
        timeout = aiohttp.ClientTimeout(total=self._world.pace.timeout)
        try:
            async with self._world.session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                said = await answer.content.read(READ)
        except (aiohttp.ClientError, OSError, TimeoutError) as problem:
            self._unanswered(exchange, problem)
            return False
        return self._answered(exchange, answer.status, said)

    def _unanswered(self, exchange: Exchange, problem: Exception) -> None:
        late = isinstance(problem, TimeoutError)
        refused = isinstance(problem, aiohttp.ClientConnectorError)
        why = "Read timeout expired" if late else "Connection refused" if refused else "Connection closed"
        self._world.traffic.close(exchange, "failed", note=why)
        self._channel.undelivered(self._account, why)

    def _answered(self, exchange: Exchange, status: int, said: bytes) -> bool:
        good = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        self._world.traffic.close(exchange, "accepted" if good else "failed", status=status, answer=readable(said))
        if good:
            self._channel.delivered(self._account, said)
        else:
            words = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
            self._channel.undelivered(self._account, f"Wrong response from the webhook: {status} {words}".strip())
        return good


def _dice(seed: int, number: int) -> bytes:
    return blake2b(f"{seed}:{number}".encode(), digest_size=8).digest()
