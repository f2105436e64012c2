"""What all formats come to: rows of a time and a temperature, and what may be wrong with them and between them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.problems import Problem

PLAUSIBLE_C = (-60.0, 60.0)
LONGEST_STEP = timedelta(hours=6)
"""A value a day is a mean, and hides the night."""
SAY_UNIT = "give °C; 0 °C are 32 °F and 273.15 K"


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a forecast, the time aware and in UTC, and the line that it stands in."""

    line: int
    at: datetime
    temperature_c: float


@dataclass(frozen=True)
class Rows:
    """What was read.

    Attributes:
        rows: those that could be read, in the file's order.
        problems: with those that could not.
        is_typical_year: the times have no real year.
    """

    rows: Sequence[Row] = ()
    problems: Sequence[Problem] = field(default_factory=tuple)
    is_typical_year: bool = False


def forecast_of(rows: Rows, source: str) -> Forecast:
    """Return rows without problems as a forecast."""
    return Forecast(source, tuple(row.at for row in rows.rows), tuple(row.temperature_c for row in rows.rows))


def temperature(text: str) -> float | None:
    """Return a number, or None for what is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def missing(file: str, line: int, of: str) -> Problem:
    """Return the problem of a row without a temperature."""
    return Problem("forecast-hole", f"{of} has no temperature", file, line, hint="a forecast has no holes")


def sequence(rows: Rows, file: str) -> Iterator[Problem]:
    """Yield what is wrong between the rows: none, out of order, holes, too far apart; and what cannot be in °C."""
    if not rows.rows and not rows.problems:
        yield Problem("forecast-empty", "the forecast has no values", file, 1)
    yield from _not_celsius(rows.rows, file)
    steps = [(one, two, two.at - one.at) for one, two in pairwise(rows.rows)]
    for one, two, step in steps:
        if step <= timedelta(0):
            message = f"{_time(two.at)} does not come after {_time(one.at)}"
            yield Problem("forecast-order", message, file, two.line, hint="sort by time, each time once")
    yield from _holes(steps, file)


def _not_celsius(rows: Iterable[Row], file: str) -> Iterator[Problem]:
    low, high = PLAUSIBLE_C
    wrong = [row for row in rows if not low <= row.temperature_c <= high]
    if wrong:
        more = f" (and {len(wrong) - 1} more like this)" if len(wrong) > 1 else ""
        message = f"{wrong[0].temperature_c:g} °C is no outdoor temperature, {low:g} to {high:g} °C are{more}"
        yield Problem("forecast-unit", message, file, wrong[0].line, hint=SAY_UNIT)


def _holes(steps: Sequence[tuple[Row, Row, timedelta]], file: str) -> Iterator[Problem]:
    forward = [step for _, _, step in steps if step > timedelta(0)]
    if not forward:
        return
    usual = min(Counter(forward).items(), key=lambda item: (-item[1], item[0]))[0]
    if usual > LONGEST_STEP:
        message = f"there is one value every {_hours(usual)}, at least one every {_hours(LONGEST_STEP)} is needed"
        yield Problem("forecast-hole", message, file, steps[0][1].line, hint="take an hourly forecast")
    for one, two, step in steps:
        if step > 1.5 * usual:
            message = (
                f"nothing is forecast from {_time(one.at)} to {_time(two.at)} ({_hours(step)}, usually {_hours(usual)})"
            )
            yield Problem("forecast-hole", message, file, two.line, hint="a forecast has no holes")


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


def _hours(step: timedelta) -> str:
    return f"{step.total_seconds() / 3600:g} h"
