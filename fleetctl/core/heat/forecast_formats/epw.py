"""EnergyPlus weather files (EPW): a typical year of hourly values, with its offset from UTC in the header.

Columns as in the Auxiliary Programs reference of EnergyPlus: year, month, day, hour (1 to 24, the end of it), minute,
flags, dry bulb temperature in °C (99.9: missing). The years of a typical year are a mixture and mean nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.forecast_formats.rows import Row, Rows, missing, temperature
from fleetctl.core.problems import Problem

HEADER_LINES = 8
OFFSET, DRY_BULB = 8, 6
"""Columns: of the header's first line, and of a row."""
MISSING_C = 99.9
NOMINAL_YEAR = 2004
"""Stands for the years of the file; a leap year, so that a 29 February has its place."""

Entry = tuple[int, Sequence[str]]
"""A line's number and its cells."""


def read(text: str, file: str) -> Rows:
    """Read the rows of a typical year, in the nominal year."""
    lines = text.splitlines()
    offset_h = temperature(_cell(lines[0].split(","), OFFSET))
    if offset_h is None or not -12 <= offset_h <= 14:
        message = "the first line does not tell the offset from UTC"
        return Rows(problems=[Problem("forecast-format", message, file, 1, hint="its 9th column, in hours")])
    zone = timezone(timedelta(hours=offset_h))
    entries = [(number, line.split(",")) for number, line in enumerate(lines, start=1) if line.strip()]
    read = [_row(number, cells, zone, file) for number, cells in _with_leap_day(entries[HEADER_LINES:])]
    rows = [row for row in read if isinstance(row, Row)]
    return Rows(rows, [each for each in read if isinstance(each, Problem)], is_typical_year=True)


def _with_leap_day(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Repeat 28 February where the file has no 29th, so that the nominal leap year has no hole there."""
    last = [index for index, (_, cells) in enumerate(entries) if _date(cells) == (2, 28)]
    if not last or any(_date(cells) == (2, 29) for _, cells in entries):
        return entries
    repeated = [(entries[index][0], [*entries[index][1][:2], "29", *entries[index][1][3:]]) for index in last]
    return [*entries[: last[-1] + 1], *repeated, *entries[last[-1] + 1 :]]


def _date(cells: Sequence[str]) -> tuple[int, int] | None:
    try:
        return int(cells[1]), int(cells[2])
    except (IndexError, ValueError):
        return None


def _row(number: int, cells: Sequence[str], zone: timezone, file: str) -> Row | Problem:
    at = _time(cells, zone)
    if at is None:
        date = ",".join(cells[:5])
        return Problem("forecast-time", f"'{date}' is not year, month, day, hour and minute", file, number)
    value = temperature(_cell(cells, DRY_BULB))
    if value is None or value == MISSING_C:
        return missing(file, number, f"{cells[1]}-{cells[2]} hour {cells[3]}")
    return Row(number, at, value)


def _time(cells: Sequence[str], zone: timezone) -> datetime | None:
    try:
        month, day, hour, minute = (int(cell) for cell in cells[1:5])
        start = datetime(NOMINAL_YEAR, month, day, tzinfo=zone)
    except ValueError:
        return None
    if not (1 <= hour <= 24 and 0 <= minute <= 60):
        return None
    return (start + timedelta(hours=hour - 1, minutes=minute or 60)).astimezone(UTC)


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index] if index < len(cells) else ""


def in_years(rows: Rows, source: str, years: Sequence[int]) -> Forecast:
    """Return the typical year as the forecast of some years, one after the other."""
    points = sorted(point for year in years for point in _in_year(rows.rows, year))
    return Forecast(source, tuple(at for at, _ in points), tuple(value for _, value in points))


def _in_year(rows: Sequence[Row], year: int) -> Iterator[tuple[datetime, float]]:
    for row in rows:
        shift = row.at.year - NOMINAL_YEAR  # the offset moves a few hours over New Year
        try:
            yield row.at.replace(year=year + shift), row.temperature_c
        except ValueError:  # 29 February in a year without one
            continue
