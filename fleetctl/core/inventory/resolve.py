"""From what is declared to the resolved fleet: defaults applied, channels followed, gateways found.

It refuses nothing. A reference that leads nowhere stays as it is, for the invariants to name; what is missing even
after all defaults is reported as flaws beside the site.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import orjson

from fleetctl.core.digest import digest
from fleetctl.core.inventory import fleet as resolved
from fleetctl.core.inventory.declared import fleet as declared_fleet
from fleetctl.core.inventory.declared import site as declared_site
from fleetctl.core.inventory.declared import units as declared_units
from fleetctl.core.inventory.flaws import Flaw, site_path
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.inventory.merge import layered, written
from fleetctl.core.inventory.resolve_policy import resolve_policy
from fleetctl.core.policy import Policy

Settings = Mapping[str, Any]


def resolve_fleet(declared: declared_fleet.Fleet) -> resolved.Fleet:
    """Return what all sites share: a fleet without sites, with its digest."""
    fleet = resolved.Fleet(
        name=declared.name,
        models={id: _model(id, model, declared.channels) for id, model in declared.models.items()},
        releases={version: _release(version, release) for version, release in declared.releases.items()},
        channels=declared.channels,
        policies={"default": Policy("default")}
        | {name: resolve_policy(name, policy) for name, policy in declared.policies.items()},
        webhooks={name: resolved.Webhook(**dict(written(hook))) for name, hook in declared.notify.items()},
        platforms={id: resolved.PlatformRef(id, **dict(written(ref))) for id, ref in declared.platforms.items()},
        secrets={name: resolved.SecretRef(name, **dict(written(ref))) for name, ref in declared.secrets.items()},
        authority=resolved.Authority(**dict(written(declared.authority))) if declared.authority else None,
    )
    return replace(fleet, digest=digest_of_value(fleet))


def resolve_site(
    id: str, declared: declared_site.Site, defaults: declared_fleet.FleetDefaults, shared: resolved.Fleet
) -> tuple[resolved.Site, list[Flaw]]:
    """Return a site with every default applied and its digest, and the flaws that only this step can see.

    Args:
        id: the site's id, which is the name of its file or folder.
        declared: what its files say.
        defaults: the fleet's defaults.
        shared: models and channels, as `resolve_fleet` returns them.
    """
    settings = layered(defaults.site, declared)
    dwellings = {key: _dwelling(key, d, declared, defaults) for key, d in declared.dwellings.items()}
    places = _Places.of(declared, dwellings)
    units: dict[str, resolved.Unit] = {}
    for unit in _units(id, declared, defaults, shared, places, settings.get("ssh", {})):
        units.setdefault(unit.id, unit)
    site = resolved.Site(
        id=id,
        title=declared.title or id,
        time_zone=settings.get("time_zone", ""),
        design_temperature_c=settings.get("design_temperature_c", 0.0),
        subscribed_power_w=declared.subscribed_power_w,
        other_load_w=declared.other_load_w,
        network=resolved.SiteNetwork(**{"cidr": "", **settings.get("network", {})}),
        dwellings=dwellings,
        zones={key: resolved.Zone(id=key, **dict(written(zone))) for key, zone in declared.zones.items()},
        loops={key: resolved.Loop(id=key, **dict(written(loop))) for key, loop in declared.loops.items()},
        sensors={key: resolved.Sensor(id=key, **dict(written(sensor))) for key, sensor in declared.sensors.items()},
        units=units,
        forecast=_forecast(defaults.site, declared),
    )
    flaws = [*_missing(site, settings), *_same_id(declared, id)]
    return replace(site, digest=digest_of_value(site)), flaws


def _forecast(*layers: declared_site.SiteSettings | None) -> resolved.ForecastSource | None:
    """Return what the strongest layer says; a file and an address are not merged into one source."""
    sources = [layer.forecast for layer in layers if layer is not None and layer.forecast is not None]
    return resolved.ForecastSource(**dict(written(sources[-1]))) if sources else None


def digest_of_value(value: resolved.Fleet | resolved.Site) -> str:
    """Return the digest of a resolved value; files, order of keys and comments do not count."""
    return digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def _model(id: str, declared: declared_fleet.Model, channels: Mapping[str, str]) -> resolved.Model:
    values = dict(written(declared))
    kind = Kind(values.pop("kind"))
    burn_in = resolved.BurnIn(**values.pop("burn_in", {}))
    values["components"] = {name: channels.get(of, of) for name, of in values.get("components", {}).items()}
    return resolved.Model(id=id, kind=kind, modules=values.pop("module_power_w"), burn_in=burn_in, **values)


def _release(version: str, declared: declared_fleet.Release) -> resolved.Release:
    return resolved.Release(version=version, **dict(written(declared)))


def _dwelling(
    id: str, declared: declared_site.Dwelling, site: declared_site.Site, defaults: declared_fleet.FleetDefaults
) -> resolved.Dwelling:
    values = layered(defaults.dwelling, site.defaults.dwelling, declared)
    rooms = tuple(resolved.Room(room, area) for room, area in values.pop("rooms").items())
    return resolved.Dwelling(id=id, rooms=rooms, building=values.pop("building", ""), **values)


@dataclass(frozen=True)
class _Places:
    """Where units stand: the building of each dwelling and the gateways of each building."""

    building_of: Mapping[str, str]
    gateways: Mapping[str, list[str]]

    @classmethod
    def of(cls, declared: declared_site.Site, dwellings: Mapping[str, resolved.Dwelling]) -> _Places:
        gateways: dict[str, list[str]] = defaultdict(list)
        for id, gateway in declared.gateways.items():
            gateways[gateway.building].append(id)
        return cls({id: dwelling.building for id, dwelling in dwellings.items()}, gateways)

    def building(self, values: Settings) -> str:
        """Return a unit's building: its dwelling's, its own, or the only one that has gateways."""
        found = self.building_of.get(values.get("dwelling", "")) or values.get("building")
        return str(found or (next(iter(self.gateways)) if len(self.gateways) == 1 else ""))

    def gateway(self, values: Settings, building: str) -> str:
        """Return a unit's gateway: the one it names, or the only one of its building."""
        named = values.get("gateway")
        if named:
            return str(named)
        of_building = self.gateways.get(building, [])
        return of_building[0] if len(of_building) == 1 else ""


def _units(
    site: str,
    declared: declared_site.Site,
    defaults: declared_fleet.FleetDefaults,
    shared: resolved.Fleet,
    places: _Places,
    ssh: Settings,
) -> Iterator[resolved.Unit]:
    sections: tuple[tuple[Kind, Mapping[str, declared_units.UnitDefaults]], ...] = (
        (Kind.GATEWAY, declared.gateways),
        (Kind.BOILER, declared.boilers),
        (Kind.RADIATOR, declared.radiators),
    )
    for kind, section in sections:
        base = layered(getattr(defaults, kind), getattr(declared.defaults, kind))
        base["ssh"] = {**ssh, **base.get("ssh", {})}
        for id, unit in section.items():
            yield _unit(site, id, kind, _over(base, unit), shared, places)


def _over(base: Settings, unit: declared_units.UnitDefaults) -> dict[str, Any]:
    values = dict(base)
    for key, value in written(unit):
        values[key] = {**values.get(key, {}), **value} if isinstance(value, dict) else value
    return values


def _unit(
    site: str, id: str, kind: Kind, values: dict[str, Any], shared: resolved.Fleet, places: _Places
) -> resolved.Unit:
    model = shared.models.get(values.get("model", ""))
    gateway = kind is Kind.GATEWAY
    building = values["building"] if gateway else places.building(values)
    channel = values.get("channel", "")
    heat = values.get("heat", {})
    if model is not None and not gateway and "max_power_w" not in heat:
        heat = {**heat, "max_power_w": model.power_w}
    return resolved.Unit(
        site=site,
        id=id,
        kind=kind,
        model=values.get("model", ""),
        address=values["address"],
        building=building,
        serial=values.get("serial", ""),
        mac=values.get("mac", ""),
        gateway="" if gateway else places.gateway(values, building),
        dwelling=values.get("dwelling", ""),
        room=values.get("room", ""),
        loop=values.get("loop", ""),
        port=values.get("port", ""),
        channel=channel,
        release=values.get("release") or shared.channels.get(channel, ""),
        ssh=_ssh(_items(values["ssh"])),
        heat=_heat(_items(heat)),
        compute=_compute(_items(_with_kind(values.get("compute", {}), shared))),
        labels=values.get("labels", {}),
        dial=values.get("dial", ()),
        uplink_address=values.get("uplink_address", ""),
    )


# Units of a kind mostly share their settings, so equal settings are one object.


def _items(values: Settings) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(values.items()))


def _with_kind(compute: Settings, shared: resolved.Fleet) -> Settings:
    platform = shared.platforms.get(compute.get("platform", ""))
    return {**compute, "kind": platform.kind} if platform else compute


@cache
def _ssh(items: tuple[tuple[str, Any], ...]) -> resolved.Ssh:
    return resolved.Ssh(**dict(items))


@cache
def _heat(items: tuple[tuple[str, Any], ...]) -> resolved.HeatSettings:
    return resolved.HeatSettings(**dict(items))


@cache
def _compute(items: tuple[tuple[str, Any], ...]) -> resolved.ComputeSettings:
    return resolved.ComputeSettings(**dict(items))


def _missing(site: resolved.Site, settings: Settings) -> Iterator[Flaw]:
    for key in ("time_zone", "design_temperature_c"):
        if key not in settings:
            yield _lacks(site_path(site.id, key), f"site '{site.id}' has no '{key}'")
    if not site.network.cidr:
        yield _lacks(site_path(site.id, "network", "cidr"), f"site '{site.id}' has no network")
    for dwelling in site.dwellings.values():
        if not dwelling.building:
            path = site_path(site.id, "dwellings", dwelling.id, "building")
            yield _lacks(path, f"dwelling '{dwelling.id}' has no building")
    for unit in site.units.values():
        if not unit.model:
            path = site_path(site.id, f"{unit.kind}s", unit.id, "model")
            yield _lacks(path, f"{unit.kind} '{unit.name}' has no model")


def _lacks(path: tuple[str | int, ...], message: str) -> Flaw:
    return Flaw(path, "missing-key", message, f"add '{path[-1]}' here or to the defaults")


def _same_id(declared: declared_site.Site, site: str) -> Iterator[Flaw]:
    seen: dict[str, str] = {}
    for section in ("gateways", "boilers", "radiators"):
        for id in getattr(declared, section):
            if id in seen:
                message = f"'{id}' names a unit under '{seen[id]}' too; both would be '{site}/{id}'"
                yield Flaw(site_path(site, section, id), "duplicate-unit", message, "rename one of them", at_key=True)
            seen[id] = section
