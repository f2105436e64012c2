"""Faults of stand-in units, done for real: a cable that is pulled, power that is cut, a disk that is full, a heater
that takes commands and gives nothing.

What a level cannot do is refused with the reason.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import CouldNot
from fleetctl.lab import cable, disks, networks, wiring
from fleetctl.lab.heater import WEAK_SHARE, Heater, exchange_places
from fleetctl.lab.layout import Level
from fleetctl.lab.line import USUAL, Line
from fleetctl.lab.machine import NIC_ERRORS, Machine
from fleetctl.lab.unit import processes
from fleetctl.lab.wiring import Wiring

_HEATER_FAULTS = {"dead-heater", "lying-sensor", "weak-supply", "stuck-valve", "dead-fan"}


@dataclass(frozen=True)
class Detail:
    """How bad a fault is, where that can be said.

    Attributes:
        line: what a lossy line is like.
        offset_k: what a lying sensor is off by; None if it is frozen instead.
        kbit: what a slow link carries in a second.
        other: the unit whose machine is swapped with this one's.
    """

    line: Line = USUAL
    offset_k: float | None = None
    kbit: int = networks.SLOW_KBIT
    other: str = ""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Detail:
        """Read what `dataclasses.asdict` made of one."""
        kbit, other = document.get("kbit", networks.SLOW_KBIT), document.get("other", "")
        return cls(Line(**document.get("line", {})), document.get("offset_k"), kbit, other)


NO_DETAIL = Detail()


@dataclass(frozen=True)
class Fault:
    """One thing that can be done to a unit.

    Attributes:
        does: one sentence for people.
        act: does it, and returns what was done.
        running: the unit has to run for it.
        refusals: why a level cannot do it.
    """

    does: str
    act: Callable[[Machine, Detail], str]
    running: bool = False
    refusals: tuple[tuple[Level, str], ...] = ()


def apply(machine: Machine, name: str, level: Level, detail: Detail = NO_DETAIL) -> str:
    """Do something to a unit; returns what was done.

    Args:
        machine: the unit.
        name: of the fault.
        level: of the lab.
        detail: how bad it is.

    Raises:
        CouldNot: if there is no such fault, or this level or the unit's state does not allow it.
    """
    fault = FAULTS.get(name)
    if fault is None:
        raise CouldNot(f"there is no fault '{name}'", hint=did_you_mean(name, FAULTS))
    reason = dict(fault.refusals).get(level)
    if reason is not None:
        raise CouldNot(f"{machine.stand.unit}: cannot {name}: {reason}", hint="see 'fleetctl lab status' for the level")
    if fault.running and machine.process is None:
        raise CouldNot(f"{machine.stand.unit} is off", hint=f"switch it on: fleetctl lab fault {machine.stand.unit} on")
    return fault.act(machine, detail)


def _cut(machine: Machine, _: Detail) -> str:
    machine.kill()
    machine.faults.add("cut")
    return "the power is cut"


def _on(machine: Machine, _: Detail) -> str:
    machine.again = "cut" in machine.faults and machine.process is not None
    machine.faults.discard("cut")
    return "the power is on"


def _unplug(machine: Machine, _: Detail) -> str:
    machine.link(False)
    machine.faults.add("unplug")
    return "the network cable is out"


def _plug(machine: Machine, _: Detail) -> str:
    machine.link(machine.process is not None)
    machine.faults.discard("unplug")
    return "the network cable is in"


def _hang(machine: Machine, _: Detail) -> str:
    # Again until nothing new shows up: what is not stopped yet may fork.
    stopped: set[int] = set()
    while fresh := [pid for pid in machine.members() if pid not in stopped]:
        processes.signal_all(fresh, signal.SIGSTOP)
        stopped.update(fresh)
    machine.faults.add("hang")
    if machine.heater is not None:  # its heat is what its processes compute
        machine.heater.stopped = True
        machine.heater.release("hang")
    return f"{len(stopped)} processes are stopped"


def _unhang(machine: Machine, _: Detail) -> str:
    members = machine.members()
    if machine.heater is not None:
        machine.heater.stopped = False
    processes.signal_all(members, signal.SIGCONT)
    machine.faults.discard("hang")
    return f"{len(members)} processes go on"


def _slow(machine: Machine, detail: Detail) -> str:
    networks.run(networks.shaping(machine.stand, kbit=detail.kbit))
    machine.faults.add("slow")
    return f"the link carries {detail.kbit} kbit/s"


def _lossy(machine: Machine, detail: Detail) -> str:
    _take_relay_out(machine)
    machine.relay = cable.put_in(machine.stand, detail.line)
    machine.faults.add("lossy")
    return f"the {'uplink' if machine.stand.is_gateway else 'link'} has {detail.line}"


def _plain(machine: Machine, _: Detail) -> str:
    _take_relay_out(machine)
    if "slow" in machine.faults:
        networks.run(networks.shaping(machine.stand, kbit=0))
    machine.faults.discard("slow")
    return "the link is as good as it was"


def _take_relay_out(machine: Machine) -> None:
    if machine.relay is not None:
        cable.take_out(machine.stand, machine.relay)
    machine.relay = None
    machine.faults.discard("lossy")


def _fill_disk(machine: Machine, _: Detail) -> str:
    done = disks.fill(machine)
    machine.faults.add("fill-disk")
    return done


def _free_disk(machine: Machine, _: Detail) -> str:
    done = disks.free(machine)
    machine.faults.discard("fill-disk")
    return done


def _corrupt(machine: Machine, _: Detail) -> str:
    fleet = machine.disk / "data/fleet"
    pointer = fleet / "slots" / (machine.slot or "A")
    tree = fleet / "config" / Path(pointer.readlink()).name / "tree" if pointer.is_symlink() else None
    files = sorted(p for p in tree.rglob("*") if p.is_file() and p.stat().st_size) if tree else []
    if tree is None or not files:
        raise CouldNot(f"{machine.stand.unit}: no configuration was applied yet, so there is no file to corrupt")
    content = bytearray(files[0].read_bytes())
    content[len(content) // 2] ^= 0x01
    files[0].write_bytes(content)
    return f"one bit of /{files[0].relative_to(tree)} is flipped"


def _dead_heater(machine: Machine, _: Detail) -> str:
    _heater(machine).dead = True
    machine.faults.add("dead-heater")
    return "the heater takes commands and gives no power"


def _lying_sensor(machine: Machine, detail: Detail) -> str:
    heater = _heater(machine)
    heater.frozen, heater.offset_k = detail.offset_k is None, detail.offset_k or 0.0
    machine.faults.add("lying-sensor")
    return "the sensors are frozen" if detail.offset_k is None else f"the sensors are off by {detail.offset_k:+g} K"


def _weak_supply(machine: Machine, _: Detail) -> str:
    heater = _heater(machine)
    heater.weak = True
    machine.faults.add("weak-supply")
    return f"the heater gives {WEAK_SHARE * heater.heating.power_w:g} W at most"


def _stuck_valve(machine: Machine, _: Detail) -> str:
    heater = _heater(machine)
    heater.stuck = True
    machine.faults.add("stuck-valve")
    if heater.heating.loop:
        return f"its heat does not reach {heater.heating.loop}"
    return f"it gives {heater.heating.power_w:g} W whatever is commanded"


def _dead_fan(machine: Machine, _: Detail) -> str:
    _heater(machine).still = True
    machine.faults.add("dead-fan")
    return "its fan stands still, and its processors are slowed at full load"


def _nic_errors(machine: Machine, _: Detail) -> str:
    if machine.stand.is_gateway:
        raise CouldNot(
            f"{machine.stand.unit}: a gateway's ports are not damaged here", hint="name a radiator or a boiler"
        )
    machine.faults.add(NIC_ERRORS)
    machine.wear()
    return "its network port damages frames, and counts them"


def _swap_rooms(machine: Machine, detail: Detail) -> str:
    here = _heater(machine)
    other = machine.wiring.machines.get(detail.other) if machine.wiring else None
    if other is None or other is machine:
        raise CouldNot(f"{machine.stand.unit}: there is no other unit '{detail.other}'", hint="name one after --with")
    there = _heater(other)
    exchange_places(here, there)
    return f"it heats {here.heating.space} now, and {detail.other} heats {there.heating.space}"


def _mend(machine: Machine, _: Detail) -> str:
    _heater(machine).mend()
    machine.faults -= {*_HEATER_FAULTS, NIC_ERRORS}
    return "heater, sensors, supply, fan, valve and port are as they should be"


def _heater(machine: Machine) -> Heater:
    if machine.heater is None:
        raise CouldNot(f"{machine.stand.unit}: a gateway heats nothing", hint="name a radiator or a boiler")
    return machine.heater


def _swap(machine: Machine, detail: Detail) -> str:
    return wiring.act(lambda cables, swapped: cables.swap(swapped, detail.other))(machine, detail)


_NO_LINK = tuple((level, "units share this machine's network here") for level in (Level.LOOPBACK, Level.PROCESSES))
_NO_PORT = tuple((level, reason) for level, reason in _NO_LINK if level is Level.LOOPBACK)
_NEW_DISK = (*_NO_LINK, (Level.SYSTEM, "a unit's disks are images here, and are made with the lab"))

FAULTS = {
    "cut": Fault("takes the power away", _cut, running=True),
    "on": Fault("gives power again", _on),
    "unplug": Fault("pulls the network cable", _unplug, refusals=_NO_LINK),
    "plug": Fault("puts the network cable back", _plug, refusals=_NO_LINK),
    "hang": Fault("stops everything that runs on the unit", _hang, running=True),
    "unhang": Fault("lets it go on", _unhang, running=True),
    "slow": Fault("limits the link to 256 kbit/s", _slow, refusals=_NO_LINK),
    "lossy": Fault("delays packets and loses some", _lossy, refusals=_NO_LINK),
    "fast": Fault("puts the plain link back", _plain, refusals=_NO_LINK),
    "clear": Fault("puts the plain link back", _plain, refusals=_NO_LINK),
    "fill-disk": Fault("fills the unit's disk", _fill_disk),
    "free-disk": Fault("empties it again", _free_disk),
    "corrupt": Fault("flips a bit in an applied configuration file", _corrupt),
    "dead-heater": Fault("lets the heater take commands and give no power", _dead_heater),
    "lying-sensor": Fault("freezes the temperature sensors, or sets them off by --offset-k", _lying_sensor),
    "weak-supply": Fault("leaves the heater half its power", _weak_supply),
    "dead-fan": Fault("lets the fan stand still, so that full load is too hot for it", _dead_fan),
    NIC_ERRORS: Fault("lets its network port damage frames, which it counts", _nic_errors, refusals=_NO_PORT),
    "swap-rooms": Fault("lets it stand in the room of --with UNIT, and that unit in its own", _swap_rooms),
    "stuck-valve": Fault("a radiator gives full power, a boiler's heat does not reach its loop", _stuck_valve),
    "swap": Fault("exchanges its cable with that of --with UNIT", _swap, refusals=_NO_LINK),
    "foreign": Fault(
        "hangs a machine that nobody knows in its place", wiring.act(Wiring.plug_foreign), refusals=_NO_LINK
    ),
    "expel": Fault("takes that machine away again", wiring.act(Wiring.expel), refusals=_NO_LINK),
    "replace": Fault(
        "hangs a new machine in the place of one that is off", wiring.act(Wiring.exchange), refusals=_NEW_DISK
    ),
    "mend": Fault("repairs heater, sensors, supply, fan, valve and network port", _mend),
}
