"""What became of a scenario: counted, timed, and said in a few lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil

SHARES = (50, 95, 99)


@dataclass
class Tally:
    """The sums so far; times are in seconds."""

    said: int = 0
    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    answers: int = 0
    lost: int = 0
    twice: int = 0
    held: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything was as expected, nothing was lost and nothing was said twice."""
        return not (self.failures or self.lost or self.twice)

    def lines(self) -> Iterable[str]:
        """The summary."""
        yield f"customers' messages  {self.said}"
        yield f"acknowledged         {len(self.acknowledged)}{_times(self.acknowledged)}"
        yield f"answers seen         {self.answers}{_times(self.answered)}"
        yield f"lost                 {self.lost}"
        yield f"answered twice       {self.twice}"
        yield f"expectations         {self.held} held, {len(self.failures)} failed"


def _times(times: Sequence[float]) -> str:
    if not times:
        return ""
    return "   " + "  ".join(f"p{share} {percentile(times, share) * 1000:.0f} ms" for share in SHARES)


def percentile(times: Sequence[float], share: int) -> float:
    """The time that this share of them, in percent, did not exceed."""
    ordered = sorted(times)
    return ordered[max(0, ceil(len(ordered) * share / 100) - 1)]
