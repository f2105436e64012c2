"""What the units of a lab heat, as far as they stand in it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from fleetctl.core.inventory.fleet import Dwelling, Fleet, Room, Sensor, Zone
from fleetctl.lab.rooms import DOOR_W_K, by_room, with_sensors
from fleetctl.lab.spaces import SensorPoint, spaces_from, spaces_of
from tests.builders.lab_fleets import lab_fleet


def everything(fleet: Fleet) -> set[str]:
    return {unit.name for unit in fleet.units()}


def coupled_fleet() -> Fleet:
    """Two rooms of one dwelling that exchange heat, with a radiator in each."""
    fleet = lab_fleet(sites=1, radiators=2)
    site = fleet.sites["site-1"]
    dwelling = Dwelling("A1", "A", 1, 60.0, 70.0, 9900.0, rooms=(Room("day", 40.0), Room("night", 20.0)))
    zones = {
        "d": Zone("d", "A1", ("day",), 45.0, 6600.0, {"n": 30.0}),
        "n": Zone("n", "A1", ("night",), 25.0, 3300.0),
    }
    units = {
        **site.units,
        "rad-1": replace(site.units["rad-1"], room="day"),
        "rad-2": replace(site.units["rad-2"], room="night"),
    }
    return replace(fleet, sites={"site-1": replace(site, dwellings={"A1": dwelling}, zones=zones, units=units)})


def test_a_dwelling_is_one_zone_and_a_loop_has_a_tank() -> None:
    fleet = lab_fleet(radiators=2)
    spaces = spaces_of(fleet, everything(fleet))
    assert [zone.id for zone in spaces.zones] == ["site-1/A1", "site-2/A1"]
    assert (spaces.zones[0].heat_loss_w_k, spaces.zones[0].capacity_kj_k) == (70.0, 9900.0)
    assert [(loop.id, loop.volume_l, loop.draw_w, loop.start_c) for loop in spaces.loops] == [
        ("site-1/dhw", 300.0, 2000.0, 58.0)
    ]
    heatings = {heating.unit: heating for heating in spaces.heatings}
    assert "site-1/gw" not in heatings
    assert (heatings["site-1/rad-2"].space, heatings["site-1/rad-2"].share) == ("site-1/A1", 0.5)
    assert (heatings["site-1/boiler-1"].loop, heatings["site-1/boiler-1"].dwelling) == ("site-1/dhw", "")


def test_rooms_that_the_site_couples_exchange_heat_both_ways() -> None:
    fleet = coupled_fleet()
    zones = {zone.id: zone for zone in spaces_of(fleet, everything(fleet)).zones}
    assert zones["site-1/A1/d"].neighbours_w_k == {"site-1/A1/n": 30.0}
    assert zones["site-1/A1/n"].neighbours_w_k == {"site-1/A1/d": 30.0}
    assert zones["site-1/A1/d"].heat_loss_w_k == 45.0


def test_of_a_space_that_stands_in_the_lab_in_part_only_that_part_is_there() -> None:
    spaces = spaces_of(lab_fleet(radiators=4), {"site-2/gw", "site-2/rad-1"})
    (zone,) = spaces.zones
    assert (zone.id, zone.heat_loss_w_k, zone.capacity_kj_k) == ("site-2/A1", 17.5, 2475.0)
    assert [heating.share for heating in spaces.heatings] == [1.0]
    assert spaces.loops == ()


def test_a_neighbour_without_a_heater_in_the_lab_is_not_there() -> None:
    (zone,) = spaces_of(coupled_fleet(), {"site-1/rad-1"}).zones
    assert (zone.id, zone.neighbours_w_k) == ("site-1/A1/d", {})


@pytest.mark.parametrize(("water_max_c", "lifted_to"), [(None, 60.0), (65.0, 60.0), (50.0, 50.0)])
def test_boilers_lift_water_to_sixty_degrees_where_they_may(water_max_c: float | None, lifted_to: float) -> None:
    fleet = lab_fleet(sites=1)
    model = replace(fleet.models["qb-1"], water_max_c=water_max_c)
    spaces = spaces_of(replace(fleet, models={**fleet.models, "qb-1": model}), everything(fleet))
    assert (spaces.loops[0].start_c, spaces.heatings[-1].water_c) == (lifted_to - 2.0, lifted_to)


def test_spaces_survive_being_written_down() -> None:
    fleet = coupled_fleet()
    spaces = spaces_of(fleet, everything(fleet))
    assert spaces_from(json.loads(json.dumps(asdict(spaces)))) == spaces


def test_each_heated_room_is_a_space_if_that_is_wanted() -> None:
    fleet = roomy_fleet()
    spaces = by_room(spaces_of(fleet, everything(fleet)), fleet)
    zones = {zone.id: zone for zone in spaces.zones}
    assert set(zones) == {"site-1/A1/day", "site-1/A1/night"}
    assert zones["site-1/A1/day"].heat_loss_w_k == pytest.approx(140 / 3)
    assert zones["site-1/A1/day"].capacity_kj_k == pytest.approx(6600)
    assert zones["site-1/A1/day"].neighbours_w_k == {"site-1/A1/night": DOOR_W_K}
    heatings = {heating.unit: heating for heating in spaces.heatings}
    assert (heatings["site-1/rad-1"].space, heatings["site-1/rad-1"].share) == ("site-1/A1/day", 0.5)
    assert heatings["site-1/rad-3"].share == 1.0


def test_walls_between_zones_stay_as_they_were() -> None:
    fleet = coupled_fleet()
    spaces = by_room(spaces_of(fleet, everything(fleet)), fleet)
    zones = {zone.id: zone for zone in spaces.zones}
    assert zones["site-1/A1/d/day"].neighbours_w_k == {"site-1/A1/n/night": 30.0}


def test_a_zone_with_a_unit_of_no_room_stays_whole() -> None:
    fleet = lab_fleet(radiators=2)
    whole = spaces_of(fleet, everything(fleet))
    assert by_room(whole, fleet).zones == whole.zones


@pytest.mark.parametrize(("split", "space"), [(True, "site-1/A1/night"), (False, "site-1/A1")])
def test_a_sensor_stands_in_its_room(split: bool, space: str) -> None:
    fleet = roomy_fleet()
    whole = spaces_of(fleet, everything(fleet))
    spaces = with_sensors(by_room(whole, fleet) if split else whole, fleet)
    assert spaces.sensors == (SensorPoint("t-night", space, "site-1/gw"),)
    assert spaces_from(json.loads(json.dumps(asdict(spaces)))) == spaces


def roomy_fleet() -> Fleet:
    """A dwelling of two rooms with two radiators and one, a sensor in one of them and one where nothing heats."""
    fleet = lab_fleet(sites=1, radiators=3)
    site = fleet.sites["site-1"]
    rooms = {"rad-1": "day", "rad-2": "day", "rad-3": "night"}
    units = {id: replace(unit, room=rooms.get(id, "")) for id, unit in site.units.items()}
    sensors = {
        "t-night": Sensor("t-night", "temperature", "night", "A1"),
        "t-bath": Sensor("t-bath", "temperature", "bath", "A1"),
        "co2": Sensor("co2", "co2", "night", "A1"),
    }
    return replace(fleet, sites={"site-1": replace(site, units=units, sensors=sensors)})
