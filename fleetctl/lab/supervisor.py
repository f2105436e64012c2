"""The lab's supervisor: boots units, boots again those that reboot, leaves those that were cut.

    python -m fleetctl.lab.supervisor FOLDER

It runs inside the lab's namespaces, as their first process where there are any, so that its end is theirs. It is
asked over a Unix socket, one JSON document a line each way, and gives connections to gateways over one socket each.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from fleetctl.core.problems import CouldNot
from fleetctl.lab import faults, layout
from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.layout import Stand
from fleetctl.lab.line import Line
from fleetctl.lab.machine import Machine, Phase
from fleetctl.lab.worlds import world_of

_AT_ONCE = 4 * (os.cpu_count() or 1)
"""Boots under way at one time; more would only wait for one another."""


def main() -> int:
    """Run the lab of a folder until it is asked to end."""
    os.umask(0o077)
    folder = LabFolder(Path(sys.argv[1]))
    record = folder.record()
    if record is None:
        sys.stderr.write(f"{folder.path}: no lab was started here\n")
        return 1
    Supervisor(folder, record).run()
    return 0


class Supervisor:
    """Watches machines and sockets, and does what it is asked."""

    def __init__(self, folder: LabFolder, record: Record) -> None:
        self._blueprint = layout.blueprint_from_json(folder.blueprint.read_text())
        self._world = world_of(self._blueprint, folder)
        self._machines = {s.unit: Machine(s, self._world, folder) for s in self._blueprint.stands}
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
        os.umask(0o022)  # units own what is made from here on
        try:
            self._world.prepare()
        except (OSError, CouldNot) as error:
            self._failure = str(error)
            self._waiting.clear()
        while not self._ending:
            self._start_some()
            for key, _ in self._selector.select(timeout=1.0):
                key.data()
            self._reap()
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
            booting += 1

    def _reap(self) -> None:
        for machine in self._machines.values():
            descriptor = machine.events
            if machine.reap():
                self._selector.unregister(descriptor)
                log(f"{machine.stand.unit}: {machine.ended}")
                if machine.ended == "reboot":
                    self._waiting.append(machine)

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
            return {"failure": self._failure, "units": [m.document() for m in self._machines.values()]}
        if request["do"] == "fault":
            machine = self._machines[request["unit"]]
            line = Line(**request.get("line", {}))
            done = faults.apply(machine, request["fault"], self._blueprint.level, line)
            if request["fault"] == "on" and machine.process is None and machine not in self._waiting:
                self._waiting.append(machine)
            log(f"{request['unit']}: {request['fault']}: {done}")
            return {"done": done}
        if request["do"] == "down":
            self._end()
            return {}
        raise CouldNot(f"the lab's supervisor does not know '{request['do']}'")


def _give_way(stand: Stand, peer: socket.socket) -> None:
    """Hand out a TCP socket of this network, and the address for it."""
    with socket.socket() as fresh:
        socket.send_fds(peer, [f"{stand.dialled} {stand.port}".encode()], [fresh.fileno()])


def log(text: str) -> None:
    """Write a line to the log."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
