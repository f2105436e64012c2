"""What is in doubt is looked at first, and what a gate allowed long ago is asked again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.facts import Heat
from fleetctl.core.heat.proof import Proof
from fleetctl.core.policy import Drain, Policy
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.moves import Rules
from fleetctl.core.rollout.state import Action, Noted, Phase, Status, Step, StepIntended, StepKind
from fleetctl.core.rollout.transitions import on_observation
from tests.builders.observer import Observer
from tests.builders.play import Crash, Play, building, progress
from tests.builders.world import START, FakeUnit

POLICY = Policy(
    "p", retries=1, backoff_s=1, max_failed=9, step_timeout_s=30, unit_timeout_s=120, gate_wait_s=60, defer_for_s=0
)


def one(policy: Policy = POLICY, *, interrupts: bool = False, reboots: bool = False) -> Play:
    """Return a rollout of a gateway, which is done at once, and a radiator whose heat it interrupts."""
    play = building(1, policy=policy)
    actions = (Action.CONFIGURE, Action.REBOOT) if reboots else (Action.CONFIGURE,)
    play.rows["s/r01"] = replace(play.rows["s/r01"], actions=actions, interrupts=interrupts)
    unit = play.world.units["s/r01"]
    unit.config, unit.reboots_after_configure, unit.reboot_s, unit.agent_s = "old", reboots, 5.0, 5.0
    play.start_controller()
    return play


def killed_before(play: Play, kind: StepKind) -> None:
    """Kill the controller after it has committed a step of the radiator, and before the step is sent."""

    def crash(_tick: int) -> None:
        last = next(c for c in reversed(play.log) if isinstance(c, StepIntended))
        if (last.step.unit, last.step.kind) == ("s/r01", kind):
            raise Crash

    play.at_act = crash
    with pytest.raises(Crash):
        play.run()
    play.at_act = lambda _: None


def sent(play: Play, kind: StepKind) -> int:
    return sum(step.kind is kind for step in play.world.submitted)


@pytest.mark.parametrize(
    ("kind", "settings"), [(StepKind.REBOOT, {"reboots": True}), (StepKind.CONFIGURE, {"interrupts": True})]
)
def test_a_step_that_a_dead_controller_was_allowed_passes_the_gates_again(
    kind: StepKind, settings: dict[str, Any]
) -> None:
    """The controller was gone for hours; meanwhile the room has become too cold to take its heat away."""
    play = one(replace(POLICY, defer_for_s=3600), **settings)
    killed_before(play, kind)
    play.world.clock.advance(6 * 3600)
    play.world.units["s/r01"].temperature_c = 17.6
    play.start_controller()
    for _ in range(100):
        play.tick()
    assert play.world.units["s/r01"].heats
    assert not play.rows["s/r01"].down, "it was not touched, so it takes nobody's place"
    assert "G1" in why(play.board, "s/r01", play.world.clock.now(), play.around())
    play.world.units["s/r01"].temperature_c = 20.0
    assert play.run() is Status.SUCCEEDED
    assert play.rows["s/r01"].phase is Phase.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "settings"), [(StepKind.REBOOT, {"reboots": True}), (StepKind.CONFIGURE, {"interrupts": True})]
)
def test_one_that_it_may_still_do_is_done_once(kind: StepKind, settings: dict[str, Any]) -> None:
    play = one(**settings)
    killed_before(play, kind)
    before = sent(play, kind)
    play.start_controller()
    assert play.run() is Status.SUCCEEDED
    assert sent(play, kind) == before + 1
    assert play.world.units["s/r01"].boot == (2 if kind is StepKind.REBOOT else 1)


@pytest.mark.parametrize("kind", [StepKind.REBOOT, StepKind.DRAIN, StepKind.UNDRAIN, StepKind.VERIFY])
def test_a_step_that_never_arrives_is_not_sent_for_ever(kind: StepKind) -> None:
    play = one(replace(POLICY, drain=Drain(30)), reboots=True)
    unit = play.world.units["s/r01"]
    unit.jobs = 0
    play.world.swallows = {kind}
    assert play.run() in {Status.FAILED, Status.HALTED}
    assert play.rows["s/r01"].phase is Phase.FAILED
    if kind is StepKind.UNDRAIN:
        assert "still drained by r1" in play.rows["s/r01"].reason
    else:
        assert not unit.drained_by


def test_a_new_attempt_looks_first_when_the_last_one_ended_in_doubt() -> None:
    """The configuration arrived, nobody heard of it, and the unit was out of reach when the try was given up."""
    play = one(replace(POLICY, retries=2))
    observer = Observer(play.world, play.surroundings, play.row.policy)
    unit = play.world.units["s/r01"]
    unit.lose_outcomes = 1
    while unit.config == "old":
        play.tick()
    unit.reachable = False
    while play.rows["s/r01"].attempt == 1:
        play.tick()
    unit.reachable = True
    assert play.run() is Status.SUCCEEDED
    assert sum(s.unit == "s/r01" and s.kind is StepKind.CONFIGURE for s in play.world.submitted) == 1
    assert observer.broken == []


def test_a_unit_that_is_given_up_in_doubt_is_looked_at_before_it_is_undrained() -> None:
    play = one(replace(POLICY, retries=0), reboots=True)
    observer = Observer(play.world, play.surroundings, play.row.policy)
    unit = play.world.units["s/r01"]
    unit.jobs = 0
    while play.rows["s/r01"].phase is not Phase.REBOOTING:
        play.tick()
    unit.reachable = False
    while play.rows["s/r01"].phase is Phase.REBOOTING:
        play.tick()
    unit.reachable = True
    assert play.run() is Status.FAILED
    assert unit.drained_by == ""
    assert observer.broken == []


def test_a_unit_that_fails_its_soak_is_rolled_back_through_the_down_gate() -> None:
    """Its roll-back takes its heat, and its neighbour has no heat just then."""
    play = building(2, policy=replace(POLICY, retries=0, soak_samples=3, soak_every_s=5))
    observer = Observer(play.world, play.surroundings, play.row.policy)
    play.surroundings.dwelling_of = {"s/r01": "home", "s/r02": "home"}
    for name in ("s/r01", "s/r02"):
        play.rows[name] = replace(play.rows[name], interrupts=True)
        play.world.units[name].config, play.world.units[name].agent_s = "old", 15.0
    play.start_controller()
    while play.rows["s/r02"].phase is not Phase.VERIFYING:
        play.tick()
    assert play.rows["s/r01"].phase is Phase.SOAKING
    play.world.units["s/r01"].config_changed = ("/etc/fleet/heat.toml",)
    play.run()
    assert {row.phase for row in play.rows.values() if row.unit == "s/r01"} == {Phase.ROLLED_BACK}
    assert play.world.units["s/r01"].config == "old"
    assert observer.broken == []
    assert [c.text for c in play.log if isinstance(c, Noted) and c.what == "unit-waits" and "G2" in c.text]


WARM = Heat(1.0, 0.0, 0.0, 20.0, 21.0)
A_PULSE_WOULD = Proof("not_proven", "too little is commanded; a pulse would", pulse=True)


@pytest.mark.parametrize(
    ("asked_by", "heat", "asks_again"),
    [(1, WARM, True), (2, WARM, False), (1, replace(WARM, pulse_left_s=30.0), False)],
    ids=["by one that is gone", "by this one", "and it still runs"],
)
def test_a_pulse_that_nobody_looked_at_is_asked_for_once_more(asked_by: int, heat: Heat, asks_again: bool) -> None:
    """Its controller died while it ran, and came back after it: the room is warm, so nothing else proves heat."""
    pulsed = Step("r1", "s/r01", 1, 3, StepKind.VERIFY, asked_by, "new", pulse_s=600.0, pulse_k=0.5)
    verifying = replace(progress("s/r01"), phase=Phase.VERIFYING, attempt=1, step=pulsed, down=True, down_since=START)
    rules = Rules("r1", 2, POLICY, proof=lambda _: A_PULSE_WOULD, times=lambda _: None)
    facts = replace(FakeUnit("s/r01", config="new").facts(START), heat=heat)
    move = on_observation(verifying, facts, rules, Now(START, 100.0, "boot"))
    assert (move.step is not None) is asks_again
    if move.step is not None:
        assert (move.step.kind, move.step.epoch, move.step.number) == (StepKind.VERIFY, 2, 4)
        assert move.step.pulse_s > 0
