"""From what is declared to the way to a unit: gateway first, stand-ins and bastions by their `Way`.

It connects to nothing and refuses nothing: a hop without pins is refused by whoever connects, and
`unpinned` says so before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.problems import Problem
from fleetctl.core.route import Hop, Pin, Route, Way

AS_DECLARED = Way()
CACHE_PORT = 8480
"""Where a gateway serves bundles to the units of its site."""


def route_to(
    fleet: Fleet, unit: Unit, pins: Mapping[str, tuple[Pin, ...]], ways: Mapping[str, Way], folder: PurePath
) -> Route:
    """Return the way to a unit.

    A unit that has a dial command of its own (a VM, a stand-in that stands alone) is reached by it; every other unit
    through the gateway that serves it.

    Args:
        fleet: the resolved fleet.
        unit: one of its units.
        pins: host keys by the unit's name; a unit that is missing has none.
        ways: what overrides the declared way, by the unit's name.
        folder: the fleet's folder, absolute; declared paths of keys are relative to it.
    """
    gateway = fleet.gateway_of(unit)
    if gateway is None or _dial(unit, ways):
        return Route(_dial(unit, ways), (_hop(unit, pins, ways, folder),), unit.ssh.become)
    hops = tuple(_hop(each, pins, ways, folder) for each in (gateway, unit))
    return Route(_dial(gateway, ways), hops, unit.ssh.become)


def cache_url(fleet: Fleet, unit: Unit, ways: Mapping[str, Way], bundle: str) -> str:
    """Return where a unit fetches a bundle: from its gateway's cache, seen from the site's own network.

    Empty for a unit that is not reached through a gateway: its bundles are brought to it.

    Args:
        fleet, unit, ways: as for `route_to`.
        bundle: SHA-256 of the bundle, in hexadecimal.
    """
    gateway = fleet.gateway_of(unit)
    if gateway is None or _dial(unit, ways):
        return ""
    address = ways.get(gateway.name, AS_DECLARED).host or gateway.address
    return f"http://{address}:{CACHE_PORT}/bundles/{bundle}"


def unpinned(route: Route) -> tuple[Problem, ...]:
    """Return a problem, with its cure, for each hop whose host key is not known."""
    return tuple(
        Problem("host-key-unknown", f"{hop.unit}: no host key is pinned", hint=first_key(hop.unit))
        for hop in route.hops
        if not hop.pins
    )


def first_key(unit: str) -> str:
    """Return the next step for a unit whose host key is not known yet."""
    return f"'fleetctl image request {unit}' images a new machine; for one that runs, {cure(unit)}"


def cure(unit: str) -> str:
    """Return the next step for a unit that runs and whose host key is not the pinned one."""
    return f"compare the key on the machine itself, then 'fleetctl unit adopt {unit} --fingerprint SHA256:…'"


def _dial(unit: Unit, ways: Mapping[str, Way]) -> tuple[str, ...]:
    return ways.get(unit.name, AS_DECLARED).dial or unit.dial


def _hop(unit: Unit, pins: Mapping[str, tuple[Pin, ...]], ways: Mapping[str, Way], folder: PurePath) -> Hop:
    way = ways.get(unit.name, AS_DECLARED)
    declared_key = str(folder / unit.ssh.key) if unit.ssh.key else ""
    return Hop(
        unit=unit.name,
        alias=unit.alias,
        host=way.host or unit.uplink_address or unit.address,
        port=way.port or unit.ssh.port,
        user=way.user or unit.ssh.user,
        identity_file=way.identity_file or declared_key,
        pins=pins.get(unit.name, ()),
    )
