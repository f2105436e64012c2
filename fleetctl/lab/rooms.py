"""Rooms as spaces of their own, so that a radiator warms the room that it stands in before any other; and the sensors
that stand in rooms. Pure: spaces in, spaces out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from fleetctl.core.inventory.fleet import Fleet, Sensor, Site
from fleetctl.lab.spaces import Heating, SensorPoint, Spaces, ZoneSpace

DOOR_W_K = 25.0
"""What two rooms of a dwelling exchange: a wall of 10 m², and a door that is mostly shut."""


def by_room(spaces: Spaces, fleet: Fleet) -> Spaces:
    """Split each zone into the rooms that its units heat, by their power; a zone with a unit of no room stays whole."""
    within: defaultdict[str, list[Heating]] = defaultdict(list)
    for heating in spaces.heatings:
        within[heating.space].append(heating)
    rooms = {zone.id: _rooms(zone, within[zone.id], fleet) for zone in spaces.zones}
    heatings = {heating.unit: heating for heating in spaces.heatings if heating.space not in rooms}
    for of_zone in rooms.values():
        for room, inside in of_zone.items():
            power_w = sum(heating.power_w for heating in inside)
            heatings |= {each.unit: replace(each, space=room, share=each.power_w / power_w) for each in inside}
    zones = chain.from_iterable(_split(zone, rooms) for zone in spaces.zones)
    return replace(spaces, zones=tuple(zones), heatings=tuple(heatings[each.unit] for each in spaces.heatings))


def with_sensors(spaces: Spaces, fleet: Fleet) -> Spaces:
    """Return spaces with the sensors that stand where some unit of the lab heats; its gateway hears them."""
    points = chain.from_iterable(_points(site, spaces, fleet) for site in fleet.sites.values())
    return replace(spaces, sensors=tuple(points))


def _rooms(zone: ZoneSpace, inside: Sequence[Heating], fleet: Fleet) -> Mapping[str, list[Heating]]:
    names = {heating.unit: fleet.by_name[heating.unit].room for heating in inside}
    if not all(names.values()):
        return {zone.id: list(inside)}
    rooms: defaultdict[str, list[Heating]] = defaultdict(list)
    for heating in inside:
        rooms[f"{zone.id}/{names[heating.unit]}"].append(heating)
    return rooms


def _split(zone: ZoneSpace, rooms: Mapping[str, Mapping[str, list[Heating]]]) -> Iterator[ZoneSpace]:
    """Yield the rooms of a zone: its capacity, its losses and its walls to other zones are theirs, by their power."""
    own = rooms[zone.id]
    whole_w = sum(heating.power_w for heating in chain.from_iterable(own.values()))
    for room, inside in own.items():
        share = sum(heating.power_w for heating in inside) / whole_w
        yield ZoneSpace(
            room, zone.heat_loss_w_k * share, zone.capacity_kj_k * share, zone.start_c, dict(_around(zone, room, rooms))
        )


def _around(
    zone: ZoneSpace, room: str, rooms: Mapping[str, Mapping[str, list[Heating]]]
) -> Iterator[tuple[str, float]]:
    own = rooms[zone.id]
    yield from ((other, DOOR_W_K) for other in own if other != room)
    for neighbour, w_k in zone.neighbours_w_k.items():
        others = rooms[neighbour]
        yield from ((other, w_k / (len(own) * len(others))) for other in others)


def _points(site: Site, spaces: Spaces, fleet: Fleet) -> Iterator[SensorPoint]:
    for sensor in site.sensors.values():
        heating = next((each for each in spaces.heatings if _is_beside(each, sensor, site, fleet)), None)
        if heating is not None:
            gateway = fleet.gateway_of(fleet.by_name[heating.unit])
            yield SensorPoint(sensor.id, heating.space, gateway.name if gateway else "")


def _is_beside(heating: Heating, sensor: Sensor, site: Site, fleet: Fleet) -> bool:
    if sensor.measures != "temperature" or heating.dwelling != f"{site.id}/{sensor.dwelling}":
        return False
    return sensor.room in ("", fleet.by_name[heating.unit].room)
