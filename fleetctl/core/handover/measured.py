"""What instruments said of a unit, read from the details of its ledger entries, as reports show it.

A detail that is of another version, or damaged, is shown as far as it can be read: a report never fails on one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetctl.core.commissioning.standing import VERDICT, Standing

Point = tuple[float, float]
"""Seconds since the beginning, and a value."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure against its band.

    Attributes:
        name: which figure; see `core.words.handover.CHECKS`.
        holds: None if there was nothing to judge it by.
        text: the arithmetic, in English.
        about: the numbers of the arithmetic, for other languages; may be empty.
    """

    name: str
    holds: bool | None
    text: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Curve:
    """Something measured over time, at least at two times.

    Attributes:
        name: what; see `core.words.handover.CURVES`.
        unit: of the values.
        low, high: the band that it was held against; None where there is none.
    """

    name: str
    unit: str
    points: tuple[Point, ...]
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """How much one sensor answered to the heat of a unit; `error_k` is the standard error."""

    sensor: str
    rise_k: float
    error_k: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measured stage rests on.

    Attributes:
        verdict: in the word that the ledger has for it; empty if nothing was measured.
        responses: of sensors to a proof of rooms, the clearest first.
        about: what else was found: texts and numbers by the ledger's names.
    """

    verdict: str = ""
    checks: tuple[Check, ...] = ()
    curves: tuple[Curve, ...] = ()
    responses: tuple[Response, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return what else was found, by its name in the ledger; empty if there is no such text."""
        value = self.about.get(name, "")
        return value if isinstance(value, str) else ""


def measured(standing: Standing) -> Measured:
    """Return what a measured stage rests on."""
    detail = standing.entry.draft.detail if standing.entry else {}
    checks = tuple(_checks(detail))
    band = _power_band(checks)
    power = Curve("power", "W", tuple(_points(detail, 1)), *band)
    ambient = Curve("ambient", "°C", tuple(_points(detail, 2)))
    curves = tuple(curve for curve in (power, ambient) if len(curve.points) > 1)
    about = {name: value for name, value in detail.items() if name != VERDICT and isinstance(value, str | int | float)}
    responses = sorted(_responses(detail), key=lambda each: (-each.rise_k, each.sensor))
    return Measured(str(detail.get(VERDICT, "")), checks, curves, tuple(responses), about)


def number(value: object) -> float | None:
    """Return a value as a number; None if it is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _checks(detail: Mapping[str, Any]) -> Iterator[Check]:
    rows = detail.get("checks")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            about = row.get("about")
            holds = row.get("holds")
            yield Check(
                str(row.get("name", "")),
                holds if isinstance(holds, bool) else None,
                str(row.get("text", "")),
                about if isinstance(about, Mapping) else {},
            )


def _points(detail: Mapping[str, Any], column: int) -> Iterator[Point]:
    rows = detail.get("curve")
    for row in rows if isinstance(rows, list) else ():
        at, value = (
            (number(row[0]), number(row[column])) if isinstance(row, list) and len(row) > column else (None, None)
        )
        if at is not None and value is not None:
            yield at, value


def _responses(detail: Mapping[str, Any]) -> Iterator[Response]:
    rows = detail.get("responses")
    for sensor, row in rows.items() if isinstance(rows, Mapping) else ():
        rise_k, error_k = (number(row[0]), number(row[1])) if isinstance(row, list) and len(row) > 1 else (None, None)
        if rise_k is not None and error_k is not None:
            yield Response(str(sensor), rise_k, error_k)


def _power_band(checks: tuple[Check, ...]) -> tuple[float | None, float | None]:
    about = next((check.about for check in checks if check.name == "power"), {})
    expected_w, share = number(about.get("expected_w")), number(about.get("share"))
    if expected_w is None or share is None:
        return None, None
    return round(expected_w * (1 - share), 1), round(expected_w * (1 + share), 1)
