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
from tests.builders.commissioning import draft, through
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


def test_loads_that_were_judged_are_gathered_once_for_the_ledger_as_it_stands() -> None:
    book = Book(MemoryState().ledger, site(), FakeClock())
    book.write([draft("a1-1", Stage.BURN_IN, load="c-1:1"), draft("a1-2", Stage.INSTALLED)])
    assert book.judged == {("s/a1-1", "c-1:1")}
    assert book.judged is book.judged
    book.write([draft("a1-2", Stage.BURN_IN, load="c-1:1")])
    assert ("s/a1-2", "c-1:1") in book.judged


def test_what_others_wrote_meanwhile_is_taken_in_and_nothing_is_read_twice() -> None:
    """Two processes of one state write under one name: what is written here may follow what is not known yet."""
    state, clock = MemoryState(), FakeClock()
    book, other = Book(state.ledger, site(), clock), Book(state.ledger, site(), clock)
    other.write(through("a1-1", [Stage.DELIVERED]))
    book.write(through("a1-2", [Stage.DELIVERED]))
    assert len(book.entries) == 1
    clock.advance(module.REREAD_S)
    book.follow()
    assert [entry.number for entry in book.entries] == [1, 2]
    entries, checklist = book.entries, book.checklist
    clock.advance(module.REREAD_S)
    book.follow()
    assert book.entries is entries
    assert book.checklist is checklist, "nothing is reckoned anew where nothing is new"
