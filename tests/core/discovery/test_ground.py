"""Where is looked, and how whoever is there is asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from fleetctl.core.discovery.ground import Ground, ground_of
from fleetctl.core.route import Pin, Way
from fleetctl.core.routes import route_to
from tests.builders.fleets import a_building, a_fleet

FLEET = a_fleet(a_building())
GATEWAY, ONE, TWO = list(FLEET.units())[:3]
PINS = {unit.name: (Pin("ssh-ed25519", f"key of {unit.name}"),) for unit in FLEET.units()}


def ground(ways: Mapping[str, Way] | None = None) -> Ground:
    routes = {unit.name: route_to(FLEET, unit, PINS, ways or {}, PurePath("/fleet")) for unit in FLEET.units()}
    return ground_of(FLEET, "les-sables", routes, ways or {})


def test_every_door_takes_every_host_key_of_the_site() -> None:
    found = ground()
    everybody = {pin for pins in PINS.values() for pin in pins}
    assert set(found.door(ONE.address).hop.pins) == everybody
    assert set(found.door("10.77.1.200").hop.pins) == everybody
    assert set(found.gateways) == {GATEWAY.name}
    assert found.gateways[GATEWAY.name].address == GATEWAY.uplink_address


def test_a_door_at_nobodys_address_is_tried_as_its_neighbours_are() -> None:
    door = ground().door("10.77.1.200")
    assert (door.address, door.hop.host, door.hop.user, door.hop.port) == ("10.77.1.200", "10.77.1.200", "root", 22)
    assert door.gateway == ""


def test_who_stands_elsewhere_is_asked_there_and_called_by_its_declared_address() -> None:
    door = ground({ONE.name: Way(host="127.10.1.2", port=2222)}).door(ONE.address)
    assert (door.address, door.hop.host, door.hop.port, door.displaced) == (ONE.address, "127.10.1.2", 2222, True)


def test_an_address_is_in_the_sites_network_or_not() -> None:
    found = ground()
    assert found.holds(TWO.address)
    assert not found.holds("100.64.0.1")
