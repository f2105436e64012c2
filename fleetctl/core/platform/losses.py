"""Which jobs were lost when jobs were asked to end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetctl.core.platform.node import Job, JobState, Node


def lost(before: Mapping[str, Node], after: Mapping[str, Job]) -> Mapping[str, tuple[Job, ...]]:
    """Return the jobs that were lost, by the name of each node that they ran on.

    A job that ended by itself in the meantime is not lost; one that its platform has forgotten is.

    Args:
        before: the nodes, with the jobs that ran when they were asked to end.
        after: each of these jobs as it is now that none runs any more, by its id.
    """
    return {name: tuple(_lost(node.jobs, after)) for name, node in before.items()}


def _lost(jobs: Iterable[Job], after: Mapping[str, Job]) -> Iterable[Job]:
    for job in jobs:
        now = after.get(job.id)
        if now is None or now.state in {JobState.LOST, JobState.UNKNOWN}:
            yield job


def listed(jobs: Iterable[Job]) -> str:
    """Return jobs for people: how many, and which."""
    ids = [job.id for job in jobs]
    return f"{len(ids)} {'job' if len(ids) == 1 else 'jobs'} lost" + (f": {', '.join(ids)}" if ids else "")
