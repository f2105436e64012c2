"""Time as a value: the core never reads a clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Now:
    """One reading of the clocks.

    Attributes:
        utc: wall clock, aware, in UTC; for windows and for people.
        monotonic_s: seconds of a clock that never goes back; for deadlines and budgets, comparable within one boot.
        boot_id: identifies the boot that `monotonic_s` belongs to.
    """

    utc: datetime
    monotonic_s: float
    boot_id: str = ""

    @property
    def began(self) -> datetime:
        """Return when `monotonic_s` was 0 by the wall clock, to a second: so its times mean something elsewhere."""
        return (self.utc - timedelta(seconds=self.monotonic_s)).replace(microsecond=0)


def next_epoch(before: int, now: datetime) -> int:
    """Return the epoch of a new controller: greater than the one before, and than any of a state that was lost.

    Units refuse epochs lower than they have seen. Counted from the seconds of the wall clock, a state that starts
    anew is not refused by units that remember the old one.
    """
    return max(before + 1, int(now.timestamp()))


def to_text(at: datetime) -> str:
    """Format an aware time as RFC 3339 in UTC with milliseconds, so that texts sort as times do."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote."""
    return datetime.fromisoformat(text)
