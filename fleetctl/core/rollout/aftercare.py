"""Which units are looked at once more after they were let go: the room of one that was not soaked may go on cooling.

A proof of heat is believed for as long as telemetry is (`telemetry_age_s`); then the unit is observed again, once. One
that was let go while its heat was not back is observed at once. What the look shows is `heat_watch`'s to judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from heapq import heappop, heappush

from fleetctl.core.rollout.state import Phase, Progress


class Aftercare:
    """Looks to come, by when; costs what is due.

    Attributes:
        owed: units whose look is due, or under way.
    """

    def __init__(self, after_s: float) -> None:
        """Begin with nobody.

        Args:
            after_s: how long after its end a unit is looked at; a look that is twice as late shows nothing of us.
        """
        self._after = timedelta(seconds=after_s)
        self._due: list[tuple[datetime, str]] = []
        self.owed: dict[str, None] = {}

    def follow(self, progress: Progress) -> None:
        """Take in how a unit stands now."""
        self.owed.pop(progress.unit, None)
        if is_left_alone(progress) and progress.since is not None and (progress.down or progress.phase.is_end):
            heappush(self._due, (progress.since if progress.down else progress.since + self._after, progress.unit))

    def come_due(self, now_utc: datetime, units: dict[str, Progress]) -> None:
        """Let looks come due that are still owed: the unit has not been started again since, nor is it long ago."""
        while self._due and self._due[0][0] <= now_utc:
            due, unit = heappop(self._due)
            progress = units[unit]
            since = progress.since
            if is_left_alone(progress) and since is not None and since <= due and now_utc <= due + self._after:
                self.owed[unit] = None

    def seen(self, units: Iterable[str]) -> None:
        """Take in who was observed, whatever came of it."""
        for unit in units:
            self.owed.pop(unit, None)

    @property
    def next_due(self) -> datetime | None:
        """Return when the next look comes due; None if none does."""
        return self._due[0][0] if self._due else None


def is_left_alone(progress: Progress) -> bool:
    """Say whether nobody looks at a unit any more whose heat we interrupted."""
    waits_or_ended = progress.phase is Phase.PENDING or progress.phase.is_end
    return waits_or_ended and progress.down_since is not None and not progress.repair
