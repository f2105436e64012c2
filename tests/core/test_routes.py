"""From what is declared to the way to a unit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from fleetctl.core.inventory.fleet import Fleet, Ssh, Unit
from fleetctl.core.route import Pin, Route, Way
from fleetctl.core.routes import cache_url, route_to, unpinned
from tests.builders.fleets import a_building, a_fleet

FOLDER = PurePosixPath("/srv/fleet")
PIN = Pin("ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIESUe4acCqz8k8Whu+SvmKnORFC/5BFRL8wp0cKRMPSw")


@pytest.fixture
def fleet() -> Fleet:
    return a_fleet(a_building())


def a_unit(fleet: Fleet) -> Unit:
    return next(unit for unit in fleet.units() if unit.gateway)


def route(fleet: Fleet, unit: Unit, ways: dict[str, Way] | None = None) -> Route:
    return route_to(fleet, unit, {}, ways or {}, FOLDER)


def test_a_unit_is_reached_through_its_gateway(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    gateway = fleet.gateway_of(unit)
    assert gateway is not None
    way = route(fleet, unit)
    assert [hop.unit for hop in way.hops] == [gateway.name, unit.name]
    assert way.hops[0].host == gateway.uplink_address
    assert way.target.host == unit.address
    assert way.target.alias == unit.alias


def test_a_gateway_is_reached_directly(fleet: Fleet) -> None:
    gateway = fleet.gateway_of(a_unit(fleet))
    assert gateway is not None
    assert [hop.unit for hop in route(fleet, gateway).hops] == [gateway.name]


def test_what_the_state_knows_overrides_what_is_declared(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    gateway = fleet.gateway_of(unit)
    assert gateway is not None
    ways = {
        gateway.name: Way(dial=("lab", "dial"), user="lab"),
        unit.name: Way(host="127.0.0.9", port=2222, identity_file="/lab/key"),
    }
    way = route(fleet, unit, ways)
    assert way.dial == ("lab", "dial")
    assert (way.hops[0].user, way.hops[0].host) == ("lab", gateway.uplink_address)
    assert (way.target.host, way.target.port, way.target.identity_file) == ("127.0.0.9", 2222, "/lab/key")


def test_a_unit_with_a_dial_of_its_own_needs_no_gateway(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    way = route(fleet, unit, {unit.name: Way(dial=("vm", "dial"))})
    assert (way.dial, len(way.hops)) == (("vm", "dial"), 1)


def test_declared_keys_are_relative_to_the_fleets_folder(fleet: Fleet) -> None:
    unit = replace(a_unit(fleet), ssh=Ssh(key="keys/id_ed25519", become=True))
    way = route(fleet, unit)
    assert way.target.identity_file == "/srv/fleet/keys/id_ed25519"
    assert way.become
    assert route(fleet, a_unit(fleet)).target.identity_file == ""


def test_every_hop_without_a_pin_is_named_with_its_cure(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    names = [hop.unit for hop in route(fleet, unit).hops]
    problems = unpinned(route(fleet, unit))
    assert [problem.message for problem in problems] == [f"{name}: no host key is pinned" for name in names]
    assert f"fleetctl unit adopt {unit.name} --fingerprint" in problems[1].hint
    known = route_to(fleet, unit, dict.fromkeys(names, (PIN,)), {}, FOLDER)
    assert unpinned(known) == ()


def test_a_fingerprint_is_what_openssh_prints() -> None:
    assert PIN.fingerprint.startswith("SHA256:")
    assert len(PIN.fingerprint) == len("SHA256:") + 43
    with pytest.raises(ValueError, match="not a key in base64"):
        _ = Pin("ssh-ed25519", "§").fingerprint


def test_a_unit_fetches_bundles_from_its_gateway_in_the_sites_own_network(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    gateway = fleet.gateway_of(unit)
    assert gateway is not None
    assert cache_url(fleet, unit, {}, "f00d") == f"http://{gateway.address}:8480/bundles/f00d"
    stands_in = {gateway.name: Way(dial=("lab", "dial"), host="127.10.1.1")}
    assert cache_url(fleet, unit, stands_in, "f00d") == "http://127.10.1.1:8480/bundles/f00d"


def test_what_is_reached_directly_gets_its_bundles_brought(fleet: Fleet) -> None:
    unit = a_unit(fleet)
    gateway = fleet.gateway_of(unit)
    assert gateway is not None
    assert cache_url(fleet, gateway, {}, "f00d") == ""
    assert cache_url(fleet, unit, {unit.name: Way(dial=("reach", "vm"))}, "f00d") == ""
