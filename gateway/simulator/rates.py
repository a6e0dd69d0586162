"""A provider's published rates, when they are ordered: so many messages a second in all, and so many to one chat."""

from math import ceil

from gateway.simulator.faults import Fault

EVERYONE = ""
REMEMBERED = 200


class Rates:
    """When messages went to whom, per account."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], list[float]] = {}

    def over(self, account: str, chat: str, fault: Fault, now: float) -> int:
        """Seconds to wait before this message, or 0; one that may go counts as sent."""
        every, one = self._said.get((account, EVERYONE), []), self._said.get((account, chat), [])
        slow = max(
            _wait(every, fault.per_second, max(fault.burst, ceil(fault.per_second)), now),
            _wait(one, fault.per_chat, fault.burst, now),
        )
        if slow > 0:
            return ceil(slow)
        for whom, times in ((EVERYONE, every), (chat, one)):
            self._said[account, whom] = [*times[-REMEMBERED:], now]
        return 0


def _wait(times: list[float], rate: float, burst: int, now: float) -> float:
    """A bucket of `burst` messages that refills at `rate`: how long until there is room for one."""
    level, last = 0.0, 0.0
    for time in times:
        level = max(0.0, level - (time - last) * rate) + 1
        last = time
    level = max(0.0, level - (now - last) * rate)
    return max(0.0, (level + 1 - burst) / rate)
