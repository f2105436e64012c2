"""The marks of machines in memory, folded from the ledger when they are asked for. Fills the port `Machines`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fleetctl.core.commissioning.marked import Marked, marked
from tests.builders.memory_ledger import Shelf


class MemoryMachines:
    """Reads a ledger."""

    def __init__(self, rows: Shelf) -> None:
        self.rows = rows

    def marked(self, units: Iterable[str] | None = None) -> Mapping[str, Marked]:
        with self.rows.lock:
            entries = list(self.rows.ledger)
        subjects = {entry.draft.subject for entry in entries}
        named = subjects if units is None else subjects & set(units)
        found = {unit: marked(unit, entries) for unit in sorted(named)}
        return {unit: mark for unit, mark in found.items() if mark is not None}
