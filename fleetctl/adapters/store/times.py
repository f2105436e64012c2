"""Times in columns: text in UTC of one length with microseconds, so that texts sort as times do."""

from __future__ import annotations

from datetime import UTC, datetime

LONG_AGO = datetime.fromtimestamp(0, UTC)


def to_column(at: datetime) -> str:
    """Return an aware time as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def from_column(text: str) -> datetime:
    """Return the time in UTC that `to_column` wrote."""
    return datetime.fromisoformat(text)
