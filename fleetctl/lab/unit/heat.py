"""The unit's heat agent: heats to the resident's setpoint and writes `/run/heat/state.json` every few seconds.

The space that it heats is a first-order model in real time; while the unit is off it cools. On SIGHUP it reads its
settings again; settings that are wrong are reported as a fault, and it goes on with those that it had.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetctl.lab.unit import heat_settings
from fleetctl.lab.unit.heat_settings import HeatSettings
from fleetctl.lab.unit.settings import Settings, on_unit, root

OUTDOOR_C = 5.0
_GAIN_W_K = 400.0
_LAG_S = 1.5
_LONGEST_PAUSE_S = 2.0
_RETURN_C = 52.0
_FLOW_W_K = 418.0
"""Heat that 6 L/min of water carries for each kelvin."""


@dataclass(frozen=True)
class Space:
    """A heated space: temperature in °C and the power that now flows into it, in W."""

    temperature_c: float
    power_w: float = 0.0


def command_w(space: Space, unit: Settings, limit_w: float, setpoint_c: float) -> float:
    """Return the power to ask for: what the space loses at setpoint, and more the colder it is."""
    wanted = unit.heat_loss_w_k * (setpoint_c - OUTDOOR_C) + _GAIN_W_K * (setpoint_c - space.temperature_c)
    return min(max(wanted, 0.0), limit_w)


def step(space: Space, unit: Settings, commanded_w: float, seconds: float) -> Space:
    """Let time pass. The power follows the command with a lag; `C dT/dt = H (T_outdoor - T) + P`, solved exactly."""
    power = commanded_w + (space.power_w - commanded_w) * math.exp(-seconds / _LAG_S)
    steady = OUTDOOR_C + power / unit.heat_loss_w_k
    decay = math.exp(-seconds * unit.heat_loss_w_k / (unit.capacity_kj_k * 1000))
    return Space(steady + (space.temperature_c - steady) * decay, power)


def document(space: Space, kind: str, commanded_w: float, setpoint_c: float, faults: list[str]) -> dict[str, Any]:
    """Return what the agent writes."""
    measured = (
        {"zone_temperature_c": round(space.temperature_c, 2), "setpoint_c": setpoint_c}
        if kind == "radiator"
        else {"water_out_c": round(_RETURN_C + space.power_w / _FLOW_W_K, 2), "water_return_c": _RETURN_C}
    )
    return {
        "at": round(time.time(), 3),
        **measured,
        "power_w": round(space.power_w, 1),
        "commanded_w": round(commanded_w, 1),
        "aux_heater_w": 0.0,
        "faults": faults,
    }


class Agent:
    """The running agent."""

    def __init__(self, unit: Settings, folder: Path) -> None:
        self._unit, self._folder = unit, folder
        self._settings = heat_settings.factory(unit.power_w, unit.setpoint_c)
        self._faults: list[str] = []
        self.take_settings()
        self._space = self._cooled()
        self._at = time.monotonic()

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
        return min(self._settings.every_s / 4, _LONGEST_PAUSE_S)

    def tick(self) -> None:
        """Heat for the time that has passed, and write the state."""
        now = time.monotonic()
        setpoint = self._setpoint_c()
        commanded = command_w(self._space, self._unit, self._settings.power_w, setpoint)
        self._space = step(self._space, self._unit, commanded, now - self._at)
        self._at = now
        told = document(self._space, self._unit.kind, commanded, setpoint, self._faults)
        _replace(self._folder / "run/heat/state.json", json.dumps(told))
        self._remember()

    def _setpoint_c(self) -> float:
        """Return the resident's setpoint within its limits; it is the resident's own, and nobody else writes it."""
        limits: HeatSettings = self._settings
        try:
            chosen = float((self._folder / "data/heat/setpoint").read_text())
        except (OSError, ValueError):
            chosen = limits.default_c
        return min(max(chosen, limits.min_c), limits.max_c)

    def _cooled(self) -> Space:
        """Return the space as it is after the time that the unit was down."""
        try:
            last = json.loads((self._folder / "data/heat/space.json").read_text())
            away_s = max(0.0, time.time() - last["at"])
            return step(Space(last["temperature_c"]), self._unit, 0.0, away_s)
        except (OSError, ValueError, KeyError):
            return Space(self._setpoint_c())

    def _remember(self) -> None:
        try:
            (self._folder / "data/heat").mkdir(exist_ok=True)
            here = {"at": time.time(), "temperature_c": self._space.temperature_c}
            _replace(self._folder / "data/heat/space.json", json.dumps(here))
        except OSError:
            return  # a full disk is no reason to stop heating


def main() -> int:
    """Run until SIGTERM."""
    folder = root()
    signals = {signal.SIGHUP, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    agent = Agent(on_unit(), folder)
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
