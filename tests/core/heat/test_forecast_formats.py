"""Forecast files: what is read, and everything that is said of one that cannot be used."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.forecast_formats import read
from fleetctl.core.problems import InvalidInput

CSV = """\
# made by hand
time,temperature_c
2026-01-15T18:00+01:00,3.5
2026-01-15T19:00+01:00,2
2026-01-15T20:00+01:00,-1.5
2026-01-15T21:00+01:00,-1
"""
START = datetime(2026, 1, 15, 17, 0, tzinfo=UTC)


def read_it(text: str) -> Forecast:
    return read(text, file="f", year=2026)


def said_of(text: str) -> list[tuple[int, str, str]]:
    """Return line, code and message of every problem."""
    with pytest.raises(InvalidInput) as raised:
        read_it(text)
    return [(p.line, p.code, p.message) for p in raised.value.problems]


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


# --- the value ------------------------------------------------------------------------------------------------------


def test_lowest_of_a_span_includes_the_values_around_it() -> None:
    forecast = read_it(CSV)
    assert forecast.lowest_c(at(0), at(1)) == 2.0
    assert forecast.lowest_c(at(0.2), at(0.4)) == 2.0
    assert forecast.lowest_c(at(1.5), at(1.6)) == -1.5
    assert forecast.lowest_c(at(3), at(3)) == -1.0


@pytest.mark.parametrize(("start", "end"), [(-0.1, 1.0), (2.0, 3.1), (4.0, 5.0), (-3.0, -2.0)])
def test_span_that_the_forecast_does_not_cover_has_no_lowest(start: float, end: float) -> None:
    assert read_it(CSV).lowest_c(at(start), at(end)) is None


# --- CSV ------------------------------------------------------------------------------------------------------------


def test_csv_is_read_in_utc() -> None:
    forecast = read_it(CSV)
    assert forecast.times[0] == START
    assert forecast.temperatures_c == (3.5, 2.0, -1.5, -1.0)
    assert read_it(CSV.replace(",", ";").replace("\n", "\r\n")) == forecast


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "temperature_c",
            "temperature_f",
            (2, "forecast-unit", "column 'temperature_f' does not say that it is in °C"),
        ),
        ("temperature_c", "temp K", (2, "forecast-unit", "column 'temp k' does not say that it is in °C")),
        ("temperature_c", "value", (2, "forecast-format", "no column is called 'temperature_c'")),
        ("time,", "when,", (2, "forecast-format", "no column is called 'time'")),
        (",3.5", ",276.6", (3, "forecast-unit", "276.6 °C is no outdoor temperature, -60 to 60 °C are")),
        (",3.5", ",", (3, "forecast-hole", "2026-01-15T18:00+01:00 has no temperature")),
        (",3.5", ",n/a", (3, "forecast-value", "'n/a' is not a temperature")),
        (",3.5", ",nan", (3, "forecast-value", "'nan' is not a temperature")),
        (",3.5", ",3,5", (3, "forecast-format", "the row has 3 columns, the header 2")),
        ("18:00+01:00", "18:00", (3, "forecast-time", "'2026-01-15T18:00' is not a time with an offset from UTC")),
        (
            "2026-01-15T19:00+01:00,2\n",
            "",
            (
                4,
                "forecast-hole",
                "nothing is forecast from 2026-01-15 17:00Z to 2026-01-15 19:00Z (2 h, usually 1 h)",
            ),
        ),
        (
            "15T20:00",
            "15T19:00",
            (5, "forecast-order", "2026-01-15 18:00Z does not come after 2026-01-15 18:00Z"),
        ),
    ],
)
def test_csv_that_cannot_be_used_says_what_and_where(old: str, new: str, said: tuple[int, str, str]) -> None:
    lengthened = CSV + "".join(f"2026-01-15T{hour}:00+01:00,0\n" for hour in (22, 23))
    assert said in said_of(lengthened.replace(old, new))


def test_all_problems_are_said_at_once() -> None:
    broken = CSV.replace(",3.5", ",warm").replace(",2\n", ",\n").replace("T21:00", "T19:30")
    assert {line for line, _, _ in said_of(broken)} == {3, 4, 6}


def test_kelvin_in_every_row_is_one_problem() -> None:
    rows = "".join(f"2026-01-15T{hour:02d}:00Z,27{hour % 10}\n" for hour in range(24))
    (problem,) = said_of("time,temperature_c\n" + rows)
    assert problem == (2, "forecast-unit", "270 °C is no outdoor temperature, -60 to 60 °C are (and 23 more like this)")


def test_daily_means_hide_the_night() -> None:
    rows = "".join(f"2026-01-{day:02d}T12:00Z,5\n" for day in range(1, 9))
    assert said_of("time,temperature_c\n" + rows)[0][1:] == (
        "forecast-hole",
        "there is one value every 24 h, at least one every 6 h is needed",
    )


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "time,temperature_c\n"])
def test_forecast_without_values_is_refused(text: str) -> None:
    assert said_of(text) == [(1, "forecast-empty", "the forecast has no values")]


# --- Open-Meteo -----------------------------------------------------------------------------------------------------


def answer(**changes: Any) -> dict[str, Any]:
    """Return an answer as Open-Meteo gives it, for Toulouse in local time."""
    return {
        "latitude": 43.66,
        "longitude": 1.5,
        "utc_offset_seconds": 3600,
        "timezone": "Europe/Paris",
        "hourly_units": {"time": "iso8601", "temperature_2m": "°C"},
        "hourly": {
            "time": [f"2026-01-15T{hour:02d}:00" for hour in range(18, 22)],
            "temperature_2m": [3.5, 2, -1.5, -1.0],
        },
    } | changes


def test_open_meteo_is_read_in_utc() -> None:
    forecast = read_it(json.dumps(answer()))
    assert forecast == read_it(CSV)
    unix = answer(hourly={"time": [int(at(h).timestamp()) for h in range(4)], "temperature_2m": [3.5, 2, -1.5, -1.0]})
    assert read_it(json.dumps(unix)) == forecast


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("°F", "'temperature_2m' is in °F, not in °C"),
        ("K", "'temperature_2m' is in K, not in °C"),
        (None, "'temperature_2m' has no unit, not in °C"),
    ],
)
def test_open_meteo_in_another_unit_is_refused(unit: str | None, message: str) -> None:
    text = json.dumps(answer(hourly_units={"temperature_2m": unit}), indent=1)
    assert said_of(text) == [(6, "forecast-unit", message)]


def test_open_meteo_with_holes_names_the_line_of_each() -> None:
    hourly = {"time": [f"2026-01-15T{hour}:00" for hour in range(18, 22)], "temperature_2m": [3.5, None, "x", None]}
    text = json.dumps(answer(hourly=hourly), indent=1)
    lines = text.splitlines()
    first = next(n for n, line in enumerate(lines, start=1) if '"temperature_2m": [' in line)
    assert [(line - first, code) for line, code, _ in said_of(text)] == [
        (2, "forecast-hole"),
        (3, "forecast-value"),
        (4, "forecast-hole"),
    ]
    assert {line for line, _, _ in said_of(json.dumps(answer(hourly=hourly)))} == {1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"error": true, "reason": "no such place"}', "the service reports: no such place"),
        ("{not json", "the file is not JSON: Expecting property name enclosed in double quotes"),
        (
            '{"hourly_units": {"temperature_2m": "°C"}}',
            "the answer has no lists 'hourly.time' and 'hourly.temperature_2m'",
        ),
        (json.dumps(answer(hourly={"time": [], "temperature_2m": [1.0]})), "there are 0 times and 1 temperatures"),
        (json.dumps(answer(utc_offset_seconds="x")), "'utc_offset_seconds' is not a number of seconds"),
    ],
)
def test_open_meteo_that_is_none_says_why(text: str, message: str) -> None:
    assert message in [said for _, _, said in said_of(text)]


# --- EPW ------------------------------------------------------------------------------------------------------------


def epw(*, offset: str = "1.0", leap: bool = False) -> list[str]:
    """Return the lines of a typical year: at day D and hour H of the year it has D/100 + H °C."""
    header = [f"LOCATION,Toulouse Blagnac,-,FRA,IWEC Data,076300,43.63,1.37,{offset},152.0", *["-"] * 7]
    year = 2004 if leap else 2003
    day, rows = datetime(year, 1, 1), []
    while day.year == year:
        yearday = day.timetuple().tm_yday
        rows += [
            f"19{80 + day.month},{day.month},{day.day},{hour},60,A7,{yearday / 100 + hour:.2f},0"
            for hour in range(1, 25)
        ]
        day += timedelta(days=1)
    return header + rows


def test_epw_stands_for_the_year_asked_for_and_the_next_in_utc() -> None:
    forecast = read_it("\n".join(epw()))
    assert forecast.times[0] == datetime(2026, 1, 1, 0, 0, tzinfo=UTC)
    assert forecast.lowest_c(*[datetime(2026, 3, 1, 11, 0, tzinfo=UTC)] * 2) == 0.60 + 12
    around_new_year = forecast.lowest_c(datetime(2026, 12, 31, 22, tzinfo=UTC), datetime(2027, 1, 1, 3, tzinfo=UTC))
    assert around_new_year == 0.01 + 1
    assert len(forecast.times) == 2 * 8760


@pytest.mark.parametrize("leap", [False, True])
def test_epw_has_no_hole_in_a_leap_year(leap: bool) -> None:
    forecast = read("\n".join(epw(leap=leap)), file="f", year=2028)
    steps = {two - one for one, two in zip(forecast.times, forecast.times[1:], strict=False)}
    assert steps == {timedelta(hours=1)}


def test_epw_with_missing_values_holes_and_nonsense_says_where() -> None:
    lines = epw()
    lines[10] = lines[10].replace("3.01", "99.9")
    lines[20] = lines[20].replace("A7", "A7,A7")
    lines[30] = "1981,1,32,1,60,A7,5.0"
    del lines[40:43]
    found = said_of("\n".join(lines))
    assert (11, "forecast-hole", "1-1 hour 3 has no temperature") in found
    assert (31, "forecast-time", "'1981,1,32,1,60' is not year, month, day, hour and minute") in found
    assert (41, "forecast-hole") in [each[:2] for each in found]
    assert (21, "forecast-hole", "1-1 hour 13 has no temperature") in found


def test_epw_without_an_offset_is_refused() -> None:
    assert said_of("\n".join(epw(offset="")))[0] == (
        1,
        "forecast-format",
        "the first line does not tell the offset from UTC",
    )


# --- anything -------------------------------------------------------------------------------------------------------

GOOD = {"csv": CSV, "open-meteo": json.dumps(answer()), "epw": "\n".join(epw()[:40])}
HOSTILE = [
    '{"a":' * 100_000,
    '{"hourly": ' + "1" * 5000 + "}",
    json.dumps(answer(hourly={"time": [0, 10**30, True, [], "x"], "temperature_2m": [1, 10**400, 1, 1, 1]})),
    json.dumps(answer(utc_offset_seconds=10**12)),
    json.dumps(answer(hourly=[], hourly_units=[])),
    "time,temperature_c\n0001-01-01T00:00+14:00,1\n9999-12-31T23:59-12:00,1\n",
    "LOCATION,",
    "LOCATION,,,,,,,,1.0,0\n" * 12,
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_forecast_is_bad_input_and_never_a_crash(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_it(text)


@given(kind=st.sampled_from(sorted(GOOD)), at=st.floats(0, 1), cut=st.integers(0, 9), put=st.text(max_size=9))
def test_no_edit_of_a_good_forecast_makes_it_crash(kind: str, at: float, cut: int, put: str) -> None:
    text = GOOD[kind]
    place = int(at * len(text))
    with suppress(InvalidInput):
        read_it(text[:place] + put + text[place + cut :])


@given(st.text(max_size=200))
def test_no_text_makes_it_crash(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_it(text)
