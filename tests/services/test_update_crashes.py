"""An update whose controller is killed at every step of its journal ends as if nothing had happened."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Policy, Staging
from fleetctl.core.rollout.state import Phase, StepKind
from tests.builders.crashes import Plant
from tests.builders.memory_state import MemoryState
from tests.builders.observer import Observer
from tests.builders.play import rollout_of, update
from tests.builders.world import FakeUnit, FakeWorld

POLICY = Policy(
    "p",
    max_in_progress=3,
    max_failed=9,
    max_sites_halted=9,
    max_unavailable=AtMost(dwelling=1, fleet=2),
    staging=Staging(max_in_progress=2, timeout_s=60.0),
    step_timeout_s=30,
    reboot_timeout_s=60,
    heat_timeout_s=60,
    soak_samples=1,
    soak_every_s=5,
    backoff_s=1,
)
ROWS = [
    update("s/gw", kind=Kind.GATEWAY),
    update("s/drained", gateway="gw", config=True),
    update("s/slow", gateway="gw"),
    update("t/fallen", config=True),
    update("t/sick"),
    update("t/has-it"),
]


class Scene:
    """A rollout in which every unit goes a way of its own, watched."""

    def __init__(self) -> None:
        self.world = FakeWorld(
            [
                FakeUnit("s/gw", config="old", reboot_s=10.0),
                FakeUnit("s/drained", "s/gw", config="old", jobs=0, reboot_s=20.0),
                FakeUnit("s/slow", "s/gw", config="old", reboot_s=20.0),
                FakeUnit("t/fallen", config="old", reboot_s=20.0),
                FakeUnit("t/sick", config="old", jobs=0, reboot_s=20.0),
                FakeUnit("t/has-it", config="old"),
            ]
        )
        self.world.least_s = 0.5
        slots = {name: unit.slots for name, unit in self.world.units.items()}
        slots["s/slow"].bytes_per_s, slots["s/slow"].install_s = 20.0, 10.0
        slots["t/fallen"].falls_back = slots["t/sick"].sick = True
        slots["t/has-it"].version, slots["t/has-it"].booted = "2", "B"
        self.plant = Plant(MemoryState(), self.world, rollout_of(ROWS, POLICY), ROWS)
        self.observer = Observer(self.world, self.plant.surroundings, POLICY)

    def end(self) -> Mapping[str, Any]:
        """Return what can be seen of the end, in the state and on the units themselves."""
        rows = {row.unit: row for row in self.plant.state.journal.progress("r1")}
        units = {
            name: (rows[name].phase, unit.slots.version, unit.slots.booted, unit.config, unit.boot, unit.heats)
            for name, unit in self.world.units.items()
        }
        return {**units, "rollout": self.plant.status}

    def check(self) -> None:
        assert self.observer.broken == []
        assert self.world.done_twice() == []
        assert [unit.name for unit in self.world.units.values() if unit.drained_by] == []


def undisturbed() -> Mapping[str, Any]:
    scene = Scene()
    scene.plant.drive()
    scene.check()
    return scene.end()


def test_the_undisturbed_update_goes_every_way_there_is() -> None:
    end = undisturbed()
    assert {name: each[:4] for name, each in end.items() if name != "rollout"} == {
        "s/gw": (Phase.SUCCEEDED, "2", "B", "old"),
        "s/drained": (Phase.SUCCEEDED, "2", "B", "new"),
        "s/slow": (Phase.SUCCEEDED, "2", "B", "old"),
        "t/fallen": (Phase.ROLLED_BACK, "1", "A", "old"),
        "t/sick": (Phase.ROLLED_BACK, "1", "A", "old"),
        "t/has-it": (Phase.SUCCEEDED, "2", "B", "old"),
    }


def test_killed_at_every_journal_step_of_an_update_the_next_controller_reaches_the_same_end() -> None:
    """Before each commit, after it and before acting, and after acting; no slot is written or booted once more."""
    wanted = undisturbed()
    for step in itertools.count(1):
        scene = Scene()
        struck = scene.plant.drive_killed_at(step)
        scene.plant.drive()
        assert scene.end() == wanted, f"killed at step {step}"
        scene.check()
        if not struck:
            break
    assert step > 100


@pytest.mark.parametrize("commits", [4, 7])
def test_controllers_that_live_for_a_few_commits_each_update_everything_together(commits: int) -> None:
    scene, lives = Scene(), 1
    for unit in scene.world.units.values():
        unit.slots.falls_back = unit.slots.sick = False
    while scene.plant.drive_killed_at(2 * commits):
        lives += 1
        assert lives < 300, "no end"
    scene.check()
    assert {unit.slots.booted for unit in scene.world.units.values()} == {"B"}
    assert {unit.boot for name, unit in scene.world.units.items() if name != "t/has-it"} == {2}
    assert lives > 3


@pytest.mark.parametrize("kind", [StepKind.STAGE, StepKind.INSTALL])
def test_a_unit_cut_from_power_while_its_controller_dies_goes_on_where_it_was(kind: StepKind) -> None:
    scene = Scene()
    slow = scene.world.units["s/slow"]

    def under_way(_: object) -> bool:
        staged, installed = slow.slots.staged, slow.slots.installed
        if kind is StepKind.STAGE:
            return staged is not None and not staged.ready
        return installed is not None and not installed.done

    scene.plant.drive(until=under_way)
    slow.lose_power()
    scene.plant.drive()
    scene.check()
    assert (slow.slots.booted, slow.boot) == ("B", 3)
