"""A simple CSV: a header with `time` and `temperature_c`, then a row for each time, with its offset from UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from fleetctl.core.heat.forecast_formats.rows import SAY_UNIT, Row, Rows, missing, temperature
from fleetctl.core.problems import Problem

TIME, TEMPERATURE = "time", "temperature_c"


def read(text: str, file: str) -> Rows:
    """Read rows such as `2026-01-15T18:00+01:00,-2.5`; empty lines and lines with `#` are left out."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if _counts(line)]
    if not lines:
        return Rows()
    (first, head), body = lines[0], lines[1:]
    separator = ";" if ";" in head else ","
    names = [name.strip().lower() for name in head.split(separator)]
    wrong = _header_problems(names, file, first)
    if wrong:
        return Rows(problems=wrong)
    read = [_row(number, line.split(separator), names, file) for number, line in body]
    return Rows([row for row in read if isinstance(row, Row)], [each for each in read if isinstance(each, Problem)])


def _counts(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _header_problems(names: Sequence[str], file: str, line: int) -> list[Problem]:
    problems = []
    if TIME not in names:
        problems.append(Problem("forecast-format", f"no column is called '{TIME}'", file, line, hint=_example()))
    if TEMPERATURE not in names:
        others = [name for name in names if name.startswith("temp")]
        if others:
            message = f"column '{others[0]}' does not say that it is in °C"
            hint = f"{SAY_UNIT}, and call the column '{TEMPERATURE}'"
            problems.append(Problem("forecast-unit", message, file, line, hint=hint))
        else:
            message = f"no column is called '{TEMPERATURE}'"
            problems.append(Problem("forecast-format", message, file, line, hint=_example()))
    return problems


def _row(number: int, cells: Sequence[str], names: Sequence[str], file: str) -> Row | Problem:
    if len(cells) != len(names):
        message = f"the row has {len(cells)} columns, the header {len(names)}"
        return Problem("forecast-format", message, file, number, hint="write temperatures with a decimal point")
    time, cell = cells[names.index(TIME)].strip(), cells[names.index(TEMPERATURE)].strip()
    at = _time(time)
    if at is None:
        hint = "write a time with its offset, such as 2026-01-15T18:00+01:00 or 2026-01-15T17:00Z"
        return Problem("forecast-time", f"'{time}' is not a time with an offset from UTC", file, number, hint=hint)
    if not cell:
        return missing(file, number, time)
    value = temperature(cell)
    if value is None:
        return Problem("forecast-value", f"'{cell}' is not a temperature", file, number, hint="such as -2.5")
    return Row(number, at, value)


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # an offset may lead out of the calendar
        return None


def _example() -> str:
    return f"begin with '{TIME},{TEMPERATURE}', then rows such as '2026-01-15T18:00Z,-2.5'"
