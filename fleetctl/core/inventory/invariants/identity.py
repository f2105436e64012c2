"""Serials, MACs and uplink addresses name one machine in the whole fleet."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from fleetctl.core.inventory.flaws import Flaw, unit_path
from fleetctl.core.inventory.fleet import Site, Unit


class _Claim(NamedTuple):
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


def claims_of(site: Site) -> list[str]:
    """Return what the units of a site claim in the whole fleet, as texts that are equal if two claim the same."""
    return [f"{claim.key} {claim.value}" for claim in _claims(site)]


def unique_in_fleet(sites: Iterable[Site], claims: Collection[Collection[str]]) -> Iterator[Flaw]:
    """Serial, MAC and uplink address are unique; the second to claim one is told of the first.

    Args:
        sites: all sites.
        claims: `claims_of` each of them; units are looked at one by one only if two claims are equal.
    """
    if len(set().union(*claims)) == sum(map(len, claims)):
        return
    first: dict[tuple[str, str], Unit] = {}
    for key, value, unit in chain.from_iterable(map(_claims, sites)):
        holder = first.setdefault((key, value), unit)
        if holder is not unit:
            message = f"{_WORDS[key]} {getattr(unit, key)} of '{unit.name}' belongs to '{holder.name}' already"
            yield Flaw(unit_path(unit, key), f"duplicate-{key.replace('_', '-')}", message, "check both labels")


def _claims(site: Site) -> Iterator[_Claim]:
    for unit in site.units.values():
        if unit.serial:
            yield _Claim("serial", normal_serial(unit.serial), unit)
        if unit.mac:
            yield _Claim("mac", unit.mac, unit)
        if unit.uplink_address:
            yield _Claim("uplink_address", unit.uplink_address, unit)


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
