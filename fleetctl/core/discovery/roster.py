"""The declared units by everything that a machine can be known by, and the ports that they hang on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from fleetctl.core.discovery.sighting import SwitchPort
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.inventory.invariants.identity import normal_serial

_NUMBERS = re.compile(r"[0-9]+")
_PLAIN = re.compile(r"[0-9]+(?:[/.:-][0-9]+)*")


class Roster:
    """Finds units by serial, MAC, address, host key and port; each of these is one unit's."""

    def __init__(self, fleet: Fleet, site: str, pins: Mapping[str, frozenset[str]]) -> None:
        """Index the units: those of the site by their places, those of the whole fleet by who their machines are.

        Args:
            fleet: with the site.
            site: its id.
            pins: fingerprints of the pinned host keys, by the unit's name.
        """
        here = fleet.sites[site].units.values()
        everyone = fleet.by_name.values()
        self.units = {unit.name: unit for unit in here}
        self.pins = pins
        self._by_serial = {normal_serial(unit.serial): unit for unit in everyone if unit.serial}
        self._by_mac = {unit.mac: unit for unit in everyone if unit.mac}
        self._by_key = {key: fleet.by_name[name] for name in pins.keys() & fleet.by_name.keys() for key in pins[name]}
        self._by_address = {address: unit for unit in here for address in addresses_of(unit)}
        self._ports = _ports(here)

    def by_serial(self, serial: str) -> Unit | None:
        """Return the unit whose machine has a serial."""
        return self._by_serial.get(normal_serial(serial))

    def by_mac(self, mac: str) -> Unit | None:
        """Return the unit whose machine has a MAC."""
        return self._by_mac.get(mac)

    def by_key(self, fingerprint: str) -> Unit | None:
        """Return the unit that a host key is pinned for."""
        return self._by_key.get(fingerprint)

    def by_address(self, address: str) -> Unit | None:
        """Return the unit that an address belongs to."""
        return self._by_address.get(address)

    def knows_switch(self, heard: SwitchPort) -> bool:
        """Say whether any unit is declared to hang on a switch that was heard."""
        return self._switch(heard) is not None

    def by_port(self, heard: SwitchPort) -> Unit | None:
        """Return the unit that belongs to a port that was heard; None if nobody's, or if that cannot be said.

        Switches and installers name ports differently. A declared name without letters (`11`, `1/11`) fits a heard one
        whose last numbers are the same (`GigabitEthernet1/0/11`), if no other declared port of the switch fits too.
        """
        declared = self._switch(heard) or {}
        name = heard.name.casefold()
        if name in declared:
            return declared[name]
        numbers = _NUMBERS.findall(name)
        fits = [unit for port, unit in declared.items() if _PLAIN.fullmatch(port) and _ends(numbers, port)]
        return fits[0] if len(fits) == 1 else None

    def _switch(self, heard: SwitchPort) -> Mapping[str, Unit] | None:
        name = heard.switch.casefold()
        return self._ports.get(name, self._ports.get(name.partition(".")[0]))


def addresses_of(unit: Unit) -> tuple[str, ...]:
    """Return where a unit is declared to be met."""
    return tuple(filter(None, (unit.address, unit.uplink_address)))


def _ports(units: Iterable[Unit]) -> dict[str, dict[str, Unit]]:
    """Return the units by port, by switch, in one case."""
    found: dict[str, dict[str, Unit]] = {}
    for unit in units:
        switch, slash, port = unit.port.casefold().partition("/")
        if slash:
            found.setdefault(switch, {})[port] = unit
    return found


def _ends(numbers: list[str], port: str) -> bool:
    wanted = [int(number) for number in _NUMBERS.findall(port)]
    return [int(number) for number in numbers[-len(wanted) :]] == wanted
