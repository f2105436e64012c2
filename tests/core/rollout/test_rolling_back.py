"""A unit that went back proves its heat as one that went on does: in a warm room, by a pulse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.heat.proof import Proof
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.moves import Move, Rules
from fleetctl.core.rollout.state import Action, Ending, Phase, Progress, Step, StepKind, StepResult
from fleetctl.core.rollout.transitions import on_observation, on_result
from tests.builders.play import progress
from tests.builders.world import START, FakeUnit

POLICY = Policy("p", retries=0, max_failed=9, step_timeout_s=30, heat_timeout_s=900)
PULSE = Proof("not_proven", "too little is commanded; a pulse would", pulse=True)
HEATS = Proof("yes", "600 of 650 W")
NOW = Now(START, 100.0, "boot")
UNIT = "s/r01"


def step(kind: StepKind, config: str, number: int = 4) -> Step:
    return Step("r1", UNIT, 1, number, kind, 1, config, pulse_s=600.0 if kind is StepKind.VERIFY else 0.0)


def going_back(last: Step, *, down: bool = True) -> Progress:
    """Return a radiator with another config again, whose heat was interrupted on the way."""
    row = replace(progress(UNIT), phase=Phase.ROLLING_BACK, attempt=1, config_digest="new", previous_digest="old")
    row = replace(row, actions=(Action.CONFIGURE,), interrupts=True, reason="the new one is too cold")
    return replace(row, step=last, down=down, down_since=START)


def seen(row: Progress, proof: Proof, epoch: int = 1) -> Move:
    rules = Rules("r1", epoch, POLICY, proof=lambda _: proof, times=lambda _: None)
    return on_observation(row, FakeUnit(UNIT, config="old").facts(START), rules, NOW)


@pytest.mark.parametrize("before", [step(StepKind.ROLL_BACK, "new"), step(StepKind.VERIFY, "new")], ids=str)
def test_a_unit_that_went_back_in_a_warm_room_is_asked_for_a_pulse(before: Step) -> None:
    row = seen(going_back(before), PULSE).progress
    assert row.phase is Phase.ROLLING_BACK
    assert row.step is not None
    assert (row.open, row.step.kind, row.step.config_digest) == (True, StepKind.VERIFY, "old")
    assert row.step.pulse_s > 0
    assert row.deadline_s >= NOW.monotonic_s + POLICY.heat_timeout_s, "a pulse takes longer than a step"


def test_it_is_asked_once_and_its_config_is_no_surprise() -> None:
    rules = Rules("r1", 1, POLICY, proof=lambda _: PULSE, times=lambda _: None)
    asked = replace(going_back(step(StepKind.VERIFY, "old")), open=True)
    assert asked.step is not None
    done = on_result(asked, StepResult(asked.step, Ending.OK, "", active_digest="old"), rules, NOW).progress
    assert (done.phase, done.open) == (Phase.ROLLING_BACK, False)
    waits = seen(done, PULSE).progress
    assert (waits.phase, waits.open, waits.step) == (Phase.ROLLING_BACK, False, asked.step)
    assert seen(done, HEATS).progress.phase is Phase.ROLLED_BACK


def test_a_pulse_that_ended_while_nobody_led_is_asked_for_once_more() -> None:
    row = seen(going_back(step(StepKind.VERIFY, "old")), PULSE, epoch=2).progress
    assert row.step is not None
    assert (row.open, row.step.epoch) == (True, 2)


def test_a_unit_whose_heat_was_never_interrupted_gets_no_pulse() -> None:
    row = replace(going_back(step(StepKind.ROLL_BACK, "new"), down=False), down_since=None)
    assert seen(row, PULSE).progress.phase is Phase.ROLLED_BACK
