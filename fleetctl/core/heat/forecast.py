"""A weather forecast as a value. What a file says is read in `forecast_formats`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """Outdoor temperatures to come.

    Attributes:
        source: the file or address that it came from.
        times: aware, in UTC, rising.
        temperatures_c: one for each time.
    """

    source: str
    times: Sequence[datetime]
    temperatures_c: Sequence[float]

    def lowest_c(self, start: datetime, end: datetime) -> float | None:
        """Return the lowest temperature from `start` to `end`, the values just before and after included.

        None if the forecast does not cover the whole span: a guess beyond its end would be no forecast.
        """
        first, last = bisect_right(self.times, start) - 1, bisect_left(self.times, end)
        if first < 0 or last >= len(self.times):
            return None
        return min(self.temperatures_c[first : last + 1])
