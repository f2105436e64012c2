"""Premises of a made-up site: dwellings of a mild building, radiators that heat without their gateway."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from fleetctl.core.heat.premises import Gateway, Heater, Loop, SitePremises, Times, Zone
from fleetctl.core.inventory.fleet import Dwelling, Kind

TIMES = Times(reboot_p99_s=60.0, verify_s=60.0)


def premises(site: str, dwelling_of: Mapping[str, str], gateways: Iterable[str] = ()) -> SitePremises:
    """Return the premises of radiators, by name, in dwellings.

    A dwelling loses 60 W/K and holds 30 MJ/K: with its radiators off it coasts for hours.
    """
    gateways = tuple(gateways)
    heaters = {unit: _heater(unit, dwelling, gateways) for unit, dwelling in dwelling_of.items()}
    inside: dict[str, list[str]] = defaultdict(list)
    for unit, dwelling in dwelling_of.items():
        inside[dwelling].append(unit)
    return SitePremises(
        site=site,
        time_zone="UTC",
        design_temperature_c=-5.0,
        subscribed_power_w=1e6,
        other_load_w=0.0,
        heaters=heaters,
        gateways={gateway: Gateway(gateway, "b", 60.0, TIMES, tuple(heaters)) for gateway in gateways},
        zones={id: Zone(id, id, "b", 60.0, 30_000.0, 20.0, tuple(units)) for id, units in inside.items()},
        loops={},
        dwellings={id: Dwelling(id, "b", 1, 60.0, 60.0, 30_000.0) for id in inside},
        heaters_of={id: tuple(units) for id, units in inside.items()},
    )


def _heater(unit: str, dwelling: str, gateways: tuple[str, ...]) -> Heater:
    gateway = gateways[0] if gateways else ""
    return Heater(
        unit, Kind.RADIATOR, "b", 1500.0, TIMES, dwelling, dwelling, gateway=gateway, heats_without_gateway=True
    )


def plant(site: str, boilers: Iterable[str], gateways: Iterable[str] = (), *, demand_w: float = 2000.0) -> SitePremises:
    """Return the premises of boilers of 2 kW on one loop with a tank of 1,500 L and no backup."""
    boilers, gateways = tuple(boilers), tuple(gateways)
    heaters = {
        unit: Heater(unit, Kind.BOILER, "b", 2000.0, TIMES, loop="hot", gateway=gateways[0], heats_without_gateway=True)
        for unit in boilers
    }
    loop = Loop("hot", 1500.0, 5.0, 20.0, demand_w, 0.0, heaters=boilers)
    empty = premises(site, {}, gateways)
    return replace(empty, heaters=heaters, loops={"hot": loop})
