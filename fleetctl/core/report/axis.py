"""The axis of time that everything on a report's page shares, with marks at round times of the site's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

WIDTH = 1000
"""Width of every drawing in units of its view box."""
MOST_TICKS = 6
_LAST_TICK = 0.93
"""Share of the axis behind which a label would leave the page."""
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)
_DAY_S = 86400
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the axis; `percent` from its left end."""

    percent: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time, as a site's clock shows it."""

    began: datetime
    ended: datetime
    zone: tzinfo

    @property
    def total_s(self) -> float:
        """Return its length in seconds; never zero."""
        return max((self.ended - self.began).total_seconds(), 1e-3)

    def x(self, at: datetime) -> int:
        """Return where a time is, in units of the view box; what is outside is put at the end."""
        share = (at - self.began).total_seconds() / self.total_s
        return round(WIDTH * min(1.0, max(0.0, share)))

    def ticks(self) -> Iterator[Tick]:
        """Yield its marks; whole steps of the clock at its beginning, so that a change of the clocks shifts labels."""
        step_s = next((step for step in _STEPS_S if self.total_s / step <= MOST_TICKS), _STEPS_S[-1])
        midnight = self.began.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        passed_s = (
            self.began.astimezone(self.zone).replace(tzinfo=None) - midnight.replace(tzinfo=None)
        ).total_seconds()
        at = self.began + timedelta(seconds=-passed_s % step_s)
        while (at - self.began).total_seconds() <= _LAST_TICK * self.total_s:
            percent = 100 * (at - self.began).total_seconds() / self.total_s
            yield Tick(round(percent, 2), self._label(at, step_s))
            at += timedelta(seconds=step_s)

    def _label(self, at: datetime, step_s: int) -> str:
        local = at.astimezone(self.zone)
        if step_s < _MINUTE_S:
            return f"{local:%H:%M:%S}"
        if step_s >= _DAY_S:
            return f"{local:%d %b}"
        return f"{local:%a %H:%M}" if self.total_s > _DAY_S else f"{local:%H:%M}"
