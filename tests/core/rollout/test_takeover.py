"""Controllers that die again and again: deadlines are given anew, but not for ever, and nobody is given up unseen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.policy import Drain, Policy
from fleetctl.core.rollout.moves import Rules
from fleetctl.core.rollout.state import Action, Phase, Progress, Status
from fleetctl.core.rollout.takeover import ANEW, LOOK_FIRST_S, recovered
from tests.builders.play import Play, progress
from tests.builders.world import START, FakeUnit, FakeWorld

POLICY = Policy(
    "p",
    max_failed=9,
    max_sites_halted=9,
    retries=0,
    step_timeout_s=100,
    unit_timeout_s=400,
    reboot_timeout_s=100,
    heat_timeout_s=300,
    drain=Drain(deadline_s=600),
    gate_wait_s=300,
    soak_samples=3,
    soak_every_s=10,
)
REBOOTS = (Action.CONFIGURE, Action.REBOOT)
UNIT = FakeUnit("s/r", "s/gw", config="old")


HANGS = replace(UNIT, reboots_after_configure=True, reboot_s=5.0)
STUCK = {
    "its reboot hangs": replace(HANGS, stays_down=True),
    "it comes back cold, and cannot be rolled back": replace(HANGS, cold_after_reboot=True),
    "its jobs never end": replace(HANGS, jobs=1),
    "it falls silent": replace(UNIT, name="s/silent"),
    "its steps never arrive": replace(UNIT, drop_steps=10_000),
}


@pytest.mark.parametrize("life_s", [4.0, 30.0, 90.0])
@pytest.mark.parametrize("why", STUCK)
def test_a_controller_that_dies_again_and_again_still_gives_up_what_hangs(why: str, life_s: float) -> None:
    unit = replace(STUCK[why])
    play = Play(FakeWorld([FakeUnit("s/gw"), unit]), [progress(unit.name, gateway="gw", actions=REBOOTS)], POLICY)
    if why == "it falls silent":
        play.world.before_step = lambda _: setattr(unit, "reachable", False)
    led_s = 0.0
    while not play.row.status.is_end:
        until_s = play.world.clock.at_s + life_s
        while play.world.clock.at_s < until_s and not play.row.status.is_end:
            play.tick()
        led_s += life_s
        assert led_s < 6000, play.unfinished()
        if not play.row.status.is_end:
            play.world.clock.advance(20.0)  # until somebody starts the next
            play.world.clock.restart(0.0)
            play.start_controller()
    assert play.rows[unit.name].phase in {Phase.FAILED, Phase.DEFERRED, Phase.ROLLED_BACK}


def test_what_is_well_is_not_given_up_however_often_its_controller_dies() -> None:
    unit = replace(UNIT, reboots_after_configure=True, reboot_s=60.0)
    play = Play(FakeWorld([FakeUnit("s/gw"), unit]), [progress("s/r", gateway="gw", actions=REBOOTS)], POLICY)
    lives = 1
    while not play.row.status.is_end:
        for _ in range(12):
            play.tick()
        play.world.clock.restart(0.0)
        play.start_controller()
        lives += 1
    assert lives > 5
    assert play.row.status is Status.SUCCEEDED


# --- one takeover ---------------------------------------------------------------------------------------------------


RULES = Rules("r1", 2, POLICY, proof=lambda _: None, times=lambda _: None)
VERIFYING = replace(
    progress("s/r"),
    phase=Phase.VERIFYING,
    deadline_s=1100.0,
    attempt_deadline_s=1400.0,
    clock_began=START - timedelta(seconds=1000),
)
"""It has 100 s left of its phase at START, and 400 s of its attempt."""


def left_s(taken_before: int, later_s: float) -> tuple[float, float]:
    """Return what a unit has left of its phase and its attempt when it is taken over some time after START."""
    now = Now(START + timedelta(seconds=later_s), 50.0, "another boot")
    taken = recovered(replace(VERIFYING, takeovers=taken_before), RULES, now).progress
    assert taken.takeovers == taken_before + 1
    return taken.deadline_s - 50.0, taken.attempt_deadline_s - 50.0


@pytest.mark.parametrize("later_s", [-7200.0, 10.0, 3 * 86_400.0])
def test_the_first_takeovers_give_all_time_anew_however_long_nobody_led(later_s: float) -> None:
    assert left_s(0, later_s) == left_s(ANEW - 1, later_s) == (100.0, 400.0)


def test_later_ones_go_on_by_the_wall_clock() -> None:
    assert left_s(ANEW, 30.0) == (70.0, 370.0)
    assert left_s(ANEW + 1, 60.0) == (40.0, 340.0)


def test_time_that_is_over_leaves_a_moment_to_look_at_the_unit_which_grows_shorter() -> None:
    assert [left_s(ANEW + more, 90_000.0)[0] for more in range(4)] == [LOOK_FIRST_S / 2**n for n in range(4)]
    assert left_s(10_000, 90_000.0)[0] < 0.001


def test_a_wall_clock_that_went_back_gives_no_more_than_there_ever_was() -> None:
    assert left_s(ANEW + 1, -7200.0) == (100.0, 400.0)


@pytest.mark.parametrize("taken_before", [0, 1, ANEW, 10 * ANEW])
@pytest.mark.parametrize("later_s", [10.0, 3 * 86_400.0])
def test_a_wait_at_the_down_gate_goes_on_where_it_was_seen_last(taken_before: int, later_s: float) -> None:
    """It is looked at every few seconds, so a restart stretches it by no more than these; nobody led meanwhile."""
    waits = replace(
        VERIFYING, phase=Phase.DRAINING, at_gate=True, not_before_s=1100.0, deadline_s=1220.0, takeovers=taken_before
    )
    first = recovered(waits, RULES, Now(START + timedelta(seconds=later_s), 50.0, "another boot")).progress
    assert first.deadline_s == 170.0
    again = recovered(first, RULES, Now(START + timedelta(seconds=2 * later_s), 7.0, "one more boot")).progress
    assert again.deadline_s == 127.0


def test_a_step_that_several_controllers_left_open_uses_up_a_try_if_it_was_not_done() -> None:
    opened: Progress = replace(VERIFYING, open=True)
    lost = [recovered(replace(opened, takeovers=n), RULES, Now(START, 50.0)).progress.lost for n in range(ANEW + 2)]
    assert lost == [False] * ANEW + [True] * 2
