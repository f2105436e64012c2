"""Facts of a unit from what its platform says, and from what was believed last."""

from __future__ import annotations

from fleetctl.core.facts import Compute, drain_reason
from fleetctl.core.platform.node import Health, Job, JobState, Node
from fleetctl.core.platform.observed import believed, compute_of

JOBS = (Job("7", JobState.RUNNING),)
OURS = drain_reason("r-1")


def test_facts_tell_drain_and_jobs() -> None:
    assert compute_of(Node("n", Health.UP, True, OURS, JOBS)) == Compute(True, OURS, 1)
    assert compute_of(Node("n", Health.UP, jobs=JOBS)) == Compute(False, "", 1)


def test_a_reason_without_a_drain_is_none() -> None:
    assert compute_of(Node("n", Health.DOWN, reason="Not responding")) == Compute(False, "", 0)


def test_a_node_that_has_not_joined_has_no_jobs_to_wait_for() -> None:
    assert compute_of(Node("n", Health.ABSENT)) is None


def test_a_silent_platform_makes_nobody_free_and_no_drain_of_ours_forgotten() -> None:
    drained, free = Node("n", Health.UP, True, OURS), Node("n", Health.UP)
    assert believed(drained, "slurm is silent") == Compute(False, OURS, 0)
    assert believed(free, "slurm is silent") == Compute(False, "slurm is silent", 0)
