"""What building physics and comfort allow."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.document import Path
from fleetctl.core.inventory.flaws import Flaw, site_path, unit_path
from fleetctl.core.inventory.fleet import HeatSettings, Kind, Site
from fleetctl.core.problems import Severity

TAU_H = (3.0, 300.0)
USUAL_SETPOINT_C = (16.0, 26.0)


def time_constants(site: Site) -> Iterator[Flaw]:
    """The time constant `tau = C / H` of a space is within 3 to 300 h; else a figure is in the wrong unit."""
    for section, spaces in (("dwellings", site.dwellings), ("zones", site.zones)):
        for space in spaces.values():
            tau_h = space.capacity_kj_k / space.heat_loss_w_k / 3.6
            if not TAU_H[0] <= tau_h <= TAU_H[1]:
                message = f"time constant of '{space.id}' is {tau_h:.3g} h, not within {TAU_H[0]:g} to {TAU_H[1]:g} h"
                hint = "check capacity_kj_k (165 kJ/K per m² is medium) and heat_loss_w_k"
                yield Flaw(site_path(site.id, section, space.id, "capacity_kj_k"), "time-constant", message, hint)


def setpoints(site: Site) -> Iterator[Flaw]:
    """Setpoints are in order; outside of 16 to 26 °C they are legal in a room, so that is a warning."""
    for dwelling in site.dwellings.values():
        path = site_path(site.id, "dwellings", dwelling.id, "setpoint_c")
        yield from _usual(path, dwelling.setpoint_c, f"setpoint of '{dwelling.id}'")
    judged: set[HeatSettings] = set()
    for unit in site.units.values():
        heat = unit.heat
        if unit.kind is not Kind.RADIATOR or heat in judged:
            continue
        judged.add(heat)
        if not heat.min_setpoint_c <= heat.default_setpoint_c <= heat.max_setpoint_c:
            message = (
                f"setpoints of '{unit.name}' are not in order: lowest {heat.min_setpoint_c:g} °C, "
                f"default {heat.default_setpoint_c:g} °C, highest {heat.max_setpoint_c:g} °C"
            )
            yield Flaw(unit_path(unit, "heat"), "setpoint-order", message, "lowest <= default <= highest")
        yield from _usual(unit_path(unit, "heat", "min_setpoint_c"), heat.min_setpoint_c, f"setpoint of '{unit.name}'")
        yield from _usual(unit_path(unit, "heat", "max_setpoint_c"), heat.max_setpoint_c, f"setpoint of '{unit.name}'")


def forecast(site: Site) -> Iterator[Flaw]:
    """A forecast comes from one place."""
    if site.forecast is not None and bool(site.forecast.file) == bool(site.forecast.url):
        said = "both a file and an address" if site.forecast.file else "neither a file nor an address"
        message = f"the forecast of '{site.id}' has {said}"
        yield Flaw(site_path(site.id, "forecast"), "forecast-source", message, "write either 'file' or 'url'")


def _usual(path: Path, value_c: float, whose: str) -> Iterator[Flaw]:
    low, high = USUAL_SETPOINT_C
    if not low <= value_c <= high:
        message = f"{whose} is {value_c:g} °C, outside of the usual {low:g} to {high:g} °C"
        yield Flaw(path, "unusual-setpoint", message, "make sure that this is meant", Severity.WARNING)
