"""Bring a lab up, look at it, break things in it, take it down: what the command line calls."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.names import did_you_mean
from fleetctl.core.problems import CouldNot
from fleetctl.core.route import Pin, Way
from fleetctl.lab import layout, levels, ports
from fleetctl.lab.control import ask
from fleetctl.lab.faults import NO_DETAIL, Detail
from fleetctl.lab.folder import LabFolder, Record, make_sockets
from fleetctl.lab.layout import USUAL_WEATHER, Blueprint, Level, Weather
from fleetctl.lab.observed import Observed, observed
from fleetctl.lab.outside import Say
from fleetctl.lab.starting import Progress, start, wait_until_up
from fleetctl.lab.tiers import outside_of

_DIAL = Path(__file__).with_name("dial.py")
_DOWN_S = 15.0


@dataclass(frozen=True)
class Up:
    """A lab that is up.

    Attributes:
        pins: the host key of each unit, to be pinned as a real unit's is when it is imaged.
        ways: how each unit is reached.
    """

    level: Level
    why: str
    cannot: tuple[str, ...]
    pins: Mapping[str, Pin]
    ways: Mapping[str, Way]


def up(
    fleet: Fleet,
    path: Path,
    *,
    level: Level | None = None,
    selected: Collection[str] | None = None,
    weather: Weather = USUAL_WEATHER,
    keyring: str = "",
    platform: str = "",
    progress: Progress | None = None,
    say: Say = lambda _: None,
) -> Up:
    """Start a stand-in for each unit and wait until every sshd answers and every heater heats.

    Args:
        fleet: what to stand in for.
        path: folder of the lab; made here, and removed by `down`.
        level: the only level to try; None for the best of the first tier that works.
        selected: names of the units; their gateways come along. None for all.
        weather: outdoor temperature, and how fast time runs in rooms and tanks.
        keyring: certificates, in PEM, of those whose bundles the units believe; empty for none.
        platform: kind of the compute platform that the lab has, at the second tier; empty for none.
        progress: called while units boot.
        say: tells a person what takes long.

    Raises:
        CouldNot: if a lab is up already, no level works here, or a unit does not come up. Nothing is left then.
    """
    folder = LabFolder(path.absolute())
    _refuse_second(folder)
    choice = levels.choose(level, as_root=os.geteuid() == 0)
    with ExitStack() as claims:  # the supervisor inherits them
        lay_out = partial(layout.lay_out, fleet, choice.level, selected=selected, weather=weather, platform=platform)
        blueprint = _free_blueprint(lay_out, claims)
        folder.create()
        try:
            _furnish(folder, blueprint, keyring)
            record = Record(choice.level, choice.why, str(make_sockets()))
            folder.write_record(record)
            outside_of(choice.level).prepare(folder, record, blueprint, say)
            record = start(folder, record, choice.enter)
            units = wait_until_up(folder, record, len(blueprint.stands), progress or (lambda *_: None))
        except BaseException:
            down(path)
            raise
    return _told(folder, record, blueprint, units)


def status(path: Path) -> dict[str, Any]:
    """Return the lab's level, what it cannot show, and its units.

    Raises:
        CouldNot: if no lab is up.
    """
    record = _running(LabFolder(path.absolute()))
    told = ask(record, {"do": "status"})
    level = {"level": record.level.value, "why": record.why, "cannot": list(levels.cannot(record.level))}
    return {**level, "weather": told["weather"], "units": told["units"]}


def weather(path: Path, outdoor_c: float) -> dict[str, Any]:
    """Let the outdoor temperature be another from now on; returns the weather.

    Raises:
        CouldNot: if no lab is up.
    """
    record = _running(LabFolder(path.absolute()))
    told: dict[str, Any] = ask(record, {"do": "weather", "outdoor_c": outdoor_c})["weather"]
    return told


def observe(path: Path) -> Observed:
    """Return what the lab's own record of heat comes to, up to now, or to the end of a supervisor that was killed.

    Raises:
        CouldNot: if no lab was started.
    """
    folder = LabFolder(path.absolute())
    record = folder.record()
    if record is not None and record.is_alive:
        ask(record, {"do": "note"})
    try:
        with folder.heat.open() as lines:
            return observed(json.loads(line) for line in lines if line.endswith("\n"))
    except FileNotFoundError as error:
        raise CouldNot("no lab is up", hint="start one: fleetctl lab up") from error


def fault(path: Path, unit: str, name: str, detail: Detail = NO_DETAIL) -> str:
    """Do something to a unit; returns what was done.

    Args:
        path: folder of the lab.
        unit: its name.
        name: of the fault.
        detail: how bad it is, where that can be said.

    Raises:
        CouldNot: if no lab is up, it has no such unit, or its level cannot do that.
    """
    done: str = ask(_lab_of(path, unit), {"do": "fault", "unit": unit, "fault": name, "detail": asdict(detail)})["done"]
    return done


def job(path: Path, unit: str, seconds: float = 0.0) -> tuple[str, dict[str, str]]:
    """Hand a job in to a unit's compute daemon, or only look; returns the job's name, and what became of all of them.

    Args:
        path: folder of the lab.
        unit: its name.
        seconds: how long the job runs; 0 hands none in.

    Raises:
        CouldNot: if no lab is up, it has no such unit, or that takes no jobs.
    """
    reply = ask(_lab_of(path, unit), {"do": "job", "unit": unit, "seconds": seconds})
    return reply["job"], reply["jobs"]


def _lab_of(path: Path, unit: str) -> Record:
    """Return the record of the lab that is up in a folder and has a unit."""
    folder = LabFolder(path.absolute())
    record = _running(folder)
    known = [s.unit for s in layout.blueprint_from_json(folder.blueprint.read_text()).stands]
    if unit not in known:
        raise CouldNot(f"the lab has no unit '{unit}'", hint=did_you_mean(unit, known))
    return record


def down(path: Path) -> bool:
    """End the lab and remove what it left, whatever state it is in; says whether there was one."""
    folder = LabFolder(path.absolute())
    record = folder.record()
    if record is not None:
        _end(record)
        outside_of(record.level).remove(folder, record)
        shutil.rmtree(record.sockets, ignore_errors=True)
    existed = folder.path.exists()
    folder.remove()
    return existed


def _refuse_second(folder: LabFolder) -> None:
    record = folder.record()
    if record is not None and record.is_alive:
        raise CouldNot(f"a lab is up already ({folder.path})", hint="take it down first: fleetctl lab down")
    down(folder.path)


def _running(folder: LabFolder) -> Record:
    record = folder.known_record()
    if not record.is_alive:
        raise CouldNot(f"the lab's supervisor ended (see {folder.log})", hint="clean up with 'fleetctl lab down'")
    return record


def _free_blueprint(lay_out: Callable[..., Blueprint], claims: ExitStack) -> Blueprint:
    """Lay the lab out; on the loopback, with a port that is this lab's alone."""
    blueprint = lay_out()
    if blueprint.level.is_networked:
        return blueprint
    port, claim = ports.claim({stand.host for stand in blueprint.stands})
    claims.enter_context(claim)
    return lay_out(loopback_port=port)


def _furnish(folder: LabFolder, blueprint: Blueprint, keyring: str) -> None:
    folder.blueprint.write_text(blueprint.to_json())
    if keyring:
        folder.keyring.write_text(keyring)
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fleetctl lab", "-f", str(folder.key)]
    subprocess.run(make, check=True)


def _told(folder: LabFolder, record: Record, blueprint: Blueprint, units: list[dict[str, Any]]) -> Up:
    dial = {
        s.unit: (sys.executable, "-IS", str(_DIAL), str(record.gateway(s.number)))
        for s in blueprint.stands
        if s.is_gateway
    }
    user = _own_name() if record.level is Level.PROCESSES else ""
    ways = layout.ways(blueprint, dial, str(folder.key), user)
    pins = {u["unit"]: Pin(*u["host_key"].split()[:2]) for u in units}
    return Up(record.level, record.why, levels.cannot(record.level), pins, ways)


def _own_name() -> str:
    import pwd

    return pwd.getpwuid(os.geteuid()).pw_name


def _end(record: Record) -> None:
    """Ask the supervisor to end; if it does not, end it, and its namespaces with it."""
    if record.is_alive:
        try:
            ask(record, {"do": "down"})
        except CouldNot:
            os.kill(record.pid, signal.SIGKILL)
    deadline = time.monotonic() + _DOWN_S
    while record.is_alive and time.monotonic() < deadline:
        _reap(record.pid)
        time.sleep(0.02)
    if record.is_alive:
        os.kill(record.pid, signal.SIGKILL)
    _reap(record.pid)


def _reap(pid: int) -> None:
    """Reap the supervisor if it is this process's child; elsewhere somebody else does."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
