"""Sheets of labels as shops sell them, and how labels lie on each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Sheet:
    """How labels lie on an A4 page; lengths in millimetres, gaps are between labels."""

    columns: int
    rows: int
    width_mm: float
    height_mm: float
    top_mm: float
    left_mm: float
    gap_mm: float = 0.0

    @property
    def size(self) -> int:
        """Return how many labels a page has."""
        return self.columns * self.rows


class Stock(StrEnum):
    """Sheets that shops sell, by the size of one label in millimetres."""

    LARGE = "70x37"
    """24 a page, edge to edge (such as Avery 3474)."""
    ROUNDED = "63.5x33.9"
    """24 a page, with margins (such as Avery L7159)."""
    TALL = "63.5x38.1"
    """21 a page, with margins (such as Avery L7160)."""

    @property
    def sheet(self) -> Sheet:
        """Return how its labels lie on a page."""
        return _SHEETS[self]


_SHEETS = {
    Stock.LARGE: Sheet(3, 8, 70.0, 37.0, top_mm=0.5, left_mm=0.0),
    Stock.ROUNDED: Sheet(3, 8, 63.5, 33.9, top_mm=12.9, left_mm=7.2, gap_mm=2.5),
    Stock.TALL: Sheet(3, 7, 63.5, 38.1, top_mm=15.1, left_mm=7.2, gap_mm=2.5),
}
