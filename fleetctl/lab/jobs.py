"""Jobs for the compute daemons of stand-ins: handed in, and looked at, on the unit's own disk."""

from __future__ import annotations

import json

from fleetctl.core.problems import CouldNot
from fleetctl.lab.layout import Stand
from fleetctl.lab.machine import Machine
from fleetctl.lab.unit.compute import LOG, QUEUE, became


def submit(machine: Machine, seconds: float) -> str:
    """Hand in a job that runs for a while; returns its name. It starts when the unit runs and is not drained.

    Raises:
        CouldNot: if the unit takes no jobs, or only those of its platform.
    """
    if machine.stand.is_gateway:
        raise CouldNot(f"{machine.stand.unit} is a gateway, and runs no jobs")
    _refuse_node(machine.stand)
    disk = machine.disk
    name = f"job-{len(of(machine)) + 1}"
    queue = disk / QUEUE
    queue.mkdir(parents=True, exist_ok=True)
    draft = queue / f"{name}.new"
    draft.write_text(json.dumps({"seconds": seconds}))
    draft.replace(queue / f"{name}.json")
    return name


def of(machine: Machine) -> dict[str, str]:
    """Return what became of each job of a unit: `waiting`, `running`, `done`, `cancelled` or `lost`.

    A job that was running when the unit went down is found lost when it is up again.
    """
    _refuse_node(machine.stand)
    disk = machine.disk
    log = disk / LOG
    waiting = {path.stem: "waiting" for path in sorted((disk / QUEUE).glob("*.json"))}
    return {**(became(log.read_text()) if log.exists() else {}), **waiting}


def _refuse_node(stand: Stand) -> None:
    if stand.platform:
        hint = "ask the platform: fleetctl lab platform sbatch …, fleetctl lab platform squeue"
        raise CouldNot(f"{stand.unit} gets its jobs from the lab's compute platform", hint=hint)
