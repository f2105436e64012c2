"""A dwelling whose rooms are spaces of their own, heated in patterns on the lab's physical model. Time is a value."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fleetctl.core.commissioning.codes import Patterns, patterns
from fleetctl.core.commissioning.room_proof import Heating, Sensing
from fleetctl.lab import spaces
from fleetctl.lab.climate import Climate
from fleetctl.lab.spaces import Spaces, ZoneSpace

EVERY_S = 5.0
LOSS_W_K_M2, CAPACITY_KJ_K_M2 = 1.1, 165.0


@dataclass
class Rooms:
    """Rooms and the units in them.

    Attributes:
        areas_m2: of each room, by `dwelling/room`.
        stands: where each unit really is.
        walls_w_k: between two rooms of a dwelling.
        noise_k: of every sensor, at each sample.
        drift_k_h: of the weather.
        powers_w: of each unit; 650 W if not said.
        dead: units that take commands and give no heat.
    """

    areas_m2: Mapping[str, float]
    stands: Mapping[str, str]
    walls_w_k: float = 25.0
    noise_k: float = 0.1
    drift_k_h: float = 0.0
    outdoor_c: float = 5.0
    seed: int = 1
    powers_w: Mapping[str, float] = field(default_factory=dict)
    dead: frozenset[str] = frozenset()

    def climate(self) -> Climate:
        zones = [
            ZoneSpace(room, LOSS_W_K_M2 * area, CAPACITY_KJ_K_M2 * area, 20.0, self._around(room))
            for room, area in self.areas_m2.items()
        ]
        heatings = [
            spaces.Heating(unit, "s", self.power_w(unit), room, 1.0, dwelling=room.split("/")[0])
            for unit, room in self.stands.items()
        ]
        climate = Climate(Spaces(tuple(zones), (), tuple(heatings)), outdoor_c=self.outdoor_c)
        for unit in self.dead:
            climate.heaters[unit].dead = True
        climate.begin(0.0)
        return climate

    def held_w(self, room: str) -> float:
        """Return what keeps a room as warm as it begins, as its units gave before."""
        return LOSS_W_K_M2 * self.areas_m2[room] * (20.0 - self.outdoor_c) / list(self.stands.values()).count(room)

    def power_w(self, unit: str) -> float:
        return self.powers_w.get(unit, 650.0)

    def _around(self, room: str) -> Mapping[str, float]:
        dwelling = room.split("/")[0]
        return {
            other: self.walls_w_k if other.split("/")[0] == dwelling else self.walls_w_k / 5
            for other in self.areas_m2
            if other != room
        }


@dataclass
class Played:
    """What was recorded: powers by unit, temperatures by room and by unit."""

    powers: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    rooms: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    inside: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def heatings(self, declared: Mapping[str, str], rooms: Rooms) -> list[Heating]:
        return [Heating(unit, place, rooms.power_w(unit), self.powers[unit]) for unit, place in declared.items()]

    def sensors(self, places: Sequence[str], built_in: Mapping[str, str]) -> list[Sensing]:
        standing = [Sensing(f"t-{place}", place, self.rooms[place]) for place in places]
        return standing + [Sensing(unit, place, self.inside[unit], unit) for unit, place in built_in.items()]


def play(rooms: Rooms, given: Patterns | None = None) -> Played:
    """Heat units by their patterns, and record what flows and what every sensor shows."""
    given = given or patterns(sorted(rooms.stands))
    climate, dice, played = rooms.climate(), random.Random(rooms.seed), Played()
    for unit, room in rooms.stands.items():
        if unit not in rooms.dead:
            played.powers[unit].append((-EVERY_S, rooms.held_w(room)))
    for step in range(int(given.seconds / EVERY_S) + 1):
        at = step * EVERY_S
        climate.outdoor_c = rooms.outdoor_c + rooms.drift_k_h * at / 3600
        climate.advance(at)
        chip = min(int(at / given.chip_s), len(next(iter(given.codes.values()))) - 1)
        for unit, heater in climate.heaters.items():
            heater.command(heater.heating.power_w * int(given.codes[unit][chip]), at)
            played.powers[unit].append((at, heater.power_w))
            played.inside[unit].append((at, climate.temperature_c(unit) + dice.gauss(0, rooms.noise_k)))
        for room, air_c in climate.zones_c().items():
            played.rooms[room].append((at, air_c + dice.gauss(0, rooms.noise_k)))
    return played
