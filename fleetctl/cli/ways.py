"""The ways to units, from the fleet and what the state knows of host keys and stand-ins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fleetctl.cli.frame import Frame
from fleetctl.core.problems import CouldNot

if TYPE_CHECKING:
    from fleetctl.core.inventory.fleet import Fleet, Unit
    from fleetctl.core.route import Route
    from fleetctl.ports import State


def routes_to(frame: Frame, state: State, fleet: Fleet, units: Sequence[Unit]) -> list[Route]:
    """Return the way to each unit, with the host keys that are pinned now."""
    from fleetctl.core.routes import route_to

    gateways = {gateway.name for unit in units if (gateway := fleet.gateway_of(unit)) is not None}
    pins = state.units.pins(gateways.union(unit.name for unit in units))
    ways, folder = state.units.ways(), frame.folder.resolve()
    return [route_to(fleet, unit, pins, ways, folder) for unit in units]


def known_route_to(frame: Frame, state: State, fleet: Fleet, unit: Unit) -> Route:
    """Return the way to one unit.

    Raises:
        CouldNot: if the unit, or its gateway, has no pinned host key.
    """
    from fleetctl.core.routes import unpinned

    (route,) = routes_to(frame, state, fleet, [unit])
    for problem in unpinned(route):
        raise CouldNot(problem.message, hint=problem.hint)
    return route
