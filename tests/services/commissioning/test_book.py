"""The ledger as a sitting knows it: the checklist is never older than what was written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleetctl.core.commissioning.checklist import Checklist, fold
from fleetctl.core.commissioning.ledger import Entry
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.inventory.fleet import Site
from fleetctl.services.commissioning import book as module
from fleetctl.services.commissioning.book import Book
from tests.builders.commissioning import through
from tests.builders.memory_state import MemoryState
from tests.builders.sitting import site
from tests.builders.world import FakeClock


def test_what_is_written_while_another_thread_folds_is_in_the_next_checklist(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(MemoryState().ledger, site(), FakeClock())
    late = through("a1-1", [Stage.DELIVERED])

    def slow(of: Site, entries: Sequence[Entry]) -> Checklist:
        folded = fold(of, entries)
        if late:
            book.write([late.pop()])
        return folded

    monkeypatch.setattr(module, "fold", slow)
    assert not book.checklist.units["s/a1-1"].of(Stage.DELIVERED).passed
    assert book.checklist.units["s/a1-1"].of(Stage.DELIVERED).passed
    assert book.checklist is book.checklist
