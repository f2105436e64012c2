"""What one process began on units and has not seen there yet: from a command to the next look nothing else tells it.

Rounds of several stages run in threads beside each other, each with its own look at its own units. They take turns from
the reckoning of what may begin to its beginning, and what the one began counts for the other at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from fleetctl.core.facts import Facts, Observation


@dataclass(frozen=True)
class Begun:
    """Loads that this process gave to units.

    Attributes:
        turn: held from the reckoning of what may begin until it has begun.
    """

    turn: Lock = field(default_factory=Lock)
    _spans_s: dict[str, tuple[float, float]] = field(default_factory=dict)
    """When each was begun, and when it is over at the latest; Unix times."""

    def note(self, units: Iterable[str], now_s: float, seconds: float) -> None:
        """Take units to be loaded from now on, for so many seconds at most."""
        self._spans_s.update(dict.fromkeys(units, (now_s, now_s + seconds)))

    def forget(self, units: Iterable[str]) -> None:
        """Take units to be as they are seen: they did not take their loads."""
        for unit in units:
            self._spans_s.pop(unit, None)

    def unseen(self, facts: Mapping[str, Observation], now_s: float) -> frozenset[str]:
        """Return the units that may be loaded, and were not looked at since: who was looked at tells it himself."""
        return frozenset(
            unit
            for unit, (began_s, ends_s) in self._spans_s.items()
            if now_s < ends_s and not _seen_since(facts.get(unit), began_s)
        )


def _seen_since(of: Observation | None, began_s: float) -> bool:
    return isinstance(of, Facts) and of.at.timestamp() >= began_s
