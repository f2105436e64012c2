"""What a platform says of a unit's node as facts of the unit, and what is believed while it says nothing. Pure."""

from __future__ import annotations

from fleetctl.core.facts import Compute
from fleetctl.core.platform.node import Health, Node


def compute_of(node: Node) -> Compute | None:
    """Return what a unit's node does, as a probe of the unit would tell it; None if the platform does not know it."""
    if node.health is Health.ABSENT:
        return None
    return Compute(node.drained, node.reason if node.drained else "", len(node.jobs))


def believed(last: Node, why: str) -> Compute:
    """Return what a node is held for while its platform does not answer: as it was last, and free of nothing.

    It counts as not drained, so that nobody reboots it; and as drained with the reason that it had, so that nobody
    forgets to undo that.

    Args:
        last: the node as it was seen, or asked to be, last.
        why: the platform does not answer; stands where a reason would.
    """
    return Compute(False, last.reason if last.drained else why, len(last.jobs))
