"""Where to look for the machines of a site, and how to ask whoever is there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.core.route import Hop, Route

SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody may answer over SSH.

    Attributes:
        address: in the site's network.
        gateway: name of the gateway that leads there; empty if nobody's.
        hop: with every host key of the site: whoever has one of them is asked who it is, be it at its place or not.
        become: commands run through `sudo -n`.
        displaced: what is asked is not at the address itself (a stand-in without a network of its own), so that what it
            says of its network is of another one.
    """

    address: str
    gateway: str
    hop: Hop
    become: bool = False
    displaced: bool = False


@dataclass(frozen=True, slots=True)
class Ground:
    """A site, as somebody sees it who goes to look.

    Attributes:
        network: in CIDR notation.
        gateways: by their names.
        routes: the way to each unit, by its name.
        doors: of the declared units that are no gateways, by address.
        usual: how a machine is asked that stands at nobody's address.
    """

    site: str
    network: str
    gateways: Mapping[str, Door]
    routes: Mapping[str, Route]
    doors: Mapping[str, Door]
    usual: Door

    def door(self, address: str) -> Door:
        """Return how to ask whoever is at an address."""
        hop = replace(self.usual.hop, unit=address, alias=address, host=address)
        return self.doors.get(address) or replace(self.usual, address=address, hop=hop)

    def holds(self, address: str) -> bool:
        """Say whether an address is in the site's network."""
        return ipaddress.ip_address(address) in ipaddress.ip_network(self.network, strict=False)


def ground_of(fleet: Fleet, site: str, routes: Mapping[str, Route], displaced: Iterable[str] = ()) -> Ground:
    """Return where to look for the machines of a site.

    Args:
        fleet: with the site.
        site: its id.
        routes: the way to each of its units, with pinned host keys, by the unit's name.
        displaced: units that are not where they are declared.
    """
    pins = tuple(dict.fromkeys(pin for route in routes.values() for pin in route.target.pins))
    elsewhere = frozenset(displaced)
    doors: dict[str, Door] = {}
    gateways: dict[str, Door] = {}
    for unit in fleet.sites[site].units.values():
        route, away = routes[unit.name], unit.name in elsewhere
        hop = replace(route.target, pins=pins)
        if unit.kind is Kind.GATEWAY:
            met = unit.address if away else route.target.host
            gateways[unit.name] = Door(met, unit.name, hop, route.become, away)
        else:
            doors[unit.address] = Door(unit.address, f"{site}/{unit.gateway}", hop, route.become, away)
    some = next(iter([*doors.values(), *gateways.values()]))
    usual = Door("", "", replace(some.hop, port=SSH_PORT), some.become)
    return Ground(site, fleet.sites[site].network.cidr, gateways, routes, doors, usual)
