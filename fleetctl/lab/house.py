"""What a lab's units stand in: the wires of their heat agents, the climate that they make, and its recorder.

The supervisor tells it of time and of units that went down. Of two things that it learns at once, the bad one is taken
first, so that the record may tell of an overlap that was none, but never miss one.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any

from fleetctl.lab.climate import Climate
from fleetctl.lab.recorder import Recorder
from fleetctl.lab.unit.room import commanded_w

TICK_S = 1.0
LEASE_S = 20.0
"""A unit whose agent says nothing for so long gives no heat: its hardware's watchdog."""
_SAMPLE_TICKS = 2
_JUMP = 0.1
"""Change of a command, as a share of the nominal power, that counts from its very moment on."""
_SIZE = 1024
_HUB_S, _HUB_LEAST_S = 5.0, 0.25
"""How often a gateway's hub hears the sensors of rooms: by the rooms' time, and by the clock at the most."""


class House:
    """The physical side of a lab."""

    def __init__(self, climate: Climate, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.climate = climate
        self._recorder, self._clock = recorder, clock
        self._ticked_s, self._ticks = clock(), 0
        if not climate.heaters:  # nobody to wait for
            self._begin()

    def hear(self, unit: str, wire: socket.socket) -> None:
        """Take what a unit's agent asks for, and answer with what its sensors show."""
        heater = self.climate.heaters.get(unit)
        if heater is None:
            self._tell_hub(unit, wire)
            return
        try:
            asked_w = commanded_w(wire.recv(_SIZE))
        except (BlockingIOError, ConnectionError, ValueError):  # whatever a unit says, the lab goes on
            return
        if asked_w is not None and not heater.stopped:
            self._command(unit, asked_w)
        _answer(wire, self.climate.reading(unit).to_bytes())

    def lost(self, unit: str, because: str) -> None:
        """Take in that a unit went down; a gateway heats nothing."""
        heater = self.climate.heaters.get(unit)
        if heater is None:
            return
        heater.stopped = False
        if heater.is_up:
            self.advance()
            heater.release(because)
            self.note(f"down {unit}")

    def advance(self) -> None:
        """Bring the climate up to now; to be called before anything changes that it depends on."""
        self.climate.advance(self._clock())

    def note(self, why: str) -> None:
        """Record what has changed."""
        if self.climate.has_begun:
            self._recorder.note(why)

    def tick(self) -> bool:
        """Let time pass, if a tick of it has; say whether it has."""
        now_s = self._clock()
        if now_s - self._ticked_s < TICK_S:
            return False
        self._ticked_s, self._ticks = now_s, self._ticks + 1
        self.advance()
        for unit, heater in self.climate.heaters.items():
            if heater.is_up and now_s - heater.heard_s > LEASE_S:
                self.lost(unit, "no command")
        if self._ticks % _SAMPLE_TICKS == 0:
            self.note("tick")
        return True

    def set_outdoor(self, celsius: float) -> None:
        """Let the weather be another from now on."""
        self.advance()
        self.climate.outdoor_c = celsius
        self.note("weather")

    def weather(self) -> dict[str, Any]:
        """Return what `lab status` shows of the whole."""
        climate = self.climate
        return {
            "outdoor_c": climate.outdoor_c,
            "time_factor": climate.time_factor,
            "model_s": round(climate.model_s, 1),
            "has_begun": climate.has_begun,
        }

    def heat(self, unit: str) -> dict[str, Any] | None:
        """Return what `lab status` shows of a unit: true values, whatever its sensors say; None for a gateway."""
        heater = self.climate.heaters.get(unit)
        if heater is None:
            return None
        return {
            "up": heater.is_up,
            "power_w": round(heater.power_w, 1),
            "commanded_w": heater.commanded_w,
            "space": heater.heating.space,
            "temperature_c": round(self.climate.temperature_c(unit), 2),
        }

    def _tell_hub(self, gateway: str, wire: socket.socket) -> None:
        """Answer a gateway's hub with what the sensors of rooms show, and how soon it is worth asking again."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            wire.recv(_SIZE)
            self.advance()
            every_s = max(_HUB_LEAST_S, _HUB_S / self.climate.time_factor)
            told = {"every_s": every_s, "temperatures_c": dict(self.climate.sensors_c(gateway))}
            _answer(wire, json.dumps(told).encode())

    def _command(self, unit: str, asked_w: float) -> None:
        heater = self.climate.heaters[unit]
        was_up = heater.is_up
        # A regulator's small steps are taken in with the next tick: a hundred agents make many, and they matter little.
        if not was_up or abs(asked_w - (heater.commanded_w or 0.0)) > _JUMP * heater.heating.power_w:
            self.advance()
        heater.command(asked_w, self._clock())
        if was_up:
            return
        if self.climate.has_begun:
            self.note(f"up {unit}")
        elif all(heater.is_up for heater in self.climate.heaters.values()):
            self._begin()

    def _begin(self) -> None:
        """Let time pass from now on: rooms do not cool while a lab boots for the first time."""
        self.climate.begin(self._clock())
        self._recorder.begin()


def _answer(wire: socket.socket, message: bytes) -> None:
    with contextlib.suppress(BlockingIOError, ConnectionError):  # it went down meanwhile, or does not read
        wire.send(message)
