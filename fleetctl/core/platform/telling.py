"""What the event log says of drains that a person orders: who, why, and what they cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.platform.losses import listed
from fleetctl.core.platform.request import Result
from fleetctl.core.rollout.state import Noted


@dataclass(frozen=True, slots=True)
class Order:
    """Whose order it is, when it was given, and why; the reason may be empty."""

    actor: str
    at: datetime
    reason: str = ""

    def drains(self, nodes: Mapping[str, str]) -> list[Noted]:
        """Return the entries for units that are to be drained, whose nodes are given by the unit's name."""
        return self._asked(nodes, "drain-asked", "drains")

    def undrains(self, nodes: Mapping[str, str]) -> list[Noted]:
        """Return the entries for units whose drain is to be ended."""
        return self._asked(nodes, "undrain-asked", "undrains")

    def lost(self, results: Iterable[Result], at: datetime) -> list[Noted]:
        """Return the entries for units whose jobs were ended by it."""
        return [
            Noted("", result.unit, at, "jobs-lost", f"node {result.node.name}: {listed(result.lost)}, by {self.actor}")
            for result in results
            if result.lost
        ]

    def _asked(self, nodes: Mapping[str, str], what: str, verb: str) -> list[Noted]:
        why = f": {' '.join(self.reason.split())}" if self.reason else ""
        return [Noted("", unit, self.at, what, f"{self.actor} {verb} node {node}{why}") for unit, node in nodes.items()]
