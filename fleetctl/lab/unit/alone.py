"""The heat agent of a machine that no lab surrounds: a virtual machine, or a board on a desk.

Its room or water is reckoned here, since nothing else stands in for it; the agent is the same as everywhere in the lab.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from fleetctl.lab.unit import heat_settings
from fleetctl.lab.unit.heat import Agent, keep_heating
from fleetctl.lab.unit.place import root
from fleetctl.lab.unit.room import Reading
from fleetctl.lab.unit.settings import Settings

RELEASE = "run/fleet/release"
HARDWARE = "usr/lib/fleet/hardware.json"
_OUTDOOR_C, _START_C = 5.0, 19.5
_ROOM_J_K, _WATER_J_K = 400e3, 2000e3
_STANDING_W_K = 20.0
"""What a boiler's water loses, to a cellar at the outdoor temperature."""


@dataclass
class Surroundings:
    """What one unit heats: one lump that warms and cools.

    Attributes:
        unit: what it is.
        clock: seconds that only go forward.
        temperature_c: of the room, or of the water that comes back to a boiler.
    """

    unit: Settings
    clock: Callable[[], float] = time.monotonic
    temperature_c: float = _START_C
    _power_w: float = 0.0
    _at_s: float | None = None

    def exchange(self, commanded_w: float | None) -> Reading:
        """Let the time since the last call pass, then take a command; returns what the sensors show."""
        now = self.clock()
        self._pass(now - (now if self._at_s is None else self._at_s))
        self._at_s = now
        self._power_w = self._power_w if commanded_w is None else commanded_w
        here = round(self.temperature_c, 3)
        if self.unit.kind != "boiler":
            return Reading(self._power_w, _OUTDOOR_C, zone_c=here)
        lift = 2.0 * self._power_w / self.unit.power_w
        return Reading(self._power_w, _OUTDOOR_C, water_out_c=round(here + lift, 3), water_return_c=here)

    def _pass(self, seconds: float) -> None:
        is_boiler = self.unit.kind == "boiler"
        loss_w_k, inertia = (_STANDING_W_K, _WATER_J_K) if is_boiler else (self.unit.heat_loss_w_k, _ROOM_J_K)
        flow_w = self._power_w - loss_w_k * (self.temperature_c - _OUTDOOR_C)
        self.temperature_c += flow_w * seconds / inertia


def settings() -> Settings:
    """Return what this machine is: the image's word on its hardware, and the machine's own release."""
    told = dict(line.split("=", 1) for line in (root() / RELEASE).read_text().splitlines())
    hardware = json.loads((root() / HARDWARE).read_text())
    bare = Settings(
        name=told["SERIAL"],
        host_name=told["SERIAL"],
        kind=told["KIND"],
        model=told["MODEL"],
        serial=told["SERIAL"],
        compatible=told.get("COMPATIBLE", ""),
        version=told["VERSION"],
        isolated=True,
        networked=True,
        listen="0.0.0.0",  # noqa: S104 - an image's sshd listens everywhere
        port=22,
    )
    return replace(bare, **hardware)


def main(arguments: list[str]) -> int:
    """Heat until SIGTERM; with `--check DIR`, look at staged settings instead."""
    own = settings()
    if arguments[:1] != ["--check"]:
        start_c = own.water_c - 5.0 if own.kind == "boiler" else _START_C
        return keep_heating(Agent(own, root(), Surroundings(own, temperature_c=start_c)), root())
    try:
        heat_settings.read(Path(arguments[1]) / heat_settings.FILE, heat_settings.factory(own.power_w, own.setpoint_c))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
