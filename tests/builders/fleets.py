"""Resolved fleets for tests, built as values: no file is read.

`a_fleet` has every kind of unit: a building of dwellings with radiators, and a hot-water plant with boilers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fleetctl.core.digest import digest_of
from fleetctl.core.inventory.fleet import (
    ComputeSettings,
    Dwelling,
    Fleet,
    HeatSettings,
    Kind,
    Loop,
    Model,
    Release,
    Room,
    SecretRef,
    Site,
    SiteNetwork,
    Ssh,
    Unit,
)
from fleetctl.core.policy import Policy

MODELS = {
    model.id: model
    for model in (
        Model("gw-1", Kind.GATEWAY, "fleet-gateway-1", power_w=15.0, heats_without_gateway=True),
        Model("qh-1", Kind.RADIATOR, "fleet-radiator-1", power_w=650.0, modules=(200.0, 200.0, 200.0)),
        Model("qb-1", Kind.BOILER, "fleet-boiler-1", power_w=2000.0, modules=(80.0,) * 24, water_max_c=65.0),
    )
}
RELEASES = {version: Release(version, compatible="fleet-radiator-1") for version in ("2026.10", "2026.11")}
SLURM = ComputeSettings("slurm", "slurm.example.net:6817", "heat", cpus=12, secret="compute-token")
ROOMS = ("living", "bedroom", "kitchen")


def a_gateway(site: str, number: int, **changes: Any) -> Unit:
    """Return the gateway of the site whose networks start with `10.77.NUMBER`."""
    unit = Unit(
        site=site,
        id="gw-1",
        kind=Kind.GATEWAY,
        model="gw-1",
        address=f"10.77.{number}.1",
        building="a",
        serial=f"GW-{number:05d}",
        mac=f"02:47:00:00:{number:02x}:01",
        release="2026.11",
        uplink_address=f"192.0.2.{number}",
    )
    return replace(unit, **changes)


def a_radiator(site: str, number: int, place: int, **changes: Any) -> Unit:
    """Return the radiator at a place of a site; three places make a dwelling."""
    dwelling = f"A{101 + place // 3}"
    unit = Unit(
        site=site,
        id=f"a{101 + place // 3}-{place % 3 + 1}",
        kind=Kind.RADIATOR,
        model="qh-1",
        address=f"10.77.{number}.{11 + place}",
        building="a",
        serial=f"QR-{number:03d}{place:05d}",
        mac=f"02:51:00:{number:02x}:{place // 256:02x}:{place % 256:02x}",
        gateway="gw-1",
        dwelling=dwelling,
        room=ROOMS[place % 3],
        port=f"sw1/{11 + place}",
        release="2026.11",
        compute=SLURM,
        labels={"floor": str(place // 12)},
    )
    return replace(unit, **changes)


def a_boiler(site: str, number: int, place: int, **changes: Any) -> Unit:
    """Return a boiler on the hot-water loop of a site."""
    unit = Unit(
        site=site,
        id=f"boiler-{place + 1}",
        kind=Kind.BOILER,
        model="qb-1",
        address=f"10.77.{number}.{11 + place}",
        building="a",
        serial=f"QB-{number:03d}{place:05d}",
        mac=f"02:42:00:{number:02x}:00:{place:02x}",
        gateway="gw-1",
        loop="hot-water",
        release="2026.11",
        ssh=Ssh(user="fleet", become=True),
        heat=HeatSettings(16.0, 26.0, 20.0, watchdog_s=60, max_power_w=2000.0),
    )
    return replace(unit, **changes)


def a_site(site: str, number: int, units: tuple[Unit, ...], **changes: Any) -> Site:
    """Return a site of the units given (gateways first), with the dwellings and loops that they name."""
    dwellings = {
        u.dwelling: Dwelling(u.dwelling, u.building, 1, 60.0, 70.0, 9900.0, tuple(Room(r, 18.0) for r in ROOMS))
        for u in units
        if u.dwelling
    }
    loops = {
        u.loop: Loop(u.loop, 1500.0, 5000.0, backup_w=60_000.0, disinfection="daily", disinfection_at="03:00")
        for u in units
        if u.loop
    }
    built = Site(
        id=site,
        title=f"Site {number}",
        time_zone="Europe/Paris",
        design_temperature_c=-5.0,
        subscribed_power_w=60_000.0,
        other_load_w=5_000.0,
        network=SiteNetwork(f"10.77.{number}.0/24", (f"10.77.{number}.1",), (), "heat.example.net"),
        dwellings=dwellings,
        loops=loops,
        units={unit.id: unit for unit in units},
    )
    built = replace(built, **changes)
    return replace(built, digest=digest_of(repr(built)))


def a_building(site: str = "les-sables", number: int = 1, radiators: int = 6) -> Site:
    """Return a site with one gateway and radiators, three to a dwelling (245 at most)."""
    places = (a_radiator(site, number, place) for place in range(radiators))
    return a_site(site, number, (a_gateway(site, number), *places))


def a_plant(site: str = "hot-water", number: int = 2, boilers: int = 3) -> Site:
    """Return a site with one gateway and boilers on one loop."""
    places = (a_boiler(site, number, place) for place in range(boilers))
    return a_site(site, number, (a_gateway(site, number), *places))


def a_fleet(*sites: Site, **changes: Any) -> Fleet:
    """Return a fleet of the sites given; without any, of one building and one plant."""
    chosen = sites or (a_building(), a_plant())
    fleet = Fleet(
        name="example",
        models=MODELS,
        releases=RELEASES,
        channels={"stable": "2026.11"},
        policies={"default": Policy("default")},
        secrets={"compute-token": SecretRef("compute-token", "env", "FLEET_COMPUTE_TOKEN", "1")},
        sites={site.id: site for site in chosen},
        digest=digest_of("fleet"),
    )
    return replace(fleet, **changes)
