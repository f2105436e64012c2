"""Labels with QR codes: what a scanner reads off them, where they lie, and who gets none."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.adapters.reports import template
from fleetctl.core.commissioning.label_sheet import labels, sheet_page
from fleetctl.core.commissioning.label_stock import Stock
from fleetctl.core.commissioning.talk.tags import Tags, tag_of
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.words.language import Language
from fleetctl.core.words.speech import Speech
from tests.builders.codes import pixels, read_codes
from tests.builders.fleets import a_building

SITE = a_building(radiators=30)
UNITS = list(SITE.units.values())


def page(*units: Unit, stock: Stock = Stock.LARGE, skip: int = 0, language: Language = Language.EN) -> str:
    found, _ = labels(units)
    return sheet_page(SITE, found, stock.sheet, skip, Speech(language), template("labels"))


@pytest.mark.parametrize("serial", ["QR-00100003", "QB-1/7.a_b", "123456789012"])
def test_a_scanner_reads_the_serial_and_it_is_the_units_own(serial: str) -> None:
    unit = replace(UNITS[1], serial=serial)
    (label,), _ = labels([unit])
    (read,) = read_codes(pixels(str(label.code)))
    assert read == f"fleetctl:{serial}"
    tag = tag_of(read)
    assert tag is not None
    assert Tags([*UNITS[2:], unit]).unit_of(tag) == unit


def test_units_without_a_serial_that_can_be_scanned_get_no_label() -> None:
    bad = [replace(UNITS[1], serial=""), replace(UNITS[2], serial="é è"), replace(UNITS[3], serial="a")]
    found, left_out = labels([*bad, UNITS[4]])
    assert [label.unit for label in found] == [UNITS[4]]
    assert left_out == tuple(bad)


@pytest.mark.parametrize("stock", list(Stock))
def test_every_sheet_fits_on_a4(stock: Stock) -> None:
    sheet = stock.sheet
    assert sheet.left_mm + sheet.columns * sheet.width_mm + (sheet.columns - 1) * sheet.gap_mm <= 210
    assert sheet.top_mm + sheet.rows * sheet.height_mm <= 297


@pytest.mark.parametrize(("units", "skip", "sheets"), [(24, 0, 1), (25, 0, 2), (24, 1, 2), (1, 23, 1)])
def test_labels_fill_sheet_after_sheet(units: int, skip: int, sheets: int) -> None:
    made = page(*UNITS[:units], skip=skip)
    assert made.count('<section class="sheet">') == sheets
    assert made.count('<div class="label">') == units + skip
    assert made.count("<svg") == units


def test_people_read_the_place() -> None:
    made = page(UNITS[4], language=Language.FR)
    assert '<html lang="fr">' in made
    for text in ("A102", "living", "les-sables/a102-1", "QR-00100003", "1 étiquette", 'aria-label="code QR de QR-'):
        assert text in made


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text())
def test_names_never_become_elements(room: str, dwelling: str) -> None:
    def elements(made: str) -> list[str]:
        parser = _Elements()
        parser.feed(made)
        return parser.tags

    assert elements(page(replace(UNITS[1], room=room, dwelling=dwelling))) == elements(page(UNITS[1]))
