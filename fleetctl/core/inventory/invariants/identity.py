"""Serials, MACs and uplink addresses name one machine in the whole fleet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Site, Unit


class Claim(NamedTuple):
    """A unit's claim to something that only one unit may have.

    Attributes:
        key: field of the unit: `serial`, `mac` or `uplink_address`.
        value: normalised, so that two notations of one value are equal.
    """

    key: str
    value: str
    unit: Unit


_WORDS = {"serial": "serial", "mac": "MAC", "uplink_address": "uplink address"}


def normal_serial(serial: str) -> str:
    """Return a serial without separators and in one case: how people copy labels differs in these."""
    return re.sub(r"[^0-9A-Za-z]", "", serial).upper()


def claims_of(site: Site) -> Iterator[Claim]:
    """Yield what the units of a site claim in the whole fleet."""
    for unit in site.units.values():
        if unit.serial:
            yield Claim("serial", normal_serial(unit.serial), unit)
        if unit.mac:
            yield Claim("mac", unit.mac, unit)
        if unit.uplink_address:
            yield Claim("uplink_address", unit.uplink_address, unit)


def unique_in_fleet(sites: Iterable[Iterable[Claim]]) -> Iterator[Flaw]:
    """Serial, MAC and uplink address are unique; the second to claim one is told of the first."""
    first: dict[tuple[str, str], Unit] = {}
    for claims in sites:
        for key, value, unit in claims:
            holder = first.setdefault((key, value), unit)
            if holder is not unit:
                message = f"{_WORDS[key]} {getattr(unit, key)} of '{unit.name}' belongs to '{holder.name}' already"
                yield Flaw(unit_path(unit, key), f"duplicate-{key.replace('_', '-')}", message, "check both labels")


def usable_macs(site: Site) -> Iterator[Flaw]:
    """A MAC names one device: neither all zeros nor a group address."""
    for unit in site.units.values():
        if not unit.mac:
            continue
        if unit.mac == "00:00:00:00:00:00":
            yield Flaw(
                unit_path(unit, "mac"), "zero-mac", f"MAC of '{unit.name}' is all zeros", "copy it from the label"
            )
        elif int(unit.mac[:2], 16) & 1:
            message = f"MAC {unit.mac} of '{unit.name}' is a multicast address"
            yield Flaw(unit_path(unit, "mac"), "multicast-mac", message, "copy it from the label")
