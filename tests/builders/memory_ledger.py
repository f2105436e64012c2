"""The ledger of commissionings in memory. Fills the port `Ledger`."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from fleetctl.core.commissioning.ledger import Draft, Entry, in_order, new_entries, noted, written
from fleetctl.core.rollout.state import Noted


class Shelf(Protocol):
    """Where it keeps its entries, and the log that it tells of them."""

    lock: threading.RLock
    ledger: list[Entry]
    events: list[Noted]


class MemoryLedger:
    """A list, in the order of writing."""

    def __init__(self, rows: Shelf, writer: str) -> None:
        self.rows, self.writer = rows, writer

    def append(self, drafts: Iterable[Draft]) -> Sequence[Entry]:
        with self.rows.lock:
            own = [entry for entry in self.rows.ledger if entry.writer == self.writer]
            return self._keep(written(self.writer, own[-1] if own else None, drafts))

    def entries(self, site: str | None = None, *, beyond: Mapping[str, int] | None = None) -> Sequence[Entry]:
        with self.rows.lock:
            of_site = [entry for entry in self.rows.ledger if site in (None, entry.draft.site)]
        return in_order(entry for entry in of_site if entry.number > (beyond or {}).get(entry.writer, 0))

    def merge(self, entries: Iterable[Entry]) -> Sequence[Entry]:
        with self.rows.lock:
            return self._keep(new_entries(self.rows.ledger, entries))

    def _keep(self, entries: list[Entry]) -> list[Entry]:
        self.rows.ledger += entries
        self.rows.events += [noted(entry) for entry in entries]
        return entries
