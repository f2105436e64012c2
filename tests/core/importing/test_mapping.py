from __future__ import annotations

import pytest

from fleetctl.core.importing.mapping import Mapped, mapped_by
from fleetctl.core.importing.rows import read_rows
from tests.builders.inventories import document
from tests.builders.spreadsheets import a_sheet

FILE = """\
site: here
columns: {Plaque: serial, Zone de pose: room, Serial: ""}
values: {room: {Séj.: living, "1": bedroom}}
"""


def test_a_mapping_file_gives_columns_and_words_their_meaning() -> None:
    mapped, problems = mapped_by(document(FILE))
    sheet = a_sheet(("QR-1", "séj", "old"), ("QR-2", 1.0, ""), header=("PLAQUE", "Zone de pose", "Serial"))
    reading = read_rows([sheet], mapped)
    assert not problems
    assert mapped.site == "here"
    assert [entry.values for entry in reading.entries] == [
        {"serial": "QR-1", "room": "living"},
        {"serial": "QR-2", "room": "bedroom"},
    ]
    assert not reading.problems


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("- a\n", 1, "wrong-type"),
        ("colums: {a: serial}\n", 1, "unknown-key"),
        ("site: here\ncolumns: [a]\n", 2, "wrong-type"),
        ("columns:\n  Plaque: seriel\n", 2, "unknown-column"),
        ("values:\n  piece: {a: b}\n", 2, "unknown-column"),
        ("values:\n  room: [a]\n", 2, "wrong-type"),
        ("columns: {a: &x serial}\n", 1, "anchor"),
    ],
)
def test_a_mapping_file_that_is_wrong_says_where(text: str, line: int, code: str) -> None:
    mapped, (problem, *_) = mapped_by(document(text))
    assert (problem.line, problem.code) == (line, code)
    assert mapped == Mapped()
