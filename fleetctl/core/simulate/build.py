"""From a fleet to its modelled world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from fleetctl.core.heat.physics import OneNode, Tank
from fleetctl.core.heat.premises import Loop, SitePremises, Zone, premises_of
from fleetctl.core.heat.readings import floor_c
from fleetctl.core.inventory.fleet import Fleet, Kind
from fleetctl.core.plan import UnitPlan
from fleetctl.core.rollout.state import Action
from fleetctl.core.simulate.chance import Chance
from fleetctl.core.simulate.conditions import Conditions, Weather
from fleetctl.core.simulate.events import Time
from fleetctl.core.simulate.links import Links
from fleetctl.core.simulate.spaces import Shape, Space
from fleetctl.core.simulate.units import FACTORY, Beginning, Ground, ModelledUnit
from fleetctl.core.simulate.world import World

OLD_VERSION = "the one before"
"""What a unit runs that is to be updated."""
TANK_C = 60.0
"""What a hot-water tank is held at."""
WATER_FLOOR_C = 55.0
"""What stored hot water may not fall below (arrêté of 30 November 2005)."""
_LEAST_UA_W_K = 1.0
"""Loss of a tank that is declared to have none; beside what is drawn it is nothing, and no formula divides by zero."""


def build(fleet: Fleet, units: Sequence[UnitPlan], began: datetime, conditions: Conditions) -> World:
    """Return the modelled world of the sites that a plan touches, with every unit of them.

    Args:
        fleet: what is declared.
        units: what the units that are worked on need; each begins as one that needs just that.
        began: the wall clock at second 0.
        conditions: what is supposed.
    """
    time, planned = Time(began), {unit.unit: unit for unit in units}
    ground = Ground(Chance(conditions.seed), conditions.durations, conditions.faults, time)
    places = {site: place for place, site in enumerate(fleet.sites)}
    sites = sorted({unit.site for unit in units}, key=places.__getitem__)
    premises = [premises_of(fleet, site) for site in sites]
    spaces = [space for site in premises for space in _spaces(site, conditions)]
    space_of = {unit: space for space in spaces for unit in space.shape.heaters_w}
    carriers = {unit: gateway.unit for site in premises for gateway in site.gateways.values() for unit in gateway.cuts}
    modelled = [
        ModelledUnit(
            ground,
            unit,
            fleet.models[unit.model],
            space_of.get(unit.name),
            beginning(planned.get(unit.name)),
            carriers.get(unit.name, ""),
        )
        for site in sites
        for unit in fleet.sites[site].units.values()
    ]
    gateways = [unit.name for unit in modelled if unit.unit.kind is Kind.GATEWAY]
    others = [unit.name for unit in modelled if unit.unit.kind is not Kind.GATEWAY]
    return World(modelled, spaces, Links(others, gateways, conditions), time, conditions)


def beginning(planned: UnitPlan | None) -> Beginning:
    """Return how a unit stands before the rollout that does what a plan says it needs."""
    if planned is None:
        return Beginning()
    configured, reboots = Action.CONFIGURE in planned.actions, Action.REBOOT in planned.actions
    digest = FACTORY if configured else planned.config_digest
    version = OLD_VERSION if planned.release else ""
    return Beginning(digest, reboots=reboots, reboot_needed=reboots and not configured, version=version)


def _spaces(premises: SitePremises, conditions: Conditions) -> Iterator[Space]:
    """Yield the heated spaces of a site, those that exchange heat knowing each other."""
    weather = conditions.weather or Weather.steady(premises.design_temperature_c)
    rooms = {zone.id: Space(_room(premises, zone, conditions), weather) for zone in premises.zones.values()}
    for group in _groups(rooms):
        for space in group:
            space.peers = group
    yield from rooms.values()
    for loop in premises.loops.values():
        yield Space(_tank(premises, loop), Weather.steady(loop.ambient_c))


def _room(premises: SitePremises, zone: Zone, conditions: Conditions) -> Shape:
    setpoint_c = zone.setpoint_c if conditions.setpoint_c is None else conditions.setpoint_c
    return Shape(
        site=premises.site,
        id=zone.id,
        node=OneNode(zone.c_kj_k, zone.h_w_k),
        setpoint_c=setpoint_c,
        heaters_w={name: premises.heaters[name].power_w for name in zone.heaters},
        floor_c=floor_c(setpoint_c, conditions.guard),
        neighbours_w_k=zone.neighbours_w_k,
    )


def _tank(premises: SitePremises, loop: Loop) -> Shape:
    """Return a tank as a node: what is drawn does not depend on its temperature, and all of it is lost to the room."""
    return Shape(
        site=premises.site,
        id=loop.id,
        node=OneNode(Tank(loop.volume_l).c_kj_k, max(loop.ua_w_k, _LEAST_UA_W_K)),
        setpoint_c=TANK_C,
        heaters_w={name: premises.heaters[name].power_w for name in loop.heaters},
        floor_c=WATER_FLOOR_C,
        drawn_w=loop.demand_w,
        backup_w=loop.backup_w,
    )


def _groups(rooms: Mapping[str, Space]) -> Iterator[list[Space]]:
    """Yield the groups of rooms that exchange heat, directly or through others."""
    left = {id for id, space in rooms.items() if space.shape.neighbours_w_k}
    while left:
        group, reached = [], [min(left)]
        while reached:
            id = reached.pop()
            if id in left:
                left.discard(id)
                group.append(rooms[id])
                reached += rooms[id].shape.neighbours_w_k
        yield group
