"""Synthetic buildings in the form of a site file: dwellings, radiators, boilers and gateways, the same at each run.

Sizes of whole buildings are press aggregates; rooms, serials and MACs are made up (MACs are locally administered,
`02:…`).
Nothing here is random: a number decides a serial, a MAC and an address.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

RADIATOR_W = 650
MEDIUM_KJ_K_M2 = 165
"""Thermal capacity per floor area of a medium building (ISO 13790)."""
COMFORT_C = 18
SHARE_OF_POWER = 0.85
"""Heat loss of a dwelling at design temperature, as a share of what its radiators give."""

Object = dict[str, Any]
Objects = dict[str, Object]


@dataclass(frozen=True)
class Layout:
    """A type of dwelling: its floor area in m², its rooms with theirs, and the rooms that have radiators."""

    area_m2: float
    rooms: dict[str, float]
    heated: tuple[str, ...]


STUDIO = Layout(30, {"living": 22, "bath": 5}, ("living",))
T2 = Layout(46, {"living": 22, "bedroom": 12, "kitchen": 7, "bath": 4}, ("living", "bedroom"))
T3 = Layout(
    64,
    {"living": 25, "bedroom-1": 13, "bedroom-2": 11, "kitchen": 9, "bath": 5},
    ("living", "bedroom-1", "bedroom-2"),
)
T4 = Layout(
    84,
    {"living": 30, "bedroom-1": 14, "bedroom-2": 12, "bedroom-3": 11, "kitchen": 10, "bath": 6},
    ("living", "bedroom-1", "bedroom-2", "bedroom-3"),
)
T5 = Layout(
    130,
    {"living": 46, "bedroom-1": 18, "bedroom-2": 16, "bedroom-3": 15, "bedroom-4": 14, "kitchen": 13, "bath": 7},
    ("living", "bedroom-1", "bedroom-2", "bedroom-3", "bedroom-4"),
)


def office(radiators: int) -> Layout:
    """Return an open office of 146 m² with so many radiators."""
    return Layout(146, {"open-space": 120, "meeting": 22}, ("open-space",) * (radiators - 2) + ("meeting",) * 2)


@dataclass
class Numbers:
    """Hands out serials, MACs and addresses, one after the other.

    Attributes:
        site: number of the site, below 65536; it is part of every serial and MAC.
        cidr: the site's network.
    """

    site: int
    cidr: str
    _unit: int = 0
    _host: Iterator[str] = field(init=False)

    def __post_init__(self) -> None:
        hosts = ipaddress.ip_network(self.cidr).hosts()
        self._host = (str(host) for index, host in enumerate(hosts, start=1) if index > 10)

    def machine(self, prefix: str, address: str = "") -> Object:
        """Return serial, MAC and address of the next machine."""
        self._unit += 1
        number = (self.site << 16) + self._unit
        pairs = f"{number:08x}"
        mac = "02:00:" + ":".join(pairs[i : i + 2] for i in range(0, 8, 2))
        serial = f"{prefix}-{self.site:04d}-{self._unit:05d}"
        return {"serial": serial, "mac": mac, "address": address or next(self._host)}


@dataclass
class Building:
    """A building as it fills up.

    Attributes:
        id: letter of the building, the start of its dwellings' ids.
        design_temperature_c: outdoor temperature that the heat loss is chosen for.
    """

    id: str
    numbers: Numbers
    design_temperature_c: float
    dwellings: Objects = field(default_factory=dict)
    radiators: Objects = field(default_factory=dict)
    sensors: Objects = field(default_factory=dict)

    def gateway(self, address: str, uplink: str) -> Objects:
        """Return the building's gateway."""
        machine = self.numbers.machine("QG", address)
        return {f"gw-{self.id}": {"building": self.id, **machine, "uplink_address": uplink, "port": f"sw-{self.id}0/1"}}

    def floor(self, floor: int, layouts: Iterable[Layout]) -> None:
        """Add a floor with its dwellings and their radiators, all on one switch of the floor."""
        port = 0
        for number, layout in enumerate(layouts, start=1):
            id = f"{self.id.upper()}{floor}{number:02d}"
            self.dwellings[id] = self._dwelling(floor, layout)
            self.sensors[f"t-{id.lower()}"] = {"measures": "temperature", "dwelling": id, "room": layout.heated[0]}
            for index, room in enumerate(layout.heated, start=1):
                port += 1
                self.radiators[f"{id.lower()}-{index}"] = {
                    "dwelling": id,
                    "room": room,
                    **self.numbers.machine("QR"),
                    "port": f"sw-{self.id}{floor}/{port}",
                }

    def _dwelling(self, floor: int, layout: Layout) -> Object:
        power_w = RADIATOR_W * len(layout.heated)
        return {
            "building": self.id,
            "floor": floor,
            "area_m2": layout.area_m2,
            "heat_loss_w_k": round(SHARE_OF_POWER * power_w / (COMFORT_C - self.design_temperature_c)),
            "capacity_kj_k": MEDIUM_KJ_K_M2 * layout.area_m2,
            "rooms": layout.rooms,
        }


def site(
    *, title: str, cidr: str, subscribed_w: int, other_w: int, design_temperature_c: float, time_zone: str
) -> dict[str, Any]:
    """Return a site's settings; its first host address is the gateways' side of the network."""
    domain = title.split(",")[0].lower().replace(" ", "-") + ".heat.example"
    return {
        "title": f"{title} (synthetic)",
        "time_zone": time_zone,
        "design_temperature_c": design_temperature_c,
        "subscribed_power_w": subscribed_w,
        "other_load_w": other_w,
        "network": {"cidr": cidr, "dns": [_first(cidr)], "ntp": [_first(cidr)], "domain": domain},
        "ssh": {"user": "root"},
    }


def joined(buildings: Iterable[Building]) -> dict[str, Objects]:
    """Return the sections of a site that has these buildings."""
    result: dict[str, Objects] = {"dwellings": {}, "sensors": {}, "radiators": {}}
    for building in buildings:
        result["dwellings"] |= building.dwellings
        result["sensors"] |= building.sensors
        result["radiators"] |= building.radiators
    return result


def _first(cidr: str) -> str:
    return str(next(ipaddress.ip_network(cidr).hosts()))
