"""What a lab's units heat: rooms and tanks of the premises, in the part that has stand-ins.

Where only some of a space's heaters stand in the lab, the space is as large as their share of its heating power, as if
the others heated the rest. Pure: a fleet in, plain values out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fleetctl.core.heat.premises import Heater, Loop, SitePremises, Zone, premises_of
from fleetctl.core.inventory.fleet import Fleet

BAND_K = 2.0
"""How far a boiler that gives all it has lifts the water that passes it: the loop's pump is made for that."""
_WATER_C = 60.0
"""What boilers lift water to, unless they may not."""


@dataclass(frozen=True)
class ZoneSpace:
    """A heated zone: a declared one, or a whole dwelling.

    Attributes:
        id: `site/zone`.
        heat_loss_w_k: H towards the outside.
        capacity_kj_k: C.
        start_c: temperature that the lab begins with.
        neighbours_w_k: what it exchanges with other zones of the lab.
    """

    id: str
    heat_loss_w_k: float
    capacity_kj_k: float
    start_c: float
    neighbours_w_k: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LoopSpace:
    """A hydraulic circuit with its tank.

    Attributes:
        id: `site/loop`.
        start_c: temperature that the lab begins with; conventional boilers hold it as far as they can.
        draw_w: what people draw from it at that temperature, all the time.
        backup_w: power of the conventional boilers.
    """

    id: str
    volume_l: float
    ua_w_k: float
    ambient_c: float
    start_c: float
    draw_w: float
    backup_w: float


@dataclass(frozen=True)
class Heating:
    """A unit that heats, and what.

    Attributes:
        power_w: nominal.
        space: id of its zone or loop.
        share: of the space's heating power in the lab.
        dwelling: `site/dwelling`; empty for a boiler.
        loop: `site/loop`; empty for a radiator.
        water_c: what a boiler lifts water to.
    """

    unit: str
    site: str
    power_w: float
    space: str
    share: float
    dwelling: str = ""
    loop: str = ""
    water_c: float = _WATER_C


@dataclass(frozen=True)
class SensorPoint:
    """A sensor that stands in a room, apart from any unit.

    Attributes:
        id: as declared.
        space: that it is in.
        gateway: name of the gateway that hears it.
    """

    id: str
    space: str
    gateway: str


@dataclass(frozen=True)
class Spaces:
    """All that is heated in a lab."""

    zones: tuple[ZoneSpace, ...] = ()
    loops: tuple[LoopSpace, ...] = ()
    heatings: tuple[Heating, ...] = ()
    sensors: tuple[SensorPoint, ...] = ()


NOTHING = Spaces()


def spaces_of(fleet: Fleet, stands: Collection[str]) -> Spaces:
    """Return what the units with stand-ins heat.

    Args:
        fleet: the declared fleet.
        stands: names of the units that have a stand-in.
    """
    parts = [_Part(premises_of(fleet, site), stands) for site in fleet.sites]
    return Spaces(
        zones=tuple(zone for part in parts for zone in part.zones()),
        loops=tuple(loop for part in parts for loop in part.loops()),
        heatings=tuple(heating for part in parts for heating in part.heatings()),
    )


def spaces_from(document: Mapping[str, Any]) -> Spaces:
    """Read what `dataclasses.asdict` made of spaces."""
    return Spaces(
        tuple(ZoneSpace(**zone) for zone in document["zones"]),
        tuple(LoopSpace(**loop) for loop in document["loops"]),
        tuple(Heating(**heating) for heating in document["heatings"]),
        tuple(SensorPoint(**sensor) for sensor in document["sensors"]),
    )


class _Part:
    """The part of a site that stands in the lab."""

    def __init__(self, premises: SitePremises, stands: Collection[str]) -> None:
        self._premises, self._site = premises, premises.site
        heaters = [heater for heater in premises.heaters.values() if heater.zone or heater.loop]
        self._present = [heater for heater in heaters if heater.unit in stands]
        self._power_w = _by_space(self._present)
        self._share = {space: watts / _by_space(heaters)[space] for space, watts in self._power_w.items()}

    def zones(self) -> Iterator[ZoneSpace]:
        for zone in self._premises.zones.values():
            if zone.id in self._share:
                yield self._zone(zone, self._share[zone.id])

    def loops(self) -> Iterator[LoopSpace]:
        for loop in self._premises.loops.values():
            if loop.id in self._share:
                yield self._loop(loop, self._share[loop.id])

    def heatings(self) -> Iterator[Heating]:
        for heater in self._present:
            yield Heating(
                unit=heater.unit,
                site=self._site,
                power_w=heater.power_w,
                space=self._id(_space(heater)),
                share=heater.power_w / self._power_w[_space(heater)],
                dwelling=self._id(heater.dwelling),
                loop=self._id(heater.loop),
                water_c=_water_c(heater),
            )

    def _zone(self, zone: Zone, share: float) -> ZoneSpace:
        neighbours = {
            self._id(other): w_k * min(share, self._share[other])
            for other, w_k in zone.neighbours_w_k.items()
            if other in self._share
        }
        return ZoneSpace(self._id(zone.id), zone.h_w_k * share, zone.c_kj_k * share, zone.setpoint_c, neighbours)

    def _loop(self, loop: Loop, share: float) -> LoopSpace:
        lifted_to_c = min(_water_c(heater) for heater in self._present if heater.loop == loop.id)
        return LoopSpace(
            id=self._id(loop.id),
            volume_l=loop.volume_l * share,
            ua_w_k=loop.ua_w_k * share,
            ambient_c=loop.ambient_c,
            start_c=lifted_to_c - BAND_K,  # at which boilers give all they have, before conventional ones give any
            draw_w=loop.demand_w * share,
            backup_w=loop.backup_w * share,
        )

    def _id(self, local: str) -> str:
        return f"{self._site}/{local}" if local else ""


def _space(heater: Heater) -> str:
    return heater.loop or heater.zone


def _water_c(heater: Heater) -> float:
    return min(_WATER_C, heater.water_max_c or _WATER_C)


def _by_space(heaters: Iterable[Heater]) -> Mapping[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for heater in heaters:
        sums[_space(heater)] += heater.power_w
    return sums
