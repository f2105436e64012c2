"""A spreadsheet as values: sheets of cells, merged cells spread out, and the way that people name a cell.

It knows nothing of file formats and nothing of what the columns mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from fleetctl.core.problems import Problem, Severity

Value = str | int | float | bool | date | datetime | time | timedelta
"""What a cell holds; an empty one holds an empty text."""


@dataclass(frozen=True, slots=True)
class Span:
    """A merged range of cells; all four are 0-based and inside of the range."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Sheet:
    """One sheet of a file.

    Attributes:
        file: path as the user gave it.
        name: empty where the file has no sheets (CSV).
        rows: the first is row 1 of the spreadsheet; rows may differ in length.
        merged: ranges of which only the first cell holds a value.
    """

    file: str
    name: str
    rows: Sequence[Sequence[Value]]
    merged: Sequence[Span] = ()

    @property
    def where(self) -> str:
        """Return file and sheet as a spreadsheet itself writes it: `units.xlsx!Sheet1`."""
        return f"{self.file}!{self.name}" if self.name else self.file


@dataclass(frozen=True, slots=True)
class Place:
    """A cell; row and column are 1-based.

    Attributes:
        title: what stands above the column; empty for a whole row.
    """

    sheet: Sheet = field(repr=False, compare=False)
    row: int
    column: int = 1
    title: str = ""

    def problem(self, code: str, message: str, hint: str, severity: Severity = Severity.ERROR) -> Problem:
        """Return what is wrong here; the message begins with the cell as a spreadsheet names it."""
        cell = f"{letters(self.column)}{self.row} ({self.title})" if self.title else f"row {self.row}"
        return Problem(code, f"{cell}: {message}", self.sheet.where, self.row, self.column, hint, severity)


def letters(column: int) -> str:
    """Return a 1-based column as spreadsheets write it: 1 is `A`, 28 is `AB`."""
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(ord("A") + letter) + text
    return text


def spread(rows: Sequence[Sequence[Value]], merged: Iterable[Span]) -> list[list[Value]]:
    """Return rows of one length in which every cell of a merged range holds the range's value.

    A range may be declared far beyond the rows that there are (a whole column); it ends where they end.
    """
    width = max(map(len, rows), default=0)
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    for span in merged:
        if span.top >= len(full) or span.left >= width:
            continue
        value = full[span.top][span.left]
        for row in full[span.top : span.bottom + 1]:
            stop = min(span.right + 1, width)
            row[span.left : stop] = [value] * (stop - span.left)
    return full
