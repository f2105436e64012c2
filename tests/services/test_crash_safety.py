"""Whatever becomes of a controller, and at whatever step: the rollout ends as if nothing had happened.

The real driver on a real state, over a fake world that an observer of its own watches. In `test_every_step` it
is killed at each step of its journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Never

import pytest

from fleetctl.adapters.store.engine import Database
from fleetctl.adapters.store.state import open_state
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Status, Step
from fleetctl.ports import Fenced, State
from fleetctl.services.drive import Driver
from tests.builders.crashes import Tripwire
from tests.builders.memory_state import MemoryState
from tests.builders.scenes import Scene

Scenes = Callable[[], Scene]


def in_memory() -> Scene:
    return Scene(MemoryState())


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Scenes]:
    """Return what sets the scene anew, each time on a database of its own."""
    opened: list[State] = []

    def scene() -> Scene:
        opened.append(open_state(f"sqlite:///{tmp_path}/{len(opened)}.db"))
        return Scene(opened[-1])

    yield scene
    for state in opened:
        state.close()


def undisturbed(scenes: Scenes) -> Mapping[str, Any]:
    scene = scenes()
    scene.plant.drive()
    scene.check()
    return scene.end()


def test_the_undisturbed_rollout_goes_every_way_there_is() -> None:
    phases = {name: str(end[0]) for name, end in undisturbed(in_memory).items() if name != "rollout"}
    assert phases == {
        "s/gw": "succeeded",
        "s/drained": "succeeded",
        "s/reloaded": "succeeded",
        "s/rebooted": "succeeded",
        "t/sick": "rolled_back",
        "u/silent": "failed",
    }


def test_killed_on_a_real_database_the_next_controller_reaches_the_same_end(on_sqlite: Scenes) -> None:
    wanted = undisturbed(on_sqlite)
    for step in (3, 32, 61, 91, 124):
        scene = on_sqlite()
        assert scene.plant.drive_killed_at(step)
        ended_as(scene, wanted, f"killed at step {step}")


@pytest.mark.parametrize("commits", [5, 8])
def test_controllers_that_live_for_a_few_commits_each_reach_the_end_together(commits: int) -> None:
    """What was cut short again and again is still done once: whoever comes next looks first."""
    scene, lives = in_memory(), 1
    scene.world.units["t/sick"].cold_after_reboot = False
    scene.world.units["u/silent"].reachable = True
    while scene.plant.drive_killed_at(2 * commits):
        lives += 1
        assert lives < 300, "no end"
    scene.check()
    assert scene.plant.status is Status.SUCCEEDED
    assert {unit.boot for unit in scene.world.units.values() if unit.reboots_after_configure} == {2}
    assert lives > 3


@pytest.mark.parametrize("step", [1, 8, 21, 34, 55, 89])
def test_a_full_disk_ends_the_controller_and_nothing_else(step: int) -> None:
    """The commit raises, before or after it was written: no step follows that is not in the journal."""
    wanted, scene = undisturbed(in_memory), in_memory()
    scene.plant.wire = Tripwire(step, lambda: CouldNot("the state could not be used: database or disk is full"))
    sent = len(scene.world.submitted)
    with pytest.raises(CouldNot, match="disk is full"):
        scene.plant.drive(until=lambda _: False)
    assert {s.id for s in scene.world.submitted[sent:]} <= {s.id for s in journalled(scene)}
    scene.plant.kill()
    scene.plant.wire = Tripwire()
    ended_as(scene, wanted, "the disk was full")


def journalled(scene: Scene) -> list[Step]:
    assert isinstance(scene.plant.state, MemoryState)
    return list(scene.plant.state.rows.steps)


def test_a_database_that_is_lost_for_a_while_is_gone_on_with(
    on_sqlite: Scenes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every read and write fails for a while; controllers come and go in vain, units are left alone."""
    wanted, scene = undisturbed(on_sqlite), on_sqlite()
    scene.plant.drive_killed_at(40)
    sent = len(scene.world.submitted)

    def lost(_: Database) -> Never:
        raise CouldNot("the state could not be used: server closed the connection unexpectedly")

    with monkeypatch.context() as gone:
        gone.setattr(Database, "write", lost)
        gone.setattr(Database, "read", lost)
        for _ in range(3):
            with pytest.raises(CouldNot, match="closed the connection"):
                scene.plant.drive()
            scene.plant.kill()
    assert len(scene.world.submitted) == sent
    ended_as(scene, wanted, "the database was lost")


@pytest.mark.parametrize("step", [4, 13, 40, 76, 101])
def test_of_two_controllers_at_once_only_the_newer_one_writes_and_acts(step: int) -> None:
    """The older was stopped, lost its lease and wakes up in the middle of the work of the newer."""
    wanted, scene = undisturbed(in_memory), in_memory()
    old = scene.plant.start()
    while scene.plant.wire.count < step:
        list(old.tick())
    scene.plant.kill()
    new = scene.plant.start()
    sent = len(scene.world.submitted)
    with pytest.raises(Fenced):
        tick_for_ever(old)
    assert {s.epoch for s in scene.world.submitted[sent:]} <= {new.epoch}
    while not new.settled("r1"):
        list(new.tick())
    assert scene.end() == wanted
    scene.check()


def tick_for_ever(driver: Driver) -> Never:
    while True:
        list(driver.tick())


@pytest.mark.parametrize("hours", [-5.0, 5.0])
@pytest.mark.parametrize("step", [10, 50, 90])
def test_a_wall_clock_that_jumps_by_hours_changes_no_end(step: int, hours: float) -> None:
    """Budgets are monotonic; what was observed before the jump is of an unknown age, so units are looked at anew."""
    wanted, scene = undisturbed(in_memory), in_memory()
    scene.plant.drive(until=lambda _: scene.plant.wire.count >= step)
    driver = scene.plant.start()
    list(driver.tick())
    scene.world.clock.jump(hours * 3600)
    while not driver.settled("r1"):
        list(driver.tick())
    assert scene.end() == wanted
    scene.check()


@pytest.mark.parametrize("hours", [-5.0, 0.0, 5.0])
@pytest.mark.parametrize("step", range(5, 120, 16))
def test_after_a_power_cut_of_the_controllers_machine_the_end_is_the_same(step: int, hours: float) -> None:
    """The monotonic clock begins anew with another boot id; the wall clock may come up wrong."""
    wanted, scene = undisturbed(in_memory), in_memory()
    assert scene.plant.drive_killed_at(step)
    scene.world.clock.restart(hours * 3600)
    ended_as(scene, wanted, f"the power was cut at step {step}")


def ended_as(scene: Scene, wanted: Mapping[str, Any], after: str) -> None:
    """Let the next controller end the rollout, and hold what is there then against what was wanted."""
    scene.plant.drive()
    assert scene.end() == wanted, after
    scene.check()
