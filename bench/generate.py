"""Writes a synthetic fleet of any size: `python -m bench.generate FOLDER UNITS [--per-site N]`. The same at each run.

Every site has buildings of flats, each with its gateway, in the form of the example fleets.
"""

from __future__ import annotations

import argparse
import ipaddress
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from fleetctl.core.inventory.write import to_yaml
from inventories.buildings import STUDIO, T2, T3, Building, Layout, Numbers, joined, site
from inventories.generate import Data, fleet
from inventories.policies import CAREFUL, PLAIN

NETWORKS = ipaddress.IPv4Network("10.128.0.0/9")
UPLINKS = ipaddress.IPv4Network("10.64.0.0/10")
PER_SITE = 100
PER_BUILDING = 241
"""A gateway and 240 radiators: ten floors of eight flats."""
FLATS_ON_A_FLOOR = 8
DESIGN_C = -7


def sites(units: int, per_site: int = PER_SITE) -> Iterator[tuple[str, Data]]:
    """Yield sites with `units` units together (gateways included), by id; `per_site` each, the last one less."""
    networks = NETWORKS.subnets(new_prefix=min(24, 32 - (per_site + 20).bit_length()))
    uplinks = (str(UPLINKS[number]) for number in count(1))
    for number, first in enumerate(range(0, units, per_site), start=1):
        yield f"site-{number:05d}", _site(number, next(networks), uplinks, min(per_site, units - first))


def write(folder: Path, units: int, per_site: int = PER_SITE) -> None:
    """Write a fleet into `folder`."""
    (folder / "sites").mkdir(parents=True, exist_ok=True)
    policies = {"default": PLAIN, "careful": CAREFUL}
    shared = fleet("synthetic", {"gateway": "gw-1", "radiator": "qh-1"}, policies, slurm=True)
    (folder / "fleet.yaml").write_text(to_yaml(shared))
    for id, data in sites(units, per_site):
        (folder / "sites" / f"{id}.yaml").write_text(to_yaml(data, width=130))


def _site(number: int, network: ipaddress.IPv4Network, uplinks: Iterator[str], units: int) -> Data:
    settings = site(
        title=f"Site {number}",
        cidr=str(network),
        subscribed_w=1000 + 700 * units,
        other_w=0,
        design_temperature_c=DESIGN_C,
        time_zone="Europe/Paris",
    )
    numbers = Numbers(number, str(network))
    gateways: Data = {}
    buildings: list[Building] = []
    for first in range(0, units, PER_BUILDING):
        building = Building(f"b{len(buildings):02d}", numbers, DESIGN_C)
        gateways |= building.gateway("", next(uplinks))
        _fill(building, min(PER_BUILDING, units - first) - 1)
        buildings.append(building)
    return settings | {"gateways": gateways} | joined(buildings)


def _fill(building: Building, radiators: int) -> None:
    flats = _flats(radiators)
    for floor in count(1):
        layouts = list(islice(flats, FLATS_ON_A_FLOOR))
        if not layouts:
            return
        building.floor(floor, layouts)


def _flats(radiators: int) -> Iterator[Layout]:
    yield from (T3 for _ in range(radiators // 3))
    yield from {0: (), 1: (STUDIO,), 2: (T2,)}[radiators % 3]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("units", type=int)
    parser.add_argument("--per-site", type=int, default=PER_SITE)
    options = parser.parse_args()
    write(options.folder, options.units, options.per_site)
