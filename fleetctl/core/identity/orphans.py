"""Units that are in the inventory no more: what is left of them, and whether their machines may still be touched. Pure.

Nobody declares such a unit, so nothing about it is taken for granted: its machine is known by the certificate that it
had last and by the host key that is pinned, and it is left alone wherever anything that is declared may be meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from fleetctl.core.identity.certificate import Certificate
from fleetctl.core.identity.registration import NO_PLATFORM, Registration
from fleetctl.core.inventory.fleet import ComputeSettings, Fleet, Kind, Unit
from fleetctl.core.inventory.invariants.identity import normal_serial
from fleetctl.core.names import split_unit_name
from fleetctl.core.platform.places import Place, places


@dataclass(frozen=True, slots=True)
class Trace:
    """What is left of a unit that is in the inventory no more.

    Attributes:
        unit: its name.
        serial, address: of its last certificate; empty if it never had one.
        place: where it is registered as a node; None if nowhere.
        host_keys: fingerprints of those that are pinned for it.
    """

    unit: str
    serial: str = ""
    address: str = ""
    place: Place | None = None
    host_keys: frozenset[str] = frozenset()


def trace_of(
    unit: str,
    certificates: Iterable[Certificate],
    registration: Registration | None,
    host_keys: Iterable[str],
    addresses: Mapping[str, str],
) -> Trace:
    """Return what is left of a unit.

    Args:
        unit: its name.
        certificates: all that were issued, the oldest first; revoked ones tell whose machine it was, too.
        registration: what it is registered as.
        host_keys: fingerprints of those that are pinned for it.
        addresses: that certificates name, by their numbers.
    """
    last = next((each for each in reversed(list(certificates)) if each.unit == unit), None)
    is_node = registration is not None and bool(registration.node) and registration.platform != NO_PLATFORM
    place = Place(registration.platform, registration.node) if registration is not None and is_node else None
    known = (last.serial, addresses.get(last.number, "")) if last else ("", "")
    return Trace(unit, *known, place, frozenset(host_keys))


@dataclass(frozen=True)
class Declared:
    """What units that are declared are known by, each with the unit's name.

    Attributes:
        serials: as `normal_serial` writes them.
        addresses: with the site that they are in.
        host_keys: fingerprints of those that are pinned.
    """

    serials: Mapping[str, str]
    addresses: Mapping[tuple[str, str], str]
    host_keys: Mapping[str, str]


def declared_by(fleet: Fleet, host_keys: Mapping[str, Iterable[str]]) -> Declared:
    """Return what the units of a fleet are known by.

    Args:
        fleet: what is declared.
        host_keys: fingerprints of those that are pinned, by the unit's name.
    """
    return Declared(
        {normal_serial(unit.serial): unit.name for unit in fleet.units() if unit.serial},
        {(unit.site, unit.address): unit.name for unit in fleet.units()},
        {key: unit for unit, keys in host_keys.items() for key in keys if unit in fleet.by_name},
    )


def untouchable(trace: Trace, declared: Declared) -> str | None:
    """Return why a unit's machine must not be touched, in words; None if it may be, once it has proved which it is.

    A place that was given another name is such a unit, too: its machine is that of a declared one.
    """
    if not trace.serial:
        return "it never had a certificate, so nobody knows which machine it is"
    if owner := declared.serials.get(normal_serial(trace.serial)):
        return f"its machine {trace.serial} belongs to {owner} now"
    if owner := declared.addresses.get((split_unit_name(trace.unit)[0], trace.address)):
        return f"its address {trace.address} is that of {owner} now"
    if owner := next((declared.host_keys[key] for key in trace.host_keys if key in declared.host_keys), None):
        return f"its host key is pinned for {owner} as well"
    if not trace.host_keys:
        return "no host key is pinned for it, so nobody could tell its machine from another"
    return None if trace.address else "nobody knows its address"


def without_declared_node(fleet: Fleet, trace: Trace) -> Trace:
    """Return a trace without its node, if a declared unit is that node now: it is not drained for an orphan's sake."""
    if trace.place is None or trace.place not in places(fleet, [trace.place.platform]).values():
        return trace
    return replace(trace, place=None)


def as_it_was(fleet: Fleet, trace: Trace) -> Unit | None:
    """Return a unit as it may be reached still: like the others of its site, at its own address, as no node.

    None if no unit of its site is left that is reached through a gateway: nobody knows the way then.
    """
    site, id = split_unit_name(trace.unit)
    of = fleet.sites.get(site)
    like = next((unit for unit in of.units.values() if unit.kind is not Kind.GATEWAY), None) if of else None
    if like is None:
        return None
    return replace(
        like,
        id=id,
        serial=trace.serial,
        address=trace.address,
        mac="",
        building="",
        dwelling="",
        room="",
        loop="",
        port="",
        labels={},
        compute=ComputeSettings(),
    )


def with_units(fleet: Fleet, units: Iterable[Unit]) -> Fleet:
    """Return a fleet that has some more units, at sites that it has."""
    sites = dict(fleet.sites)
    for unit in units:
        sites[unit.site] = replace(sites[unit.site], units={**sites[unit.site].units, unit.id: unit})
    return replace(fleet, sites=sites)


def only_named(unit: str, serial: str) -> Unit:
    """Return a unit of which nothing is known but its name and its machine, for whoever writes books."""
    site, id = split_unit_name(unit)
    return Unit(site, id, Kind.RADIATOR, "", "", serial=serial)
