"""Reads spreadsheets as installers send them: workbooks (XLSX, and XLS and ODS by the same library), and CSV.

Formats are told by content, never by the file's name. It returns cells as values and knows nothing of their meaning.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from fleetctl.core.importing.sheets import Sheet, Span, Value
from fleetctl.core.problems import CouldNot, InvalidInput, Problem

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

MAX_BYTES = 32 * 1024 * 1024
MAX_UNPACKED = 512 * 1024 * 1024
"""A workbook is a ZIP; more than this inside of one is a trap, not a list of radiators."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DELIMITERS = ";\t,|"
"""The likeliest first: between equals, French Excel's."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SEPARATOR_LINE = re.compile(r"sep=(?P<delimiter>[;,\t|])\r?\n", re.IGNORECASE)
"""Excel's own first line; Excel neither shows nor counts it."""
_SAMPLE = 50
"""Records that the delimiter is told from."""


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """Return the sheets of a file that can be seen; hidden ones are left out.

    Raises:
        InvalidInput: if it is no spreadsheet.
        CouldNot: if it cannot be read.
    """
    content = _content(path)
    if content.startswith((_ZIP, _OLE)):
        return _workbook(path, content)
    return (_table(path, content),)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CouldNot(f"{path}: cannot be read: {error.strerror}", hint="check its name, owner and mode") from error
    if len(content) > MAX_BYTES:
        raise _refused(path, "too-large", f"it is larger than {MAX_BYTES >> 20} MB", "send the list of units alone")
    return content


def _workbook(path: Path, content: bytes) -> tuple[Sheet, ...]:
    import python_calamine as calamine

    if content.startswith(_ZIP):
        _refuse_bomb(path, content)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            visible = [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]
            return tuple(_sheet(path, book.get_sheet_by_name(name)) for name in visible)
    except calamine.CalamineError as error:
        hint = "open it in a spreadsheet program and save it as XLSX, without a password"
        raise _refused(path, "not-a-workbook", f"the workbook cannot be read: {error}", hint) from error


def _refuse_bomb(path: Path, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile as error:
        raise _refused(path, "not-a-workbook", f"the workbook is damaged: {error}", "have it sent again") from error
    if unpacked > MAX_UNPACKED:
        raise _refused(path, "too-large", f"{unpacked >> 20} MB are packed into it", "send the list of units alone")


def _sheet(path: Path, sheet: CalamineSheet) -> Sheet:
    merged = [Span(*start, *end) for start, end in sheet.merged_cell_ranges or ()]
    return Sheet(str(path), sheet.name, sheet.to_python(skip_empty_area=False), merged)


def _table(path: Path, content: bytes) -> Sheet:
    text = _text(path, content)
    named = _SEPARATOR_LINE.match(text)
    if named:
        return Sheet(str(path), "", _records(path, text[named.end() :], named["delimiter"]))
    return Sheet(str(path), "", _records(path, text, _delimiter(text)))


def _text(path: Path, content: bytes) -> str:
    encoding = next((name for bom, name in _BOMS if content.startswith(bom)), None) or _guess(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "save it as 'CSV UTF-8', or send the workbook itself"
        raise _refused(path, "unreadable-text", f"not text in {encoding} (from line {line})", hint) from error


def _guess(content: bytes) -> str:
    """Tell an encoding without a mark: UTF-16 has a zero in every other byte, and UTF-8 is hardly ever so by chance."""
    if content[1:200:2].count(0) > len(content[1:200:2]) // 2:
        return "utf-16-le"
    if content[0:200:2].count(0) > len(content[0:200:2]) // 2:
        return "utf-16-be"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Return the delimiter that cuts most records into equally many fields, and into the most of them."""
    return max(_DELIMITERS, key=lambda delimiter: _fields_in_step(text, delimiter))


def _fields_in_step(text: str, delimiter: str) -> int:
    sample = io.StringIO("".join(text.splitlines(keepends=True)[:_SAMPLE]), newline="")
    try:
        widths = Counter(len(record) for record in csv.reader(sample, delimiter=delimiter) if len(record) > 1)
    except csv.Error:
        return 0
    return max(((width - 1) * count for width, count in widths.items()), default=0)


def _records(path: Path, text: str, delimiter: str) -> list[list[Value]]:
    records: list[list[Value]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        records.extend([*record] for record in reader)
    except csv.Error as error:
        hint = "check that quotes are closed, or send the workbook itself"
        row = len(records) + 1
        problem = Problem("bad-csv", f"row {row} cannot be read: {error}", str(path), row, 1, hint)
        raise InvalidInput([problem]) from error
    return records


def _refused(path: Path, code: str, message: str, hint: str) -> InvalidInput:
    return InvalidInput([Problem(code, message, str(path), hint=hint)])
