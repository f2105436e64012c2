"""Writes the example fleets of this folder: `python -m inventories.generate [FOLDER]`. The same at each run.

Whole buildings follow press aggregates; everything below is synthetic, see `buildings`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fleetctl.core.inventory.write import to_yaml
from inventories import policies
from inventories.buildings import STUDIO, T2, T3, T4, T5, Building, Numbers, joined, office, site

Data = dict[str, Any]

SECRETS: Data = {"munge": {"backend": "env", "locator": "FLEET_MUNGE_KEY", "version": "2026-1"}}

MODELS: Data = {
    "qh-1": {
        "kind": "radiator",
        "compatible": "heat-qh-1",
        "power_w": 650,
        "module_power_w": [200, 200, 200],
        "heats_without_gateway": True,
        "reboot_p99_s": 240,
        "verify_s": 300,
    },
    "qb-1": {
        "kind": "boiler",
        "compatible": "heat-qb-1",
        "power_w": 2000,
        "module_power_w": [80] * 24,
        "water_max_c": 60,
        "heats_without_gateway": True,
        "reboot_p99_s": 300,
        "verify_s": 600,
    },
    "qbx": {
        "kind": "boiler",
        "compatible": "heat-qbx",
        "power_w": 3000,
        "module_power_w": [240] * 12,
        "water_max_c": 65,
        "heats_without_gateway": True,
        "reboot_p99_s": 300,
        "verify_s": 600,
    },
    "gw-1": {"kind": "gateway", "compatible": "heat-gw-1", "power_w": 60, "reboot_p99_s": 180, "verify_s": 120},
}
VERSION = "2026.11.0"
LES_SABLES: dict[str, Data] = {
    "default": policies.evenings("dwelling=A101", cap_down_w=650, site=12),
    "winter": policies.winter("dwelling=A101"),
    "careful": policies.CAREFUL,
}
FLORESTINE: dict[str, Data] = {
    "default": policies.evenings("dwelling=A101", cap_down_w=1950, site=24),
    "careful": policies.CAREFUL,
}
HOT_WATER: dict[str, Data] = {
    "default": policies.plants(loop=1, cap_loop_down_w=3000),
    "network": policies.plants(loop=3, cap_loop_down_w=9000),
    "careful": policies.CAREFUL,
}
DEMO: dict[str, Data] = {
    "default": policies.PLAIN,
    "evenings": policies.evenings("dwelling=A101", cap_down_w=650, site=6),
    "careful": policies.CAREFUL,
    "brisk": policies.BRISK,
}
HEAT = {"min_setpoint_c": 16, "max_setpoint_c": 26, "default_setpoint_c": 20, "watchdog_s": 60}


def fleet(
    name: str, models: dict[str, str], policies: dict[str, Data], *, others: tuple[str, ...] = (), slurm: bool
) -> Data:
    """Return a `fleet.yaml`.

    Args:
        name: name of the fleet.
        models: the model of each kind that units have if nothing else is said.
        policies: how rollouts go.
        others: further models.
        slurm: units run jobs of a Slurm controller; else they only heat.
    """
    used = (*models.values(), *others)
    defaults: Data = {kind: {"model": model, "channel": f"{model}-stable"} for kind, model in models.items()}
    compute = {"platform": "slurm", "controller": "slurm.heat.example:6817", "secret": "munge"} if slurm else {}
    for kind in ("radiator", "boiler"):
        if kind in defaults:
            defaults[kind] |= {"heat": HEAT} if kind == "radiator" else {}
            defaults[kind] |= {"compute": compute} if compute else {}
    return {
        "api": "fleetctl/v1",
        "name": name,
        "defaults": {"dwelling": {"setpoint_c": 20}, **defaults},
        "models": {id: MODELS[id] for id in used},
        "releases": {
            f"{id}-{VERSION}": {"compatible": MODELS[id]["compatible"], "bundle": f"releases/{id}-{VERSION}.raucb"}
            for id in used
        },
        "channels": {f"{id}-stable": f"{id}-{VERSION}" for id in used},
        "policies": policies,
        **({"secrets": SECRETS} if slurm else {}),
    }


def les_sables() -> Data:
    """Return Les Sables: 1991, 2 buildings, 59 dwellings, 178 radiators (press)."""
    settings = site(
        title="Les Sables, Launaguet",
        cidr="10.77.1.0/24",
        subscribed_w=160_000,
        other_w=25_000,
        design_temperature_c=-5,
        time_zone="Europe/Paris",
    )
    numbers = Numbers(1, "10.77.1.0/24")
    a, b = (Building(id, numbers, settings["design_temperature_c"]) for id in "ab")
    gateways = a.gateway("10.77.1.1", "10.76.1.1") | b.gateway("10.77.1.2", "10.76.1.2")
    for building, top in ((a, [T3, T3, T4, T3, T3, T3]), (b, [T3] * 5)):
        for floor in (1, 2, 3):
            building.floor(floor, [T3, T2, T4, T3, T3, T4, T2, T3])
        building.floor(4, top)
    return settings | {"gateways": gateways} | joined([a, b])


def florestine() -> Data:
    """Return Florestine: 49 dwellings on 3,000 m², offices on 1,752 m², 346 radiators (press)."""
    settings = site(
        title="Florestine, Bordeaux",
        cidr="10.77.4.0/23",
        subscribed_w=270_000,
        other_w=35_000,
        design_temperature_c=-5,
        time_zone="Europe/Paris",
    )
    numbers = Numbers(2, "10.77.4.0/23")
    homes, offices = (Building(id, numbers, settings["design_temperature_c"]) for id in "ab")
    gateways = homes.gateway("10.77.4.1", "10.76.2.1") | offices.gateway("10.77.4.2", "10.76.2.2")
    for floor in (1, 2, 3):
        homes.floor(floor, [STUDIO, STUDIO, T2, T2, T2, T3, T3, T3, T4])
    for floor in (4, 5):
        homes.floor(floor, [T2, T2, T3, T3, T3, T4, T4])
    homes.floor(6, [T2, T2, T3, T3, T3, T5, T5, T5])
    for floor in (1, 2, 3):
        offices.floor(floor, [office(18), office(18), office(18), office(17)])
    return settings | {"gateways": gateways} | joined([homes, offices])


def hot_water_plant() -> Data:
    """Return a plant for hot water: 3 boilers beside 2 gas boilers, on one loop with its tank."""
    cidr = "10.77.8.0/24"
    settings = site(
        title="Aiguillon, Bordeaux",
        cidr=cidr,
        subscribed_w=12_000,
        other_w=2_000,
        design_temperature_c=-5,
        time_zone="Europe/Paris",
    )
    loop = {
        "volume_l": 3000,
        "demand_w": 60_000,
        "ua_w_k": 12,
        "backup_w": 140_000,
        "disinfection": "daily-60",
        "disinfection_at": "03:00",
    }
    return settings | _boilers("dhw", loop, Numbers(3, cidr), 3, ("10.77.8.1", "10.76.3.1"))


def heat_network() -> Data:
    """Return the 30 large boilers on Brescia's heat network (press); its backup is the network itself."""
    cidr = "10.77.9.0/24"
    settings = site(
        title="Lamarmora, Brescia",
        cidr=cidr,
        subscribed_w=120_000,
        other_w=10_000,
        design_temperature_c=-7,
        time_zone="Europe/Rome",
    )
    settings["defaults"] = {"boiler": {"model": "qbx", "channel": "qbx-stable"}}
    loop = {"volume_l": 350, "demand_w": 90_000, "ua_w_k": 5, "backup_w": 500_000}
    return settings | _boilers("heat-network", loop, Numbers(4, cidr), 30, ("10.77.9.1", "10.76.4.1"))


def _boilers(loop: str, values: Data, numbers: Numbers, count: int, gateway: tuple[str, str]) -> Data:
    plant = Building("plant", numbers, 0)
    gateways = plant.gateway(*gateway)
    boilers = {
        f"boiler-{number:02d}": {"loop": loop, **numbers.machine("QB"), "port": f"sw-plant1/{number}"}
        for number in range(1, count + 1)
    }
    sensors = {
        f"{loop}-out": {"measures": "water_out_temperature", "loop": loop},
        f"{loop}-return": {"measures": "water_return_temperature", "loop": loop},
    }
    return {"gateways": gateways, "loops": {loop: values}, "sensors": sensors, "boilers": boilers}


def part(site: Data, building: str, count: int, most: int) -> Data:
    """Return a site with the first dwellings of a building alone, their data as they are.

    Args:
        site: the whole site.
        building: id of the building.
        count: radiators that are wanted; whole dwellings are taken until there are as many.
        most: radiators of a dwelling; larger ones are passed over, for they are updated one radiator after the other.
    """
    inside_of: dict[str, Data] = {id: {} for id, d in site["dwellings"].items() if d["building"] == building}
    for id, radiator in site["radiators"].items():
        inside_of.get(radiator["dwelling"], {})[id] = radiator
    chosen: dict[str, Data] = {}
    for id, radiators in inside_of.items():
        if len(radiators) <= most and sum(map(len, chosen.values())) + len(radiators) <= count:
            chosen[id] = radiators
    return site | {
        "gateways": {id: gateway for id, gateway in site["gateways"].items() if gateway["building"] == building},
        "dwellings": {id: site["dwellings"][id] for id in chosen},
        "sensors": {id: sensor for id, sensor in site["sensors"].items() if sensor.get("dwelling") in chosen},
        "radiators": {id: radiator for radiators in chosen.values() for id, radiator in radiators.items()},
    }


def fleets() -> dict[str, tuple[Data, dict[str, Data]]]:
    """Return all example fleets: name to `fleet.yaml` and sites."""
    homes = {"gateway": "gw-1", "radiator": "qh-1"}
    plants = {"gateway": "gw-1", "boiler": "qb-1"}
    demo_sites = {
        "launaguet-les-sables": part(les_sables(), "a", count=24, most=3),
        "bordeaux-aiguillon": hot_water_plant(),
    }
    hot_water_sites = {"bordeaux-aiguillon": hot_water_plant(), "brescia-lamarmora": heat_network()}
    return {
        "les-sables": (fleet("les-sables", homes, LES_SABLES, slurm=True), {"launaguet-les-sables": les_sables()}),
        "florestine": (fleet("florestine", homes, FLORESTINE, slurm=True), {"bordeaux-florestine": florestine()}),
        "hot-water": (fleet("hot-water", plants, HOT_WATER, others=("qbx",), slurm=False), hot_water_sites),
        "demo": (fleet("demo", homes | plants, DEMO, slurm=False), demo_sites),
    }


def write(folder: Path) -> None:
    """Write all example fleets below `folder`."""
    for name, (shared, sites) in fleets().items():
        home = folder / name
        (home / "sites").mkdir(parents=True, exist_ok=True)
        (home / "fleet.yaml").write_text(to_yaml(shared, head=_head("../schema/fleet.schema.json")))
        for id, data in sites.items():
            text = to_yaml(data, head=_head("../../schema/site.schema.json"), width=130)
            (home / "sites" / f"{id}.yaml").write_text(text)


def _head(schema: str) -> list[str]:
    return [
        f"yaml-language-server: $schema={schema}",
        "Synthetic: sizes of whole buildings follow the press; rooms, serials and MACs are made up.",
        "Written by 'python -m inventories.generate'.",
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent, help="where to write them")
    write(parser.parse_args().folder)
