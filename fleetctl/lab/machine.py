"""One stand-in as the supervisor sees it: its process, how its last boot ended, what was done to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetctl.lab.cable import Relay
from fleetctl.lab.folder import LabFolder
from fleetctl.lab.heater import Heater
from fleetctl.lab.layout import Stand
from fleetctl.lab.unit import nic, processes
from fleetctl.lab.unit.settings import PATH
from fleetctl.lab.worlds import World

if TYPE_CHECKING:
    from fleetctl.lab.wiring import Wiring

# unshare passes its child's signal on, but older ones cannot with SIGKILL and answer 1.
_ENDS = {-signal.SIGHUP: "reboot", -signal.SIGINT: "power off", -signal.SIGKILL: "power cut", 1: "power cut"}


NIC_ERRORS = "nic-errors"
_DAMAGED = 3
"""Frames that a damaged port lets through damaged, each time it is looked at."""


class Phase(StrEnum):
    """Where a stand-in is between off and healthy."""

    OFF = "off"
    BOOTING = "booting"
    UP = "up"
    """sshd answers."""
    GOOD = "good"
    """It marked its slot good."""


@dataclass
class Machine:
    """A stand-in unit.

    Attributes:
        ended: how its last boot ended; empty if none has.
        faults: what was done to it and not undone.
        again: it starts when the last of it has gone: it was switched on before that.
        relay: the relay in its cable, if one was put there.
        heater: its power stage and sensors; None for a gateway.
        wiring: the cables of its lab.
        wire: the lab's end of what its heat agent commands and reads them by, while it runs.
    """

    stand: Stand
    world: World
    folder: LabFolder
    heater: Heater | None = None
    phase: Phase = Phase.OFF
    boots: int = 0
    slot: str = ""
    boot_id: str = ""
    host_key: str = ""
    ended: str = ""
    faults: set[str] = field(default_factory=set)
    again: bool = False
    events: int = -1
    process: subprocess.Popen[bytes] | None = None
    relay: Relay | None = None
    wire: socket.socket | None = None
    wiring: Wiring | None = None
    _hardware: tuple[int, socket.socket] | None = None
    _heard: bytes = b""
    _linked: bool = True

    def start(self) -> None:
        """Boot the unit; nothing happens if it runs."""
        if self.process is not None:
            return
        self.link("unplug" not in self.faults)
        self.events, notify = os.pipe()
        os.set_blocking(self.events, False)
        self.wire, agents_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.setblocking(False)
        with self.folder.console(self.stand.settings.host_name + f".{self.stand.number}").open("ab") as console:
            self.process = subprocess.Popen(
                self.world.command(self.stand),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": PATH, "LAB_NOTIFY": str(notify), "LAB_ROOM": str(agents_end.fileno())},
                pass_fds=(notify, agents_end.fileno()),
                start_new_session=True,
            )
        self._hardware = (notify, agents_end)
        self.phase, self.boots, self._heard = Phase.BOOTING, self.boots + 1, b""

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the descriptors on which it is listened to."""
        return () if self.wire is None else (self.events, self.wire.fileno())

    def listen(self) -> None:
        """Take in what the unit's init tells."""
        while chunk := _read(self.events):
            self._heard += chunk
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def reap(self) -> bool:
        """Notice that the unit went down; say whether it did just now. The caller starts it again after a reboot."""
        if self.process is None or self.process.poll() is None:
            return False
        self.listen()
        os.close(self.events)
        self.link(False)  # a kernel that nobody runs would still answer for the address
        self.ended = _ENDS.get(self.process.returncode, f"init failed with code {self.process.returncode}")
        self._unwire()
        self.process, self.events, self.phase = None, -1, Phase.OFF
        self.faults.discard("hang")
        return True

    def members(self) -> list[int]:
        """Return the unit's processes, the one that all others descend from first."""
        if self.process is None:
            return []
        pid = self.process.pid
        return processes.family(pid) if self.stand.settings.isolated else [pid, *processes.family(pid)]

    def link(self, up: bool) -> None:
        """Let the unit's links come up or go down; nothing happens if they are so."""
        if up != self._linked:
            self.world.plug(self.stand, up=up)
            self._linked = up

    def wear(self) -> None:
        """Let a port that is damaged count errors, as long as something goes over its cable."""
        if NIC_ERRORS in self.faults and self.process is not None and self._linked:
            nic.count(self.world.port_errors(self.stand), _DAMAGED)

    @property
    def disk(self) -> Path:
        """Return the folder that shows the unit's storage.

        Raises:
            CouldNot: if it cannot be reached, for instance because the unit is off.
        """
        return self.world.disk(self.stand, self.members())

    def kill(self) -> None:
        """Take the power away: nothing in the unit gets to say or write another word."""
        self.link(False)  # first, or the kernel says goodbye (FIN, RST) for the processes that die
        if members := self.members():
            self.world.cut(members)

    def give_hardware(self, peer: socket.socket) -> None:
        """Hand out what init is told by and the heat agent's end of its wire, to programs that did not inherit them."""
        if self._hardware is not None:
            notify, agents_end = self._hardware
            socket.send_fds(peer, [b"hardware"], [notify, agents_end.fileno()])

    def document(self) -> dict[str, Any]:
        """Return what `lab status` shows."""
        settings = self.stand.settings
        return {
            "unit": self.stand.unit,
            "kind": settings.kind,
            "host": self.stand.host,
            "port": self.stand.port,
            "gateway": self.stand.gateway,
            "phase": self.phase.value,
            "slot": self.slot,
            "boots": self.boots,
            "boot_id": self.boot_id,
            "host_key": self.host_key,
            "ended": self.ended,
            "faults": sorted(self.faults),
        }

    def _unwire(self) -> None:
        if self.wire is not None and self._hardware is not None:
            notify, agents_end = self._hardware
            os.close(notify)
            agents_end.close()
            self.wire.close()
        self.wire = self._hardware = None

    def _hear(self, event: dict[str, str]) -> None:
        if event["event"] == "booted":
            self.slot, self.boot_id = event["slot"], event["boot_id"]
        elif event["event"] == "ready":
            self.phase, self.host_key = Phase.UP, event["host_key"]
            if self.wiring is not None:
                self.wiring.tell_late(self.stand.unit)
        elif event["event"] == "good":
            self.phase = Phase.GOOD


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return b""
