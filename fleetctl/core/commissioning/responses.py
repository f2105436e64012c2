"""How much each sensor answers to each unit that was heated in a pattern: a slow drift, and each unit's heat behind the
lag of the air of rooms, told apart by least squares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fleetctl.core.commissioning.fit import Columns, Found, Series, averaged, lagged, polynomial

LAGS_S = (200.0, 400.0, 800.0, 1600.0)
"""Of the air of rooms, light to heavy; the one that fits a dwelling best counts."""
CELLS = 120
"""Spans of time over which all series are averaged."""
LEAST_K = 0.15
"""A lesser answer is none."""
SURE = 4.0
"""Standard errors that an answer has to be above nothing."""
DRIFT_S = 1200.0
"""Time in which a drift bends once."""


class NeverTogether(ValueError):
    """Raised when series have no time in common."""


@dataclass(frozen=True, slots=True)
class Heating:
    """A unit that was heated in a pattern.

    Attributes:
        place: where it is declared to be, such as `A101/living`.
        power_w: at full load.
        powers: the heat that flowed, in W, from before the pattern began: the room remembers it.
    """

    unit: str
    place: str
    power_w: float
    powers: Series


@dataclass(frozen=True, slots=True)
class Sensing:
    """A sensor that was watched.

    Attributes:
        place: where it is; of a built-in one where its unit is declared to be.
        temperatures: in °C.
        unit: that it is built into; empty for one of its own.
    """

    id: str
    place: str
    temperatures: Series
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """How much one sensor went up and down with one unit's heat.

    Attributes:
        rise_k: between the unit's least heat and its most, as far as the room could follow.
        error_k: its standard error.
    """

    rise_k: float
    error_k: float

    @property
    def is_clear(self) -> bool:
        """Return whether it is an answer at all."""
        return self.rise_k >= max(LEAST_K, SURE * self.error_k)


def responses(
    heatings: Sequence[Heating], sensors: Sequence[Sensing], speed: float
) -> Mapping[tuple[str, str], Response]:
    """Return the response of each sensor to each unit, by (sensor, unit), with the lag that fits all of them best.

    Raises:
        ValueError: if what units gave cannot be told apart; NeverTogether, if the series have no time in common.
    """
    edges = edges_of([*(each.powers for each in heatings), *(each.temperatures for each in sensors)])
    times = [(early + late) / 2 for early, late in pairwise(edges)]
    drift = polynomial(times, _drift_degree((edges[-1] - edges[0]) * speed))
    measured = [averaged(each.temperatures, edges) for each in sensors]
    best = min((_fitted(lag_s / speed, heatings, times, drift, measured) for lag_s in LAGS_S), key=lambda it: it.misfit)
    return {
        (sensor.id, heating.unit): Response(fit.values[at] * span_w, fit.errors[at] * span_w)
        for sensor, fit in zip(sensors, best.fits, strict=True)
        for at, (heating, span_w) in enumerate(zip(heatings, best.spans_w, strict=True), start=len(drift))
    }


@dataclass(frozen=True)
class _Fitted:
    """All sensors, fitted with one lag.

    Attributes:
        spans_w: by how much the heat of each unit varied behind the lag.
    """

    spans_w: Sequence[float]
    fits: Sequence[Found]

    @property
    def misfit(self) -> float:
        return sum(fit.misfit for fit in self.fits)


def _fitted(
    lag: float,
    heatings: Sequence[Heating],
    times: Sequence[float],
    drift: Sequence[Sequence[float]],
    measured: Sequence[Sequence[float]],
) -> _Fitted:
    heats = [lagged(each.powers, lag, times) for each in heatings]
    columns = Columns([*drift, *heats])
    return _Fitted([max(heat) - min(heat) for heat in heats], [columns.fit(each) for each in measured])


def _drift_degree(seconds: float) -> int:
    """Return how often a drift may bend: once in twenty minutes, more often in more."""
    return 1 + max(1, round(seconds / DRIFT_S))


def edges_of(series: Sequence[Series], cells: int = CELLS) -> list[float]:
    """Return the edges of equal spans of the time in which all series were recorded.

    Raises:
        NeverTogether: if there is no such time.
    """
    first, last = common_time(series)
    return [first + (last - first) * index / cells for index in range(cells + 1)]


def common_time(series: Sequence[Series]) -> tuple[float, float]:
    """Return from when to when all series were recorded.

    Raises:
        NeverTogether: if there is no such time.
    """
    first, last = max(each[0][0] for each in series), min(each[-1][0] for each in series)
    if last <= first:
        raise NeverTogether("not recorded at the same time")
    return first, last
