"""The kits that left, in memory. Fills the port `Kits`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from fleetctl.core.kit.record import Kit
from fleetctl.core.rollout.state import Noted


class Shelf(Protocol):
    """Where it keeps them, and the log that it tells of them."""

    lock: threading.RLock
    kits: dict[str, Kit]
    events: list[Noted]


class MemoryKits:
    """A dictionary."""

    def __init__(self, rows: Shelf) -> None:
        self.rows = rows

    def kits(self) -> Sequence[Kit]:
        with self.rows.lock:
            return sorted(self.rows.kits.values(), key=lambda kit: (kit.made, kit.id))

    def keep(self, kit: Kit, note: Noted) -> None:
        with self.rows.lock:
            self.rows.kits[kit.id] = kit
            self.rows.events.append(note)
