"""Become the one controller: take the lease with a new epoch, and end what the one before left running.

The epoch is the fence, not the process: a controller that was stopped and wakes up later finds its epoch used up, can
write nothing, gets no payload for its steps, and is refused by the units.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from fleetctl.ports import Clock, Controller, Controllers, Fenced, Lost, Process, Processes
from fleetctl.services.drive import LEASE_S


@dataclass(frozen=True, slots=True)
class Identity:
    """Who wants to lead: shown to everybody who has to wait for it."""

    owner: str
    host: str
    command: str


@dataclass(frozen=True)
class Succession:
    """What leadership is taken with."""

    controllers: Controllers
    processes: Processes
    clock: Clock
    state: str
    """UUID of the state: part of the marker that every process of a controller carries."""

    def marker(self, epoch: int) -> str:
        """Return the value of `FLEETCTL_RUN` in all processes that the controller of that epoch starts."""
        return f"{self.state}:{epoch}"


@contextlib.contextmanager
def leading(succession: Succession, identity: Identity) -> Iterator[int]:
    """Lead for the length of a block, and yield the epoch.

    Raises:
        Led: if another controller holds the lease.
    """
    controllers = succession.controllers
    before = controllers.current()
    if before is not None and is_dead(before, identity.host, succession):
        controllers.release(before.epoch)
    me = succession.processes.me()
    epoch = controllers.acquire(
        owner=identity.owner,
        host=identity.host,
        pid=me.pid,
        command=identity.command,
        now=succession.clock.now().utc,
        lease_s=LEASE_S,
    )
    try:
        _end_predecessors(succession)
        controllers.record_process(epoch, me.pid, me.mark)
        yield epoch
    finally:
        succession.processes.end_marked(succession.marker(epoch))
        with contextlib.suppress(Fenced, Lost):  # of a state that is lost the lease ends by itself
            controllers.forget_process(epoch, me.pid)
            controllers.release(epoch)


def is_dead(controller: Controller, host: str, succession: Succession) -> bool:
    """Say whether a controller of this machine is certainly gone; of another machine nothing is certain."""
    if controller.host != host:
        return False
    recorded = [
        Process(pid, mark) for epoch, pid, mark in succession.controllers.processes() if epoch == controller.epoch
    ]
    # Nothing recorded yet: it has just taken the lease, or died doing so; nothing is certain before the lease ends.
    return bool(recorded) and not any(succession.processes.is_alive(process) for process in recorded)


def _end_predecessors(succession: Succession) -> None:
    """End what earlier controllers left running: a killed one leaves its playbooks behind, a stopped one too."""
    for epoch, pid, _mark in succession.controllers.processes():
        succession.processes.end_marked(succession.marker(epoch))
        succession.controllers.forget_process(epoch, pid)
