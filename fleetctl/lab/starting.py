"""Start the supervisor of a lab, and wait until its units are up."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fleetctl
from fleetctl.core.problems import CouldNot
from fleetctl.lab.control import ask
from fleetctl.lab.folder import LabFolder, Record
from fleetctl.lab.unit.processes import started

_PER_UNIT_S = 2.0
_AT_LEAST_S = 60.0

Progress = Callable[[int, int], None]
"""Called with how many units answer, and how many there are."""


def start(folder: LabFolder, record: Record, enter: tuple[str, ...]) -> Record:
    """Start the supervisor in a session of its own, so that it survives the shell."""
    command = [*enter, sys.executable, "-m", "fleetctl.lab.supervisor", str(folder.path)]
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(Path(fleetctl.__file__).parent.parent),
    }
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    streams = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(folder.log), append, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    pid = os.posix_spawnp(command[0], command, environment, file_actions=streams, setsid=True)
    alive = Record(record.level, record.why, record.sockets, pid, started(pid) or "")
    folder.write_record(alive)
    return alive


def wait_until_up(folder: LabFolder, record: Record, count: int, progress: Progress) -> list[dict[str, Any]]:
    """Wait until every unit's sshd answers and every heater heats; returns what `lab status` shows of the units.

    Raises:
        CouldNot: if the supervisor ends, a unit goes off, or that takes too long.
    """
    deadline = time.monotonic() + _AT_LEAST_S + _PER_UNIT_S * count
    shown = -1
    while time.monotonic() < deadline:
        if not record.is_alive:
            raise CouldNot(f"the lab's supervisor ended: {_last_lines(folder.log)}")
        if record.control.exists():
            reply = ask(record, {"do": "status"})
            units: list[dict[str, Any]] = reply["units"]
            broken = [u for u in units if u["phase"] == "off" and u["boots"]]
            if reply["failure"] or broken:
                raise CouldNot(reply["failure"] or _why_off(folder, broken[0]))
            answering = sum(u["phase"] in ("up", "good") for u in units)
            if answering != shown:
                progress(answering, count)
                shown = answering
            if answering == count and reply["weather"]["has_begun"]:
                return units
        time.sleep(0.1)
    heat = ", but not all heat" if shown == count else ""
    raise CouldNot(f"the lab did not come up: {shown} of {count} units answer{heat}", hint="is this machine very busy?")


def _why_off(folder: LabFolder, unit: dict[str, Any]) -> str:
    own = f"{unit['unit'].partition('/')[2]}."
    consoles = (path for path in (folder.path / "console").iterdir() if path.name.startswith(own))
    said = next((_last_lines(path) for path in consoles if path.stat().st_size), "it said nothing")
    return f"{unit['unit']} did not come up ({unit['ended']}): {said}"


def _last_lines(path: Path, count: int = 5) -> str:
    try:
        return " / ".join(path.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return "it said nothing"
