"""From sheets to entries: finds the header, passes over what is no unit, reads every cell.

It knows nothing of what is declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl.core.importing.cells import BadCell, plain_text, read_cell
from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.sheets import Place, Sheet, Value, letters, spread
from fleetctl.core.importing.words import folded, is_heading, is_total
from fleetctl.core.problems import Problem

_TELLS_UNITS = frozenset({"unit", "id", "serial", "mac", "address"})
"""Columns of which a header has one at least: others are in any list."""
_TELLS_A_UNIT = _TELLS_UNITS | {"port", "room", "loop", "uplink_address"}
"""Columns of which a row fills one at least."""
_MAY_SAY_TOTAL = ("unit", "id", "dwelling", "room", "loop", "model", "serial")
_HEADER_WITHIN = 40
"""Rows in which a header is looked for: installers put a letterhead above it."""


@dataclass(frozen=True)
class Header:
    """The row that names the columns.

    Attributes:
        row: its 0-based index.
        columns: the 1-based column of each key.
        titles: what stands above each key's column.
        ignored: titles of columns that mean nothing here.
    """

    row: int
    columns: Mapping[str, int]
    titles: Mapping[str, str]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One row that speaks of a unit.

    Attributes:
        row: 1-based.
        values: what its cells say, by key; empty cells are left out.
        refused: keys of cells that cannot be used.
    """

    sheet: Sheet
    header: Header
    row: int
    values: Mapping[str, str]
    refused: Collection[str] = ()

    def place(self, key: str = "") -> Place:
        """Return the cell of a key; the whole row if the sheet has no such column."""
        if key not in self.header.columns:
            return Place(self.sheet, self.row)
        return Place(self.sheet, self.row, self.header.columns[key], self.header.titles[key])


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A row, or a whole sheet (row 0), that speaks of no unit; and why."""

    sheet: str
    row: int
    reason: str


@dataclass(frozen=True)
class Reading:
    """What a file says."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    ignored_columns: tuple[str, ...] = ()


def read_rows(sheets: Sequence[Sheet], mapped: Mapped) -> Reading:
    """Return the entries of all sheets, and all that is wrong with their cells."""
    readings = [_read_sheet(sheet, mapped) for sheet in sheets]
    reading = Reading(
        tuple(entry for one in readings for entry in one.entries),
        tuple(problem for one in readings for problem in one.problems),
        tuple(row for one in readings for row in one.passed_over),
        tuple(dict.fromkeys(title for one in readings for title in one.ignored_columns)),
    )
    if reading.entries or reading.problems:
        return reading
    return replace(reading, problems=tuple(map(_no_units, sheets)))


def _read_sheet(sheet: Sheet, mapped: Mapped) -> Reading:
    rows = spread(sheet.rows, sheet.merged)
    header = _header(rows, mapped)
    if header is None:
        return Reading(passed_over=(PassedOver(sheet.where, 0, "no row names columns of units"),))
    found = list(_rows(sheet, header, rows, mapped))
    return Reading(
        tuple(one for one in found if isinstance(one, Entry)),
        (
            *_titles_twice(sheet, header, rows[header.row], mapped),
            *(one for one in found if isinstance(one, Problem)),
        ),
        tuple(one for one in found if isinstance(one, PassedOver)),
        header.ignored,
    )


def _header(rows: Sequence[Sequence[Value]], mapped: Mapped) -> Header | None:
    for number, row in enumerate(rows[:_HEADER_WITHIN]):
        keys = {mapped.columns.get(folded(str(value)), "") for value in row} - {""}
        if len(keys) >= 2 and keys & _TELLS_UNITS:
            return _header_of(number, row, mapped)
    return None


def _header_of(number: int, row: Sequence[Value], mapped: Mapped) -> Header:
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    ignored: list[str] = []
    for column, title in _titles(row):
        key = mapped.columns.get(folded(title))
        if key is None:
            ignored.append(title)
        elif key and key not in columns:
            columns[key], titles[key] = column, title
    return Header(number, columns, titles, tuple(ignored))


def _titles(row: Sequence[Value]) -> Iterator[tuple[int, str]]:
    return ((column, " ".join(str(value).split())) for column, value in enumerate(row, start=1) if str(value).strip())


def _titles_twice(sheet: Sheet, header: Header, row: Sequence[Value], mapped: Mapped) -> Iterator[Problem]:
    """Yield further columns of one meaning that hold something; one that a title was merged over holds nothing."""
    for column, title in _titles(row):
        key = mapped.columns.get(folded(title), "")
        if header.columns.get(key, column) != column and _holds_something(sheet, header, column):
            message = f"this column and '{header.titles[key]}' ({letters(header.columns[key])}) both mean '{key}'"
            hint = f'remove one, or say in a mapping file which one counts: columns: {{{title}: ""}}'
            yield Place(sheet, header.row + 1, column, title).problem("column-twice", message, hint)


def _holds_something(sheet: Sheet, header: Header, column: int) -> bool:
    return any(str(row[column - 1]).strip() for row in sheet.rows[header.row + 1 :] if len(row) >= column)


def _rows(
    sheet: Sheet, header: Header, rows: Sequence[Sequence[Value]], mapped: Mapped
) -> Iterator[Entry | PassedOver | Problem]:
    for number in range(header.row + 1, len(rows)):
        own = sheet.rows[number]
        if not any(value != "" and str(value).strip() for value in own):
            continue  # blank, or only covered by a merged cell
        reason = _no_unit(rows[number], header)
        if reason or rows[number] == rows[header.row]:
            yield PassedOver(sheet.where, number + 1, reason or "the header again")
        else:
            yield from _entry(sheet, header, number + 1, rows[number], mapped)


def _no_unit(row: Sequence[Value], header: Header) -> str:
    """Return why a row speaks of no unit; empty if it may."""
    texts = {key: str(row[column - 1]).strip() for key, column in header.columns.items()}
    first = next((text for value in row if (text := str(value).strip())), "")
    labels = {first, *(texts.get(key, "") for key in _MAY_SAY_TOTAL)}
    if any(map(is_total, labels)) and not _own(texts, ("mac", "address"), first):
        return "a total"
    told = {text for key, text in texts.items() if text and key not in ("site", "building")}
    if len(told | {first}) == 1 and (is_heading(first) or (len(texts) > 2 and _everywhere(texts))):
        return "a heading"
    if not any(texts.get(key) for key in _TELLS_A_UNIT):
        return "no cell that names a unit"
    return ""


def _own(texts: Mapping[str, str], keys: Iterable[str], label: str) -> bool:
    """Say whether one of the cells says something else than a label that was merged over it."""
    return any(texts.get(key, "") not in ("", label) for key in keys)


def _everywhere(texts: Mapping[str, str]) -> bool:
    """Say whether one text covers every column: a cell merged over the whole row."""
    return len(set(texts.values())) == 1


def _entry(
    sheet: Sheet, header: Header, number: int, row: Sequence[Value], mapped: Mapped
) -> Iterator[Entry | Problem]:
    values: dict[str, str] = {}
    refused: set[str] = set()
    for key, column in header.columns.items():
        value = row[column - 1]
        if value == "":
            continue
        read = read_cell(key, _meant(key, value, mapped))
        if isinstance(read, BadCell):
            refused.add(key)
            place = Place(sheet, number, column, header.titles[key])
            yield place.problem(read.code, read.fact, read.cure)
        elif read:
            values[key] = read
    yield Entry(sheet, header, number, values, refused)


def _meant(key: str, value: Value, mapped: Mapped) -> Value:
    """Return a cell with the mapping file's word in the place of the sheet's, before it is read."""
    if key not in mapped.values:
        return value
    text = plain_text(value)
    return value if isinstance(text, BadCell) else mapped.value(key, text)


def _no_units(sheet: Sheet) -> Problem:
    known = "Serial, MAC, IP, Dwelling, Room, N° de série, Adresse MAC, Logement, Pièce"
    message = "no row says anything of a unit"
    hint = f"name two of them at least (such as {known}), or say what yours mean in a mapping file (--mapping)"
    return Problem("no-header", message, sheet.where, 1, 1, hint)
