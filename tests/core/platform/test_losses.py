"""Which jobs were lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.platform.losses import listed, lost
from fleetctl.core.platform.node import Health, Job, JobState, Node


def a_node(name: str, *ids: str) -> Node:
    return Node(name, Health.UP, True, "why", tuple(Job(id, JobState.RUNNING, nodes=(name,)) for id in ids))


def test_a_job_that_ended_by_itself_is_not_lost() -> None:
    before = {"a": a_node("a", "1", "2"), "b": a_node("b", "2", "3", "4"), "c": a_node("c")}
    states = {"1": JobState.DONE, "2": JobState.LOST, "3": JobState.UNKNOWN, "4": JobState.DONE}
    after = {id: Job(id, state) for id, state in states.items()}
    found = lost(before, after)
    assert {name: [job.id for job in jobs] for name, jobs in found.items()} == {"a": ["2"], "b": ["2", "3"], "c": []}


@given(st.dictionaries(st.sampled_from("123456"), st.sampled_from([JobState.DONE, JobState.LOST, JobState.UNKNOWN])))
def test_every_job_is_either_done_or_lost(states: dict[str, JobState]) -> None:
    before = {"a": a_node("a", "1", "2", "3"), "b": a_node("b", "3", "4")}
    found = {job.id for jobs in lost(before, {id: Job(id, s) for id, s in states.items()}).values() for job in jobs}
    assert found == {id for id in "1234" if states.get(id) is not JobState.DONE}


def test_losses_are_counted_and_named() -> None:
    jobs = [Job("4", JobState.RUNNING), Job("7", JobState.RUNNING)]
    assert [listed(jobs[:n]) for n in range(3)] == ["0 jobs lost", "1 job lost: 4", "2 jobs lost: 4, 7"]
