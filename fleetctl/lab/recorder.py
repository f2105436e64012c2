"""The lab's own record of heat: who is up, what flows, how warm it is; no record of fleetctl's has a part in it.

One JSON document a line, in the lab's folder. The first (`why` is `begin`) tells everything; a later one is written
when a unit goes down or comes up, when something is done to the lab, and every few seconds, and tells what is no longer
as the lines before said. `observed` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TextIO

from fleetctl.lab.climate import Climate
from fleetctl.lab.heater import Heater

SCHEMA = "fleetctl/lab-record/v1"


class Recorder:
    """Writes what is so, by and by."""

    def __init__(self, climate: Climate, file: TextIO, clock: Callable[[], datetime]) -> None:
        self._climate, self._file, self._clock = climate, file, clock
        self._told: dict[str, dict[str, Any]] = {"units": {}, "zones": {}, "loops": {}}

    def begin(self) -> None:
        """Write what never changes, and all that is so now."""
        climate = self._climate
        heatings = {unit: asdict(heater.heating) for unit, heater in climate.heaters.items()}
        self._write("begin", {"schema": SCHEMA, "time_factor": climate.time_factor, "heatings": heatings})

    def note(self, why: str) -> None:
        """Write what has changed, and why a line is written at all."""
        self._write(why, {})

    def _write(self, why: str, more: Mapping[str, Any]) -> None:
        climate = self._climate
        now: dict[str, Mapping[str, Any]] = {
            "units": {unit: _state(heater) for unit, heater in climate.heaters.items()},
            "zones": {id: round(celsius, 2) for id, celsius in climate.zones_c().items()},
            "loops": {id: round(celsius, 2) for id, celsius in climate.loops_c().items()},
        }
        head = {
            "at": self._clock().isoformat(timespec="milliseconds"),
            "model_s": round(climate.model_s, 1),
            "why": why,
            "outdoor_c": climate.outdoor_c,
        }
        changes = {kind: self._changes(kind, values) for kind, values in now.items()}
        self._file.write(json.dumps({**head, **more, **{kind: c for kind, c in changes.items() if c}}) + "\n")
        self._file.flush()

    def _changes(self, kind: str, now: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is other than was told, which it is not any more."""
        told = self._told[kind]
        changed = {name: value for name, value in now.items() if told.get(name) != value}
        told.update(changed)
        return changed


def _state(heater: Heater) -> dict[str, Any]:
    """Return what is told of a unit; powers in whole watts, which is what keeps a steady lab silent."""
    commanded = heater.commanded_w
    return {
        "up": heater.is_up,
        "because": heater.down_because,
        "commanded_w": None if commanded is None else round(commanded),
        "power_w": round(heater.power_w),
        "heat_w": round(heater.heat_w),
    }
