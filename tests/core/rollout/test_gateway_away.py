"""A gateway that stays away: clocks of units behind it stand still, up to what a whole attempt may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Action, Phase, Status, StepKind
from tests.builders.play import Play, progress
from tests.builders.world import FakeUnit, FakeWorld

REBOOTS = (Action.CONFIGURE, Action.REBOOT)
POLICY = Policy(
    "p",
    max_failed=9,
    max_sites_halted=9,
    retries=0,
    step_timeout_s=60,
    unit_timeout_s=600,
    reboot_timeout_s=120,
    heat_timeout_s=120,
    soak_samples=5,
    soak_every_s=30,
    unreachable="fail",
    defer_for_s=900,
)
UNDER_WAY = {
    "configuring": lambda play: StepKind.CONFIGURE in sent(play),
    "draining": lambda play: StepKind.DRAIN in sent(play),
    "rebooting": lambda play: StepKind.REBOOT in sent(play),
    "verifying": lambda play: sent(play).count(StepKind.VERIFY) == 2,
    "releasing": lambda play: StepKind.UNDRAIN in sent(play),
    "soaking": lambda play: play.rows["s/r1"].samples == 1,
}


def sent(play: Play) -> list[StepKind]:
    return [step.kind for step in play.world.submitted if step.unit == "s/r1"]


def a_site() -> Play:
    unit = FakeUnit("s/r1", "s/gw", config="old", reboots_after_configure=True, reboot_s=10.0, jobs=0)
    world = FakeWorld([FakeUnit("s/gw"), unit, FakeUnit("s/r2", "s/gw", config="old")])
    rows = [progress("s/r1", gateway="gw", actions=REBOOTS), progress("s/r2", gateway="gw", kind=Kind.RADIATOR)]
    return Play(world, rows, replace(POLICY, max_in_progress=1))


def cut_off(when: Callable[[Play], bool]) -> Play:
    """Play up to a moment, and let the gateway go silent."""
    play = a_site()
    while not when(play):
        play.tick()
        assert not play.row.status.is_end, "that moment never came"
    play.world.gateways_down.add("s/gw")
    return play


@pytest.mark.parametrize("phase", UNDER_WAY)
def test_a_unit_behind_a_gateway_that_stays_away_ends_with_a_reason(phase: str) -> None:
    play = cut_off(UNDER_WAY[phase])
    began_s = play.world.clock.at_s
    assert play.run() is Status.FAILED
    ended = play.rows["s/r1"]
    assert ended.phase is Phase.FAILED
    assert "still drained by r1" in ended.reason or not play.world.units["s/r1"].drained_by
    assert play.rows["s/r2"].phase is Phase.FAILED
    assert "soaking lasted longer than 600 s (gateway s/gw does not answer)" in play.rows["s/r2"].reason
    assert play.world.clock.at_s - began_s < 3 * POLICY.unit_timeout_s + POLICY.defer_for_s


@pytest.mark.parametrize("phase", UNDER_WAY)
def test_one_that_is_back_in_time_has_cost_nothing_not_even_a_try(phase: str) -> None:
    play = cut_off(UNDER_WAY[phase])
    until_s = play.world.clock.at_s + POLICY.unit_timeout_s / 2
    while play.world.clock.at_s < until_s:
        play.tick()
    play.world.gateways_down.clear()
    assert play.run() is Status.SUCCEEDED
    assert play.world.done_twice() == []
