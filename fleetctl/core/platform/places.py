"""Which node of which platform a unit is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.core.platform.node import node_name
from fleetctl.core.problems import Problem, refuse


@dataclass(frozen=True, slots=True)
class Place:
    """A unit on a platform."""

    platform: str
    """Its id in the inventory."""
    node: str
    """Its name there."""


def places(fleet: Fleet, platforms: Collection[str]) -> Mapping[str, Place]:
    """Return where units are nodes, by the unit's name; one that only heats is not there.

    Args:
        fleet: the declared fleet.
        platforms: ids of the platforms that fleetctl speaks with.

    Raises:
        InvalidInput: if two units would be the same node: a drain of one would drain the other.
    """
    found: dict[str, Place] = {}
    units: dict[Place, str] = {}
    problems = []
    for unit in fleet.units() if platforms else ():
        if unit.kind is Kind.GATEWAY or unit.compute.platform not in platforms:
            continue
        place = found[unit.name] = Place(unit.compute.platform, node_name(unit.site, unit.id))
        other = units.setdefault(place, unit.name)
        if other != unit.name:
            message = f"'{other}' and '{unit.name}' would both be node '{place.node}' of platform '{place.platform}'"
            problems.append(Problem("same-node", message, hint="rename one of the units"))
    refuse(problems)
    return found
