"""Nodes and jobs of a compute platform, in no platform's own words.

A node is what a unit is to its platform. It takes new jobs or it does not, it answers or it does not, and jobs run on
it; these three are independent of each other, which is where draining goes wrong if one word stands for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """Whether a node's daemon is there."""

    UP = "up"
    SILENT = "silent"
    """It does not answer, and its platform has not given it up yet: what is said of its jobs may be old."""
    DOWN = "down"
    """Its platform has given it up, with the jobs that ran on it."""
    ABSENT = "absent"
    """Its platform does not know it."""


class JobState(StrEnum):
    """Where a job is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    """On its nodes: it starts, runs, is suspended, or is being cleaned up after."""
    DONE = "done"
    """Over by itself, whatever its own result."""
    LOST = "lost"
    """Ended by somebody or something else: cancelled, preempted, or its node failed."""
    UNKNOWN = "unknown"
    """Its platform remembers it no more."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job.

    Attributes:
        id: the platform's.
        nodes: names of the nodes that it runs on, or ran on last; empty while it waits.
        exit_code: of a job that is over by itself; 0 if its platform did not say.
    """

    id: str
    state: JobState
    name: str = ""
    nodes: tuple[str, ...] = ()
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class Node:
    """What a platform says of one node.

    Attributes:
        name: on the platform; see `node_name`.
        drained: it was asked to take no new job, by whomever.
        reason: of that drain, or of whatever else the platform holds against the node; empty if nothing.
        jobs: those that run on it.
    """

    name: str
    health: Health
    drained: bool = False
    reason: str = ""
    jobs: tuple[Job, ...] = ()

    @property
    def takes_jobs(self) -> bool:
        """Say whether a new job may start on it at this moment."""
        return self.health is Health.UP and not self.drained

    @property
    def is_free(self) -> bool:
        """Say whether nothing runs on it and nothing new will: it may go down without a job being lost.

        One that is silent or down is free only if it is drained, too: it may be back at any moment, and is given a job
        then. What runs on a silent one counts until its platform has given it up.
        """
        return not self.jobs and (self.drained or self.health is Health.ABSENT)


def node_name(site: str, unit: str) -> str:
    """Return the name that a unit has on its platform, which knows no slashes; the `compute` file says the same."""
    return f"{site}-{unit}"
