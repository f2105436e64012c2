"""What a rollout did to the heat of each zone and loop that it interrupted, from the readings that it kept.

heat debt [K·h]     = sum over time of (setpoint - temperature), where that is positive; linear between readings,
                      and nothing is supposed where none was kept for longer than 15 min
not delivered [kWh] = sum over units and interruptions of (power commanded before - power measured) x time, where
                      that is positive; a unit that is silent gives 0 W
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from fleetctl.core.heat.readings import floor_c
from fleetctl.core.policy import Guard
from fleetctl.core.rollout.readings import Reading

FRESH = timedelta(minutes=15)
"""How long a reading stands for its room when no newer one is there."""
_S_PER_H = 3600.0
_W_PER_KW = 1000.0

Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Point:
    """How warm a space was: the coldest of its sensors."""

    at: datetime
    temperature_c: float
    setpoint_c: float | None


@dataclass(frozen=True)
class SpaceReport:
    """A zone or a loop whose heat was interrupted.

    Attributes:
        name: `site/zone`.
        units: of the rollout that heat it.
        points: oldest first; empty if nothing was kept.
        down: when at least one of its units was interrupted, by unit and in order.
        setpoint_c, floor_c: the last known; None on a loop, or if nothing was kept.
        debt_kh: heat debt, in K·h; None if there is no setpoint to measure it by.
        lacked_kwh: heat that was not delivered; None if no power was kept.
    """

    name: str
    units: tuple[str, ...]
    points: tuple[Point, ...]
    down: tuple[Stretch, ...]
    setpoint_c: float | None
    floor_c: float | None
    debt_kh: float | None
    lacked_kwh: float | None

    @property
    def before_c(self) -> float | None:
        """Return the last temperature before its heat was interrupted, or the first one known."""
        if not self.points:
            return None
        known = [point for point in self.points if point.at <= self.down[0][0]]
        return (known[-1] if known else self.points[0]).temperature_c

    @property
    def lowest(self) -> Point | None:
        """Return the coldest point since its heat was first interrupted, or of all there are."""
        since = [point for point in self.points if point.at >= self.down[0][0]]
        return min(since or self.points, key=lambda point: point.temperature_c, default=None)

    @property
    def is_too_cold(self) -> bool:
        """Say whether it was seen below its floor and had not been before."""
        lowest, before_c = self.lowest, self.before_c
        if lowest is None or before_c is None or self.floor_c is None:
            return False
        return lowest.temperature_c < self.floor_c <= before_c


def spaces(readings: Sequence[Reading], down: Mapping[str, Sequence[Stretch]], guard: Guard) -> tuple[SpaceReport, ...]:
    """Return every space whose heat was interrupted, the worst first.

    Args:
        readings: of the rollout, oldest first.
        down: the interruptions of each unit.
        guard: the margins.
    """
    by_space: dict[str, list[Reading]] = defaultdict(list)
    for reading in sorted(readings, key=lambda each: each.at):
        if reading.space:
            by_space[_space_of(reading)].append(reading)
    found = (_space(name, seen, down, guard) for name, seen in by_space.items())
    return tuple(sorted(filter(None, found), key=lambda space: (-(space.debt_kh or 0.0), space.name)))


def _space_of(reading: Reading) -> str:
    return f"{reading.unit.partition('/')[0]}/{reading.space}"


def _space(
    name: str, readings: Sequence[Reading], down: Mapping[str, Sequence[Stretch]], guard: Guard
) -> SpaceReport | None:
    units = tuple(sorted({reading.unit for reading in readings}))
    stretches = sorted(stretch for unit in units for stretch in down.get(unit, ()))
    if not stretches:
        return None
    points = tuple(_points(readings))
    setpoint_c = next((p.setpoint_c for p in reversed(points) if p.setpoint_c is not None), None)
    lacked = [_lacked_kwh([r for r in readings if r.unit == unit], down.get(unit, ())) for unit in units]
    known = [kwh for kwh in lacked if kwh is not None]
    return SpaceReport(
        name=name,
        units=units,
        points=points,
        down=tuple(stretches),
        setpoint_c=setpoint_c,
        floor_c=None if setpoint_c is None else floor_c(setpoint_c, guard),
        debt_kh=None if setpoint_c is None else sum(map(_debt_kh, points, points[1:])),
        lacked_kwh=sum(known) if known else None,
    )


def _points(readings: Iterable[Reading]) -> Iterator[Point]:
    """Yield the coldest of the sensors each time one of them tells; one that is silent for long does not count."""
    newest: dict[str, Reading] = {}
    for reading in readings:
        if reading.temperature_c is None:
            continue
        newest[reading.unit] = reading
        told = [(each.temperature_c, each) for each in newest.values() if reading.at - each.at <= FRESH]
        coldest_c, coldest = min(
            ((c, each) for c, each in told if c is not None), key=lambda pair: (pair[0], pair[1].unit)
        )
        yield Point(reading.at, coldest_c, coldest.setpoint_c)


def _debt_kh(one: Point, next_one: Point) -> float:
    passed = next_one.at - one.at
    if passed > FRESH:
        return 0.0
    missing_k = [max(0.0, p.setpoint_c - p.temperature_c) for p in (one, next_one) if p.setpoint_c is not None]
    return sum(missing_k) / 2 * passed.total_seconds() / _S_PER_H


def _lacked_kwh(readings: Sequence[Reading], down: Sequence[Stretch]) -> float | None:
    """Return the heat that one unit did not deliver while it was interrupted; None if its power is not known."""
    known = [(r.at, r.power_w, r.commanded_w) for r in readings if r.power_w is not None and r.commanded_w is not None]
    if not known or not down:
        return None
    times = [at for at, _, _ in known]
    total_ws = 0.0
    for began, ended in down:
        before = max(0, bisect_right(times, began) - 1)
        wanted_w = known[before][2]
        inside = [(at, power_w) for at, power_w, _ in known if began < at < ended]
        for (at, power_w), (until, _) in pairwise([(began, 0.0), *inside, (ended, 0.0)]):
            total_ws += max(0.0, wanted_w - power_w) * (until - at).total_seconds()
    return total_ws / _W_PER_KW / _S_PER_H
