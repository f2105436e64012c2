"""Reservations in memory. Fills the port `Reservations`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from fleetctl.core.commissioning.reservation import Reserved

T = TypeVar("T")


class Shelf(Protocol):
    """Where they are kept, by the site's id."""

    lock: threading.RLock
    reservations: dict[str, Reserved]


@dataclass
class OwnShelf:
    """A shelf of nothing but reservations."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    reservations: dict[str, Reserved] = field(default_factory=dict)


class MemoryReservations:
    """One change at a time."""

    def __init__(self, rows: Shelf) -> None:
        self.rows = rows

    def change(self, site: str, decide: Callable[[Reserved], tuple[Reserved, T]]) -> T:
        with self.rows.lock:
            self.rows.reservations[site], answer = decide(dict(self.rows.reservations.get(site, {})))
            return answer
