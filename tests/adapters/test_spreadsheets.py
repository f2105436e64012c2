from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest

from fleetctl.adapters import spreadsheets
from fleetctl.adapters.spreadsheets import read_sheets
from fleetctl.core.importing.sheets import Span, Value
from fleetctl.core.problems import CouldNot, InvalidInput
from tests.builders.spreadsheets import a_workbook

TEXT = "Pièce;Puissance;MAC\r\nSéjour;650,5;02:00:00:00:00:11\r\n\r\nEntrée;0,5;02:00:00:00:00:12\r\n"
ROWS = [
    ["Pièce", "Puissance", "MAC"], ["Séjour", "650,5", "02:00:00:00:00:11"], [], ["Entrée", "0,5", "02:00:00:00:00:12"],
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_is_read_as_excel_writes_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    file = tmp_path / "units.csv"
    file.write_bytes(TEXT.replace(";", delimiter).encode(encoding))
    (sheet,) = read_sheets(file)
    assert [list(row) for row in sheet.rows] == ROWS
    assert sheet.where == str(file)


def test_commas_delimit_where_decimals_are_quoted(tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text('room,power,mac\nliving,"650,5",02:00:00:00:00:11\n')
    assert read_sheets(file)[0].rows[1] == ["living", "650,5", "02:00:00:00:00:11"]


def test_a_line_that_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    file = tmp_path / "units.csv"
    file.write_text("sep=|\nroom|mac\n")
    assert read_sheets(file)[0].rows == [["room", "mac"]]


def test_a_workbook_keeps_sheets_types_and_merged_cells(tmp_path: Path) -> None:
    rows: list[list[Value]] = [
        ["Logement", "Série"],
        ["A101", 123456789012.0],
        ["", "QR-2"],
        ["A102", date(2026, 3, 10)],
    ]
    file = a_workbook(tmp_path / "units.bin", {"Lot 1": rows, "Notes": [["x"]]}, {"Lot 1": ["A2:A3"]}, hidden=["Notes"])
    (sheet,) = read_sheets(file)
    assert (sheet.name, sheet.where, sheet.merged) == ("Lot 1", f"{file}!Lot 1", [Span(1, 0, 2, 0)])
    assert sheet.rows[1] == ["A101", 123456789012.0]
    assert sheet.rows[3][1] == date(2026, 3, 10)


def test_rows_above_the_first_value_count(tmp_path: Path) -> None:
    file = a_workbook(tmp_path / "u.xlsx", {"S": [[], [], ["", "MAC"]]})
    assert read_sheets(file)[0].rows[2] == ["", "MAC"]


def test_what_is_no_spreadsheet_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "units.xlsx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", "b")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_sheets(file)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(InvalidInput, match="damaged"):
        read_sheets(file)
    file.write_bytes(b"a;\x81b\n")
    with pytest.raises(InvalidInput, match="not text in cp1252"):
        read_sheets(file)


def test_a_workbook_that_unpacks_to_far_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheets, "MAX_UNPACKED", 1 << 20)
    file = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (2 << 20))
    with pytest.raises(InvalidInput, match="2 MB are packed"):
        read_sheets(file)


def test_a_file_that_is_missing_or_too_large_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CouldNot, match="No such file"):
        read_sheets(tmp_path / "units.csv")
    monkeypatch.setattr(spreadsheets, "MAX_BYTES", 3)
    (tmp_path / "units.csv").write_bytes(b"a;b;c")
    with pytest.raises(InvalidInput, match="larger"):
        read_sheets(tmp_path / "units.csv")
