"""A measured figure beside what it may be at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the results.

    Attributes:
        what: what was measured.
        value: the measured value.
        unit: of the value, for instance `ms` or `times`.
        at_most: the target; None where there is none.
        detail: absolute values behind a ratio, and how it was measured.
        limit: what is known to stand in the way of the target; shown where it is missed.
    """

    what: str
    value: float
    unit: str
    at_most: float | None = None
    detail: str = ""
    limit: str = ""

    @property
    def is_held(self) -> bool:
        """Say whether the target, if there is one, is held."""
        return self.at_most is None or self.value <= self.at_most

    @property
    def measured(self) -> str:
        """Return the value with its unit."""
        return f"{number(self.value)} {self.unit}"

    @property
    def target(self) -> str:
        """Return the target with its unit, or an empty text."""
        return "" if self.at_most is None else f"{number(self.at_most)} {self.unit}"


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """What should be measured and was not, with the reason."""

    what: str
    reason: str


Line = Figure | NotMeasured


def to_document(line: Line) -> dict[str, Any]:
    """Return a line as plain data."""
    return asdict(line)


def from_document(document: Mapping[str, Any]) -> Line:
    """Read a line back."""
    return Figure(**document) if "value" in document else NotMeasured(**document)


def table(lines: Iterable[Line]) -> str:
    """Return lines as a Markdown table."""
    rows = [_row(line) for line in lines]
    return "\n".join(["| what | measured | at most | | how |", "|---|---:|---:|---|---|", *rows]) + "\n"


def number(value: float) -> str:
    """Return a value with three significant digits, without an exponent."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{decimals}f}"


def _row(line: Line) -> str:
    if isinstance(line, NotMeasured):
        return f"| {line.what} | not measured | | | {line.reason} |"
    verdict = "" if line.at_most is None else "held" if line.is_held else "**missed**"
    return f"| {line.what} | {line.measured} | {line.target} | {verdict} | {line.detail} |"
