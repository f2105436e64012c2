"""Which machine hangs on which socket of a site's switches, and what the wire tells of it: DHCP leases and LLDP.

Stand-ins have no DHCP server and no LLDP daemon. What theirs would say is written to their disks, where `lldpctl` and
the gateway's lease file show it; the neighbour table is the kernel's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_interface
from pathlib import Path
from typing import Any

from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import CouldNot
from fleetctl.lab import networks
from fleetctl.lab.layout import Stand
from fleetctl.lab.machine import Machine
from fleetctl.lab.wire_files import LEASES, LLDP
from fleetctl.lab.worlds import lay_out_unit


@dataclass(frozen=True)
class Foreign:
    """A machine that nobody has declared, in the place of a unit's own."""

    mac: str
    address: str


@dataclass
class Wiring:
    """The cables of a lab.

    Attributes:
        sockets: where the cable of each unit's machine ends, by the unit; to begin with, where it is declared.
        foreign: machines that hang where a unit's own was pulled out.
        replaced: how often a unit's machine was replaced.
    """

    machines: Mapping[str, Machine]
    sockets: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, Foreign] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.sockets.update({unit: machine.stand.socket for unit, machine in self.machines.items()})

    def tell(self, *units: str) -> None:
        """Write what the wire says to the disks of units and of their gateways, as far as they can be reached.

        Args:
            units: their names; all if none is given. To find a running unit's disk costs a look at every process.
        """
        told = {*units, *(self.machines[unit].stand.gateway for unit in units)} & set(self.machines)
        for unit in told or self.machines:
            machine = self.machines[unit]
            with suppress(CouldNot, OSError):  # a full disk, or one that is mounted only while its unit runs
                disk = machine.disk
                self._told.add(unit)
                _write(disk / LLDP, json.dumps(lldp_document(self.sockets[unit], machine.stand)))
                if machine.stand.is_gateway:
                    _write(disk / LEASES, "".join(self._leases(machine.stand)))

    def tell_late(self, unit: str) -> None:
        """Tell a unit that has just booted, if it could not be told before: its disk is mounted only while it runs."""
        if unit not in self._told:
            self.tell(unit)

    def swap(self, machine: Machine, other: str) -> str:
        """Exchange the cables of two machines."""
        peer, unit = self._peer(machine, other), machine.stand.unit
        self.sockets[unit], self.sockets[peer] = self.sockets[peer], self.sockets[unit]
        self.tell(unit, peer)
        return f"its cable ends in {self.sockets[unit]} now, and that of {peer} in {self.sockets[peer]}"

    def plug_foreign(self, machine: Machine) -> str:
        """Pull a unit's machine out and plug a foreign one in."""
        stand = machine.stand
        if stand.unit in self.foreign:
            raise CouldNot(f"{stand.unit}: a foreign machine hangs there already", hint="see the fault 'expel'")
        length = ip_interface(stand.settings.interfaces[0][1]).network
        stranger = Foreign(
            f"02:f0:00:00:{stand.number >> 8:02x}:{stand.number & 255:02x}", str(length[-1 - stand.number])
        )
        machine.link(False)
        machine.faults.update(("unplug", "foreign"))
        networks.run(networks.foreign(stand, stranger.mac, f"{stranger.address}/{length.prefixlen}"))
        self.foreign[stand.unit] = stranger
        self.tell(stand.unit)
        return f"a foreign machine with MAC {stranger.mac} hangs in its place, at {stranger.address}"

    def expel(self, machine: Machine) -> str:
        """Take a foreign machine away and plug the unit's own in again."""
        if self.foreign.pop(machine.stand.unit, None) is None:
            raise CouldNot(f"{machine.stand.unit}: no foreign machine hangs there")
        networks.run(networks.no_foreign(machine.stand))
        machine.faults -= {"unplug", "foreign"}
        machine.link(machine.process is not None)
        self.tell(machine.stand.unit)
        return "its own machine hangs there again"

    def exchange(self, machine: Machine) -> str:
        """Hang a new machine, as it left the factory, in the place of one that is off."""
        stand = machine.stand
        if machine.process is not None:
            raise CouldNot(f"{stand.unit} is on", hint=f"switch it off first: fleetctl lab fault {stand.unit} cut")
        count = self.replaced[stand.unit] = self.replaced.get(stand.unit, 0) + 1
        serial = f"{stand.settings.serial.removesuffix(f'-N{count - 1}')}-N{count}"
        mac = f"02:ee:00:{count & 255:02x}:{stand.number >> 8:02x}:{stand.number & 255:02x}"
        machine.stand = replace(stand, mac=mac, settings=replace(stand.settings, serial=serial))
        _factory_new(machine.stand, machine.disk)
        networks.run(networks.another_mac(machine.stand))
        self.tell(machine.stand.unit)
        return f"a new machine hangs there: serial {serial}, MAC {mac}"

    def _peer(self, machine: Machine, other: str) -> str:
        stand = machine.stand
        same_site = [m.stand.unit for m in self.machines.values() if m.stand.site == stand.site and m is not machine]
        if other not in same_site:
            hint = did_you_mean(other, same_site) if other else "name it: --with site/unit"
            raise CouldNot(f"{stand.unit}: '{other}' is no other unit of its site in this lab", hint=hint)
        return other

    def _leases(self, gateway: Stand) -> Iterator[str]:
        """Yield the gateway's leases, which never end: whoever is plugged in has one."""
        for unit, machine in self.machines.items():
            stand = machine.stand
            if stand.gateway != gateway.unit:
                continue
            stranger = self.foreign.get(unit)
            if stranger is not None:
                yield f"0 {stranger.mac} {stranger.address} * *\n"
            if stand.mac and stranger is None:
                yield f"0 {stand.mac} {stand.host} {stand.settings.host_name} 01:{stand.mac}\n"


def lldp_document(socket: str, stand: Stand) -> dict[str, Any]:
    """Return what lldpd prints on a machine whose cable ends in a socket of a switch, such as `sw1/11`."""
    switch, _, port = socket.partition("/")
    chassis = {
        "id": {"type": "mac", "value": f"02:5e:00:{stand.site & 255:02x}:{sum(switch.encode()) & 255:02x}:01"},
        "capability": [{"type": "Bridge", "enabled": True}, {"type": "Router", "enabled": False}],
    }
    heard = {
        "via": "LLDP",
        "chassis": {switch: chassis},
        "port": {"id": {"type": "ifname", "value": port}, "ttl": "120"},
    }
    return {"lldp": {"interface": {stand.settings.interfaces[0][0]: heard}} if stand.settings.interfaces else {}}


def act(what: Callable[[Wiring, Machine], str]) -> Callable[[Machine, Any], str]:
    """Make a fault of something that is done to the wiring of a machine's lab."""

    def done(machine: Machine, _: Any) -> str:
        assert machine.wiring is not None  # noqa: S101 - the supervisor gives every machine its wiring
        return what(machine.wiring, machine)

    return done


def _factory_new(stand: Stand, disk: Path) -> None:
    for old in disk.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    lay_out_unit(stand, disk)


def _write(file: Path, text: str) -> None:
    """Replace a file that a unit may be reading."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)
