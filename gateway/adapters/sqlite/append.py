"""The append: one decision, one row, its numbers without gaps."""

from __future__ import annotations

from gateway.adapters.sqlite.batch import Batch
from gateway.adapters.sqlite.fold import FoldedView
from gateway.ports import Appended, Decide

_STREAMS_CACHED = 200_000


class Append:
    """A job of the writer. What can fail alone fails before its row is inserted, so it needs no savepoint of its own."""

    __slots__ = ("_decide", "_stream", "key")

    def __init__(self, stream: str, decide: Decide, key: str | None) -> None:
        """Raises ValueError for a key that no row can hold, before it can trouble anybody else's commit."""
        if key is not None:
            key.encode()
        self._stream, self._decide, self.key = stream, decide, key

    def run(self, batch: Batch) -> Appended:
        """Decide and add; see ``gateway.ports.Log.append``."""
        if self.key is not None:
            known = batch.record_of(self.key)
            if known is not None:
                return Appended(known, duplicate=True)
        stream = self._stream
        draft = self._decide(_View(batch, stream))
        if draft is None:
            return Appended(None)
        if draft.key != self.key and batch.has(draft.key):
            return Appended(batch.record_of(draft.key), duplicate=True)
        seq = _head(batch, stream) + 1
        record = batch.add(draft, stream, seq)
        batch.heads[stream] = seq
        return Appended(record)


class _View(FoldedView):
    """The view that a decision looks at; costs nothing unless it does."""

    def __init__(self, batch: Batch, stream: str) -> None:
        self._batch = batch
        super().__init__(batch.following.fold, batch.db, stream, ())

    def _catch_up(self) -> None:
        if not self._folded:
            self._tail = self._batch.tail(self._stream)
        super()._catch_up()


def _head(batch: Batch, stream: str) -> int:
    heads = batch.heads
    known = heads.get(stream)
    if known is None:
        if len(heads) >= _STREAMS_CACHED:
            batch.flush()
            heads.clear()
        found = batch.db.execute("SELECT max(seq) FROM records WHERE stream = ?", (stream,)).fetchone()[0]
        known = heads[stream] = found or 0
    return known
