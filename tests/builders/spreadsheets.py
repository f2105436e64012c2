"""Spreadsheets for tests, made when they run: sheets as values, CSV files as Excel writes them, workbooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import xlsxwriter

from fleetctl.adapters.site_cache import NoCache
from fleetctl.adapters.yaml_edit import edited
from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.sheets import Sheet, Span, Value
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.services.import_units import Import, import_units
from tests.builders.inventories import TextFiles, a_folder

HEADER = ("Logement", "Pièce", "N° de série", "Adresse MAC", "Adresse IP", "Port")


def a_sheet(
    *rows: Sequence[Value], header: Sequence[Value] = HEADER, name: str = "", merged: Sequence[Span] = ()
) -> Sheet:
    """Return a sheet with a header and rows."""
    return Sheet("units.csv", name, [list(header), *map(list, rows)], merged)


def a_workbook(
    path: Path,
    sheets: Mapping[str, Sequence[Sequence[Value]]],
    merged: Mapping[str, Sequence[str]] | None = None,
    hidden: Sequence[str] = (),
) -> Path:
    """Write a workbook; a merged range such as `A2:A4` keeps the value of its first cell."""
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, date):
                        sheet.write_datetime(number, column, value, day)
                    else:
                        sheet.write(number, column, value)
            for span in (merged or {}).get(name, ()):
                top, left = rows_and_column(span)
                sheet.merge_range(span, rows[top][left])
            if name in hidden:
                sheet.hide()
    return path


def rows_and_column(span: str) -> tuple[int, int]:
    """Return the 0-based first cell of a range such as `A2:A4`; columns A to Z."""
    first = span.partition(":")[0]
    return int(first[1:]) - 1, ord(first[0]) - ord("A")


def import_into(texts: Mapping[str, str], *sheets: Sheet, mapped: Mapped | None = None) -> Import:
    """Import sheets into a folder of texts."""
    return import_units(sheets, mapped or Mapped(), TextFiles(texts), NoCache(), edited)


def refused(*sheets: Sheet, texts: Mapping[str, str] | None = None, mapped: Mapped | None = None) -> list[Problem]:
    """Return why an import is refused; it must be."""
    try:
        import_into(texts or a_folder(), *sheets, mapped=mapped)
    except InvalidInput as invalid:
        return list(invalid.problems)
    raise AssertionError("the import was not refused")


def applied(texts: Mapping[str, str], result: Import) -> dict[str, str]:
    """Return a folder of texts as an import leaves it."""
    return {**texts, **{one.source.path: one.content.decode() for one in result.files}}
