"""Drains and undrains go to the platform, everything else to the unit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from fleetctl.adapters.platform.executor import PlatformExecutor
from fleetctl.adapters.platform.memory import Memory
from fleetctl.core.facts import drain_reason
from fleetctl.core.platform.drains import by_hand
from fleetctl.core.platform.node import Health, Node
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports import Fenced
from fleetctl.ports.platform import PlatformNode
from tests.builders.memory_platform import MemoryPlatform
from tests.builders.rollouts import step

OURS = drain_reason("r-1")


@dataclass
class Units:
    """An executor that does every step at once."""

    steps: list[Step] = field(default_factory=list)
    cancelled: list[Step] = field(default_factory=list)
    closed: bool = False

    def submit(self, steps: Sequence[Step]) -> None:
        self.steps.extend(steps)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        done, self.steps = self.steps, []
        return [StepResult(each, Ending.OK, "on the unit") for each in done]

    def cancel(self, step: Step) -> None:
        self.cancelled.append(step)

    def close(self) -> None:
        self.closed = True


@dataclass
class World:
    platform: MemoryPlatform
    units: Units
    memory: Memory
    executor: PlatformExecutor
    leads: bool = True

    def done(self, *steps: Step) -> dict[str, StepResult]:
        """Do steps; returns their results by unit, one each."""
        self.executor.submit(steps)
        results: dict[str, StepResult] = {}
        deadline = time.monotonic() + 60
        while len(results) < len(steps) and time.monotonic() < deadline:
            for result in self.executor.poll(0.01):
                assert result.step.unit not in results
                results[result.step.unit] = result
        assert len(results) == len(steps)
        return results


@pytest.fixture
def world() -> Iterator[World]:
    platform, units, memory = MemoryPlatform.of("s-r1", "s-r2"), Units(), Memory()

    def standing(of: Step) -> PlatformNode | None:
        return None if of.unit == "s/heats-only" else PlatformNode("slurm", platform, of.unit.replace("/", "-"))

    def check() -> None:
        if not made.leads:
            raise Fenced("another controller has taken over")

    made = World(platform, units, memory, PlatformExecutor(units, standing, check, memory))
    yield made
    made.executor.close()
    assert units.closed


def a(kind: StepKind, unit: str = "s/r1", *, cancel: bool = False, of: str = "r-1") -> Step:
    return replace(step(unit, of=of), kind=kind, cancel_jobs=cancel)


def said(results: dict[str, StepResult]) -> dict[str, tuple[Ending, str]]:
    return {unit: (result.ending, result.message) for unit, result in results.items()}


def test_a_drain_goes_to_the_platform_and_other_steps_to_the_unit(world: World) -> None:
    results = world.done(a(StepKind.DRAIN), a(StepKind.REBOOT, "s/r2"), a(StepKind.DRAIN, "s/heats-only"))
    assert said(results) == {
        "s/r1": (Ending.OK, "drained"),
        "s/r2": (Ending.OK, "on the unit"),
        "s/heats-only": (Ending.OK, "on the unit"),
    }
    assert world.platform.known["s-r1"] == Node("s-r1", Health.UP, True, OURS)


def test_steps_of_one_kind_and_rollout_are_one_request(world: World) -> None:
    world.done(a(StepKind.DRAIN), a(StepKind.DRAIN, "s/r2"))
    assert [names for what, names in world.platform.asked if what == "drain"] == [("s-r1", "s-r2")]


def test_jobs_that_the_policy_ends_are_counted_and_named(world: World) -> None:
    job = world.platform.runs("s-r1")
    assert said(world.done(a(StepKind.DRAIN)))["s/r1"] == (Ending.OK, "drained")
    assert said(world.done(a(StepKind.DRAIN, cancel=True)))["s/r1"] == (Ending.OK, f"drained; 1 job lost: {job}")


@pytest.mark.parametrize("theirs", ["disk is loud", by_hand("fan is loud"), drain_reason("r-2")])
def test_jobs_under_a_drain_of_others_are_theirs(world: World, theirs: str) -> None:
    job, own = world.platform.runs("s-r1"), world.platform.runs("s-r2")
    world.platform.drained_by("s-r1", theirs)
    results = said(world.done(a(StepKind.DRAIN, cancel=True), a(StepKind.DRAIN, "s/r2", cancel=True)))
    assert results["s/r1"] == (Ending.OK, f"drained by others: {theirs}")
    assert results["s/r2"] == (Ending.OK, f"drained; 1 job lost: {own}")
    assert world.platform.jobs[job].state == "running"


def test_a_drain_of_others_is_said_and_left(world: World) -> None:
    world.platform.drained_by("s-r1", "disk is loud")
    assert said(world.done(a(StepKind.DRAIN)))["s/r1"] == (Ending.OK, "drained by others: disk is loud")
    assert said(world.done(a(StepKind.UNDRAIN)))["s/r1"] == (Ending.OK, "left drained by others: disk is loud")
    assert world.platform.known["s-r1"].reason == "disk is loud"


def test_a_rollout_ends_its_own_drain_and_no_other_rollouts(world: World) -> None:
    world.done(a(StepKind.DRAIN))
    assert world.done(a(StepKind.UNDRAIN, of="r-2"))["s/r1"].message == f"left drained by others: {OURS}"
    assert world.done(a(StepKind.UNDRAIN))["s/r1"].message == "takes jobs again"
    assert world.done(a(StepKind.UNDRAIN))["s/r1"].message == "was not drained"


def test_a_person_who_takes_a_drain_over_keeps_it(world: World) -> None:
    world.done(a(StepKind.DRAIN))
    world.platform.drained_by("s-r1", "let me look at it first")
    world.done(a(StepKind.UNDRAIN))
    assert world.platform.known["s-r1"] == Node("s-r1", Health.UP, True, "let me look at it first")


def test_a_silent_platform_leaves_a_step_in_doubt_and_the_drain_believed(world: World) -> None:
    world.platform.silent = "slurm does not answer"
    result = world.done(a(StepKind.DRAIN))["s/r1"]
    assert (result.ending, result.message) == (Ending.NO_OUTCOME, "slurm does not answer")
    assert world.memory.recall("slurm", "s-r1") == Node("s-r1", Health.UP, True, OURS)


def test_a_fenced_controller_touches_no_platform(world: World) -> None:
    world.leads = False
    result = world.done(a(StepKind.DRAIN))["s/r1"]
    assert result.ending is Ending.NO_OUTCOME
    assert world.platform.asked == []


def test_a_step_that_is_given_up_has_one_result(world: World) -> None:
    drained, other = a(StepKind.DRAIN), a(StepKind.REBOOT, "s/r2")
    world.executor.cancel(other)
    assert world.units.cancelled == [other]
    world.done(drained)
    world.executor.cancel(drained)  # it has ended: whoever reaches the unit may still know it
    assert world.executor.poll(0.0) == []


def test_a_unit_that_has_not_joined_is_nothing_to_wait_for(world: World) -> None:
    assert world.done(a(StepKind.DRAIN, "s/new"))["s/new"].message == "its platform does not know it"
    assert world.done(a(StepKind.UNDRAIN, "s/new"))["s/new"].ending is Ending.OK


def test_an_unforeseen_fault_ends_a_step_too(world: World) -> None:
    del world.platform.asked
    result = world.done(a(StepKind.DRAIN))["s/r1"]
    assert result.ending is Ending.NO_OUTCOME
    assert "AttributeError" in result.message
