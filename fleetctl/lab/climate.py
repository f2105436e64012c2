"""The one place where a lab's rooms and tanks warm and cool: it outlives units, and knows nothing of how they run.

Time comes in as a value and may run faster than the clock. Between two calls of `advance` all powers are held; whoever
changes one advances first. The physics are `fleetctl.core.heat.physics`; here is what they are applied to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from fleetctl.core.heat.physics import AirAndMass, Flows, Surroundings, Tank, TwoNode, exchange
from fleetctl.lab.heater import Heater
from fleetctl.lab.spaces import LoopSpace, Spaces, ZoneSpace
from fleetctl.lab.unit.room import Reading

_STEP_S = 60.0
"""Longest step: zones exchange heat by the temperatures that their neighbours had at its beginning."""
_COLD_WATER_C = 10.0


class Climate:
    """Temperatures of zones and loops, and the heaters in them.

    Attributes:
        heaters: by the unit's name.
        model_s: time that has passed in the model.
    """

    def __init__(self, spaces: Spaces, *, outdoor_c: float, time_factor: float = 1.0) -> None:
        """Begin with every space at its starting temperature; time stands still until `begin`."""
        self.heaters = {h.unit: Heater(h) for h in spaces.heatings}
        self.outdoor_c, self.time_factor = outdoor_c, time_factor
        self.model_s = 0.0
        self._sensors = spaces.sensors
        self._at: float | None = None
        self._loops = {loop.id: _Loop(loop) for loop in spaces.loops}
        self._zones = {zone.id: _Zone(zone, outdoor_c) for zone in spaces.zones}

    @property
    def has_begun(self) -> bool:
        """Say whether time passes."""
        return self._at is not None

    def begin(self, now_s: float) -> None:
        """Let time pass from here on."""
        self._at = now_s

    def advance(self, now_s: float) -> None:
        """Bring all temperatures up to now, by any clock that never goes back."""
        if self._at is None:
            return
        left_s = max(0.0, now_s - self._at) * self.time_factor
        self._at = now_s
        self.model_s += left_s
        heaters_in = self._by_space()
        while left_s > 0.0:
            self._step(min(left_s, _STEP_S), heaters_in)
            left_s -= _STEP_S

    def zones_c(self) -> Mapping[str, float]:
        """Return the air temperature of each zone."""
        return {id: zone.state.air_c for id, zone in self._zones.items()}

    def loops_c(self) -> Mapping[str, float]:
        """Return the temperature of each loop's water."""
        return {id: loop.state_c for id, loop in self._loops.items()}

    def temperature_c(self, unit: str) -> float:
        """Return the true temperature of what a unit heats."""
        space = self.heaters[unit].heating.space
        return self._loops[space].state_c if space in self._loops else self._zones[space].state.air_c

    def sensors_c(self, gateway: str) -> Mapping[str, float]:
        """Return what the sensors of rooms show that a gateway hears, by their ids."""
        heard = (sensor for sensor in self._sensors if sensor.gateway == gateway)
        return {sensor.id: round(self._zones[sensor.space].state.air_c, 2) for sensor in heard}

    def reading(self, unit: str) -> Reading:
        """Return what a unit's sensors show."""
        heater = self.heaters[unit]
        loop = self._loops.get(heater.heating.loop)
        ambient_c = loop.space.ambient_c if loop else self.outdoor_c
        return heater.reading(self.temperature_c(unit), self.outdoor_c, ambient_c)

    def _by_space(self) -> Mapping[str, list[Heater]]:
        """Return the heaters of each space; machines may have been moved since the last time."""
        heaters_in: defaultdict[str, list[Heater]] = defaultdict(list)
        for heater in self.heaters.values():
            heaters_in[heater.heating.space].append(heater)
        return heaters_in

    def _step(self, dt_s: float, heaters_in: Mapping[str, list[Heater]]) -> None:
        before_c = self.zones_c()
        for id, zone in self._zones.items():
            around = exchange(zone.space.neighbours_w_k, before_c)
            zone.step(Surroundings(self.outdoor_c, _heat_w(heaters_in[id]), around), dt_s)
        for id, loop in self._loops.items():
            loop.step(_heat_w(heaters_in[id]), dt_s)


class _Zone:
    """A zone and its state."""

    def __init__(self, space: ZoneSpace, outdoor_c: float) -> None:
        self.space = space
        self._model = TwoNode.of(space.capacity_kj_k, space.heat_loss_w_k)
        held = Surroundings(outdoor_c, max(0.0, space.heat_loss_w_k * (space.start_c - outdoor_c)))
        self.state: AirAndMass = self._model.steady(held)

    def step(self, inputs: Surroundings, dt_s: float) -> None:
        self.state = self._model.step(self.state, inputs, dt_s)


class _Loop:
    """A loop's tank and its state, with a conventional boiler that gives what it takes to hold the tank warm."""

    def __init__(self, space: LoopSpace) -> None:
        self.space = space
        self.state_c = space.start_c
        self._tank = Tank(space.volume_l, space.ua_w_k)

    def step(self, heat_w: float, dt_s: float) -> None:
        # What people draw is water: the colder it is, the less heat goes with it.
        drawn = max(0.0, (self.state_c - _COLD_WATER_C) / (self.space.start_c - _COLD_WATER_C))
        draw_w = self.space.draw_w * drawn
        alone_c, helped_c = (
            self._tank.step(self.state_c, Flows(heat_w, watts, draw_w, ambient_c=self.space.ambient_c), dt_s)
            for watts in (0.0, self.space.backup_w)
        )
        self.state_c = min(helped_c, max(alone_c, self.space.start_c))


def _heat_w(heaters: Iterable[Heater]) -> float:
    return sum(heater.heat_w for heater in heaters)
