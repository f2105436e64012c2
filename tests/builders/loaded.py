"""Units that take loads and tell of them, as `fleet-unit` does, on a clock that jumps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fleetctl.core.commissioning.load import SAMPLES_SCHEMA, load_from
from fleetctl.core.commissioning.trials import SENSORS_SCHEMA
from fleetctl.core.facts import Observation
from fleetctl.core.heat.premises import premises_of
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.policy import Guard
from fleetctl.ports import Reservations
from fleetctl.ports.instruments import Reply
from fleetctl.services.commissioning.loads import Loads
from tests.builders.fleets import a_building, a_fleet
from tests.builders.heat import NOW, room
from tests.builders.memory_reservations import MemoryReservations, OwnShelf
from tests.builders.world import FakeClock


@dataclass
class Loaded:
    """Some radiators.

    Attributes:
        given: the load of each, as its status tells it.
        asked: the commands of each call, with the units' names.
        power_w: what a unit draws under load.
        judged: loads that the ledger knows.
        refusing: what units say to whoever gives them a load.
        marked: why nothing may be done to units, by their names.
        cut: units that lost their samples.
        readings: what the sensors of rooms told, which gateways tell two at a time.
        hub: what gateways answer instead when they are asked for that.
        meanwhile: what somebody else does while units are asked.
    """

    clock: FakeClock = field(default_factory=FakeClock)
    fleet: Fleet = field(default_factory=lambda: a_fleet(a_building(radiators=6)))
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, list[str]]] = field(default_factory=list)
    power_w: dict[str, float] = field(default_factory=dict)
    judged: set[tuple[str, str]] = field(default_factory=set)
    refusing: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    readings: list[dict[str, Any]] = field(default_factory=list)
    hub: Reply | None = None
    meanwhile: Callable[[], object] = lambda: None
    speed: float = 1.0
    attempts: int = 0
    reservations: Reservations = field(default_factory=lambda: MemoryReservations(OwnShelf()))

    def __post_init__(self) -> None:
        self.clock.jump((NOW - self.clock.now().utc).total_seconds())

    @property
    def units(self) -> list[Unit]:
        return [unit for unit in self.fleet.units() if unit.kind.value == "radiator"]

    def loads(self, actor: str = "ada") -> Loads:
        site = next(iter(self.fleet.sites))
        return Loads(
            fleet=self.fleet,
            premises=premises_of(self.fleet, site),
            observe=self.observe,
            ask=self.ask,
            new_id=self._attempt,
            epoch=lambda: 1,
            judged=lambda: self.judged,
            facts=lambda: self.observe(self.units),
            refused=lambda names: {name: self.marked[name] for name in names if name in self.marked},
            reservations=self.reservations,
            actor=actor,
            guard=Guard(),
            clock=self.clock,
            speed=self.speed,
        )

    def observe(self, units: Sequence[Unit]) -> Mapping[str, Observation]:
        at = self.clock.now().utc
        return {u.name: replace(room(u.name), at=at, load=load_from(self._load(u.name))) for u in units}

    def ask(self, commands: Sequence[tuple[Unit, tuple[str, ...]]]) -> Sequence[Reply]:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        if commands:
            self.asked.append((commands[0][1][1], [unit.id for unit, _ in commands]))
        if self.hub is not None and commands and commands[0][1][1] == "sensors":
            return [replace(self.hub, unit=unit.name) for unit, _ in commands]
        return [Reply(unit.name, 0, json.dumps(self._answer(unit.name, argv)).encode()) for unit, argv in commands]

    def interrupt(self, name: str) -> None:
        self.given[name] |= {"state": "interrupted", "because": "the power was cut"}

    def _attempt(self) -> str:
        self.attempts += 1
        return f"c-{self.attempts}"

    def _answer(self, name: str, argv: tuple[str, ...]) -> dict[str, Any]:
        if argv[1] == "sensors":
            skip = int(argv[argv.index("--skip") + 1])
            page = self.readings[skip:][:2]
            return {"schema": SENSORS_SCHEMA, "readings": page, "more": skip + len(page) < len(self.readings)}
        if argv[1] == "samples":
            samples = [] if name in self.cut else self._samples(name)
            return {"schema": SAMPLES_SCHEMA, "load": self._load(name), "samples": samples}
        if name in self.refusing:
            return {"ending": "refused", "message": self.refusing[name]}
        self.given[name] = self._taken(argv)
        return {"ending": "ok", "message": "it runs"}

    def _taken(self, argv: tuple[str, ...]) -> dict[str, Any]:
        options = dict(zip(argv[2::2], argv[3::2], strict=True))
        pattern = options.get("--pattern", "1")
        seconds = float(options.get("--seconds", options.get("--chip-seconds", "0"))) * len(pattern)
        now_s = self.clock.now().utc.timestamp()
        of = {"id": f"{options['--attempt']}:{options['--step']}", "kind": argv[1], "state": "running", "because": ""}
        return {**of, "began_at": now_s, "ends_at": now_s + seconds, "samples": 0, "pattern": pattern}

    def _load(self, name: str) -> dict[str, Any] | None:
        load = self.given.get(name)
        if load is not None and load["state"] == "running" and self.clock.now().utc.timestamp() >= load["ends_at"]:
            load["state"] = "done"
        return load

    def _samples(self, name: str) -> list[dict[str, float]]:
        load = self.given[name]
        step_s = (load["ends_at"] - load["began_at"]) / 60
        on = [int(chip) for chip in load["pattern"]]
        return [
            {
                "at": load["began_at"] + number * step_s,
                "power_w": (self.power_w.get(name, 650.0) if on[min(number * len(on) // 60, len(on) - 1)] else 0.0),
                "commanded_w": 650.0,
                "zone_temperature_c": 20.0 + 0.005 * number,
                "heatsink_c": 50.0,
            }
            for number in range(61)
        ]
