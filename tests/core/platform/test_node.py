"""When a node may go down without a job being lost."""

from __future__ import annotations

import pytest

from fleetctl.core.platform.node import Health, Job, JobState, Node, node_name

JOB = (Job("7", JobState.RUNNING, nodes=("n",)),)


@pytest.mark.parametrize(
    ("node", "takes_jobs", "is_free"),
    [
        (Node("n", Health.UP), True, False),
        (Node("n", Health.UP, jobs=JOB), True, False),
        (Node("n", Health.UP, True, "why", JOB), False, False),
        (Node("n", Health.UP, True, "why"), False, True),
        # One that is silent or down comes back with its next breath, and is given a job then.
        (Node("n", Health.SILENT), False, False),
        (Node("n", Health.DOWN, reason="Not responding"), False, False),
        (Node("n", Health.SILENT, True, "why"), False, True),
        (Node("n", Health.DOWN, True, "why"), False, True),
        # What ran on it when it fell silent may still run.
        (Node("n", Health.SILENT, True, "why", JOB), False, False),
        (Node("n", Health.ABSENT), False, True),
    ],
)
def test_only_a_drained_node_without_jobs_is_free(node: Node, takes_jobs: bool, is_free: bool) -> None:
    assert (node.takes_jobs, node.is_free) == (takes_jobs, is_free)


def test_a_units_node_has_its_site_and_its_own_name() -> None:
    assert node_name("les-sables", "a101-1") == "les-sables-a101-1"
