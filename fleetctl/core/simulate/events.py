"""A plain event queue in virtual time: what happens, in order of time; what happens at once, in the order it was put.

Events are delivered at full grains of time, as a controller that looks so often sees them; many that fall into one
grain make one tick.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Generic, TypeVar

from fleetctl.core.clock import Now

Event = TypeVar("Event")

BOOT = "simulated"
"""The boot id of the controller's machine, which never reboots in a simulation."""


@dataclass(frozen=True, slots=True)
class Time:
    """Where virtual time begins.

    Attributes:
        began: wall clock at second 0.
    """

    began: datetime

    def now(self, at_s: float) -> Now:
        """Return both clocks so many seconds after the beginning; the monotonic one starts at 1, for 0 means never."""
        return Now(self.utc(at_s), at_s + 1.0, BOOT)

    def utc(self, at_s: float) -> datetime:
        """Return the wall clock so many seconds after the beginning."""
        return self.began + timedelta(seconds=at_s)

    @staticmethod
    def seconds(monotonic_s: float) -> float:
        """Return the seconds since the beginning of a monotonic time that `now` gave."""
        return monotonic_s - 1.0


class Queue(Generic[Event]):
    """Events to come."""

    def __init__(self, grain_s: float) -> None:
        """Start empty.

        Args:
            grain_s: events are delivered at multiples of this, in seconds.
        """
        self._grain_s = grain_s
        self._events: list[tuple[float, int, Event]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._events)

    def put(self, at_s: float, event: Event) -> None:
        """Let something happen at a time, or as soon after as the grain allows."""
        grains = math.ceil(at_s / self._grain_s - 1e-9)
        heapq.heappush(self._events, (grains * self._grain_s, next(self._order), event))

    @property
    def next_s(self) -> float:
        """Return when the next event happens, in seconds; infinite if there is none."""
        return self._events[0][0] if self._events else math.inf

    def until(self, at_s: float) -> Iterator[tuple[float, Event]]:
        """Take out and yield what happens up to a time, with its time; also what is put meanwhile."""
        while self._events and self._events[0][0] <= at_s:
            when_s, _, event = heapq.heappop(self._events)
            yield when_s, event
