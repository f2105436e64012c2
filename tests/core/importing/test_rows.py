from __future__ import annotations

import pytest

from fleetctl.core.importing.mapping import Mapped
from fleetctl.core.importing.rows import read_rows
from fleetctl.core.importing.sheets import Sheet, Span, Value, letters
from fleetctl.core.importing.words import folded
from tests.builders.spreadsheets import HEADER, a_sheet

ROW = ("A101", "Séjour", "QR-1", "02:00:00:00:00:11", "10.77.1.11", "sw1/11")


def test_a_header_is_found_below_a_letterhead() -> None:
    sheet = Sheet("u.csv", "", [["Chauffage Martin"], [], ["Devis 12", "", "Adresse IP"], list(HEADER), list(ROW)])
    (entry,) = read_rows([sheet], Mapped()).entries
    assert entry.row == 5
    assert entry.values == {
        "dwelling": "A101", "room": "Séjour", "serial": "QR-1",
        "mac": "02:00:00:00:00:11", "address": "10.77.1.11", "port": "sw1/11",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("N° de série", "serial"), ("n° série", "serial"), ("Numéro de Série", "serial"), ("S/N", "serial"),
        ("SERIAL NUMBER", "serial"), ("Adresse MAC", "mac"), ("@MAC", "mac"), ("MAC address", "mac"),
        ("Adresse IP", "address"), ("IP", "address"), ("Pièce", "room"), ("Logement", "dwelling"), ("Appt", "dwelling"),
        ("Puissance (W)", "power_w"), ("Switch port", "port"), ("Bâtiment", "building"), ("Modèle", "model"),
    ],
)  # fmt: skip
def test_columns_are_known_in_french_and_english(title: str, key: str) -> None:
    assert Mapped().columns[folded(title)] == key


def test_names_of_residents_are_not_read() -> None:
    reading = read_rows([a_sheet((*ROW, "somebody"), header=(*HEADER, "Nom"))], Mapped())
    assert "somebody" not in reading.entries[0].values.values()
    assert reading.ignored_columns == ("Nom",)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("Total", "", "178", "", "", ""), "a total"),
        (("Sous-total A", "", "", "", "", "12"), "a total"),
        (("", "TOTAL", "", "", "", ""), "a total"),
        (("Bâtiment B", "", "", "", "", ""), "a heading"),
        (HEADER, "the header again"),
        (("* à confirmer", "", "", "", "", ""), "no cell that names a unit"),
    ],
)
def test_rows_without_a_unit_are_passed_over_and_named(row: tuple[str, ...], reason: str) -> None:
    reading = read_rows([a_sheet(ROW, row)], Mapped())
    assert [(over.row, over.reason) for over in reading.passed_over] == [(3, reason)]
    assert len(reading.entries) == 1


def test_blank_rows_are_nothing() -> None:
    reading = read_rows([a_sheet((), ("", " ", ""), ROW)], Mapped())
    assert (len(reading.entries), reading.passed_over, reading.problems) == (1, (), ())


def test_a_merged_cell_speaks_for_all_of_its_rows_but_makes_no_row() -> None:
    rows: list[tuple[Value, ...]] = [("A101", "living", "QR-1"), ("", "bedroom", "QR-2"), ("", "", "")]
    sheet = a_sheet(*rows, header=HEADER[:3], merged=[Span(1, 0, 3, 0)])
    entries = read_rows([sheet], Mapped()).entries
    assert [(entry.row, entry.values["dwelling"]) for entry in entries] == [(2, "A101"), (3, "A101")]


def test_a_heading_merged_over_the_whole_row_is_a_heading() -> None:
    sheet = a_sheet(("Résidence du Lac", *[""] * 5), ROW, merged=[Span(1, 0, 1, 5)])
    reading = read_rows([sheet], Mapped())
    assert [over.reason for over in reading.passed_over] == ["a heading"]
    assert len(reading.entries) == 1


def test_a_merge_of_a_whole_column_ends_with_the_rows() -> None:
    sheet = a_sheet(("A101", "QR-1"), ("", "QR-2"), header=("Lot", "S/N"), merged=[Span(1, 0, 1_048_575, 0)])
    assert [entry.values["dwelling"] for entry in read_rows([sheet], Mapped()).entries] == ["A101", "A101"]


def test_two_columns_of_one_meaning_are_refused() -> None:
    (problem,) = read_rows([a_sheet((*ROW, "QR-2"), header=(*HEADER, "Serial"))], Mapped()).problems
    assert (problem.code, problem.line, problem.column) == ("column-twice", 1, 7)


def test_an_empty_column_of_the_same_meaning_is_no_matter() -> None:
    assert not read_rows([a_sheet((*ROW, ""), header=(*HEADER, "Port"))], Mapped()).problems
    (problem,) = read_rows([a_sheet((*ROW, "sw2/1"), header=(*HEADER, "Port"))], Mapped()).problems
    assert (problem.code, problem.column) == ("column-twice", 7)


def test_a_cell_that_is_refused_leaves_the_rest_of_its_row() -> None:
    reading = read_rows([a_sheet(("A101", "", "1,23E+11", "nonsense", "10.77.1.11"))], Mapped())
    assert [(p.code, p.line, p.column) for p in reading.problems] == [("mangled-serial", 2, 3), ("bad-mac", 2, 4)]
    assert reading.problems[0].message.startswith("C2 (N° de série): ")
    assert reading.entries[0].values == {"dwelling": "A101", "address": "10.77.1.11"}


def test_a_sheet_without_a_header_is_passed_over_if_another_has_one() -> None:
    plan = Sheet("u.xlsx", "Plan", [["ground floor"]])
    reading = read_rows([plan, a_sheet(ROW)], Mapped())
    assert [(over.sheet, over.row) for over in reading.passed_over] == [("u.xlsx!Plan", 0)]
    (problem,) = read_rows([plan], Mapped()).problems
    assert (problem.code, problem.file) == ("no-header", "u.xlsx!Plan")


@pytest.mark.parametrize(("column", "name"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (703, "AAA")])
def test_columns_are_called_as_in_a_spreadsheet(column: int, name: str) -> None:
    assert letters(column) == name
