"""Telegram's published rates, when they are ordered: about 30 messages a second, one a second per chat.

https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from math import ceil

from gateway.simulator.faults import Fault
from gateway.simulator.telegram.bot import Bot

EVERYONE = ""


def over(bot: Bot, fault: Fault, chat: str, now: float) -> int:
    """Seconds to wait before this message, or 0; one that may go counts as sent."""
    slow = max(
        _wait(bot.said.get(EVERYONE, []), fault.per_second, max(fault.burst, ceil(fault.per_second)), now),
        _wait(bot.said.get(chat, []), fault.per_chat, fault.burst, now),
    )
    if slow > 0:
        return ceil(slow)
    for whom in (EVERYONE, chat):
        bot.said[whom] = [*bot.said.get(whom, [])[-200:], now]
    return 0


def _wait(times: list[float], rate: float, burst: int, now: float) -> float:
    """A bucket of `burst` messages that refills at `rate`: how long until there is room for one."""
    level, last = 0.0, 0.0
    for time in times:
        level = max(0.0, level - (time - last) * rate) + 1
        last = time
    level = max(0.0, level - (now - last) * rate)
    return max(0.0, (level + 1 - burst) / rate)
