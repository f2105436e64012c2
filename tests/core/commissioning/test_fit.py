"""Least squares against what is known of them."""

from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.commissioning.fit import Columns, averaged, lagged, polynomial

TIMES = [float(second) for second in range(200)]
numbers = st.floats(-50, 50)


@given(numbers, numbers, numbers)
def test_what_lies_on_the_columns_is_found_exactly(level: float, slope: float, wave: float) -> None:
    sine = [math.sin(at / 9) for at in TIMES]
    columns = [*polynomial(TIMES, 1), sine]
    measured = [level + slope * t + wave * s for t, s in zip(columns[1], sine, strict=True)]
    found = Columns(columns).fit(measured)
    assert found.values == pytest.approx((level, slope, wave), abs=1e-6)


def test_errors_are_as_large_as_the_values_scatter() -> None:
    columns = Columns([*polynomial(TIMES, 1), [math.sin(at / 9) for at in TIMES]])
    dice = random.Random(7)
    found = [columns.fit([dice.gauss(0, 0.1) for _ in TIMES]) for _ in range(200)]
    assert stdev(fit.values[2] for fit in found) == pytest.approx(fmean(fit.errors[2] for fit in found), rel=0.2)


def test_errors_grow_with_what_residuals_remember() -> None:
    columns, dice, noise = Columns(polynomial(TIMES, 0)), random.Random(7), [0.0]
    for _ in TIMES[1:]:
        noise.append(0.9 * noise[-1] + dice.gauss(0, 0.1))
    shuffled = random.Random(1).sample(noise, len(noise))
    assert columns.fit(noise).errors[0] > 3 * columns.fit(shuffled).errors[0]


def test_columns_that_cannot_be_told_apart_are_refused() -> None:
    one = [float(at % 7) for at in TIMES]
    with pytest.raises(ValueError, match="cannot be told from the others"):
        Columns([one, [2 * value for value in one]])


def test_a_step_behind_a_lag_comes_as_an_exponential() -> None:
    step = [(-10.0, 0.0), (0.0, 1.0), (100.0, 1.0), (400.0, 1.0)]
    assert lagged(step, 100.0, [0.0, 100.0, 400.0]) == pytest.approx([0.0, 1 - math.exp(-1), 1 - math.exp(-4)])


def test_means_of_cells_and_straight_lines_where_nothing_was_sampled() -> None:
    series = [(0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (8.0, 11.0), (9.0, 13.0), (10.0, 13.0)]
    assert averaged(series, [0.0, 2.0, 4.0, 8.0, 10.0]) == [2.0, 5.0, 9.0, pytest.approx(37 / 3)]
