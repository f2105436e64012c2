"""Which units are looked at once more after they were let go: the room of one that was not soaked may go on cooling.

A proof of heat is believed for as long as telemetry is (`telemetry_age_s`); then the unit is observed again, once. One
that was let go while its heat was not back is observed when it should be. What a look shows is `heat_watch`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush

from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Phase, Progress


class Aftercare:
    """Looks to come, by when; costs what is due.

    Attributes:
        owed: units whose look is due, or under way.
    """

    def __init__(self, policy: Policy) -> None:
        """Begin with nobody."""
        self._policy = policy
        self._due: list[tuple[datetime, str]] = []
        self.owed: dict[str, None] = {}

    def follow(self, progress: Progress) -> None:
        """Take in how a unit stands now."""
        self.owed.pop(progress.unit, None)
        due = look_due(progress, self._policy)
        if due is not None:
            heappush(self._due, (due, progress.unit))

    def come_due(self, now_utc: datetime, units: dict[str, Progress]) -> None:
        """Let looks come due that are still owed: the unit has not been started again since, nor is it long ago."""
        while self._due and self._due[0][0] <= now_utc:
            due, unit = heappop(self._due)
            late = now_utc - due > timedelta(seconds=self._policy.guard.telemetry_age_s)
            if not late and look_due(units[unit], self._policy) == due:
                self.owed[unit] = None

    def seen(self, units: Iterable[str]) -> None:
        """Take in who was observed, whatever came of it."""
        for unit in units:
            self.owed.pop(unit, None)

    @property
    def next_due(self) -> datetime | None:
        """Return when the next look comes due; None if none does."""
        return self._due[0][0] if self._due else None


def look_due(progress: Progress, policy: Policy) -> datetime | None:
    """Return when a unit is to be looked at that nobody looks at any more; None if we took no heat from it."""
    waits_or_ended = progress.phase is Phase.PENDING or progress.phase.is_end
    if not waits_or_ended or progress.repair or progress.down_since is None or progress.since is None:
        return None
    after_s = policy.guard.telemetry_age_s
    if progress.down:
        after_s = min(after_s, policy.heat_timeout_s or after_s)
    return progress.since + timedelta(seconds=after_s)
