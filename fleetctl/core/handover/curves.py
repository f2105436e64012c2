"""Curves as small pictures: a line over time, between the two lines that it had to stay between. Black and white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetctl.core.handover.measured import Curve, Point

WIDTH, HEIGHT = 1000, 100
"""Of the view box."""
_MOST_POINTS = 150
_LEAST_RANGE = 1.0
_ROOM = 0.08
"""Share of the height that is left free above and below."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A curve, drawn; heights in units of the view box.

    Attributes:
        line: data of the path.
        band_y: top and bottom of the band; None where there is none.
        bottom, top: values there.
        least, most: of the curve.
    """

    curve: Curve
    line: str
    band_y: tuple[float, float] | None
    bottom: float
    top: float
    least: float
    most: float
    seconds: float


def picture(curve: Curve) -> Picture:
    """Draw a curve of at least two points."""
    values = [value for _, value in curve.points]
    bounds = [bound for bound in (curve.low, curve.high) if bound is not None]
    bottom, top = _range([*values, *bounds])
    began, ended = curve.points[0][0], curve.points[-1][0]
    moves = (f"{_x(at, began, ended)} {_y(value, bottom, top):g}" for at, value in _thinned(curve.points))
    has_band = curve.low is not None and curve.high is not None
    return Picture(
        curve=curve,
        line="M" + "L".join(moves),
        band_y=(_y(max(bounds), bottom, top), _y(min(bounds), bottom, top)) if has_band else None,
        bottom=bottom,
        top=top,
        least=min(values),
        most=max(values),
        seconds=ended - began,
    )


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Keep so many points that the picture stays small: of each stretch the lowest and the highest value."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    size = -(-2 * len(points) // _MOST_POINTS)
    stretches = [points[start : start + size] for start in range(0, len(points), size)]
    kept = {bound(stretch, key=lambda point: point[1]) for stretch in stretches for bound in (min, max)}
    return sorted(kept)


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    more = max(0.0, _LEAST_RANGE - (high - low)) / 2 + (high - low) * _ROOM
    bottom = low - more if low < 0 else max(0.0, low - more)  # a power is never below nothing
    return bottom, high + more


def _x(at: float, began: float, ended: float) -> int:
    return round(WIDTH * (at - began) / max(ended - began, 1e-3))


def _y(value: float, bottom: float, top: float) -> float:
    return round(HEIGHT * (top - value) / (top - bottom), 1)
