"""Addresses and switch ports of a site."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Kind, Site


def in_network(site: Site) -> Iterator[Flaw]:
    """Every address is a host's address in the site's network."""
    if not site.network.cidr:
        return
    network = ipaddress.ip_network(site.network.cidr)
    low, high = int(network.network_address), int(network.broadcast_address)
    reserved = {low, high} if network.num_addresses > 2 else set()
    for unit in site.units.values():
        address = ipaddress.ip_address(unit.address)
        number = int(address)
        if address.version != network.version or not low <= number <= high:
            message = f"address {unit.address} of '{unit.name}' is outside of the site's network {network}"
            yield Flaw(unit_path(unit, "address"), "address-outside", message, f"choose one in {network}")
        elif number in reserved:
            message = f"address {unit.address} of '{unit.name}' is the network's or its broadcast address"
            yield Flaw(unit_path(unit, "address"), "address-reserved", message, f"choose another one in {network}")


def unique_in_site(site: Site) -> Iterator[Flaw]:
    """No two units of a site have the same address."""
    first: dict[int, str] = {}
    for unit in site.units.values():
        holder = first.setdefault(int(ipaddress.ip_address(unit.address)), unit.name)
        if holder != unit.name:
            message = f"address {unit.address} of '{unit.name}' belongs to '{holder}' already"
            yield Flaw(unit_path(unit, "address"), "duplicate-address", message, "give one of them another address")


def ways_in(site: Site) -> Iterator[Flaw]:
    """A gateway can be reached: it has an uplink address outside of the site's network, or a dial command."""
    network = ipaddress.ip_network(site.network.cidr) if site.network.cidr else None
    for unit in site.units.values():
        if unit.kind is not Kind.GATEWAY:
            continue
        if not unit.uplink_address and not unit.dial:
            message = f"gateway '{unit.name}' cannot be reached"
            yield Flaw(unit_path(unit), "no-way-in", message, "add 'uplink_address', or a 'dial' command")
        elif unit.uplink_address and network and ipaddress.ip_address(unit.uplink_address) in network:
            message = f"uplink address {unit.uplink_address} of '{unit.name}' is inside of the site's network {network}"
            hint = "an uplink is on the other side of the gateway"
            yield Flaw(unit_path(unit, "uplink_address"), "uplink-inside", message, hint)


def switch_ports(site: Site) -> Iterator[Flaw]:
    """A switch port holds one device."""
    first: dict[str, str] = {}
    for unit in site.units.values():
        if unit.port and first.setdefault(unit.port.lower(), unit.name) != unit.name:
            message = f"switch port {unit.port} of '{unit.name}' holds '{first[unit.port.lower()]}' already"
            yield Flaw(unit_path(unit, "port"), "duplicate-port", message, "check the patch panel")
