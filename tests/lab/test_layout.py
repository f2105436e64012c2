from __future__ import annotations

import pytest

from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.problems import InvalidInput
from fleetctl.lab.layout import Level, Stand, blueprint_from_json, lay_out, loopback_address, ways
from tests.builders.lab_fleets import lab_fleet


def stands(level: Level, fleet: Fleet | None = None) -> dict[str, Stand]:
    return {s.unit: s for s in lay_out(fleet or lab_fleet(), level).stands}


@pytest.mark.parametrize(
    ("site", "place", "address"),
    [(1, 1, "127.10.1.1"), (2, 254, "127.10.2.254"), (2, 255, "127.11.2.1"), (255, 509, "127.12.255.1")],
)
def test_each_unit_has_an_address_of_its_own_on_the_loopback(site: int, place: int, address: str) -> None:
    assert loopback_address(site, place) == address


def test_loopback_addresses_of_large_sites_never_meet() -> None:
    addresses = [loopback_address(site, place) for site in (1, 2, 255) for place in range(1, 1001)]
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize(("site", "place"), [(0, 1), (256, 1), (1, 254 * 16 + 1)])
def test_what_does_not_fit_the_loopback_is_refused(site: int, place: int) -> None:
    with pytest.raises(ValueError, match="no address"):
        loopback_address(site, place)


def test_with_networks_units_have_the_addresses_of_the_inventory() -> None:
    found = stands(Level.NAMESPACES)
    assert found["site-2/rad-1"].host == "10.77.2.11"
    assert found["site-2/rad-1"].settings.interfaces == (("eth0", "10.77.2.11/24"),)
    assert found["site-2/rad-1"].gateway == "site-2/gw"


def test_a_gateway_has_a_second_interface_on_the_uplink_and_only_a_gateway() -> None:
    found = stands(Level.NAMESPACES)
    names = {unit: [name for name, _ in s.settings.interfaces] for unit, s in found.items()}
    assert names["site-1/gw"] == ["lan0", "wan0"]
    assert names["site-1/rad-1"] == ["eth0"]
    assert found["site-1/gw"].dialled != found["site-2/gw"].dialled


@pytest.mark.parametrize("level", [Level.LOOPBACK, Level.PROCESSES])
def test_without_networks_ways_name_host_and_port(level: Level) -> None:
    blueprint = lay_out(lab_fleet(), level, loopback_port=2223)
    way = ways(blueprint, {"site-1/gw": ("dial",)}, "/key")["site-1/rad-1"]
    assert (way.host, way.port, way.dial, way.identity_file) == ("127.10.1.2", 2223, (), "/key")


def test_with_networks_ways_leave_the_address_to_the_inventory() -> None:
    found = ways(lay_out(lab_fleet(), Level.NAMESPACES), {"site-1/gw": ("dial",)}, "/key")
    assert (found["site-1/rad-1"].host, found["site-1/rad-1"].port) == ("", 0)
    assert found["site-1/gw"].dial == ("dial",)


def test_a_selected_unit_brings_its_gateway_and_nothing_else() -> None:
    blueprint = lay_out(lab_fleet(radiators=3), Level.NAMESPACES, selected={"site-2/rad-2"})
    assert [s.unit for s in blueprint.stands] == ["site-2/gw", "site-2/rad-2"]


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no unit"):
        lay_out(lab_fleet(), Level.NAMESPACES, selected=())


def test_radiators_of_a_dwelling_share_what_it_loses() -> None:
    found = stands(Level.NAMESPACES, lab_fleet(radiators=2))
    assert found["site-1/rad-1"].settings.heat_loss_w_k == 35.0


@pytest.mark.parametrize("level", list(Level))
def test_a_blueprint_survives_being_written_down(level: Level) -> None:
    blueprint = lay_out(lab_fleet(), level)
    assert blueprint_from_json(blueprint.to_json()) == blueprint
