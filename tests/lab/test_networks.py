from __future__ import annotations

from fleetctl.lab.layout import Level, lay_out
from fleetctl.lab.networks import Batch, at_relay, links, plumbing, relay_ends, relayed, shaping
from tests.builders.lab_fleets import lab_fleet

STANDS = {s.unit: s for s in lay_out(lab_fleet(), Level.NAMESPACES).stands}
GATEWAY, RADIATOR = STANDS["site-1/gw"], STANDS["site-1/rad-1"]


def test_each_site_is_a_network_of_its_own() -> None:
    sites = plumbing(list(STANDS.values()))[1:]
    assert [b.namespace for b in sites] == ["s1", "s2"]
    assert not any(f"netns u{RADIATOR.number}\n" in line + "\n" for line in sites[1].lines)


def test_the_controller_has_a_route_to_gateways_and_to_nothing_else() -> None:
    uplink = plumbing(list(STANDS.values()))[0]
    routes = [line for line in uplink.lines if line.startswith("route")]
    assert len(routes) == 2
    assert all("10.77." not in line for line in uplink.lines)


def test_units_have_the_hardware_addresses_of_the_inventory() -> None:
    lines = plumbing(list(STANDS.values()))[1].lines
    assert any("address 02:00:00:00:01:0b netns u2" in line for line in lines)


def test_a_cable_is_pulled_at_the_far_end() -> None:
    assert links(RADIATOR, up=False) == [Batch("s1", (f"link set v{RADIATOR.number} down",))]


def test_a_gateway_has_two_cables() -> None:
    assert [b.namespace for b in links(GATEWAY, up=False)] == ["s1", ""]


def test_a_slow_link_is_slow_both_ways_and_comes_back() -> None:
    slow, fast = shaping(RADIATOR, kbit=256), shaping(RADIATOR, kbit=0)
    assert [b.namespace for b in slow] == [b.namespace for b in fast] == ["s1", "u2"]
    assert all("replace" in b.lines[0] and "tbf" in b.lines[0] for b in slow)
    assert all("del" in b.lines[0] for b in fast)


def test_a_slow_link_of_a_gateway_is_its_uplink_and_its_units_find_it_as_quick_as_ever() -> None:
    assert [b.namespace for b in shaping(GATEWAY, kbit=256)] == ["", "u1"]
    assert all("lan" not in line for b in shaping(GATEWAY, kbit=256) for line in b.lines)


def test_a_relay_stands_where_the_cable_ends_and_its_port_is_moved_last() -> None:
    number = RADIATOR.number
    (put_in,), (taken_out,) = relayed(RADIATOR, relay=True), relayed(RADIATOR, relay=False)
    assert put_in.namespace == taken_out.namespace == "s1"
    assert put_in.lines[-1] == f"link set v{number} master j{number}"
    assert taken_out.lines[0] == f"link set v{number} master br0"
    assert at_relay(RADIATOR, ["relay"]) == ["nsenter", "--net=/run/netns/s1", "relay"]
    assert not any("u2" in line or "address" in line for line in put_in.lines), "the unit's side is left alone"


def test_a_gateways_relay_is_in_its_uplink() -> None:
    near, far = relay_ends(GATEWAY)
    (put_in,) = relayed(GATEWAY, relay=True)
    assert put_in.namespace == ""
    assert f"link set {far} master uplink up" in put_in.lines
    assert at_relay(GATEWAY, ["relay", near]) == ["relay", near]


def test_the_controllers_hardware_address_is_no_ports() -> None:
    """Else a port that comes or goes may change it, and gateways send to the old one."""
    uplink = plumbing(list(STANDS.values()))[0]
    assert any(line.startswith("link add uplink address 02:") for line in uplink.lines)
