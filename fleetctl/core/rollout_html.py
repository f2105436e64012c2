"""A rollout's report as one HTML file without scripts and without anything from elsewhere.

The template comes in as a value. This module computes what stands where on the timeline; the template only lays out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from jinja2 import Environment, StrictUndefined

from fleetctl.core.rollout_report import Attempt, RolloutReport, UnitReport

WIDTH = 1000.0
"""Width of the timeline in units of its view box."""
_LEAST = 4.0
"""Width of the shortest bar: a second of a night has to be seen."""
_MOST_TICKS = 6
_LAST_TICK = 0.92
"""Share of the axis behind which a label would leave the page."""
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt on the timeline, in units of the view box."""

    x: float
    width: float
    outcome: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the time axis; `percent` from its left end."""

    percent: float
    label: str


def to_html(report: RolloutReport, template: str) -> str:
    """Fill the template in; every value is escaped.

    Args:
        report: the rollout.
        template: Jinja2, with `report`, `rows` (a unit's report and its bars) and `ticks`.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(clock=_clock, duration=duration)
    rows = [(unit, list(_bars(report, unit))) for unit in report.units]
    return environment.from_string(template).render(report=report, rows=rows, ticks=list(_ticks(report)))


def duration(seconds: float) -> str:
    """Format a duration for people: `42 s`, `3 min 05 s`, `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _bars(report: RolloutReport, unit: UnitReport) -> Iterator[Bar]:
    for attempt in unit.attempts:
        end = attempt.ended or report.ended
        x, right = _x(report, attempt.began), _x(report, end)
        width = max(right - x, _LEAST)
        outcome = attempt.outcome or "running"
        yield Bar(round(min(x, WIDTH - width), 1), round(width, 1), outcome, _title(attempt, outcome))


def _title(attempt: Attempt, outcome: str) -> str:
    took = f", {duration(attempt.duration_s)}" if attempt.ended else ""
    text = f": {attempt.text}" if attempt.text else ""
    return f"attempt {attempt.number} {outcome.replace('_', ' ')} at {_clock(attempt.began)}{took}{text}"


def _x(report: RolloutReport, at: datetime) -> float:
    return WIDTH * (at - report.began).total_seconds() / max(report.duration_s, 1e-3)


def _ticks(report: RolloutReport) -> Iterator[Tick]:
    total_s = report.duration_s
    step_s = next((step for step in _STEPS_S if total_s / step <= _MOST_TICKS), _STEPS_S[-1])
    for number in range(int(total_s * _LAST_TICK // step_s) + 1):
        at = report.began + timedelta(seconds=number * step_s)
        yield Tick(round(_x(report, at) / WIDTH * 100, 2), _later(number * step_s) if number else _clock(at))


def _later(seconds: int) -> str:
    """Format whole seconds after the start, as short as they allow: `+90 s`, `+5 min`, `+1 h`, `+1 h 30`."""
    if seconds % 60:
        return f"+{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"+{minutes} min"
    return f"+{minutes // 60} h" + (f" {minutes % 60:02}" if minutes % 60 else "")


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"
