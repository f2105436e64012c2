"""An update ends as if nothing had happened, however long its controllers live. See also `test_every_step`."""

from __future__ import annotations

import pytest

from fleetctl.core.rollout.state import Phase, StepKind
from tests.builders.memory_state import MemoryState
from tests.builders.scenes import Updates


def scene() -> Updates:
    return Updates(MemoryState())


def test_the_undisturbed_update_goes_every_way_there_is() -> None:
    updates = scene()
    updates.plant.drive()
    updates.check()
    phases = {row.unit: row.phase for row in updates.plant.state.journal.progress("r1")}
    ends = {
        name: (phases[name], unit.slots.version, unit.slots.booted, unit.config)
        for name, unit in updates.world.units.items()
    }
    assert ends == {
        "s/gw": (Phase.SUCCEEDED, "2", "B", "old"),
        "s/drained": (Phase.SUCCEEDED, "2", "B", "new"),
        "s/slow": (Phase.SUCCEEDED, "2", "B", "old"),
        "t/fallen": (Phase.ROLLED_BACK, "1", "A", "old"),
        "t/sick": (Phase.ROLLED_BACK, "1", "A", "old"),
        "t/has-it": (Phase.SUCCEEDED, "2", "B", "old"),
    }


@pytest.mark.parametrize("commits", [4, 7])
def test_controllers_that_live_for_a_few_commits_each_update_everything_together(commits: int) -> None:
    updates, lives = scene(), 1
    for unit in updates.world.units.values():
        unit.slots.falls_back = unit.slots.sick = False
    while updates.plant.drive_killed_at(2 * commits):
        lives += 1
        assert lives < 300, "no end"
    updates.check()
    assert {unit.slots.booted for unit in updates.world.units.values()} == {"B"}
    assert {unit.boot for name, unit in updates.world.units.items() if name != "t/has-it"} == {2}
    assert lives > 3


@pytest.mark.parametrize("kind", [StepKind.STAGE, StepKind.INSTALL])
def test_a_unit_cut_from_power_while_its_controller_dies_goes_on_where_it_was(kind: StepKind) -> None:
    updates = scene()
    slow = updates.world.units["s/slow"]

    def under_way(_: object) -> bool:
        staged, installed = slow.slots.staged, slow.slots.installed
        if kind is StepKind.STAGE:
            return staged is not None and not staged.ready
        return installed is not None and not installed.done

    updates.plant.drive(until=under_way)
    slow.lose_power()
    updates.plant.drive()
    updates.check()
    assert (slow.slots.booted, slow.boot) == ("B", 3)
