"""The lab's supervisor: boots units, boots again those that reboot, leaves those that were cut.

    python -m fleetctl.lab.supervisor FOLDER

It runs inside the lab's namespaces, as their first process where there are any, so that its end is theirs. It is
asked over a Unix socket, one JSON document a line each way, and gives connections to gateways over one socket each.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from fleetctl.core.problems import CouldNot
from fleetctl.lab import faults, jobs, layout
from fleetctl.lab.climate import Climate
from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.house import TICK_S, House
from fleetctl.lab.layout import Level, Stand
from fleetctl.lab.machine import Machine, Phase
from fleetctl.lab.recorder import Recorder
from fleetctl.lab.tiers import world_of
from fleetctl.lab.wiring import Wiring

_AT_ONCE = 4 * (os.cpu_count() or 1)
"""Boots under way at one time; more would only wait for one another."""
_FILES = 8192
"""Open files that are enough for thousands of units; the usual limit is not for five hundred."""


def main() -> int:
    """Run the lab of a folder until it is asked to end."""
    os.umask(0o077)
    folder = LabFolder(Path(sys.argv[1]))
    record = folder.record()
    if record is None:
        sys.stderr.write(f"{folder.path}: no lab was started here\n")
        return 1
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _FILES) if most >= 0 else _FILES, most))
    with folder.heat.open("x") as record_of_heat:
        Supervisor(folder, record, record_of_heat).run()
    return 0


class Supervisor:
    """Watches machines and sockets, and does what it is asked."""

    def __init__(self, folder: LabFolder, record: Record, record_of_heat: TextIO) -> None:
        self._blueprint = layout.blueprint_from_json(folder.blueprint.read_text())
        self._world = world_of(self._blueprint, folder)
        weather = self._blueprint.weather
        climate = Climate(self._blueprint.spaces, outdoor_c=weather.outdoor_c, time_factor=weather.time_factor)
        recorder = Recorder(climate, record_of_heat, lambda: datetime.now(UTC))
        self._house = House(climate, recorder, time.monotonic)
        self._machines = {
            s.unit: Machine(s, self._world, folder, climate.heaters.get(s.unit)) for s in self._blueprint.stands
        }
        self._wiring = Wiring(self._machines)
        for machine in self._machines.values():
            machine.wiring = self._wiring
        self._waiting = list(self._machines.values())
        self._record = record
        self._selector = selectors.DefaultSelector()
        self._failure = ""
        self._ending = False

    def run(self) -> None:
        """Run until `down`."""
        self._watch_children()
        # Sockets first: a world may cover the folder that they are in.
        self._serve(self._record.control, self._answer)
        for stand in self._blueprint.stands:
            if stand.is_gateway:
                self._serve(self._record.gateway(stand.number), partial(_give_way, stand))
            if self._blueprint.level is Level.SYSTEM:
                self._serve(self._record.hardware(stand.number), self._machines[stand.unit].give_hardware)
        os.umask(0o022)  # units own what is made from here on
        try:
            self._world.prepare()
            self._wiring.tell()
        except (OSError, CouldNot) as error:
            self._failure = str(error)
            self._waiting.clear()
        while not self._ending:
            self._start_some()
            woken = [key for key, _ in self._selector.select(timeout=TICK_S)]
            gone = self._reap()  # first: see House
            for key in woken:
                if key.fd not in gone:
                    key.data()
            if self._house.tick():
                for machine in self._machines.values():
                    machine.wear()
        for machine in self._machines.values():
            if not machine.stand.settings.isolated:  # the others end with this process, the first of their namespace
                machine.kill()

    def _watch_children(self) -> None:
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        signal.set_wakeup_fd(writer.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        self._woken = (reader, writer)  # kept: the wakeup needs the writer for as long as the supervisor runs
        self._selector.register(reader, selectors.EVENT_READ, lambda: reader.recv(4096))

    def _end(self) -> None:
        self._ending = True

    def _serve(self, path: Path, answer: Callable[[socket.socket], None]) -> None:
        server = socket.socket(socket.AF_UNIX)
        early = path.with_name(f"{path.name}.new")
        server.bind(str(early))
        early.chmod(0o600)
        server.listen(64)
        early.rename(path)  # whoever sees the socket may connect: bound but not listening, it refuses

        def accept() -> None:
            peer, _ = server.accept()
            with peer:
                peer.settimeout(5.0)
                try:
                    answer(peer)
                except (OSError, ValueError, KeyError) as error:
                    log(f"{path.name}: {error!r}")

        self._selector.register(server, selectors.EVENT_READ, accept)

    def _start_some(self) -> None:
        booting = sum(m.phase is Phase.BOOTING for m in self._machines.values())
        while self._waiting and booting < _AT_ONCE:
            machine = self._waiting.pop(0)
            try:
                machine.start()
            except (OSError, CouldNot) as error:
                machine.ended = f"cannot start: {error}"
                log(f"{machine.stand.unit}: {machine.ended}")
                continue
            self._selector.register(machine.events, selectors.EVENT_READ, machine.listen)
            if machine.wire is not None:
                hear = partial(self._house.hear, machine.stand.unit, machine.wire)
                self._selector.register(machine.wire, selectors.EVENT_READ, hear)
            booting += 1

    def _reap(self) -> set[int]:
        """Take in which units went down; returns the descriptors that nobody listens to any more."""
        gone: set[int] = set()
        for machine in self._machines.values():
            ends = machine.ends
            if machine.reap():
                gone.update(ends)
                for end in ends:
                    self._selector.unregister(end)
                self._house.lost(machine.stand.unit, machine.ended)
                log(f"{machine.stand.unit}: {machine.ended}")
                if machine.ended == "reboot" or machine.again:
                    self._waiting.append(machine)
                machine.again = False
        return gone

    def _answer(self, peer: socket.socket) -> None:
        with peer.makefile("rw") as lines:
            request = json.loads(lines.readline())
            try:
                reply = self._do(request)
            except CouldNot as failure:
                reply = {"error": str(failure), "hint": failure.hint}
            except OSError as failure:
                reply = {"error": str(failure)}
            lines.write(json.dumps(reply) + "\n")

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "status":
            return self._status()
        if request["do"] == "fault":
            return {"done": self._fault(request)}
        if request["do"] == "job":
            machine = self._machines[request["unit"]]
            handed_in = jobs.submit(machine, float(request["seconds"])) if request["seconds"] else ""
            return {"job": handed_in, "jobs": jobs.of(machine)}
        if request["do"] == "weather":
            self._house.set_outdoor(float(request["outdoor_c"]))
            return {"weather": self._house.weather()}
        if request["do"] == "note":
            self._house.advance()
            self._house.note("asked")
            return {}
        if request["do"] == "down":
            self._end()
            return {}
        raise CouldNot(f"the lab's supervisor does not know '{request['do']}'")

    def _status(self) -> dict[str, Any]:
        self._house.advance()
        units = [{**m.document(), "heat": self._house.heat(m.stand.unit)} for m in self._machines.values()]
        return {"failure": self._failure, "weather": self._house.weather(), "units": units}

    def _fault(self, request: dict[str, Any]) -> str:
        machine, name = self._machines[request["unit"]], request["fault"]
        self._house.advance()
        done = faults.apply(machine, name, self._blueprint.level, faults.Detail.of(request.get("detail", {})))
        if name == "on" and machine.process is None and machine not in self._waiting:
            self._waiting.append(machine)
        log(f"{request['unit']}: {name}: {done}")
        self._house.note(f"{name} {request['unit']}")
        return done


def _give_way(stand: Stand, peer: socket.socket) -> None:
    """Hand out a TCP socket of this network, and the address for it."""
    with socket.socket() as fresh:
        socket.send_fds(peer, [f"{stand.dialled} {stand.port}".encode()], [fresh.fileno()])


def log(text: str) -> None:
    """Write a line to the log."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
