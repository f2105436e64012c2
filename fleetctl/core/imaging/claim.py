"""What a machine on the network says that it is, held against what is declared.

A unit is a place; a machine is imaged for it only if its serial *and* its MAC are the declared ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.inventory.invariants.identity import normal_serial
from fleetctl.core.mac import MAC, normal_mac

_BOOT = re.compile(r"[0-9a-f-]{8,64}")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Claim:
    """One boot of one machine.

    Attributes:
        serial: as its firmware says, printable, at most 64 characters; may be empty.
        mac: six pairs of lower-case digits with colons.
        boot: identifies the boot of the imager; empty while the firmware or iPXE asks.
    """

    serial: str
    mac: str
    boot: str = ""

    @property
    def machine(self) -> tuple[str, str]:
        """Return what tells one machine from another."""
        return normal_serial(self.serial), self.mac

    def __str__(self) -> str:
        return f"serial {self.serial or 'unknown'}, MAC {self.mac}"


def claim_of(serial: str, mac: str, boot: str = "") -> Claim | None:
    """Return a claim in normal form, or None if it is none: what comes over the network may be anything."""
    printable = "".join(c for c in serial if c.isascii() and c.isprintable()).strip()
    if MAC.fullmatch(mac) is None or len(serial) > _LONGEST or (boot and _BOOT.fullmatch(boot) is None):
        return None
    return Claim(printable, normal_mac(mac), boot)


@dataclass(frozen=True, slots=True)
class Mistaken:
    """A claim that fits no unit.

    Attributes:
        reason: in words.
        units: whose serial or MAC it has.
    """

    reason: str
    units: tuple[str, ...] = ()


class Register:
    """The declared units by serial and MAC."""

    def __init__(self, units: Iterable[Unit]) -> None:
        """Index the units; each serial and MAC is one unit's, which the inventory's invariants hold."""
        self._by_serial: dict[str, Unit] = {}
        self._by_mac: dict[str, Unit] = {}
        for unit in units:
            if unit.serial:
                self._by_serial[normal_serial(unit.serial)] = unit
            if unit.mac:
                self._by_mac[unit.mac] = unit

    def unit_of(self, claim: Claim) -> Unit | Mistaken:
        """Return the unit that a machine is meant for, or why there is none."""
        serial, mac = claim.machine
        by_serial, by_mac = self._by_serial.get(serial), self._by_mac.get(mac)
        if by_serial is None and by_mac is None:
            return Mistaken("no unit has its serial or its MAC")
        if by_serial is by_mac and by_serial is not None:
            return by_serial
        return _half_right(by_serial, by_mac)


def _half_right(by_serial: Unit | None, by_mac: Unit | None) -> Mistaken:
    units = tuple(unit.name for unit in (by_serial, by_mac) if unit is not None)
    if by_serial is None:
        assert by_mac is not None  # noqa: S101 - one of them fits
        wanted = f"whose serial is {by_mac.serial}" if by_mac.serial else "whose serial is not declared"
        return Mistaken(f"it has the MAC of {by_mac.name}, {wanted}", units)
    if by_mac is None:
        wanted = f"whose MAC is {by_serial.mac}" if by_serial.mac else "whose MAC is not declared"
        return Mistaken(f"it has the serial of {by_serial.name}, {wanted}", units)
    return Mistaken(f"it has the serial of {by_serial.name} and the MAC of {by_mac.name}", units)


def undeclared(unit: Unit) -> str | None:
    """Return what a unit lacks to be imaged, in words; None if a machine can be known for it."""
    lacking = [word for word, value in (("serial", unit.serial), ("MAC", unit.mac)) if not value]
    return f"its {' and '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} not declared" if lacking else None
