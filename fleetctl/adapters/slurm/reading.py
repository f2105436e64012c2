"""What slurmrestd says of nodes and jobs, in the core's words. Pure; any version of its interface.

Before v0.0.39 a state is one word with its flags in a list beside it, after that it is a list of all of them; both are
read as a set of words. So are exit codes: a wait status, or an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fleetctl.adapters.slurm.hostlist import expand
from fleetctl.core.platform.node import Health, Job, JobState, Node

Document = Mapping[str, Any]

_DRAINED = frozenset(("DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING"))
"""What keeps new jobs from a node; FAIL is a drain by another name."""
_SILENT = frozenset(("NOT_RESPONDING", "NO_RESPOND", "UNKNOWN"))
_DOWN = frozenset(("DOWN", "ERROR"))
_BUSY = frozenset(("ALLOCATED", "MIXED", "COMPLETING"))
_WAITING = frozenset(("PENDING", "REQUEUED", "REQUEUE_HOLD", "SPECIAL_EXIT"))
_DONE = frozenset(("COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE"))
_LOST = frozenset(("CANCELLED", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "REVOKED"))
_RUNNING = frozenset(
    ("RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")
)
HIDDEN = "hidden"
"""Id of a job that must run on a node, and is not shown to us."""


def jobs_of(document: Document) -> tuple[Job, ...]:
    """Return every job of an answer.

    Raises:
        ValueError: if it is not an answer about jobs.
    """
    try:
        return tuple(_job(each) for each in document["jobs"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the answer about jobs lacks or misshapes {error}") from error


def nodes_of(document: Document, jobs: Iterable[Job]) -> Mapping[str, Node]:
    """Return every node of an answer by its name, with those of the jobs that run there.

    A node that is busy although none of the jobs is on it has one that this user is not shown.

    Raises:
        ValueError: if it is not an answer about nodes.
    """
    running: dict[str, list[Job]] = {}
    for job in jobs:
        for name in job.nodes if job.state is JobState.RUNNING else ():
            running.setdefault(name, []).append(job)
    try:
        nodes = [_node(each, tuple(running.get(each["name"], ()))) for each in document["nodes"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the answer about nodes lacks or misshapes {error}") from error
    return {node.name: node for node in nodes}


def _node(document: Document, jobs: tuple[Job, ...]) -> Node:
    words = _words(document["state"], document.get("state_flags", ()))
    name = str(document["name"])
    hidden = (Job(HIDDEN, JobState.RUNNING, nodes=(name,)),) if words & _BUSY and not jobs else ()
    return Node(
        name=name,
        health=_health(words),
        drained=bool(words & _DRAINED),
        reason=str(document.get("reason") or ""),
        jobs=jobs or hidden,
    )


def _health(words: frozenset[str]) -> Health:
    if "FUTURE" in words:
        return Health.ABSENT
    if words & _DOWN:
        return Health.DOWN
    return Health.SILENT if words & _SILENT else Health.UP


def _job(document: Document) -> Job:
    state = _job_state(_words(document["job_state"]))
    return Job(
        id=str(document["job_id"]),
        state=state,
        name=str(document.get("name") or ""),
        nodes=expand(str(document.get("nodes") or "")),
        exit_code=_exit_code(document.get("exit_code")),
    )


def _job_state(words: frozenset[str]) -> JobState:
    """Return where a job is in its life; one that is being cleaned up after still holds its nodes."""
    if words & _RUNNING:
        return JobState.RUNNING
    if words & _WAITING:
        return JobState.WAITING
    if words & _LOST:
        return JobState.LOST
    return JobState.DONE if words & _DONE else JobState.UNKNOWN


def _exit_code(value: Any) -> int:
    if isinstance(value, Mapping):
        value = value.get("return_code") or 0
        return int(value.get("number") or 0) if isinstance(value, Mapping) else int(value)
    status = int(value or 0)
    return status >> 8 or (128 + (status & 0x7F) if status & 0x7F else 0)


def _words(*values: Any) -> frozenset[str]:
    found: set[str] = set()
    for value in values:
        found.update([value] if isinstance(value, str) else value)
    return frozenset(str(word).upper() for word in found)
