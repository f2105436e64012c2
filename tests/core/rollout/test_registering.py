"""The phase `registering`: after what is verified, before the release; safe to repeat, and nothing is rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.facts import Cause
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Action, Ending, Noted, Phase, Progress, Status, StepKind, UnitChanged
from tests.builders.play import Crash, Play, progress, update
from tests.builders.world import FakeUnit, FakeWorld

RETRIES = Policy("p", max_in_progress=4, max_failed=1, retries=1, backoff_s=1)


def registering(*rows: Progress, policy: Policy | None = None, config: str = "") -> Play:
    """Return a rollout of radiators behind a gateway that has all it needs; each is to be registered."""
    world = FakeWorld([FakeUnit("s/gw"), *(FakeUnit(row.unit, gateway="s/gw", config=config) for row in rows)])
    return Play(world, [replace(row, registration="wanted") for row in rows], policy or RETRIES)


def row(*actions: Action, unit: str = "s/r1") -> Progress:
    return progress(unit, gateway="gw", actions=actions)


def kinds(play: Play) -> list[StepKind]:
    return [step.kind for step in play.world.submitted]


def test_a_unit_that_is_only_registered_is_not_touched_otherwise() -> None:
    play = registering(row(Action.REGISTER))
    assert play.run() is Status.SUCCEEDED
    assert kinds(play) == [StepKind.REGISTER]
    assert play.world.units["s/r1"].registration == "wanted"


def test_a_unit_is_registered_once_its_config_is_verified() -> None:
    play = registering(row(Action.CONFIGURE, Action.REGISTER))
    assert play.run() is Status.SUCCEEDED
    assert kinds(play) == [StepKind.CONFIGURE, StepKind.VERIFY, StepKind.REGISTER]


def test_a_unit_is_registered_in_its_new_system_and_undrained_after_it() -> None:
    wanted = update("s/r1", gateway="gw")
    play = registering(replace(wanted, actions=(*wanted.actions, Action.REGISTER)), config="old")
    play.world.units["s/r1"].jobs = 2
    play.world.after_look = lambda _: setattr(play.world.units["s/r1"], "jobs", 0)
    assert play.run() is Status.SUCCEEDED
    assert kinds(play)[-2:] == [StepKind.REGISTER, StepKind.UNDRAIN]
    assert kinds(play).count(StepKind.REBOOT) == 1


def test_a_unit_without_the_action_is_never_registered() -> None:
    play = registering(row(Action.CONFIGURE))
    play.run()
    assert StepKind.REGISTER not in kinds(play)


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.FAILED])
def test_what_is_verified_stays_if_nobody_can_be_told_and_another_try_goes_on_from_there(ending: Ending) -> None:
    play = registering(row(Action.CONFIGURE, Action.REGISTER))
    unit = play.world.units["s/r1"]
    unit.previous = "before"
    unit.register_endings = [ending]
    _with_cause(play, Cause.AWAY)
    assert play.run() is Status.SUCCEEDED
    assert kinds(play) == [StepKind.CONFIGURE, StepKind.VERIFY, StepKind.REGISTER, StepKind.REGISTER]
    assert unit.config == "new"


def test_an_updated_unit_that_is_registered_at_a_second_try_does_not_reboot_again() -> None:
    wanted = update("s/r1", gateway="gw")
    play = registering(replace(wanted, actions=(*wanted.actions, Action.REGISTER)), config="old")
    play.world.units["s/r1"].register_endings = [Ending.REFUSED]
    _with_cause(play, Cause.AWAY)
    assert play.run() is Status.SUCCEEDED
    assert kinds(play).count(StepKind.REBOOT) == 1
    assert kinds(play).count(StepKind.REGISTER) == 2


def test_a_unit_that_is_another_machine_is_not_tried_again() -> None:
    play = registering(row(Action.REGISTER), policy=replace(RETRIES, max_failed=0))
    play.world.units["s/r1"].register_endings = [Ending.REFUSED]
    _with_cause(play, Cause.WRONG_IDENTITY)
    assert play.run() is Status.FAILED
    assert (play.rows["s/r1"].phase, play.rows["s/r1"].cause) == (Phase.FAILED, Cause.WRONG_IDENTITY)
    assert kinds(play) == [StepKind.REGISTER]


def test_a_unit_that_does_not_show_its_registration_is_given_up_and_not_rolled_back() -> None:
    play = registering(row(Action.CONFIGURE, Action.REGISTER), policy=replace(RETRIES, retries=0))
    unit = play.world.units["s/r1"]
    unit.previous = "before"
    play.world.after_effect = lambda step: setattr(unit, "registration", "")
    play.run()
    assert play.rows["s/r1"].phase is Phase.FAILED
    assert "registering lasted longer" in play.rows["s/r1"].reason
    assert StepKind.ROLL_BACK not in kinds(play)


def test_a_lost_outcome_is_looked_at_and_the_step_repeated_by_the_next_try() -> None:
    play = registering(row(Action.REGISTER))
    play.world.units["s/r1"].lose_outcomes = 1
    assert play.run() is Status.SUCCEEDED
    assert kinds(play) == [StepKind.REGISTER, StepKind.REGISTER]


def test_an_abort_leaves_a_verified_unit_unregistered() -> None:
    play = registering(row(Action.CONFIGURE, Action.REGISTER))
    play.world.before_step = lambda step: _abort_at(play, step.kind is StepKind.VERIFY)
    play.run()
    assert StepKind.REGISTER not in kinds(play)
    assert play.rows["s/r1"].phase.is_end


@given(st.integers(1, 40), st.sampled_from([StepKind.REGISTER, StepKind.CONFIGURE]))
def test_a_controller_that_dies_at_any_moment_registers_all_the_same(at: int, kind: StepKind) -> None:
    actions = (Action.CONFIGURE, Action.REGISTER) if kind is StepKind.CONFIGURE else (Action.REGISTER,)
    play = registering(row(*actions), row(*actions, unit="s/r2"))
    _dies_at(play, at)
    assert _run_through_crashes(play) is Status.SUCCEEDED
    assert {unit.registration for name, unit in play.world.units.items() if name != "s/gw"} == {"wanted"}
    moves = [change.progress for change in play.log if isinstance(change, UnitChanged)]
    ends = [p for p in moves if p.phase is Phase.SUCCEEDED]
    assert {p.unit for p in ends} == {"s/r1", "s/r2"}


def test_the_log_says_that_a_unit_is_registered() -> None:
    play = registering(row(Action.REGISTER))
    play.run()
    assert [n.what for n in play.log if isinstance(n, Noted) and n.unit] == ["unit-registers", "unit-succeeded"]


def _with_cause(play: Play, cause: Cause) -> None:
    """Let refusals have a cause, as the controller's own side gives them."""
    poll = play.world.executor.poll

    def with_cause(timeout_s: float) -> Sequence[object]:
        return [replace(r, cause=cause) if r.ending is not Ending.OK else r for r in poll(timeout_s)]

    play.world.executor.poll = with_cause  # type: ignore[method-assign,assignment]  # a fake of a fake


def _abort_at(play: Play, now: bool) -> None:
    from fleetctl.core.rollout.state import CommandKind

    if now:
        play.tell(CommandKind.ABORT)


def _dies_at(play: Play, tick: int) -> None:
    def die(now: int) -> None:
        if now == tick:
            raise Crash

    play.at_act = die


def _run_through_crashes(play: Play) -> Status:
    while True:
        try:
            return play.run()
        except Crash:
            play.start_controller()
