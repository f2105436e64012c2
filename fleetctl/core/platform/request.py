"""What a person asked of units on their platform, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from fleetctl.core.platform.drains import Did, Owner, owner, rollout_of
from fleetctl.core.platform.node import Health, Job, Node


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a request, for one unit.

    Attributes:
        did: what was done.
        reason: of the drain that stands, or that was ended.
        node: as it was seen last.
        lost: jobs that were ended, and did not end by themselves.
    """

    unit: str
    did: Did
    reason: str
    node: Node
    lost: tuple[Job, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "unit": self.unit,
            "node": self.node.name,
            "did": self.did.value,
            "reason": self.reason,
            "health": self.node.health.value,
            "drained": self.node.drained,
            "free": self.node.is_free,
            "jobs": [job.id for job in self.node.jobs],
            "lost": [job.id for job in self.lost],
        }

    def row(self) -> tuple[str, str, str, str, str]:
        """Return it for people: unit, what was done, jobs that run, jobs lost, reason."""
        jobs, lost = (", ".join(job.id for job in some) for some in (self.node.jobs, self.lost))
        health = "" if self.node.health is Health.UP else f" ({self.node.health})"
        return self.unit, f"{self.did}{health}", jobs or "-", lost or "-", self.reason


COLUMNS = ("UNIT", "DID", "JOBS", "LOST", "REASON")


def may_undrain(node: Node, active: Collection[str]) -> bool:
    """Say whether a person may end a node's drain by fleetctl.

    A drain of somebody on the platform never, one of a rollout only when that is over: it will end it itself.

    Args:
        node: the node.
        active: ids of the rollouts that have not ended.
    """
    whose = owner(node.reason)
    return whose is Owner.PERSON or (whose is Owner.ROLLOUT and rollout_of(node.reason) not in active)


def is_drained(results: Iterable[Result]) -> bool:
    """Say whether every unit may go down without a job being lost."""
    return all(result.node.is_free for result in results)


def is_undrained(results: Iterable[Result]) -> bool:
    """Say whether no unit is kept from its jobs by a drain."""
    return not any(result.node.drained for result in results)
