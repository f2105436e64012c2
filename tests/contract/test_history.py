"""What every state remembers of a rollout's past: its steps, and what it saw of its units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import Ending, StepEnded, StepIntended, StepResult, StepTaken
from fleetctl.ports import State
from tests.builders.rollouts import CONFIG, facts, rollout, rows, step
from tests.builders.world import START


def reading(unit: str, at_s: float, *, of: str = "r-1", temperature_c: float = 20.5) -> Reading:
    at = START + timedelta(seconds=at_s)
    return Reading(of, unit, at, "1.0", "c" * 64, "A101", temperature_c, 21.0, 0.0, 600.0)


def with_rollouts(state: State, *ids: str) -> int:
    """Add rollouts and lead; returns the epoch."""
    for id in ids:
        state.rollouts.add(rollout(id), rows(), {CONFIG.digest: CONFIG})
    return state.controllers.acquire(owner="ada", host="h", pid=7, command="c", now=START, lease_s=30.0)


def test_steps_come_back_in_their_order_with_their_ends(state: State) -> None:
    epoch = with_rollouts(state, "r-1", "r-2")
    first, second = step("s/r2", epoch=epoch), step("s/r1", epoch=epoch)
    other = step("s/r1", epoch=epoch, of="r-2")
    later, end = START + timedelta(seconds=5), START + timedelta(seconds=9)
    state.journal.commit(epoch, [StepIntended(first, START), StepIntended(other, START)])
    state.journal.commit(epoch, [StepIntended(second, later)])
    state.journal.commit(epoch, [StepEnded(StepResult(first, Ending.FAILED, "no"), end)])
    expected = [StepTaken(first, START, end, Ending.FAILED), StepTaken(second, later)]
    assert list(state.journal.steps("r-1")) == expected
    assert list(state.journal.steps("r-3")) == []


def test_of_the_readings_of_a_minute_the_last_is_kept(reopen: Callable[[], State]) -> None:
    state = reopen()
    with_rollouts(state, "r-1")
    state.units.save_facts([facts()], [reading("s/r1", 2), reading("s/r1", 58, temperature_c=20.1)])
    state.units.save_facts(
        [facts()], [reading("s/r1", 59, temperature_c=19.9), reading("s/r1", 61), reading("s/r2", 3)]
    )
    kept = reopen().units.readings("r-1")
    assert [(r.unit, (r.at - START).seconds, r.temperature_c) for r in kept] == [
        ("s/r1", 59, 19.9),
        ("s/r2", 3, 20.5),
        ("s/r1", 61, 20.5),
    ]


def test_each_rollout_has_readings_of_its_own(state: State) -> None:
    with_rollouts(state, "r-1", "r-2")
    bare = replace(reading("s/gw", 0), space="", temperature_c=None, setpoint_c=None, power_w=None, commanded_w=None)
    mine, theirs = reading("s/r1", 0), reading("s/r1", 0, of="r-2", temperature_c=18.0)
    state.units.save_facts([facts()], [mine, bare, theirs])
    assert list(state.units.readings("r-1")) == [bare, mine]
    assert list(state.units.readings("r-2")) == [theirs]
