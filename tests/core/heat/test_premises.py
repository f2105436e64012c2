"""What a unit heats and what may be taken from it, from the inventory alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.heat.premises import ROLLBACK_S, SitePremises, premises_of
from fleetctl.core.inventory.fleet import HeatSettings, Zone
from tests.builders.fleets import a_building, a_fleet, a_gateway, a_plant, a_radiator, a_site
from tests.builders.heat import building, plant, premises_at
from tests.builders.inventories import a_folder, examined


def test_rooms_of_a_dwelling_are_one_zone() -> None:
    premises = building()
    assert set(premises.zones) == {"A101", "A102"}
    zone = premises.zones["A101"]
    assert zone.heaters == ("les-sables/a101-1", "les-sables/a101-2", "les-sables/a101-3")
    assert (zone.h_w_k, zone.c_kj_k, zone.setpoint_c) == (70.0, 9900.0, 20.0)


def coupled() -> SitePremises:
    site = a_building(radiators=6)
    day = Zone("day", "A101", ("living", "kitchen"), 40.0, 6000.0, {"night": 20.0})
    night = Zone("night", "A101", ("bedroom",), 30.0, 3900.0)
    return premises_at(replace(site, zones={"day": day, "night": night}))


def test_coupled_rooms_are_zones_of_their_own_and_know_each_other() -> None:
    premises = coupled()
    assert set(premises.zones) == {"A101/day", "A101/night", "A102"}
    assert premises.zones["A101/day"].heaters == ("les-sables/a101-1", "les-sables/a101-3")
    assert premises.zones["A101/night"].heaters == ("les-sables/a101-2",)
    assert premises.zones["A101/night"].neighbours_w_k == {"A101/day": 20.0}
    assert premises.zones["A101/day"].neighbours_w_k == {"A101/night": 20.0}


def test_dwelling_counts_all_its_units_however_its_rooms_are_coupled() -> None:
    assert len(coupled().heaters_of["A101"]) == 3


def test_settings_of_the_agent_limit_the_heat_of_a_unit() -> None:
    unit = a_radiator("les-sables", 1, 0, heat=HeatSettings(max_power_w=500.0))
    premises = premises_at(a_site("les-sables", 1, (a_gateway("les-sables", 1), unit)))
    assert premises.heaters[unit.name].power_w == 500.0


def test_worst_time_is_reboot_proof_rollback_reboot() -> None:
    times = building().times("les-sables/a101-1")
    assert times.worst_s == 300.0 + 300.0 + ROLLBACK_S + 300.0


def test_loop_has_its_boilers_and_its_tank() -> None:
    loop = plant().loops["hot-water"]
    assert loop.heaters == ("hot-water/boiler-1", "hot-water/boiler-2", "hot-water/boiler-3")
    assert (loop.volume_l, loop.demand_w, loop.backup_w) == (1500.0, 5000.0, 60_000.0)


@pytest.mark.parametrize(("cold", "cuts"), [(False, 0), (True, 6)])
def test_gateway_cuts_those_units_that_do_not_heat_without_it(cold: bool, cuts: int) -> None:
    gateway = premises_at(a_building(), cold_without_gateway=cold).gateways["les-sables/gw-1"]
    assert len(gateway.units) == 6
    assert len(gateway.cuts) == cuts


def test_unknown_unit_has_no_zone() -> None:
    premises = plant()
    assert premises.zone_of("hot-water/boiler-1") is None
    assert premises.zone_of("hot-water/gw-1") is None


def test_every_heater_of_a_checked_fleet_has_a_zone_or_a_loop() -> None:
    fleet = examined(a_folder()).fleet
    assert fleet is not None
    for site in fleet.sites:
        premises = premises_of(fleet, site)
        assert all(h.zone in premises.zones or h.loop in premises.loops for h in premises.heaters.values())


def test_sites_of_a_fleet_are_apart() -> None:
    fleet = a_fleet(a_building(), a_plant())
    assert set(premises_of(fleet, "hot-water").heaters) == {f"hot-water/boiler-{n}" for n in (1, 2, 3)}
