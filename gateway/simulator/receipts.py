"""What becomes of a message that we sent: sent, delivered after a while, read when the customer opens the chat.

Faults bend it: `receipt_hold` keeps every receipt back until it is lifted, `undelivered` makes the message fail with a
code of the provider's. That receipts overtake each other or come twice is ordered as for any webhook, by their name:
`{"kind": "webhook_reorder", "method": "status*"}`.
"""

from collections.abc import Callable, Sequence

from gateway.simulator.account import Account
from gateway.simulator.faults import Moment
from gateway.simulator.store import Json
from gateway.simulator.world import World

DELIVERED_AFTER = 0.3  # seconds, unless the account says `delivered_after`
OFTEN = 0.05  # seconds between two looks whether receipts are still held

Tell = Callable[[Account, Json, Json, str, int | None], None]
"""Pushes the webhook that says this status of this line: (account, chat, line, status, error code)."""


class Receipts:
    """Of one channel; `steps` are the statuses that it tells of. What is under way is forgotten by a restart."""

    def __init__(self, world: World, steps: Sequence[str], tell: Tell) -> None:
        self._world = world
        self._steps = steps
        self._tell = tell

    def follow(self, account: Account, chat: Json, line: Json, method: str, failing: int | None = None) -> None:
        """From now on tell what becomes of a line; `method` is the call that sent it, by which faults choose.

        With a code in `failing` it does not arrive, for a reason that is no ordered fault.
        """
        moment = Moment(account.channel, account.id, method, str(chat["id"]))
        bad = self._world.faults.take(["undelivered"], moment)
        code = failing if bad is None else bad.code or 0
        self._world.spawn(self._go(account, chat, int(line["message_id"]), moment, code))

    async def _go(self, account: Account, chat: Json, number: int, moment: Moment, failing: int | None) -> None:
        if not await self._free(moment):
            return
        self._step(account, chat, number, "sent")
        if not await self._world.pause(float(account.settings.get("delivered_after", DELIVERED_AFTER))):
            return
        if not await self._free(moment):
            return
        if failing is not None:
            self.fail(account, chat, number, failing)
            return
        self._step(account, chat, number, "delivered")
        reads = account.settings.get("read_after")
        if reads is not None and await self._world.pause(float(reads)) and await self._free(moment):
            self._step(account, chat, number, "read")

    async def _free(self, moment: Moment) -> bool:
        """Wait while receipts are held; False when the simulator stops."""
        hold = self._world.faults.take(["receipt_hold"], moment)
        while hold is not None and any(fault.id == hold.id for fault in self._world.faults.every()):
            if not await self._world.pause(OFTEN):
                return False
        return True

    def fail(self, account: Account, chat: Json, number: int, code: int) -> None:
        """The message is lost, for the reason of this code."""
        self._step(account, chat, number, "failed", code)

    def _step(self, account: Account, chat: Json, number: int, status: str, code: int | None = None) -> None:
        """Write the status down and tell it, together or not at all."""
        with self._world.store.transaction():
            line = account.advance(chat, number, status, **({"error": str(code or "")} if status == "failed" else {}))
            if line is not None and status in (*self._steps, "failed"):
                self._tell(account, chat, line, status, code)

    def read(self, account: Account, chat: Json) -> int:
        """The customer opens the chat: what was delivered is read. How many lines were."""
        if "read" not in self._steps:
            return 0
        seen = [
            line
            for line in account.lines(str(chat["id"]))
            if line["direction"] == "out" and line["status"] == "delivered" and not line["deleted"]
        ]
        for line in seen:
            self._step(account, chat, line["message_id"], "read")
        return len(seen)
