"""Pages as people get them: in Chromium, on a phone, on a desk, and on paper.

No picture is compared with a kept one, for fonts differ between machines; what is asserted holds with any font.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fleetctl.adapters.reports import template
from fleetctl.core.commissioning.label_sheet import labels, sheet_page
from fleetctl.core.commissioning.label_stock import Stock
from fleetctl.core.handover.document import to_document
from fleetctl.core.handover.issue import Issue
from fleetctl.core.handover.page import to_html
from fleetctl.core.handover.report import handover
from fleetctl.core.log_heads import Head
from fleetctl.core.words.language import Language
from fleetctl.core.words.speech import Speech
from tests.builders.chromium import PROGRAM, Browser, browser
from tests.builders.codes import read_codes
from tests.builders.field import a_mixed_ledger, fingerprints

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed ('scripts/setup test' tries to)")
SITE, ENTRIES = a_mixed_ledger()
MADE = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)
A4_PT = (595, 842)
PHONE, DESK = 360, 1200


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all pages."""
    with browser(tmp_path_factory.mktemp("chromium")) as started:
        yield started


def report_page(folder: Path, language: Language, dwelling: str = "") -> Path:
    issue = Issue(3, SITE.id, dwelling, MADE, "state-1", Head(812, "ab" * 32), "cd" * 32)
    report = handover(SITE, ENTRIES, issue, fingerprints(SITE))
    speech = Speech(language, ZoneInfo(SITE.time_zone))
    page = to_html(report, to_document(report), f"SHA256:{'k' * 43}", speech, template("handover"))
    return _written(folder / "report.html", page)


def label_page(folder: Path, stock: Stock) -> Path:
    found, _ = labels(SITE.units.values())
    speech = Speech(Language.FR)
    return _written(folder / "labels.html", sheet_page(SITE, found, stock.sheet, 2, speech, template("labels")))


def _written(file: Path, text: str) -> Path:
    file.write_text(text)
    return file


def pages_of(pdf: bytes) -> list[tuple[int, int]]:
    """Return the sizes of a PDF's pages, in points."""
    boxes = re.findall(rb"/Type /Page\b.*?/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf, re.DOTALL)
    return [(round(float(width)), round(float(height))) for width, height in boxes]


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", list(Language))
def test_a_report_fits_its_window_and_complains_of_nothing(
    chromium: Browser, tmp_path: Path, language: Language, width: int
) -> None:
    chromium.open(report_page(tmp_path, language), width=width)
    assert chromium.complaints == []
    assert chromium.too_wide() == []
    assert chromium.value("document.documentElement.scrollWidth") <= width
    said = {Language.EN: "no instrument could prove its room", Language.FR: "aucun instrument n’a pu prouver sa pièce"}
    assert said[language] in chromium.text()
    assert chromium.value("document.querySelectorAll('svg.plot').length") == 12
    assert chromium.value("[...document.querySelectorAll('svg.plot path')].every(p => p.getTotalLength() > 0)")


def test_what_is_seen_is_dark_on_light(chromium: Browser, tmp_path: Path) -> None:
    """Contrast of text, by WCAG 2.1: 4.5 at least, for whoever reads it in a basement."""
    chromium.open(report_page(tmp_path, Language.FR))
    script = """(() => {
      const linear = x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4;
      const light = c => { const v = c.match(/[\\d.]+/g).map(x => linear(x / 255));
        return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
      return Math.min(...[...document.querySelectorAll('body *')].filter(e => e.innerText && e.innerText.trim())
        .map(e => 1.05 / (light(getComputedStyle(e).color) + .05)));
    })()"""
    assert chromium.value(script) >= 4.5


def test_a_picture_of_the_report_is_not_blank(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(report_page(tmp_path, Language.EN, "A101"), width=DESK)
    rows = chromium.greys(chromium.picture())
    inked = [sum(pixel < 128 for pixel in row) for row in rows]
    assert sum(inked) > 0.005 * len(rows) * len(rows[0])
    assert max(map(max, rows)) == 255


@pytest.mark.parametrize(("dwelling", "sections"), [("", 5), ("A102", 3)])
def test_a_report_is_printed_on_a4_each_dwelling_on_a_page_of_its_own(
    chromium: Browser, tmp_path: Path, dwelling: str, sections: int
) -> None:
    """The first page, gateways, and each dwelling begin on a page of their own; no page of a dwelling is endless."""
    chromium.open(report_page(tmp_path, Language.FR, dwelling))
    sizes = pages_of(chromium.pdf())
    assert set(sizes) == {A4_PT}
    assert sections <= len(sizes) <= 3 * sections


def test_a_seal_behind_the_page_changes_nothing_that_is_seen(chromium: Browser, tmp_path: Path) -> None:
    file = report_page(tmp_path, Language.EN, "A101")
    chromium.open(file)
    before = chromium.text()
    _written(file, file.read_text() + '<!-- fleetctl-seal {"schema": "x"} -->\n')
    chromium.open(file)
    assert (chromium.text(), chromium.complaints) == (before, [])


@pytest.mark.parametrize("stock", list(Stock))
def test_labels_are_printed_on_a4(chromium: Browser, tmp_path: Path, stock: Stock) -> None:
    chromium.open(label_page(tmp_path, stock), width=PHONE)
    assert (chromium.complaints, chromium.too_wide()) == ([], [])
    assert pages_of(chromium.pdf()) == [A4_PT]


def test_a_scanner_reads_every_label_off_the_page(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(label_page(tmp_path, Stock.ROUNDED), width=DESK)
    codes = read_codes(chromium.greys(chromium.picture()))
    assert sorted(codes) == sorted(f"fleetctl:{unit.serial}" for unit in SITE.units.values())
