"""Luck as a value: what happens to a unit follows from the seed and from what is asked, never from when it is asked.

So two policies, or two schedulers, are compared on the very same luck (common random numbers), and a simulation is the
same on every machine.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from hashlib import blake2b

_SPAN = 2.0**64
_LEAST = 1 / 3
"""Shortest duration of a spread, as a share of its median."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A seed that answers questions.

    Attributes:
        seed: any number; another one is another night.
    """

    seed: int

    def share(self, *question: object) -> float:
        """Return a number from 0 up to 1, evenly spread over questions; the same question has the same answer."""
        text = "\0".join(map(str, (self.seed, *question)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / _SPAN

    def happens(self, rate: float, *question: object) -> bool:
        """Say whether something that happens in a share `rate` of all cases happens in this one."""
        return rate > 0 and self.share(*question) < rate


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of durations by the quantiles that people publish, in seconds.

    Between them the logarithm is interpolated; the shortest is a third of the median, the longest goes as far beyond
    p99 as p99 is beyond p90.
    """

    median_s: float
    p90_s: float
    p99_s: float

    @classmethod
    def within(cls, p99_s: float, median: float = 0.4) -> Spread:
        """Return the spread of something whose p99 is known, and whose median is about this share of it."""
        return cls(p99_s * median, p99_s * math.sqrt(median), p99_s)

    def at(self, share: float) -> float:
        """Return the duration below which a share of all cases is, in seconds; `share` is from 0 up to 1."""
        shares = (0.0, 0.5, 0.9, 0.99, 1.0)
        place = min(bisect_right(shares, share), len(shares) - 1)
        below, above = shares[place - 1], shares[place]
        marks = (self.median_s * _LEAST, self.median_s, self.p90_s, self.p99_s, self.p99_s**2 / self.p90_s)
        low, high = marks[place - 1], marks[place]
        return low * math.pow(high / low, (share - below) / (above - below))
