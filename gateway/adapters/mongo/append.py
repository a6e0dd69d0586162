"""The append: decide on what is known, insert at the next number, and where that is taken, look and decide again."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from gateway.adapters.cache import Cache, weigh
from gateway.adapters.mongo import documents, exact, states
from gateway.adapters.mongo.bulk import Inserts
from gateway.adapters.mongo.collections import Collections
from gateway.adapters.mongo.decision import Missing, StreamView
from gateway.adapters.mongo.documents import Folded
from gateway.adapters.mongo.intents import Intent, Intents
from gateway.adapters.mongo.lag import Lag
from gateway.adapters.mongo.recent import Recent
from gateway.adapters.mongo.states import State
from gateway.adapters.mongo.whole import CLOSED
from gateway.adapters.records import numbered
from gateway.ports import Appended, Clock, Decide, Unavailable
from normalizer.record import Draft

_STREAMS_CACHED = 20_000
_AROUND = 1000
"""Bytes of a conversation beside its last message, roughly."""
_WAIT_S = 0.05
"""How long, at most, one who was overtaken again waits before the next try."""


class Asked(NamedTuple):
    """What somebody wants appended, and where they wait for it."""

    stream: str
    decide: Decide
    key: str | None
    done: asyncio.Future[Appended]

    def fail(self, error: Exception) -> None:
        """Tell them why not, if they still wait."""
        if not self.done.done():
            self.done.set_exception(error)


class Appends:
    """Appends of this process: one under way in each stream, streams beside each other."""

    def __init__(self, db: Collections, clock: Clock, recent: Recent) -> None:
        self.db, self.clock, self.recent = db, clock, recent
        self.records, self.intents = Inserts(db.records), Intents(db, clock)
        self.lag = Lag(db, clock)
        self._queues: dict[str, deque[Asked]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._states: Cache[State] = Cache(_STREAMS_CACHED)
        self.on_append: Callable[[], None] = lambda: None

    async def append(self, stream: str, decide: Decide, key: str | None) -> Appended:
        """See ``gateway.ports.Log.append``."""
        for text in (stream, key or ""):
            text.encode()
        asked = Asked(stream, decide, key, asyncio.get_running_loop().create_future())
        queue = self._queues.get(stream)
        if queue is not None:  # its worker takes this one up, too
            queue.append(asked)
        else:
            self._queues[stream] = deque([asked])
            worker = asyncio.create_task(self._work(stream))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await asked.done

    async def stop(self) -> None:
        """Finish what has been asked."""
        while self._workers:
            await asyncio.gather(*self._workers)
        await self.records.stop()
        await self.intents.stop()

    async def _work(self, stream: str) -> None:
        queue = self._queues[stream]
        while queue:
            asked = queue.popleft()
            if asked.done.done():  # they wait no more
                continue
            append = _Append(self, asked)
            try:
                await self.lag.slow_down()
                appended = await append.run()
            except Unavailable as error:
                self._states.drop(stream)
                for one in (asked, *queue):  # the others would wait for the server in vain, one after the other
                    one.fail(error)
                queue.clear()
            except Exception as error:  # noqa: BLE001 - a decision's own no, handed to whoever asked
                asked.fail(error)
            except asyncio.CancelledError:
                for one in (asked, *queue):
                    one.fail(Unavailable(CLOSED))
                raise
            else:
                if not asked.done.done():
                    asked.done.set_result(appended)
            finally:
                self.intents.over(append.announced)
        del self._queues[stream]

    def known(self, stream: str) -> State | None:
        """What this process last saw of a stream; others may have appended since."""
        return self._states.get(stream)

    def remember(self, stream: str, folded: Folded) -> None:
        """Keep what was seen of a stream."""
        conversation = folded.conversation
        said = conversation.last_message if conversation is not None else None
        self._states.put(stream, State(*folded), _AROUND + (weigh(said.parts) if said is not None else 0))
        self._states.trim()


class _Append:
    """One append: as many tries as others force on it."""

    def __init__(self, appends: Appends, asked: Asked) -> None:
        self._appends, self._asked = appends, asked
        known = appends.known(asked.stream)
        self._view = None if known is None else StreamView(asked.stream, known)
        self._looked = known is not None
        self._fresh = self._whole = False
        self._passed: State | None = None
        self.announced: list[Intent] = []
        self._overtaken = 0

    async def run(self) -> Appended:
        """See ``gateway.ports.Log.append``."""
        if duplicate := self._remembered(self._asked.key):
            return duplicate
        while True:
            view, draft, refusal = self._view or await self._next(), None, None
            try:
                draft = self._asked.decide(view)
            except Missing as missing:
                view = view if self._whole else await self._look()
                await view.read(self._appends.db, missing)
                continue
            except Exception as error:  # noqa: BLE001 - it may be raised, see there
                refusal = error
            appended = await (self._no(refusal) if draft is None else self._insert(draft, view))
            if appended is not None:
                return appended

    async def _no(self, refusal: Exception | None) -> Appended | None:
        """What a no comes to; None if it was said to what may be stale. Raises the refusal."""
        if duplicate := await self._duplicate(self._asked.key):
            return duplicate
        if not self._fresh:
            self._view = None
            return None
        if isinstance(refusal, StopIteration):  # a coroutine cannot raise it
            raise RuntimeError(f"StopIteration: {refusal}") from refusal  # noqa: TRY004 - as Python itself says it
        if refusal is not None:
            raise refusal
        return Appended(None)

    async def _next(self) -> StreamView:
        """What to decide on next."""
        if self._passed is not None:
            return await self._catch_up(self._passed)
        if self._looked:
            return await self._look()
        # The stream as the views have it; whether that was enough, the insert finds out.
        self._looked = True
        self._view = StreamView(
            self._asked.stream, State(*await states.folded_of(self._appends.db, self._asked.stream))
        )
        return self._view

    async def _catch_up(self, passed: State) -> StreamView:
        """What others have appended to a state that was once the stream's, from the log itself."""
        self._passed = None
        if self._overtaken > 1:
            await self._appends.clock.sleep(self._appends.clock.jitter() * _WAIT_S)
        folded = Folded(passed.seq, passed.conversation)
        for record in await states.after(self._appends.db, self._asked.stream, passed.seq):
            folded = states.with_record(folded, record)
        self._view, self._fresh, self._whole = StreamView(self._asked.stream, State(*folded)), True, False
        return self._view

    async def _look(self) -> StreamView:
        """Read the stream with what its views have not seen; after a collision by the log, for views may be set back."""
        state = await states.now(self._appends.db, self._asked.stream, from_log=self._overtaken > 0)
        self._view, self._fresh, self._whole = StreamView(self._asked.stream, state), True, True
        return self._view

    def _remembered(self, key: str | None) -> Appended | None:
        known = None if key is None else self._appends.recent.get(key)
        return None if known is None else Appended(known, duplicate=True)

    async def _duplicate(self, key: str | None) -> Appended | None:
        if key is None:
            return None
        known = await exact.record_of(self._appends.db, key)
        return None if known is None else Appended(known, duplicate=True)

    async def _insert(self, draft: Draft, view: StreamView) -> Appended | None:
        """Insert at the next number; None if it is taken."""
        stream, appends = self._asked.stream, self._appends
        if self._asked.key != draft.key and (duplicate := await self._duplicate(self._asked.key)):
            return duplicate
        if duplicate := self._remembered(draft.key):
            return duplicate
        seq, conversation, _ = view.state
        document = documents.encoded(documents.of_record(draft, stream, seq + 1))
        intent = self.announced[-1] if self.announced else None
        if intent is None or intent.key != draft.key or not appends.intents.fresh(intent):
            intent = await appends.intents.announce(stream, draft.key)
            self.announced.append(intent)
        if await appends.records.insert(document):
            if not appends.intents.fresh(intent):  # we slept, and the relay may have forgotten it
                intent = await appends.intents.announce(stream, draft.key)
                self.announced.append(intent)
            record = numbered(draft, stream, seq + 1)
            appends.remember(stream, states.with_record(Folded(seq, conversation), record))
            appends.recent.add(record, len(document.raw))
            appends.lag.wrote(intent.id)
            appends.intents.over(self.announced)
            appends.on_append()
            return Appended(record)
        self._overtaken += 1
        self._view, self._passed = None, view.state
        duplicate = await self._duplicate(draft.key)
        if duplicate is not None:  # the relay finds that our intent has its record already
            appends.intents.over(self.announced)
            appends.on_append()
        return duplicate
