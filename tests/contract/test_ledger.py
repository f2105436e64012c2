"""The ledger of commissionings, whatever keeps it: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fleetctl.core.commissioning.ledger import Draft, Entry, chain_flaw, entry_from_document, written
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.problems import CouldNot
from fleetctl.ports import State

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def draft(minute: int, unit: str = "home/r1", outcome: Outcome = Outcome.DONE) -> Draft:
    at = NOON + timedelta(minutes=minute)
    return Draft("home", unit, Stage.INSTALLED, outcome, "ada", at, {"label": "QR-1", "watts": 1.5})


def kit(count: int) -> list[Entry]:
    return written("kit-1", None, [draft(minute, "home/r2") for minute in range(count)])


def test_what_one_process_writes_another_one_reads(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    entries = [*one.ledger.append([draft(1), draft(2)]), *other.ledger.append([draft(3)])]
    assert other.ledger.entries("home") == entries
    assert one.ledger.entries("elsewhere") == []
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert chain_flaw(entries) is None
    assert entries[0].writer == one.uuid


def test_what_is_known_is_not_read_again(state: State) -> None:
    state.ledger.append([draft(1), draft(2)])
    state.ledger.merge(kit(2))
    beyond = {state.uuid: 1, "kit-1": 2}
    assert [(each.writer, each.number) for each in state.ledger.entries("home", beyond=beyond)] == [(state.uuid, 2)]
    assert state.ledger.entries("elsewhere", beyond=beyond) == []
    assert len(state.ledger.entries(beyond={"kit-1": 1})) == 3


def test_the_event_log_covers_every_entry(state: State) -> None:
    (entry,) = state.ledger.append([draft(1, outcome=Outcome.SKIPPED)])
    (event,) = [event for _, event in state.journal.events("")]
    assert event.what == "commissioning-installed-skipped"
    assert entry.digest in event.text


def test_a_merge_takes_what_is_new_and_nothing_twice(state: State) -> None:
    state.ledger.append([draft(0)])
    assert state.ledger.merge(kit(2)) == kit(2)
    assert state.ledger.merge(kit(3)) == kit(3)[2:]
    assert len(state.ledger.entries("home")) == 4


@pytest.mark.parametrize(
    "spoilt",
    [
        pytest.param(kit(2)[1:], id="a gap"),
        pytest.param([replace(kit(1)[0], draft=draft(9))], id="changed"),
        pytest.param([*kit(1), *written("kit-1", None, [draft(9)])], id="a fork"),
    ],
)
def test_a_chain_that_is_not_whole_is_refused_as_a_whole(state: State, spoilt: list[Entry]) -> None:
    with pytest.raises(CouldNot, match="kit-1"):
        state.ledger.merge([*spoilt, *written("kit-2", None, [draft(1)])])
    assert state.ledger.entries() == []


def test_an_entry_that_is_known_and_was_changed_is_refused(state: State) -> None:
    state.ledger.merge(kit(1))
    with pytest.raises(CouldNot, match="was changed"):
        state.ledger.merge([replace(kit(1)[0], draft=draft(9))])


def test_an_entry_is_the_same_after_a_file() -> None:
    (entry,) = kit(1)
    assert entry_from_document(entry.to_document()) == entry
