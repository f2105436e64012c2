"""Components: staged ahead, flashed behind the down gate, proved by what the unit tells, and never rolled back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.policy import AtMost, Policy
from fleetctl.core.rollout.state import Action, CommandKind, Ending, Noted, Phase, Progress, Status, StepKind
from tests.builders.play import Crash, Play, progress
from tests.builders.world import FakeUnit, FakeWorld

RADIATORS = ("s/r1", "s/r2", "s/r3")
POLICY = Policy("p", max_in_progress=3, max_failed=3, soak_samples=1, soak_every_s=5.0, unit_timeout_s=600.0)


def flashing(policy: Policy = POLICY, **unit: object) -> Play:
    """Return a rollout that brings firmware 2 to the controllers of three radiators of one dwelling."""
    has = {"components": {"controller": "1"}, "config": "old", "agent_s": 20.0, **unit}
    world = FakeWorld([FakeUnit("s/gw"), *(FakeUnit(name, "s/gw", **_copied(has)) for name in RADIATORS)])  # type: ignore[arg-type]
    play = Play(world, [row(name) for name in RADIATORS], policy)
    play.surroundings.dwelling_of = dict.fromkeys(RADIATORS, "d")
    return play


def _copied(has: dict[str, object]) -> dict[str, object]:
    return {name: value.copy() if isinstance(value, dict | list) else value for name, value in has.items()}


def row(name: str) -> Progress:
    known = replace(progress(name, gateway="gw", actions=(Action.UPDATE,)), config_digest="old")
    return replace(known, release="2", bundle="b" * 64, bundle_bytes=100, component="controller")


def kinds(play: Play, unit: str) -> list[StepKind]:
    return [step.kind for step in play.world.submitted if step.unit == unit]


def test_it_is_staged_ahead_flashed_and_proved() -> None:
    play = flashing()
    assert play.run() is Status.SUCCEEDED
    assert all(play.world.units[name].components == {"controller": "2"} for name in RADIATORS)
    assert kinds(play, "s/r1") == [StepKind.STAGE, StepKind.FLASH, StepKind.VERIFY]
    assert {unit.boot for unit in play.world.units.values()} == {1}
    said = [change.text for change in play.log if isinstance(change, Noted) and change.what == "unit-installed"]
    assert said[0] == "2 is staged for its controller and not flashed"


def test_one_of_a_dwelling_is_flashed_at_a_time() -> None:
    play = flashing()
    most = 0
    while not play.row.status.is_end:
        play.tick()
        most = max(most, sum(not unit.heats for unit in play.world.units.values() if unit.gateway))
    assert most == 1


def test_jobs_are_waited_for_before_a_flash() -> None:
    play = flashing(jobs=0)
    play.world.units["s/r1"].jobs = 1
    for _ in range(20):
        play.tick()
    assert StepKind.FLASH not in kinds(play, "s/r1")
    assert StepKind.DRAIN in kinds(play, "s/r1")
    play.world.units["s/r1"].jobs = 0
    assert play.run() is Status.SUCCEEDED
    assert play.world.units["s/r1"].drained_by == ""


def test_a_flash_that_fails_is_a_failure_and_is_not_rolled_back() -> None:
    play = flashing(replace(POLICY, retries=0))
    play.world.units["s/r1"].endings = [Ending.FAILED]
    play.run()
    assert play.rows["s/r1"].phase is Phase.FAILED
    assert StepKind.ROLL_BACK not in kinds(play, "s/r1")
    assert {play.rows[name].phase for name in RADIATORS[1:]} == {Phase.SUCCEEDED}


def test_a_flash_that_was_cut_is_done_again_with_another_try() -> None:
    play = flashing(replace(POLICY, retries=1))
    play.world.units["s/r1"].endings = [Ending.FAILED]
    assert play.run() is Status.SUCCEEDED
    assert kinds(play, "s/r1").count(StepKind.FLASH) == 2


def test_a_unit_that_is_of_the_release_already_is_not_flashed() -> None:
    play = flashing(components={"controller": "2"})
    assert play.run() is Status.SUCCEEDED
    assert StepKind.FLASH not in {step.kind for step in play.world.submitted}


def test_a_unit_that_comes_back_cold_fails() -> None:
    play = flashing(replace(POLICY, max_failed=0, retries=0, heat_timeout_s=60.0))
    play.world.units["s/r1"].cold_after_reboot = True
    assert play.run() is not Status.SUCCEEDED
    assert play.rows["s/r1"].phase is Phase.FAILED


def test_an_abort_leaves_what_is_staged() -> None:
    play = flashing(replace(POLICY, max_in_progress=1, max_unavailable=AtMost(fleet=1)))
    while play.rows["s/r2"].installed is False:
        play.tick()
    play.tell(CommandKind.ABORT)
    play.run()
    assert "staged for its controller and not flashed" in play.rows["s/r3"].reason


@pytest.mark.parametrize("when", ["commit", "act"])
@given(at=st.integers(1, 40))
def test_a_controller_that_is_killed_flashes_nothing_twice(when: str, at: int) -> None:
    play = flashing()

    def crash(tick: int) -> None:
        if tick == at:
            raise Crash

    setattr(play, f"at_{when}", crash)
    while not play.row.status.is_end:
        try:
            play.tick()
        except Crash:
            play.start_controller()
        assert play.ticks < 3000, play.unfinished()
    assert play.row.status is Status.SUCCEEDED
    assert play.world.done_twice() == []
    assert all(unit.components == {"controller": "2"} for unit in play.world.units.values() if unit.gateway)
