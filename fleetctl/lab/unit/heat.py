"""The unit's heat agent: heats to the resident's setpoint and writes `/run/heat/state.json` every few seconds.

It regulates what is behind its wire: a room or a boiler's water, whose physics are the lab's and not its own. On SIGHUP
it reads its settings again; settings that are wrong are reported as a fault, and it goes on with those that it had.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from fleetctl.lab.unit import heat_settings
from fleetctl.lab.unit.heat_settings import HeatSettings
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.pulse import Pulse
from fleetctl.lab.unit.room import Reading, Room, Wire
from fleetctl.lab.unit.settings import Settings, on_unit

_GAIN_W_K = 400.0
_BAND_K = 2.0
"""How far a boiler that gives all it has lifts the water that passes it."""
_LONGEST_PAUSE_S = 2.0
_LOADED_PAUSE_S = 0.25
"""While a load runs: it changes by seconds, and what it does is sampled."""


def command_w(reading: Reading, unit: Settings, limit_w: float, setpoint_c: float) -> float:
    """Return the power to ask for: what the room loses at setpoint, and more the colder it is.

    A boiler lifts what comes back to it to one temperature, with what that takes.
    """
    if reading.zone_c is not None:
        wanted = unit.heat_loss_w_k * (setpoint_c - reading.outdoor_c) + _GAIN_W_K * (setpoint_c - reading.zone_c)
    else:
        wanted = unit.power_w * (unit.water_c - (reading.water_return_c or 0.0)) / _BAND_K
    return min(max(wanted, 0.0), limit_w)


def document(reading: Reading, commanded_w: float, setpoint_c: float, faults: list[str]) -> dict[str, Any]:
    """Return what the agent writes."""
    measured = (
        {"zone_temperature_c": reading.zone_c, "setpoint_c": setpoint_c}
        if reading.zone_c is not None
        else {"water_out_c": reading.water_out_c, "water_return_c": reading.water_return_c}
    )
    return {
        "at": round(time.time(), 3),
        **measured,
        "power_w": reading.power_w,
        "commanded_w": round(commanded_w, 1),
        "aux_heater_w": 0.0,
        "faults": faults,
        **{name: value for name, value in _health(reading).items() if value is not None},
    }


def _health(reading: Reading) -> dict[str, float | None]:
    return {"heatsink_c": reading.heatsink_c, "throttles": reading.throttles}


class Agent:
    """The running agent."""

    def __init__(self, unit: Settings, folder: Path, room: Room) -> None:
        self._unit, self._folder, self._room = unit, folder, room
        self._settings = heat_settings.factory(unit.power_w, unit.setpoint_c)
        self._faults: list[str] = []
        self._reading: Reading | None = None
        self._pulse = Pulse(folder)
        self._is_cold = (folder / "etc/fleet/no-heat").exists()  # a release that boots, writes, and does not heat
        self.take_settings()

    def take_settings(self) -> None:
        """Read the settings file; a wrong one is a fault."""
        given = heat_settings.factory(self._unit.power_w, self._unit.setpoint_c)
        try:
            self._settings = heat_settings.read(self._folder / heat_settings.FILE, given)
            self._faults = []
        except (OSError, ValueError) as error:
            self._faults = [f"settings: {error}"]

    @property
    def pause_s(self) -> float:
        """Return how long to wait until the next state: well under what the settings allow."""
        if self._pulse.holds_load:
            return _LOADED_PAUSE_S
        return min(self._settings.every_s / 4, _LONGEST_PAUSE_S)

    def tick(self) -> None:
        """Command power by the newest reading, and write the state; without any reading there is none to write."""
        setpoint = self._setpoint_c()
        if self._reading is None:  # what is not known yet is not heated by
            self._reading = self._room.exchange(None)
        if self._reading is None:
            return
        commanded = self._pulsed(command_w(self._reading, self._unit, self._settings.power_w, setpoint), self._reading)
        answer = self._room.exchange(0.0 if self._is_cold else commanded)
        silent = [] if answer else ["sensors: no answer"]
        self._reading = answer or self._reading
        told = document(self._reading, commanded, setpoint, self._faults + silent)
        told |= self._pulse.told(time.monotonic(), time.time())
        _replace(self._folder / "run/heat/state.json", json.dumps(told))

    def _pulsed(self, commanded_w: float, reading: Reading) -> float:
        """Return what to ask for where a pulse or a load may be wanted.

        Neither heats a room beyond what a resident may set, nor lets it fall below.
        """
        measured_c = reading.water_return_c if reading.zone_c is None else reading.zone_c
        too_warm = reading.zone_c is not None and reading.zone_c >= self._settings.max_c
        too_cold = reading.zone_c is not None and reading.zone_c < self._settings.min_c
        limit_w = commanded_w if too_warm else self._settings.power_w
        asked_w = self._pulse.command_w(commanded_w, limit_w, measured_c or 0.0, time.monotonic())
        return max(asked_w, commanded_w) if too_cold else asked_w

    def _setpoint_c(self) -> float:
        """Return the resident's setpoint within its limits; it is the resident's own, and nobody else writes it."""
        limits: HeatSettings = self._settings
        try:
            chosen = float((self._folder / "data/heat/setpoint").read_text())
        except (OSError, ValueError):
            chosen = limits.default_c
        return min(max(chosen, limits.min_c), limits.max_c)


def main() -> int:
    """Run until SIGTERM; the argument is the number of the wire's descriptor."""
    return keep_heating(Agent(on_unit(), root(), Wire(int(sys.argv[1]))), root())


def keep_heating(agent: Agent, folder: Path) -> int:
    """Let an agent run until SIGTERM; on SIGHUP it takes its settings again."""
    signals = {signal.SIGHUP, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    agent.tick()
    _replace(folder / "run/heat/agent.pid", f"{os.getpid()}\n")
    while True:
        taken = signal.sigtimedwait(signals, agent.pause_s)
        if taken is not None and taken.si_signo == signal.SIGTERM:
            return 0
        if taken is not None:
            agent.take_settings()
        agent.tick()


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    draft.replace(path)
