"""Small fleets for the lab: two sites, each with a gateway, radiators in one dwelling, a boiler on a loop."""

from __future__ import annotations

from fleetctl.core.inventory.fleet import Dwelling, Fleet, Kind, Loop, Model, Site, SiteNetwork, Unit

MODELS = {
    "gw-1": Model("gw-1", Kind.GATEWAY, "gw-lab", 20.0),
    "qh-1": Model("qh-1", Kind.RADIATOR, "radiator-lab", 650.0),
    "qb-1": Model("qb-1", Kind.BOILER, "boiler-lab", 2000.0),
}


def lab_fleet(sites: int = 2, radiators: int = 1) -> Fleet:
    """Build a fleet of `sites` sites with a gateway and `radiators` radiators each; the first has a boiler too."""
    return Fleet("lab", models=MODELS, sites={s.id: s for s in (_site(n, radiators) for n in range(1, sites + 1))})


def _site(number: int, radiators: int) -> Site:
    site = f"site-{number}"
    units = [_unit(site, number, 1, "gw", Kind.GATEWAY, "gw-1")]
    units += [
        _unit(site, number, 10 + n, f"rad-{n}", Kind.RADIATOR, "qh-1", dwelling="A1") for n in range(1, radiators + 1)
    ]
    if number == 1:
        units.append(_unit(site, number, 2, "boiler-1", Kind.BOILER, "qb-1", loop="dhw"))
    return Site(
        id=site,
        title=site,
        time_zone="Europe/Paris",
        design_temperature_c=-5.0,
        subscribed_power_w=36000.0,
        other_load_w=0.0,
        network=SiteNetwork(f"10.77.{number}.0/24"),
        dwellings={"A1": Dwelling("A1", "A", 1, 60.0, 70.0, 9900.0)},
        loops={"dhw": Loop("dhw", 300.0, 2000.0)},
        units={u.id: u for u in units},
    )


def _unit(
    site: str, number: int, place: int, name: str, kind: Kind, model: str, *, dwelling: str = "", loop: str = ""
) -> Unit:
    return Unit(
        site=site,
        id=name,
        kind=kind,
        model=model,
        address=f"10.77.{number}.{place}",
        serial=f"LAB-{number}-{place}",
        mac=f"02:00:00:00:{number:02x}:{place:02x}",
        gateway="" if kind is Kind.GATEWAY else "gw",
        dwelling=dwelling,
        loop=loop,
        release="1.0.0",
    )
