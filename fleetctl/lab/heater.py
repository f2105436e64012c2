"""The hardware between a heat agent and what it heats: power stage, valve and sensors, and what can be wrong with them.

Nothing of it is the agent's to know: it commands a power and reads sensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fleetctl.lab.spaces import BAND_K, Heating
from fleetctl.lab.unit.room import Reading

WEAK_SHARE = 0.5
"""What a weak supply leaves of the nominal power."""
_COLD_SHARE = 0.1
_HEATSINK_RISE_K, _STILL_RISE_K = 38.0, 110.0
"""By how much the heatsink is warmer than what it heats at full power, with its fan and without."""
_HOTTEST_C = 90.0
"""At which processors are slowed."""
_AROUND_C = 20.0
"""Reckoned around a heatsink without air that moves."""
_MARGIN = 1.1
"""The compute modules may draw a tenth more than the unit's nominal power."""


@dataclass
class Heater:
    """The hardware of one unit.

    Attributes:
        heating: what it is, and what it heats.
        commanded_w: what its agent asks for; None while nobody does: then it is down.
        heard_s: when the agent last did.
        down_because: why nobody does; empty while somebody does, and until somebody has for the first time.
        stopped: its agent may not act, whatever it said last.
        dead: it takes commands and gives no power.
        weak: it gives half its nominal power at most.
        stuck: a radiator gives full power whatever is asked for; a boiler's heat does not reach its loop.
        still: its fan stands still, so its heatsink becomes too hot for its full power.
        throttles: how often its processors were slowed.
        offset_k: what its sensors of temperature are off by.
        frozen: they go on showing what they showed last.
    """

    heating: Heating
    commanded_w: float | None = None
    heard_s: float = 0.0
    down_because: str = ""
    stopped: bool = False
    dead: bool = False
    weak: bool = False
    stuck: bool = False
    still: bool = False
    throttles: int = 0
    offset_k: float = 0.0
    frozen: bool = False
    _shown: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """Say whether somebody commands it."""
        return self.commanded_w is not None

    @property
    def is_cold(self) -> bool:
        """Say whether it is up, and under a tenth of what is asked for arrives."""
        return self.commanded_w is not None and self.heat_w < _COLD_SHARE * self.commanded_w

    @property
    def power_w(self) -> float:
        """Return the power that flows."""
        if self.commanded_w is None or self.dead:
            return 0.0
        if self.stuck and not self.heating.loop:
            return self.heating.power_w
        return min(self.commanded_w, self._most_w)

    @property
    def _most_w(self) -> float:
        """Return what its supply and its fan let it draw: the heatsink is warmer the more flows."""
        supply_w = WEAK_SHARE * self.heating.power_w if self.weak else float("inf")
        cooled_w = (_HOTTEST_C - _AROUND_C) / _STILL_RISE_K * self.heating.power_w if self.still else float("inf")
        return min(supply_w, cooled_w)

    @property
    def heat_w(self) -> float:
        """Return what arrives of it in the room or the loop."""
        return 0.0 if self.stuck and self.heating.loop else self.power_w

    def command(self, watts: float, now_s: float) -> None:
        """Ask for a power, within what the unit has."""
        self.commanded_w = min(max(watts, 0.0), _MARGIN * self.heating.power_w)
        self.heard_s, self.down_because = now_s, ""
        self.throttles += self.still and self.commanded_w > self._most_w

    def release(self, because: str) -> None:
        """Let nobody ask for power any more."""
        self.commanded_w, self.down_because = None, because

    def mend(self) -> None:
        """Repair everything."""
        self.dead = self.weak = self.stuck = self.still = False
        self.offset_k, self.frozen = 0.0, False

    def reading(self, temperature_c: float, outdoor_c: float, ambient_c: float) -> Reading:
        """Return what the sensors show.

        Args:
            temperature_c: of the room, or of the loop's water.
            outdoor_c: outdoors.
            ambient_c: around a boiler, where water stands behind a stuck valve.
        """
        if not (self.frozen and self._shown):
            self._shown = self._temperatures(temperature_c, ambient_c)
        rise_k = (_STILL_RISE_K if self.still else _HEATSINK_RISE_K) * self.power_w / self.heating.power_w
        heatsink_c = round(temperature_c + rise_k, 1)
        return Reading(
            round(self.power_w, 1), outdoor_c, **self._shown, heatsink_c=heatsink_c, throttles=self.throttles
        )

    def _temperatures(self, temperature_c: float, ambient_c: float) -> dict[str, float]:
        if not self.heating.loop:
            return {"zone_c": round(temperature_c + self.offset_k, 2)}
        out_c = temperature_c + BAND_K * self.power_w / self.heating.power_w
        if self.stuck:  # the water on one side of the valve is hot, on the other it stands and cools
            out_c, temperature_c = self.heating.water_c, ambient_c
        return {
            "water_out_c": round(out_c + self.offset_k, 2),
            "water_return_c": round(temperature_c + self.offset_k, 2),
        }


def exchange_places(one: Heater, two: Heater) -> None:
    """Let two machines stand where the other one stood: each takes its power and its built-in sensors along."""
    here, there = one.heating, two.heating
    one.heating, two.heating = _moved(here, there), _moved(there, here)


def _moved(machine: Heating, to: Heating) -> Heating:
    return replace(machine, space=to.space, share=to.share, dwelling=to.dwelling, loop=to.loop, water_c=to.water_c)
