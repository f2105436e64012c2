"""Reads weather forecasts from text: a simple CSV, EPW, or Open-Meteo's JSON. Nothing is guessed or filled in.

A forecast with holes, out of order or in another unit than °C is refused with everything that is wrong with it: the
heat guard would take work for safe that is not.
"""

from __future__ import annotations

from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.forecast_formats import epw, open_meteo, simple_csv
from fleetctl.core.heat.forecast_formats.rows import Rows, forecast_of, sequence
from fleetctl.core.problems import refuse

__all__ = ["read"]


def read(text: str, *, file: str, year: int) -> Forecast:
    """Read a forecast; its format is told by how it begins.

    Args:
        text: the file's content.
        file: where it comes from, for problems and as the forecast's source.
        year: year for which the typical year of an EPW file stands; the next one is added.

    Raises:
        InvalidInput: with every problem.
    """
    rows = _rows(text.removeprefix("\ufeff"), file)
    problems = [*rows.problems, *sequence(rows, file)]
    refuse(problems)
    return epw.in_years(rows, file, (year, year + 1)) if rows.is_typical_year else forecast_of(rows, file)


def _rows(text: str, file: str) -> Rows:
    if text.lstrip().startswith("{"):
        return open_meteo.read(text, file)
    return epw.read(text, file) if text.startswith("LOCATION,") else simple_csv.read(text, file)
