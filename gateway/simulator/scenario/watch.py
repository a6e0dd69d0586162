"""Looks on while a scenario plays: which webhooks were acknowledged, and what the bots sent, when."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from gateway.simulator.scenario.stage import Chat, NotDone, Sent, Stage
from gateway.simulator.scenario.tally import Tally

OFTEN = 0.1  # seconds between two looks
CLOCKS = 0.001  # seconds: the simulator tells times in milliseconds


class Watch:
    """What has been seen since it began; times are in seconds since 1970."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._revision = 0
        self._after: dict[tuple[str, str], int] = {}
        self._looked = asyncio.Event()
        self.acknowledged: dict[tuple[str, str, int], float] = {}
        self.answers: dict[tuple[Chat, str | None], list[float]] = defaultdict(list)  # None: whatever the text

    async def begin(self) -> None:
        """What passed earlier is not ours."""
        await self.look()
        self.acknowledged.clear()
        self.answers.clear()

    async def look(self) -> None:
        """See what is new."""
        said = await self._stage.ask("GET", f"/api/traffic?after={self._revision}")
        self._revision = said["next"]
        for exchange in said["data"]:
            self._note(exchange)
        for channel, account in {(one.channel, one.number) for one in self._stage.scenario.accounts.values()}:
            after = self._after.get((channel, account), 0)
            new = (await self._stage.ask("GET", f"/api/{channel}/{account}/accepted?after={after}"))["data"]
            for call in new:
                self._after[channel, account] = call["n"]
                if call["sends"]:
                    when = datetime.fromisoformat(call["at"]).timestamp()
                    chat = Chat(channel, account, call["chat"])
                    self.answers[chat, None].append(when)
                    self.answers[chat, call["text"]].append(when)

    def _note(self, exchange: dict[str, Any]) -> None:
        if exchange["direction"] != "webhook" or exchange["outcome"] != "accepted":
            return
        when = datetime.fromisoformat(exchange["at"]).timestamp() + (exchange["milliseconds"] or 0) / 1000
        self.acknowledged.setdefault((exchange["channel"], exchange["account"], exchange["number"]), when)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look again and again meanwhile: the simulator keeps only the latest of what passed."""

        async def look_on() -> None:
            while True:
                await asyncio.sleep(OFTEN)
                with suppress(NotDone):
                    await self.look()
                self._looked.set()
                self._looked = asyncio.Event()

        task = asyncio.create_task(look_on())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def until(self, enough: Callable[[], bool], seconds: float) -> bool:
        """Wait until enough was seen; False when the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not enough():
                    await self._looked.wait()
        return enough()

    def all_acknowledged(self) -> bool:
        """Whether every customer's message has been."""
        return all(_webhook(sent) in self.acknowledged for sent in self._stage.sent)

    def all_answered(self) -> bool:
        """Whether every message that wants one certain answer has it."""
        return not any(lost for _, _, lost, _ in self._pairs())

    def count(self, tally: Tally) -> None:
        """Write the sums down."""
        tally.said = len(self._stage.sent)
        tally.answers = sum(len(times) for (_, text), times in self.answers.items() if text is None)
        for sent in self._stage.sent:
            when = self.acknowledged.get(_webhook(sent))
            if when is None:
                tally.lost += 1
            else:
                tally.acknowledged.append(max(0.0, when - sent.at))
        for wants, times, lost, twice in self._pairs():
            tally.answered += times
            tally.lost += lost if wants else 0
            tally.twice += twice if wants else 0

    def _pairs(self) -> list[tuple[bool, list[float], int, int]]:
        """Messages and answers that belong together: if an answer is wanted, the times, the lost, the extra ones.

        A message that wants no certain answer has the next one in its chat.
        """
        groups: dict[tuple[Chat, str | None], list[Sent]] = defaultdict(list)
        for sent in self._stage.sent:
            groups[sent.chat, sent.wants].append(sent)
        found = []
        for (chat, wants), sents in groups.items():
            waits, rest = _matched(sents, self.answers.get((chat, wants), []))
            found.append((wants is not None, waits, len(sents) - len(waits), rest))
        return found


def _webhook(sent: Sent) -> tuple[str, str, int]:
    return sent.chat.channel, sent.chat.account, sent.update


def _matched(sents: list[Sent], times: list[float]) -> tuple[list[float], int]:
    """Each message with the first answer after it that no earlier one has; and how many answers are left."""
    waits: list[float] = []
    at = 0
    for sent in sents:
        while at < len(times) and times[at] < sent.at - CLOCKS:
            at += 1
        if at == len(times):
            break
        waits.append(max(0.0, times[at] - sent.at))
        at += 1
    return waits, len(times) - len(waits)
