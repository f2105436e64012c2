"""How warm a space was, as one small picture: its temperature, its setpoint, its floor, and when it had less heat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise

from fleetctl.core.report.axis import Axis
from fleetctl.core.report.heat import FRESH, Point, SpaceReport

HEIGHT = 100
"""Height of a picture in units of its view box."""
_MOST_POINTS = 150
_LEAST_RANGE_K = 2.0
_ROOM = 0.08
"""Share of the height that is left free above and below."""


@dataclass(frozen=True)
class Chart:
    """A picture of a space; heights in units of the view box, None where nothing is known.

    Attributes:
        line: data of the path of temperatures; broken where nothing was kept for long.
        dots: temperatures without neighbours, as a path of points.
        down: x and width of each stretch with less heat.
        low_c, high_c: temperatures at the bottom and at the top.
    """

    space: SpaceReport
    axis: Axis
    line: str
    dots: str
    down: tuple[tuple[int, int], ...]
    setpoint_y: float | None
    floor_y: float | None
    low_c: float
    high_c: float


def chart(space: SpaceReport, zone: tzinfo) -> Chart:
    """Draw a space of which at least one temperature is known, over the time in which something is known of it."""
    points = _thinned(space.points)
    times = [*(point.at for point in space.points), *(at for stretch in space.down for at in stretch)]
    axis = Axis(min(times), max(times), zone)
    known = [p.temperature_c for p in points] + [c for c in (space.setpoint_c, space.floor_c) if c is not None]
    low_c, high_c = _range(known)
    runs = list(_runs(points))
    drawn = [_moves(run, axis, low_c, high_c) for run in runs]
    return Chart(
        space=space,
        axis=axis,
        line="".join(moves for moves, run in zip(drawn, runs, strict=True) if len(run) > 1),
        dots="".join(f"{moves}h0" for moves, run in zip(drawn, runs, strict=True) if len(run) == 1),
        down=tuple((axis.x(began), max(2, axis.x(ended) - axis.x(began))) for began, ended in space.down),
        setpoint_y=None if space.setpoint_c is None else _y(space.setpoint_c, low_c, high_c),
        floor_y=None if space.floor_c is None else _y(space.floor_c, low_c, high_c),
        low_c=low_c,
        high_c=high_c,
    )


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Keep so many points that the picture stays small, the coldest always among them."""
    every = -(-len(points) // _MOST_POINTS)
    groups = (points[start : start + every] for start in range(0, len(points), every or 1))
    return [min(group, key=lambda point: point.temperature_c) for group in groups]


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield stretches of points without a long gap between them."""
    run = list(points[:1])
    for one, next_one in pairwise(points):
        if next_one.at - one.at > FRESH:
            yield run
            run = []
        run.append(next_one)
    if run:
        yield run


def _moves(run: Sequence[Point], axis: Axis, low_c: float, high_c: float) -> str:
    return "M" + "L".join(f"{axis.x(p.at)} {_y(p.temperature_c, low_c, high_c):g}" for p in run)


def _range(known: Sequence[float]) -> tuple[float, float]:
    """Return the temperatures at the bottom and at the top, at least two kelvins apart."""
    low_c, high_c = min(known), max(known)
    more_k = max(0.0, _LEAST_RANGE_K - (high_c - low_c)) / 2 + (high_c - low_c) * _ROOM
    return low_c - more_k, high_c + more_k


def _y(temperature_c: float, low_c: float, high_c: float) -> float:
    return round(HEIGHT * (high_c - temperature_c) / (high_c - low_c), 1)
