"""Every unit stands in one place, behind one gateway, and every reference leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fleetctl.core.document import Path
from fleetctl.core.inventory.flaws import Flaw, site_path, unit_path
from fleetctl.core.inventory.fleet import Dwelling, Kind, Site, Unit, Zone
from fleetctl.core.inventory.invariants.context import Context
from fleetctl.core.names import did_you_mean

ROOMS_OVER_DWELLING = 1.05
"""Rooms measured wall to wall may add up to a little more than the dwelling."""


def dangling(path: Path, what: str, name: str, holder: str, known: Mapping[str, object]) -> Flaw:
    """Return the flaw of a reference that leads nowhere."""
    return Flaw(path, f"unknown-{what}", f"{what} '{name}' of '{holder}' is not declared", did_you_mean(name, known))


def time_zone(site: Site, context: Context) -> Iterator[Flaw]:
    """The time zone exists."""
    if site.time_zone and context.zones and site.time_zone not in context.zones:
        hint = did_you_mean(site.time_zone, context.zones)
        message = f"time zone '{site.time_zone}' of '{site.id}' does not exist"
        yield Flaw(site_path(site.id, "time_zone"), "unknown-time-zone", message, hint)


def units_have_one_place(site: Site) -> Iterator[Flaw]:
    """A radiator is in a dwelling and in one of its rooms, a boiler on a loop."""
    for unit in site.units.values():
        if unit.kind is Kind.RADIATOR:
            yield from _radiator(unit, site)
        elif unit.kind is Kind.BOILER:
            yield from _boiler(unit, site)


def _radiator(unit: Unit, site: Site) -> Iterator[Flaw]:
    dwelling = site.dwellings.get(unit.dwelling)
    if dwelling is None:
        yield dangling(unit_path(unit, "dwelling"), "dwelling", unit.dwelling, unit.name, site.dwellings)
    elif unit.room and unit.room not in _rooms(dwelling):
        yield dangling(unit_path(unit, "room"), "room", unit.room, unit.name, _rooms(dwelling))


def _boiler(unit: Unit, site: Site) -> Iterator[Flaw]:
    if not unit.loop:
        yield Flaw(unit_path(unit), "missing-key", f"boiler '{unit.name}' is on no loop", "add 'loop'")
    elif unit.loop not in site.loops:
        yield dangling(unit_path(unit, "loop"), "loop", unit.loop, unit.name, site.loops)


def gateways_serve_buildings(site: Site) -> Iterator[Flaw]:
    """Every unit has one gateway, and it is one of its building."""
    for unit in site.units.values():
        if unit.kind is Kind.GATEWAY or _is_lost(unit, site):
            continue
        gateway = site.units.get(unit.gateway)
        if not unit.gateway:
            message = f"'{unit.name}' has no gateway: building '{unit.building}' has none, or several"
            yield Flaw(
                unit_path(unit, "gateway"), "no-gateway", message, "declare one for the building, or name it here"
            )
        elif gateway is None or gateway.kind is not Kind.GATEWAY:
            known = {u.id: u for u in site.units.values() if u.kind is Kind.GATEWAY}
            yield dangling(unit_path(unit, "gateway"), "gateway", unit.gateway, unit.name, known)
        elif unit.building != gateway.building:
            message = (
                f"'{unit.name}' is in building '{unit.building}', its gateway '{gateway.id}' in '{gateway.building}'"
            )
            yield Flaw(unit_path(unit, "gateway"), "gateway-elsewhere", message, "name a gateway of its own building")


def _is_lost(unit: Unit, site: Site) -> bool:
    """Say whether the unit's building is unknown for a reason that is a flaw already."""
    dwelling = site.dwellings.get(unit.dwelling)
    return bool(unit.dwelling) and (dwelling is None or not dwelling.building)


def zones(site: Site) -> Iterator[Flaw]:
    """Zones consist of rooms of their dwelling, each room in one zone, and exchange heat with zones that exist."""
    holder: dict[tuple[str, str], str] = {}
    for zone in site.zones.values():
        dwelling = site.dwellings.get(zone.dwelling)
        if dwelling is None:
            path = site_path(site.id, "zones", zone.id, "dwelling")
            yield dangling(path, "dwelling", zone.dwelling, zone.id, site.dwellings)
            continue
        yield from _zone_rooms(site, zone, dwelling, holder)
        for other in zone.neighbours_w_k:
            if other not in site.zones or other == zone.id:
                path = site_path(site.id, "zones", zone.id, "neighbours_w_k", other)
                yield dangling(path, "zone", other, zone.id, {id: z for id, z in site.zones.items() if id != zone.id})


def _zone_rooms(site: Site, zone: Zone, dwelling: Dwelling, holder: dict[tuple[str, str], str]) -> Iterator[Flaw]:
    for index, room in enumerate(zone.rooms):
        path = site_path(site.id, "zones", zone.id, "rooms", index)
        if room not in _rooms(dwelling):
            yield dangling(path, "room", room, zone.id, _rooms(dwelling))
        elif (first := holder.setdefault((dwelling.id, room), zone.id)) != zone.id:
            message = f"room '{room}' of '{dwelling.id}' is in zone '{first}' and in zone '{zone.id}'"
            yield Flaw(path, "two-zones", message, "a room is in one zone")


def radiators_in_zones(site: Site) -> Iterator[Flaw]:
    """Where sound zones divide a dwelling, each of its radiators is in one of them."""
    if any(zones(site)):
        return
    rooms_of: dict[str, set[str]] = {}
    for zone in site.zones.values():
        rooms_of.setdefault(zone.dwelling, set()).update(zone.rooms)
    for unit in site.units.values():
        if unit.dwelling not in rooms_of or unit.room in rooms_of[unit.dwelling]:
            continue
        if not unit.room or unit.room in _rooms(site.dwellings[unit.dwelling]):
            where = f"room '{unit.room}'" if unit.room else "no room"
            message = f"'{unit.name}' is in {where}, and no zone of '{unit.dwelling}' holds it"
            yield Flaw(unit_path(unit, "room"), "no-zone", message, "give it a room that is in a zone")


def sensors(site: Site) -> Iterator[Flaw]:
    """A sensor is in a dwelling or on a loop that exists."""
    for sensor in site.sensors.values():
        path = site_path(site.id, "sensors", sensor.id)
        dwelling = site.dwellings.get(sensor.dwelling)
        if bool(sensor.dwelling) == bool(sensor.loop):
            message = f"sensor '{sensor.id}' must be either in a dwelling or on a loop"
            yield Flaw(path, "sensor-place", message, "give it 'dwelling' (and 'room'), or 'loop'")
        if sensor.dwelling and dwelling is None:
            yield dangling((*path, "dwelling"), "dwelling", sensor.dwelling, sensor.id, site.dwellings)
        if sensor.loop and sensor.loop not in site.loops:
            yield dangling((*path, "loop"), "loop", sensor.loop, sensor.id, site.loops)
        if dwelling and sensor.room and sensor.room not in _rooms(dwelling):
            yield dangling((*path, "room"), "room", sensor.room, sensor.id, _rooms(dwelling))


def rooms_fit(site: Site) -> Iterator[Flaw]:
    """The rooms of a dwelling are not larger than the dwelling."""
    for dwelling in site.dwellings.values():
        rooms_m2 = sum(room.area_m2 for room in dwelling.rooms)
        if rooms_m2 > ROOMS_OVER_DWELLING * dwelling.area_m2:
            message = (
                f"rooms of '{dwelling.id}' have {rooms_m2:g} m² together, the dwelling has {dwelling.area_m2:g} m²"
            )
            yield Flaw(
                site_path(site.id, "dwellings", dwelling.id, "rooms"), "rooms-too-large", message, "measure again"
            )


def _rooms(dwelling: Dwelling) -> dict[str, float]:
    return {room.id: room.area_m2 for room in dwelling.rooms}
