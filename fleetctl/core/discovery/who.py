"""Whose machine a machine is: by its serial, its MAC and its host key, against what is declared and pinned."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.core.discovery.joining import Machine
from fleetctl.core.discovery.roster import Roster
from fleetctl.core.discovery.sighting import Source
from fleetctl.core.inventory.fleet import Unit


@dataclass(frozen=True, slots=True)
class Known:
    """It is the machine of a unit.

    Attributes:
        lacking: what is not declared of it and was seen: `serial` or `mac`, with the value.
    """

    unit: str
    lacking: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Mixed:
    """What it says of itself fits no unit, or several.

    Attributes:
        reason: in words.
        units: that it has something of.
        crossed: the unit of its serial and that of its MAC, if they are two.
    """

    reason: str
    units: tuple[str, ...]
    crossed: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """Two machines with one MAC were taken for one."""

    reason: str
    units: tuple[str, ...]


Whose = Known | Mixed | Several | None
"""None: nobody's."""


def whose(machine: Machine, roster: Roster) -> Whose:
    """Say whose machine a machine is."""
    if len(machine.serials) > 1 or len(machine.host_keys) > 1:
        return _several(machine, roster)
    owners = {unit.name: unit for mac in machine.macs if (unit := roster.by_mac(mac)) is not None}
    if len(owners) > 1:
        return Mixed(f"it has the MACs of {' and '.join(sorted(owners))}", tuple(sorted(owners)))
    by_mac = next(iter(owners.values()), None)
    found: Whose = Known(by_mac.name) if by_mac is not None else None
    if machine.serials:
        found = _by_serial(machine, roster, by_mac)
    return _by_key(machine, roster, found)


def _by_serial(machine: Machine, roster: Roster, by_mac: Unit | None) -> Whose:
    (serial,) = machine.serials
    unit = roster.by_serial(serial)
    if unit is None:
        return _without_serial(serial, by_mac)
    if by_mac is not None and by_mac is not unit:
        reason = f"it has the serial of {unit.name} and the MAC of {by_mac.name}"
        return Mixed(reason, tuple(sorted((unit.name, by_mac.name))), (unit.name, by_mac.name))
    if by_mac is None and unit.mac and machine.macs:
        return Mixed(f"it has the serial of {unit.name}, whose MAC is {unit.mac}", (unit.name,))
    return Known(unit.name, (("mac", machine.macs[0]),) if not unit.mac and len(machine.macs) == 1 else ())


def _without_serial(serial: str, by_mac: Unit | None) -> Whose:
    if by_mac is None:
        return None
    if by_mac.serial:
        return Mixed(f"it has the MAC of {by_mac.name}, whose serial is {by_mac.serial}", (by_mac.name,))
    return Known(by_mac.name, (("serial", serial),))


def _by_key(machine: Machine, roster: Roster, found: Whose) -> Whose:
    """Hold the host key against what serial and MAC say; a key that nobody's machine has is a blank or foreign one."""
    if not machine.host_keys or isinstance(found, Mixed):
        return found
    (key,) = machine.host_keys
    holder = roster.by_key(key)
    if found is None:
        return _only_by_key(machine, holder)
    assert isinstance(found, Known)  # noqa: S101 - the others were returned
    pinned = roster.pins.get(found.unit, frozenset())
    if holder is not None and holder.name != found.unit:
        units = tuple(sorted((found.unit, holder.name)))
        return Mixed(f"it is {_shown(machine, found.unit)}, and proves the host key of {holder.name}", units)
    if pinned and key not in pinned:
        reason = f"it is {_shown(machine, found.unit)}, and proves the host key {key} in the place of the pinned one"
        return Mixed(reason, (found.unit,))
    return found


def _only_by_key(machine: Machine, holder: Unit | None) -> Whose:
    """Judge a machine that has nobody's serial and MAC, and perhaps somebody's host key."""
    if holder is None:
        return None
    differing = [f"serial is {holder.serial}"] if machine.serials and holder.serial else []
    differing += [f"MAC is {holder.mac}"] if machine.macs and holder.mac else []
    if not differing:
        told = [("serial", each) for each in machine.serials] + [("mac", each) for each in machine.macs]
        return Known(holder.name, tuple(told))
    return Mixed(f"it has the host key of {holder.name}, whose {' and whose '.join(differing)}", (holder.name,))


def _several(machine: Machine, roster: Roster) -> Several:
    answers = [sighting for sighting in machine.sightings if sighting.source is Source.SSH]
    told = sorted({f"{each.serial or each.host_key} at {each.address}" for each in answers})
    owners = [roster.by_mac(mac) for mac in machine.macs] + [roster.by_serial(serial) for serial in machine.serials]
    names = tuple(sorted({unit.name for unit in owners if unit is not None}))
    return Several(f"{len(told)} machines have MAC {', '.join(machine.macs)}: {'; '.join(told)}", names)


def _shown(machine: Machine, unit: str) -> str:
    return f"{unit} by its {'serial' if machine.serials else 'MAC'}"
