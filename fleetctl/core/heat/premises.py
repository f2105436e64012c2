"""The premises of a site as the heat guard sees them: which unit heats what, and what may be taken from it.

Static: all of it comes from the inventory, none from observation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fleetctl.core.inventory import fleet as inventory
from fleetctl.core.inventory.fleet import Dwelling, Fleet, Kind, Model, Site, Unit

ROLLBACK_S = 60.0
"""Time to judge that a unit does not heat and to make it boot its other slot."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long a model takes.

    Attributes:
        reboot_p99_s: time in which 99 of 100 reboots are over.
        verify_s: time to prove heat after a reboot.
    """

    reboot_p99_s: float
    verify_s: float

    @property
    def worst_s(self) -> float:
        """Return t_worst, the longest time without heat: reboot, failed proof of heat, rollback, reboot."""
        return self.reboot_p99_s + self.verify_s + ROLLBACK_S + self.reboot_p99_s


@dataclass(frozen=True, slots=True)
class Heater:
    """A radiator or a boiler.

    Attributes:
        unit: its name, `site/unit`.
        zone: id of the zone that it heats; empty on a loop.
        gateway: name of the gateway that serves it.
        power_w: heat that it gives at full load, as far as its settings let it.
        aux_heater_w: power of its auxiliary resistive heater.
        water_max_c: hottest water that it makes.
        highest_setpoint_c: end of the range that its user may choose from.
        heats_without_gateway: it goes on heating while its gateway is down.
    """

    unit: str
    kind: Kind
    building: str
    power_w: float
    times: Times
    zone: str = ""
    dwelling: str = ""
    loop: str = ""
    gateway: str = ""
    aux_heater_w: float = 0.0
    water_max_c: float | None = None
    highest_setpoint_c: float = 26.0
    heats_without_gateway: bool = False

    @property
    def restart_w(self) -> float:
        """Return what it draws when it comes back cold: everything at once, its auxiliary heater too (G7)."""
        return self.power_w + self.aux_heater_w


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway with what depends on it.

    Attributes:
        unit: its name.
        units: names of the heaters behind it.
        cuts: those of them that stop heating while it is down.
    """

    unit: str
    building: str
    power_w: float
    times: Times
    units: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """A heated space: a dwelling, or rooms of it that the site couples.

    Attributes:
        id: `A101`, or `A101/day` where the dwelling has several.
        h_w_k: heat loss H to the outside.
        c_kj_k: thermal capacity C.
        setpoint_c: declared setpoint; what a resident chose counts in its place where it is known.
        heaters: names of the units in it.
        neighbours_w_k: zones that it exchanges heat with, by id, whichever of the two declares it.
    """

    id: str
    dwelling: str
    building: str
    h_w_k: float
    c_kj_k: float
    setpoint_c: float
    heaters: tuple[str, ...] = ()
    neighbours_w_k: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loop:
    """A hydraulic circuit with its tank, see `inventory.fleet.Loop`.

    Attributes:
        demand_w: heat that it must be able to deliver, draw and circulation together.
        backup_w: power of the conventional boilers that are in service.
        heaters: names of the boilers on it.
    """

    id: str
    volume_l: float
    ua_w_k: float
    ambient_c: float
    demand_w: float
    backup_w: float
    disinfection: str = ""
    disinfection_at: str = ""
    heaters: tuple[str, ...] = ()


@dataclass(frozen=True)
class SitePremises:
    """One site.

    Attributes:
        time_zone: IANA name.
        design_temperature_c: outdoor temperature that the heating is designed for.
        subscribed_power_w, other_load_w: the electrical envelope.
        heaters, gateways: by the unit's name.
        dwellings: as declared, with caps, quiet hours and flags.
        heaters_of: names of the radiators of each dwelling.
    """

    site: str
    time_zone: str
    design_temperature_c: float
    subscribed_power_w: float
    other_load_w: float
    heaters: Mapping[str, Heater]
    gateways: Mapping[str, Gateway]
    zones: Mapping[str, Zone]
    loops: Mapping[str, Loop]
    dwellings: Mapping[str, Dwelling]
    heaters_of: Mapping[str, tuple[str, ...]]

    def times(self, unit: str) -> Times:
        """Return how long a unit takes."""
        return (self.heaters.get(unit) or self.gateways[unit]).times

    def zone_of(self, unit: str) -> Zone | None:
        """Return the zone that a unit heats; None for gateways and boilers."""
        heater = self.heaters.get(unit)
        return self.zones.get(heater.zone) if heater else None


def premises_of(fleet: Fleet, site_id: str) -> SitePremises:
    """Return the premises of a site of a checked fleet."""
    site = fleet.sites[site_id]
    zone_ids = _zone_ids(site)
    heaters = {unit.name: _heater(fleet, unit, zone_ids) for unit in site.units.values() if not _is_gateway(unit)}
    gateways = (_gateway(fleet, unit, heaters) for unit in site.units.values() if _is_gateway(unit))
    return SitePremises(
        site=site.id,
        time_zone=site.time_zone,
        design_temperature_c=site.design_temperature_c,
        subscribed_power_w=site.subscribed_power_w,
        other_load_w=site.other_load_w,
        heaters=heaters,
        gateways={gateway.unit: gateway for gateway in gateways},
        zones={zone.id: zone for zone in _zones(site, heaters)},
        loops={loop.id: _loop(loop, heaters) for loop in site.loops.values()},
        dwellings=site.dwellings,
        heaters_of=_grouped({name: heater.dwelling for name, heater in heaters.items()}),
    )


def heating_w(model: Model, unit: Unit) -> float:
    """Return the heat that a unit gives at full load, in W, as far as its settings let it; what caps count."""
    return min(model.power_w, unit.heat.max_power_w or model.power_w)


def heats_alone(fleet: Fleet, unit: Unit) -> bool:
    """Say whether a unit goes on heating while its gateway is down (G3): by its own model, or by its gateway's."""
    gateway = fleet.gateway_of(unit)
    models = [fleet.models[unit.model], *([fleet.models[gateway.model]] if gateway else [])]
    return any(model.heats_without_gateway for model in models)


def _is_gateway(unit: Unit) -> bool:
    return unit.kind is Kind.GATEWAY


def _zone_ids(site: Site) -> Mapping[tuple[str, str], str]:
    """Map a dwelling and one of its rooms to the zone declared for it."""
    return {(zone.dwelling, room): _coupled_id(zone) for zone in site.zones.values() for room in zone.rooms}


def _coupled_id(zone: inventory.Zone) -> str:
    return f"{zone.dwelling}/{zone.id}"


def _heater(fleet: Fleet, unit: Unit, zone_ids: Mapping[tuple[str, str], str]) -> Heater:
    model, gateway = fleet.models[unit.model], fleet.gateway_of(unit)
    return Heater(
        unit=unit.name,
        kind=unit.kind,
        building=unit.building,
        power_w=heating_w(model, unit),
        times=_times(model),
        zone=zone_ids.get((unit.dwelling, unit.room), unit.dwelling),
        dwelling=unit.dwelling,
        loop=unit.loop,
        gateway=gateway.name if gateway else "",
        aux_heater_w=model.aux_heater_w,
        water_max_c=model.water_max_c,
        highest_setpoint_c=unit.heat.max_setpoint_c,
        heats_without_gateway=heats_alone(fleet, unit),
    )


def _gateway(fleet: Fleet, unit: Unit, heaters: Mapping[str, Heater]) -> Gateway:
    model = fleet.models[unit.model]
    behind = [heater for heater in heaters.values() if heater.gateway == unit.name]
    return Gateway(
        unit=unit.name,
        building=unit.building,
        power_w=model.power_w,
        times=_times(model),
        units=tuple(heater.unit for heater in behind),
        cuts=tuple(heater.unit for heater in behind if not heater.heats_without_gateway),
    )


def _times(model: Model) -> Times:
    return Times(model.reboot_p99_s, model.verify_s)


def _zones(site: Site, heaters: Mapping[str, Heater]) -> Iterator[Zone]:
    """Yield the zones that the site couples, and each other dwelling as one zone."""
    inside = _grouped({name: heater.zone for name, heater in heaters.items()})
    exchange = _exchange(site)
    for zone in site.zones.values():
        id, dwelling = _coupled_id(zone), site.dwellings[zone.dwelling]
        yield Zone(
            id=id,
            dwelling=dwelling.id,
            building=dwelling.building,
            h_w_k=zone.heat_loss_w_k,
            c_kj_k=zone.capacity_kj_k,
            setpoint_c=dwelling.setpoint_c,
            heaters=inside.get(id, ()),
            neighbours_w_k=exchange.get(id, {}),
        )
    divided = {zone.dwelling for zone in site.zones.values()}
    for dwelling in site.dwellings.values():
        if dwelling.id not in divided:
            yield Zone(
                id=dwelling.id,
                dwelling=dwelling.id,
                building=dwelling.building,
                h_w_k=dwelling.heat_loss_w_k,
                c_kj_k=dwelling.capacity_kj_k,
                setpoint_c=dwelling.setpoint_c,
                heaters=inside.get(dwelling.id, ()),
            )


def _exchange(site: Site) -> Mapping[str, Mapping[str, float]]:
    """Return the couplings of each zone; one that both sides declare counts once, with the higher value."""
    exchange: dict[str, dict[str, float]] = defaultdict(dict)
    for zone in site.zones.values():
        for other, w_k in zone.neighbours_w_k.items():
            one, two = _coupled_id(zone), _coupled_id(site.zones[other])
            for here, there in ((one, two), (two, one)):
                exchange[here][there] = max(w_k, exchange[here].get(there, 0.0))
    return exchange


def _loop(loop: inventory.Loop, heaters: Mapping[str, Heater]) -> Loop:
    return Loop(
        id=loop.id,
        volume_l=loop.volume_l,
        ua_w_k=loop.ua_w_k,
        ambient_c=loop.ambient_c,
        demand_w=loop.demand_w,
        backup_w=loop.backup_w,
        disinfection=loop.disinfection,
        disinfection_at=loop.disinfection_at,
        heaters=tuple(name for name, heater in heaters.items() if heater.loop == loop.id),
    )


def _grouped(group_of: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """Turn "member: group" into "group: members"; the empty group is left out."""
    groups: dict[str, list[str]] = defaultdict(list)
    for member, group in group_of.items():
        if group:
            groups[group].append(member)
    return {group: tuple(members) for group, members in groups.items()}
