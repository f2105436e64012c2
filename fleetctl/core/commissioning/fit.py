"""Linear least squares with the errors of what is found, and the lag that a room lays over what heats it. Pure Python:
a proof of rooms has some twenty unknowns and two hundred samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Series = Sequence[tuple[float, float]]
"""(time in s, value), in the order of time."""
Vector = Sequence[float]

_LEAST_PIVOT = 1e-6
"""Of a column's square that is left when the others are taken out of it: with less, it cannot be told from them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a fit found.

    Attributes:
        values: a coefficient for each column.
        errors: their standard errors, the residuals' own memory allowed for.
        misfit: sum of the squared residuals.
    """

    values: tuple[float, ...]
    errors: tuple[float, ...]
    misfit: float


class Columns:
    """The columns of a fit, taken apart once for as many measured series as there are.

    Raises:
        ValueError: if some column cannot be told from the others.
    """

    def __init__(self, columns: Sequence[Vector]) -> None:
        self._columns = columns
        self._inverse = _inverse([[_dot(one, two) for two in columns] for one in columns])

    def fit(self, measured: Vector) -> Found:
        """Return the coefficients by which the columns come nearest to what was measured."""
        towards = [_dot(column, measured) for column in self._columns]
        values = [_dot(row, towards) for row in self._inverse]
        residuals = list(self._residuals(values, measured))
        misfit = _dot(residuals, residuals)
        variance = misfit / max(1, len(measured) - len(values)) * _memory(residuals)
        errors = (math.sqrt(max(0.0, variance * row[index])) for index, row in enumerate(self._inverse))
        return Found(tuple(values), tuple(errors), misfit)

    def _residuals(self, values: Vector, measured: Vector) -> Iterator[float]:
        for *at, told in zip(*self._columns, measured, strict=True):
            yield told - _dot(at, values)


def polynomial(times: Vector, degree: int) -> list[list[float]]:
    """Return the columns of a slow drift: 1, t, t², with t from -1 to 1."""
    first, last = times[0], times[-1]
    scaled = [2 * (at - first) / (last - first) - 1 for at in times]
    return [[at**power for at in scaled] for power in range(degree + 1)]


def averaged(series: Series, edges: Vector) -> list[float]:
    """Return the mean of a series between every two edges; where nothing was sampled, straight from what is around.

    Means of samples, unlike values between them, do not share their noise.
    """
    sums = [[0.0, 0] for _ in edges[1:]]
    cell = 0
    for at, value in series:
        while cell < len(sums) - 1 and at >= edges[cell + 1]:
            cell += 1
        if edges[cell] <= at <= edges[cell + 1]:
            sums[cell] = [sums[cell][0] + value, sums[cell][1] + 1]
    middles = [(early + late) / 2 for early, late in pairwise(edges)]
    filled = zip(sums, at_times(series, middles), strict=True)
    return [total / count if count else straight for (total, count), straight in filled]


def at_times(series: Series, times: Vector) -> list[float]:
    """Return the values of a series at some times, straight between its samples."""
    values, index = [], 0
    for at in times:
        while index + 2 < len(series) and series[index + 1][0] < at:
            index += 1
        values.append(_between(at, series[index], series[min(index + 1, len(series) - 1)]))
    return values


def lagged(series: Series, lag_s: float, times: Vector) -> list[float]:
    """Return what becomes of a series behind a first-order lag, at some times; it begins at rest at its first value.

    Each value holds until the next.
    """
    smooth = [series[0]]
    for (at, value), (later, _) in pairwise(series):
        before = smooth[-1][1]
        smooth.append((later, value + (before - value) * math.exp(-(later - at) / lag_s)))
    return at_times(smooth, times)


def _between(at: float, before: tuple[float, float], after: tuple[float, float]) -> float:
    (early, low), (late, high) = before, after
    share = 0.0 if late == early else min(1.0, max(0.0, (at - early) / (late - early)))
    return low + share * (high - low)


def _dot(one: Sequence[float], two: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, two, strict=True))


def _memory(residuals: Vector) -> float:
    """Return by how much the errors grow because residuals resemble the ones before: less was seen than it seems."""
    square = _dot(residuals, residuals)
    if square == 0.0:
        return 1.0
    alike = min(0.95, max(0.0, _dot(residuals[:-1], residuals[1:]) / square))
    return (1 + alike) / (1 - alike)


def _inverse(matrix: list[list[float]]) -> list[list[float]]:
    """Return the inverse of a symmetric positive matrix, by Gauss and Jordan on columns of equal weight."""
    scale = [math.sqrt(matrix[i][i]) or 1.0 for i in range(len(matrix))]
    size = range(len(matrix))
    rows = [[matrix[i][j] / (scale[i] * scale[j]) for j in size] + [float(i == j) for j in size] for i in size]
    for i in size:
        pivot = rows[i][i]
        if pivot < _LEAST_PIVOT:
            raise ValueError(f"column {i} cannot be told from the others")
        rows[i] = [value / pivot for value in rows[i]]
        for j in size:
            factor = rows[j][i]
            if j != i and factor:
                rows[j] = [value - factor * of for value, of in zip(rows[j], rows[i], strict=True)]
    return [[rows[i][len(matrix) + j] / (scale[i] * scale[j]) for j in size] for i in size]
