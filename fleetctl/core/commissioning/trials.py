"""What several units that were given a load at once are judged by, put together from what everybody measured. Pure.

A place is a room, for it is by their own rooms that units are proved; where none is declared, the dwelling.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from fleetctl.core.commissioning.burn_in import Expected, Reference, expected_rise_k, reference_of
from fleetctl.core.commissioning.load import Run
from fleetctl.core.commissioning.room_proof import Heating, Sensing
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Site

SENSORS_SCHEMA = "fleetctl/unit-sensors/v1"
NEAR_S = 60.0
"""A sensor's reading so near to a moment counts for it."""

Readings = Mapping[str, Sequence[tuple[float, float]]]
"""What the sensors of a building told: (Unix time, temperature in °C), by the sensor's id."""


def readings_from(documents: Iterable[Mapping[str, Any]]) -> Readings:
    """Read what `fleet-unit sensors` printed on gateways.

    Raises:
        ValueError: if it is something else.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    for document in documents:
        if document.get("schema") != SENSORS_SCHEMA:
            raise ValueError(f"expected a document of schema {SENSORS_SCHEMA}, got {document.get('schema')!r}")
        for row in document["readings"]:
            for id, temperature_c in row["temperatures_c"].items():
                series.setdefault(str(id), []).append((float(row["at"]), float(temperature_c)))
    return {id: sorted(told) for id, told in series.items()}


@dataclass(frozen=True)
class Trial:
    """Loads of several units, with everything that was measured meanwhile.

    Attributes:
        runs: by the unit's name.
    """

    site: Site
    premises: SitePremises
    runs: Mapping[str, Run]
    readings: Readings

    def expected(self, name: str, speed: float = 1.0) -> Expected:
        """Return what a unit that was burned in should show.

        Args:
            name: of the unit.
            speed: seconds that pass in rooms while one does on the units' clocks.
        """
        heater, run, zone = self.premises.heaters[name], self.runs[name], self.premises.zone_of(name)
        if zone is None or not run.samples:
            return Expected(heater.power_w)
        more_w = sum(_more_w(self.runs[mate]) for mate in self._mates(name))
        rise_k = expected_rise_k(zone, 0.0, more_w, speed * (run.samples[-1].at - run.samples[0].at))
        return Expected(heater.power_w, rise_k, self._reference(name))

    def heatings(self) -> list[Heating]:
        """Return the units that were heated in a pattern."""
        return [
            Heating(name, self.place(name), self.premises.heaters[name].power_w, _powers(run))
            for name, run in self.runs.items()
            if run.samples
        ]

    def sensors(self) -> list[Sensing]:
        """Return the sensors of the site that told enough, and those that are built into the units."""
        return [*self._of_rooms(), *self._built_in()]

    def place(self, name: str) -> str:
        """Return the place that a unit is declared to heat."""
        unit = self.site.units[name.partition("/")[2]]
        return _place(unit.dwelling, unit.room)

    def _mates(self, name: str) -> Iterator[str]:
        """Yield the units of its zone whose loads were on at the same time, the unit itself among them."""
        began, ended = _span(self.runs[name])
        for mate, run in self.runs.items():
            if run.samples and self.premises.heaters[mate].zone == self.premises.heaters[name].zone:
                from_, to = _span(run)
                if from_ < ended and to > began:
                    yield mate

    def _reference(self, name: str) -> Reference | None:
        began, _ = _span(self.runs[name])
        near = (_at(series, began) for id, series in self.readings.items() if self._place_of(id) == self.place(name))
        own = next((told for told in near if told is not None), None)
        mates = [mate for mate in self._mates(name) if mate != name]
        others = [Reference(c, mate) for mate in mates if (c := self.runs[mate].samples[0].ambient_c) is not None]
        return reference_of(Reference(own, f"the sensor of {self.place(name)}") if own is not None else None, others)

    def _of_rooms(self) -> Iterator[Sensing]:
        for id, series in self.readings.items():
            place = self._place_of(id)
            if place and len(series) > 2:
                yield Sensing(id, place, series)

    def _built_in(self) -> Iterator[Sensing]:
        for name, run in self.runs.items():
            series = [(sample.at, sample.room_c) for sample in run.samples if sample.room_c is not None]
            if len(series) > 2:
                yield Sensing(name, self.place(name), series, unit=name)

    def _place_of(self, sensor: str) -> str:
        declared = self.site.sensors.get(sensor)
        if declared is None or declared.measures != "temperature" or not declared.dwelling:
            return ""
        return _place(declared.dwelling, declared.room)


def _place(dwelling: str, room: str) -> str:
    return f"{dwelling}/{room}" if room else dwelling


def _more_w(run: Run) -> float:
    """Return by how much a unit's heat was more, on average, than before its load."""
    return fmean(sample.power_w for sample in run.samples) - run.samples[0].power_w


def _powers(run: Run) -> list[tuple[float, float]]:
    return [(sample.at, sample.power_w) for sample in run.samples]


def _span(run: Run) -> tuple[float, float]:
    return run.samples[0].at, run.samples[-1].at


def _at(series: Sequence[tuple[float, float]], moment: float) -> float | None:
    at, value = min(series, key=lambda point: abs(point[0] - moment), default=(moment + 2 * NEAR_S, 0.0))
    return value if abs(at - moment) <= NEAR_S else None
