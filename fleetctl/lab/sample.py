"""A small fleet to try things on, for who has no inventory at hand: as many units as asked for, over a few sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.core.inventory.write import to_yaml

_A_SITE = 40
_A_DWELLING = 3
_VERSION = "1.0.0"
_HEAD = ("A fleet for the lab, made by 'fleetctl lab up'; everything in it is synthetic.",)


def sample_files(units: int, sites: int = 0) -> dict[str, str]:
    """Return the files of a fleet with `units` units, gateways included, by their path in its folder.

    Args:
        units: of the fleet.
        sites: how many there are, each behind its own gateway; 0 for two or more from six units on, of 40 units at
            most.
    """
    count = sites or max(2 if units >= 6 else 1, -(-units // _A_SITE))
    sizes = [units // count + (n < units % count) for n in range(count)]
    files = {f"sites/site-{n}.yaml": to_yaml(_site(n, size), head=_HEAD) for n, size in enumerate(sizes, 1)}
    return {"fleet.yaml": to_yaml(_FLEET, head=_HEAD), **files}


_FLEET: Mapping[str, Any] = {
    "api": "fleetctl/v1",
    "name": "lab",
    "defaults": {
        "gateway": {"model": "gw-1", "channel": "gw-1-stable"},
        "radiator": {
            "model": "qh-1",
            "channel": "qh-1-stable",
            "compute": {"platform": "slurm", "controller": "slurm.example:6817"},
        },
    },
    "models": {
        "gw-1": {"kind": "gateway", "compatible": "heat-gw-1", "power_w": 60},
        "qh-1": {
            "kind": "radiator",
            "compatible": "heat-qh-1",
            "power_w": 650,
            "module_power_w": [200, 200, 200],
            "heats_without_gateway": True,
        },
    },
    "releases": {
        f"{model}-{_VERSION}": {"compatible": f"heat-{model}", "bundle": f"releases/{model}-{_VERSION}.raucb"}
        for model in ("gw-1", "qh-1")
    },
    "channels": {f"{model}-stable": f"{model}-{_VERSION}" for model in ("gw-1", "qh-1")},
    "policies": {"default": {"max_in_progress": 8, "max_failed": 1, "retries": 1}},
}


def _site(number: int, size: int) -> dict[str, Any]:
    radiators = range(1, size)
    return {
        "title": f"Lab site {number} (synthetic)",
        "time_zone": "Europe/Paris",
        "design_temperature_c": -5,
        "subscribed_power_w": max(36_000, 900 * size),
        "other_load_w": 1000,
        "network": {"cidr": f"10.77.{number}.0/24", "dns": [f"10.77.{number}.1"], "ntp": [f"10.77.{number}.1"]},
        "gateways": {
            "gw-1": {
                "building": "a",
                "serial": f"LG-{number:04d}",
                "mac": _mac(number, 1),
                "address": f"10.77.{number}.1",
                "uplink_address": f"10.76.{number}.1",
            }
        },
        "dwellings": {_dwelling(n): _flat(n, min(_A_DWELLING, size - n)) for n in radiators[::_A_DWELLING]},
        "radiators": {
            f"rad-{n:02d}": {
                "dwelling": _dwelling(n),
                "room": f"room-{(n - 1) % _A_DWELLING + 1}",
                "serial": f"LR-{number:04d}-{n:03d}",
                "mac": _mac(number, n + 1),
                "address": f"10.77.{number}.{n + 10}",
            }
            for n in radiators
        },
    }


def _dwelling(radiator: int) -> str:
    return f"A{(radiator - 1) // _A_DWELLING + 101}"


def _flat(first: int, radiators: int) -> dict[str, Any]:
    """Return the dwelling whose first radiator has this number: 20 m² and 24 W/K for each of them."""
    return {
        "building": "a",
        "floor": (first - 1) // (_A_DWELLING * 4) + 1,
        "area_m2": 20 * radiators,
        "heat_loss_w_k": 24 * radiators,
        "capacity_kj_k": 3300 * radiators,
        "rooms": {f"room-{n}": 18 for n in range(1, radiators + 1)},
    }


def _mac(site: int, number: int) -> str:
    return f"02:1a:b0:00:{site:02x}:{number:02x}"
