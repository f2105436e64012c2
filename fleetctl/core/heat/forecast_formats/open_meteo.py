"""The JSON that Open-Meteo's forecast API answers with: `hourly.time` and `hourly.temperature_2m`.

Its times are local, with one `utc_offset_seconds` for all; with `timeformat=unixtime` they are seconds in UTC.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

from fleetctl.core.heat.forecast_formats.rows import SAY_UNIT, Row, Rows, missing, temperature
from fleetctl.core.problems import Problem

TIMES, TEMPERATURES = "time", "temperature_2m"
CELSIUS = "°C"
DAY_S = 86_400


def read(text: str, file: str) -> Rows:
    """Read an answer; an answer that reports an error, or has another unit, is a problem."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"the file is not JSON: {error.msg}"
        return Rows(problems=[Problem("forecast-format", message, file, error.lineno, error.colno)])
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, nesting without end
        return Rows(problems=[Problem("forecast-format", f"the file is not JSON: {error}", file, 1)])
    problems = list(_shape_problems(document, text, file))
    if problems:
        return Rows(problems=problems)
    hourly, offset = document["hourly"], timedelta(seconds=document.get("utc_offset_seconds", 0))
    lines = chain(_lines(text, TEMPERATURES), repeat(1))
    read = [
        _row(time, value, offset, line, file)
        for time, value, line in zip(hourly[TIMES], hourly[TEMPERATURES], lines, strict=False)
    ]
    return Rows([row for row in read if isinstance(row, Row)], [each for each in read if isinstance(each, Problem)])


def _shape_problems(document: dict[str, Any], text: str, file: str) -> Iterator[Problem]:
    if document.get("error"):
        yield Problem("forecast-format", f"the service reports: {document.get('reason', 'an error')}", file, 1)
        return
    hourly, units = document.get("hourly"), document.get("hourly_units")
    columns = [hourly.get(key) for key in (TIMES, TEMPERATURES)] if isinstance(hourly, dict) else []
    lengths = [len(column) for column in columns if isinstance(column, list)]
    if len(lengths) != 2:
        message = f"the answer has no lists 'hourly.{TIMES}' and 'hourly.{TEMPERATURES}'"
        yield Problem("forecast-format", message, file, 1, hint=f"ask for 'hourly={TEMPERATURES}'")
    elif lengths[0] != lengths[1]:
        message = f"there are {lengths[0]} times and {lengths[1]} temperatures"
        yield Problem("forecast-hole", message, file, _line(text, f'"{TEMPERATURES}"'))
    offset_s = document.get("utc_offset_seconds", 0)
    if not isinstance(offset_s, int) or abs(offset_s) > DAY_S:
        yield Problem("forecast-time", "'utc_offset_seconds' is not a number of seconds", file, 1)
    unit = units.get(TEMPERATURES) if isinstance(units, dict) else None
    if unit != CELSIUS:
        said = f"is in {unit}" if unit else "has no unit"
        message, line = f"'{TEMPERATURES}' {said}, not in °C", _line(text, '"hourly_units"')
        yield Problem("forecast-unit", message, file, line, hint=f"{SAY_UNIT}; leave out 'temperature_unit'")


def _row(time: Any, value: Any, offset: timedelta, line: int, file: str) -> Row | Problem:
    at = _time(time, offset)
    if at is None:
        return Problem("forecast-time", f"{time!r} is not a time", file, line)
    if value is None:
        return missing(file, line, str(time))
    number = temperature(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is None:
        return Problem("forecast-value", f"{str(value)[:20]!r} at {time} is not a temperature", file, line)
    return Row(line, at, number)


def _time(time: Any, offset: timedelta) -> datetime | None:
    try:
        if isinstance(time, int):
            return datetime.fromtimestamp(time, UTC)
        at = datetime.fromisoformat(time)
        return at.astimezone(UTC) if at.tzinfo else (at - offset).replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _lines(text: str, key: str) -> Iterator[int]:
    """Yield the line of each item of the flat list that stands under a key in `hourly`."""
    begin = re.search(rf'"hourly"\s*:\s*{{.*?"{key}"\s*:\s*\[\s*', text, re.DOTALL)
    if begin is None:
        return
    line = text.count("\n", 0, begin.end()) + 1
    for item in text[begin.end() : text.index("]", begin.end())].split(","):
        blank = item[: len(item) - len(item.lstrip())]
        yield line + blank.count("\n")
        line += item.count("\n")


def _line(text: str, key: str) -> int:
    found = text.find(key)
    return text.count("\n", 0, found) + 1 if found >= 0 else 1
