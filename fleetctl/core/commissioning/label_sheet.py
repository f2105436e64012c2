"""Sheets of labels with QR codes, to be printed on A4: the serial for the scanner, the place for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import segno
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from fleetctl.core.commissioning.label_stock import Sheet
from fleetctl.core.commissioning.talk.tags import QR_PREFIX, tag_of
from fleetctl.core.inventory.fleet import Site, Unit
from fleetctl.core.words import labels as words
from fleetctl.core.words.speech import Speech

_QUIET = 4
"""Modules around a code that stay white (ISO/IEC 18004)."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label: what its code says, where its machine belongs, and the code as a drawing."""

    text: str
    unit: Unit

    @property
    def code(self) -> Markup:
        """Return the QR code as inline SVG, black on white with its quiet zone."""
        drawn = segno.make(self.text, micro=False, error="m")
        return Markup(drawn.svg_inline(border=_QUIET, omitsize=True, light="#fff", dark="#000"))  # noqa: S704 - ours


def labels(units: Iterable[Unit]) -> tuple[tuple[Label, ...], tuple[Unit, ...]]:
    """Return the labels of units, in their order, and the units without a serial that a scanner could read."""
    units = list(units)
    printed = tuple(Label(f"{QR_PREFIX}{unit.serial}", unit) for unit in units if _has_label(unit))
    return printed, tuple(unit for unit in units if not _has_label(unit))


def sheet_page(site: Site, found: Sequence[Label], sheet: Sheet, skip: int, speech: Speech, template: str) -> str:
    """Return the printable page.

    Args:
        site: that the labels are of.
        found: the labels.
        sheet: that they are printed on.
        skip: labels of the first sheet that are used up already.
        speech: that the page's few words are said in.
        template: Jinja2.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    width, height = (speech.quantity(mm, "mm", 1) for mm in (sheet.width_mm, sheet.height_mm))
    return environment.from_string(template).render(
        language=speech.language.value,
        title=speech.say(words.TITLE, site=site.title),
        count=speech.count(words.COUNT, len(found)),
        how=speech.say(words.HOW, columns=sheet.columns, rows=sheet.rows, width=width, height=height),
        pages=list(_pages(found, sheet, skip)),
        sheet=sheet,
        alt=lambda label: speech.say(words.CODE, serial=label.unit.serial),
    )


def _pages(found: Sequence[Label], sheet: Sheet, skip: int) -> Iterator[list[Label | None]]:
    """Yield the pages, None where a label is used up; the last page may be short."""
    places: list[Label | None] = [*[None] * skip, *found]
    for start in range(0, len(places), sheet.size):
        yield places[start : start + sheet.size]


def _has_label(unit: Unit) -> bool:
    return bool(unit.serial) and tag_of(f"{QR_PREFIX}{unit.serial}") is not None
