"""What slurmrestd says, in the core's words. The documents are excerpts of real answers of 22.05."""

from __future__ import annotations

from typing import Any

import pytest

from fleetctl.adapters.slurm.reading import HIDDEN, jobs_of, nodes_of
from fleetctl.core.platform.node import Health, Job, JobState, Node


def a_node(state: Any, flags: Any = (), reason: str = "", *jobs: Job) -> Node:
    document = {"name": "n", "state": state, "state_flags": list(flags), "reason": reason}
    return nodes_of({"nodes": [document]}, jobs)["n"]


def a_job(state: Any, **more: Any) -> Job:
    return jobs_of({"jobs": [{"job_id": 7, "name": "wrap", "nodes": "n", "job_state": state, **more}]})[0]


@pytest.mark.parametrize(
    ("state", "flags", "health", "drained"),
    [
        ("idle", ["DYNAMIC_NORM"], Health.UP, False),
        ("idle", ["DRAIN", "DYNAMIC_NORM"], Health.UP, True),
        ("idle", ["NOT_RESPONDING", "DYNAMIC_NORM"], Health.SILENT, False),
        ("idle", ["DRAIN", "NOT_RESPONDING"], Health.SILENT, True),
        ("down", ["NOT_RESPONDING"], Health.DOWN, False),
        ("down", ["DRAIN", "NOT_RESPONDING"], Health.DOWN, True),
        ("unknown", ["NOT_RESPONDING"], Health.SILENT, False),
        ("future", [], Health.ABSENT, False),
        ("idle", ["FAIL"], Health.UP, True),
        # Since v0.0.39 one list has it all.
        (["IDLE", "DRAIN", "DYNAMIC_NORM"], [], Health.UP, True),
        (["DOWN", "NOT_RESPONDING"], [], Health.DOWN, False),
    ],
)
def test_health_and_drain_are_told_apart(state: Any, flags: list[str], health: Health, drained: bool) -> None:
    node = a_node(state, flags)
    assert (node.health, node.drained) == (health, drained)


@pytest.mark.parametrize("state", ["allocated", "mixed", "completing", ["MIXED", "DRAIN"]])
def test_a_busy_node_has_a_job_even_if_none_is_shown(state: Any) -> None:
    """With PrivateData=jobs a token sees its own user's jobs alone."""
    assert [job.id for job in a_node(state).jobs] == [HIDDEN]
    assert [job.id for job in a_node(state, (), "", a_job("RUNNING")).jobs] == ["7"]
    assert not a_node(state).is_free


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("PENDING", JobState.WAITING),
        ("CONFIGURING", JobState.RUNNING),
        ("RUNNING", JobState.RUNNING),
        ("SUSPENDED", JobState.RUNNING),
        ("COMPLETING", JobState.RUNNING),
        (["CANCELLED", "COMPLETING"], JobState.RUNNING),
        ("COMPLETED", JobState.DONE),
        ("FAILED", JobState.DONE),
        ("TIMEOUT", JobState.DONE),
        ("CANCELLED", JobState.LOST),
        ("NODE_FAIL", JobState.LOST),
        ("PREEMPTED", JobState.LOST),
        (["PENDING", "REQUEUED"], JobState.WAITING),
        ("SOMETHING_NEW", JobState.UNKNOWN),
    ],
)
def test_a_job_is_where_it_is_in_its_life(state: Any, expected: JobState) -> None:
    assert a_job(state).state is expected


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [(0, 0), (768, 3), (15, 143), ({"return_code": {"set": True, "number": 3}}, 3), ({"return_code": 3}, 3), (None, 0)],
)
def test_an_exit_code_is_read_in_both_tongues(exit_code: Any, expected: int) -> None:
    assert a_job("FAILED", exit_code=exit_code).exit_code == expected


def test_a_job_of_several_nodes_is_on_each() -> None:
    job = jobs_of({"jobs": [{"job_id": 2, "job_state": "RUNNING", "nodes": "s-a101-[3,1]"}]})
    documents = [{"name": f"s-a101-{n}", "state": "mixed", "state_flags": []} for n in (1, 3)]
    found = nodes_of({"nodes": documents}, job)
    assert {name: node.jobs for name, node in found.items()} == {"s-a101-1": job, "s-a101-3": job}


@pytest.mark.parametrize("document", [{}, {"jobs": [{}]}, {"jobs": None}, {"jobs": [{"job_id": 1, "job_state": 3}]}])
def test_what_is_no_answer_about_jobs_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="answer about jobs"):
        jobs_of(document)


@pytest.mark.parametrize("document", [{}, {"nodes": [{"state": "idle"}]}, {"nodes": [{"name": "n", "state": None}]}])
def test_what_is_no_answer_about_nodes_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="answer about nodes"):
        nodes_of(document, ())
