"""Les Sables as its inventory declares it, in steady weather."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fleetctl.adapters.fleet_files import FolderFiles
from fleetctl.adapters.site_cache import NoCache
from fleetctl.core.facts import Heat, Observation
from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.heat.premises import SitePremises, premises_of
from fleetctl.services.load import load
from tests.builders.heat import observed

FOLDER = Path(__file__).parents[2] / "inventories" / "les-sables"
SETPOINT_C = 20.0


@cache
def les_sables() -> SitePremises:
    return premises_of(load(FolderFiles(FOLDER), NoCache()), "launaguet-les-sables")


def rooms_at(outdoor_c: float) -> dict[str, Observation]:
    """Return what every radiator tells in steady weather."""
    facts: dict[str, Observation] = {}
    for zone in les_sables().zones.values():
        powers = [les_sables().heaters[unit].power_w for unit in zone.heaters]
        needed_w = min(sum(powers), zone.h_w_k * (SETPOINT_C - outdoor_c))
        inside_c = OneNode(zone.c_kj_k, zone.h_w_k).steady_c(Surroundings(outdoor_c, needed_w))
        share_w = needed_w / len(powers)
        facts |= {unit: observed(unit, Heat(5.0, share_w, share_w, SETPOINT_C, inside_c)) for unit in zone.heaters}
    return facts
