"""A rollout in which every unit goes a way of its own, with an observer: what crashes are tried on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Policy, Wave
from fleetctl.core.rollout.state import Action
from fleetctl.ports import State
from tests.builders.crashes import Plant
from tests.builders.observer import Observer
from tests.builders.play import progress, rollout_of
from tests.builders.world import FakeUnit, FakeWorld

REBOOTS = (Action.CONFIGURE, Action.REBOOT)
POLICY = Policy(
    "p",
    max_in_progress=3,
    max_failed=9,
    max_sites_halted=9,
    max_unavailable=AtMost(dwelling=1, fleet=2),
    step_timeout_s=30,
    reboot_timeout_s=60,
    heat_timeout_s=60,
    unreachable="defer",
    defer_for_s=60,
    defer_every_s=20,
    soak_samples=1,
    soak_every_s=5,
    backoff_s=1,
)
WAVES = (Wave("canary", units=1), Wave("rest"))


def a_world() -> FakeWorld:
    """Return units of which each has a way of its own: drained and rebooted, reloaded, rolled back, out of reach."""
    reboots = FakeUnit("", config="old", reboots_after_configure=True, reboot_s=20.0)
    return FakeWorld(
        [
            FakeUnit("s/gw"),
            replace(reboots, name="s/drained", gateway="s/gw", jobs=0, done=Counter()),
            FakeUnit("s/reloaded", "s/gw", agent_s=20.0, config="old"),
            replace(reboots, name="s/rebooted", gateway="s/gw", done=Counter()),
            replace(reboots, name="t/sick", jobs=0, cold_after_reboot=True, done=Counter()),
            FakeUnit("u/silent", reachable=False, config="old"),
        ]
    )


ROWS = [
    replace(progress("s/drained", gateway="gw", actions=REBOOTS), wave=0),
    replace(progress("s/gw", kind=Kind.GATEWAY), wave=1),
    replace(progress("s/reloaded", gateway="gw"), wave=1, interrupts=True),
    replace(progress("s/rebooted", gateway="gw", actions=REBOOTS), wave=1),
    replace(progress("t/sick", actions=REBOOTS), wave=1),
    replace(progress("u/silent"), wave=1),
]


class Scene:
    """The rollout in its world, watched."""

    def __init__(self, state: State) -> None:
        self.world = a_world()
        self.world.least_s = 0.5
        self.plant = Plant(state, self.world, rollout_of(ROWS, POLICY, WAVES), ROWS)
        home = {f"s/{name}": "home" for name in ("drained", "reloaded", "rebooted")}
        self.plant.surroundings.dwelling_of = home
        self.observer = Observer(self.world, self.plant.surroundings, POLICY)

    def end(self) -> Mapping[str, Any]:
        """Return what can be seen of the end, in the state and on the units themselves."""
        rows = {row.unit: row for row in self.plant.state.journal.progress("r1")}
        units = {
            name: (rows[name].phase, rows[name].applied, unit.config, unit.boot, unit.drained_by, unit.heats)
            for name, unit in self.world.units.items()
        }
        return {**units, "rollout": self.plant.status}

    def check(self) -> None:
        assert self.observer.broken == []
        assert self.world.done_twice() == []
        assert [unit.name for unit in self.world.units.values() if unit.drained_by] == []
