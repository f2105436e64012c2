"""What is remembered of units, whoever observed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fleetctl.core.facts import Observation
    from fleetctl.core.rollout.readings import Reading
    from fleetctl.core.route import Pin, Way
    from fleetctl.core.verdicts import Seen


class Units(Protocol):
    """What is known about units: host keys, ways to gateways, facts."""

    def pins(self, units: Iterable[str] | None = None) -> Mapping[str, tuple[Pin, ...]]:
        """Return the pinned host keys, of all units or of those named."""
        ...

    def pin(self, pins: Mapping[str, tuple[Pin, ...]], *, actor: str, at: datetime, why: str) -> None:
        """Pin host keys: replaces what was pinned for these units, and is recorded in the event log."""
        ...

    def ways(self) -> Mapping[str, Way]:
        """Return the ways that this state knows and the inventory does not (the lab's), by the unit's name."""
        ...

    def set_ways(self, ways: Mapping[str, Way]) -> None:
        """Replace all ways."""
        ...

    def save_facts(self, observations: Iterable[Observation], readings: Iterable[Reading] = ()) -> None:
        """Store what was observed; of a unit that could not be observed the last facts are kept beside the cause.

        Readings are kept in the same transaction, the last of each minute and unit of a rollout.
        """
        ...

    def readings(self, rollout: str) -> Sequence[Reading]:
        """Return the readings of a rollout, oldest first."""
        ...

    def facts(self, units: Iterable[str] | None = None) -> Mapping[str, Observation]:
        """Return the latest observation of each unit."""
        ...

    def forget(self, unit: str, *, actor: str, at: datetime, why: str) -> None:
        """Forget a place: its facts, its pinned host keys, and that a machine stands there; history is kept."""
        ...

    def seen(self) -> Mapping[str, Seen]:
        """Return what is held of each site, by the site's id: enough to know that nothing has changed."""
        ...
