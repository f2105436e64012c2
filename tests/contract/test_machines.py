"""Marks of machines follow from the ledger, whoever wrote there and whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fleetctl.core.commissioning.ledger import Draft, written
from fleetctl.core.commissioning.lifecycle import Lifecycle, lifted, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.undoing import undoing_of
from fleetctl.ports import State
from fleetctl.services.marks import standing_holds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UNIT = "home/r1"


def draft(
    minute: int, detail: Any, *, unit: str = UNIT, stage: Stage = Stage.DISCOVERED, to: Outcome = Outcome.NOTE
) -> Draft:
    return Draft("home", unit, stage, to, "ada", NOON + timedelta(minutes=minute), detail)


def put(minute: int, serial: str) -> Draft:
    return draft(minute, {"serial": serial}, stage=Stage.INSTALLED, to=Outcome.DONE)


def lifecycle(state: State, unit: str = UNIT) -> str:
    found = state.machines.marked([unit]).get(unit)
    return found.lifecycle.value if found else ""


def test_a_mark_is_seen_by_another_process_at_once(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    one.ledger.append([put(0, "QR-1"), draft(1, mark(Lifecycle.QUARANTINED, "two of them"))])
    (found,) = other.machines.marked().values()
    assert (found.unit, found.serial, found.lifecycle) == (UNIT, "QR-1", Lifecycle.QUARANTINED)
    assert (found.reason, found.actor, found.at) == ("two of them", "ada", NOON + timedelta(minutes=1))
    assert other.machines.marked(["home/r2"]) == {}
    other.ledger.append([draft(2, lifted("looked"))])
    assert one.machines.marked() == {}


def test_a_mark_belongs_to_the_machine_and_not_to_its_place(state: State) -> None:
    state.ledger.append([put(0, "QR-1"), draft(1, mark(Lifecycle.QUARANTINED, "odd"))])
    state.ledger.append([put(2, "QR-1")])
    assert lifecycle(state) == "quarantined"
    state.ledger.append([put(3, "QR-2")])
    assert lifecycle(state) == ""


def test_a_mark_that_was_taken_back_is_none(state: State) -> None:
    (entry,) = state.ledger.append([draft(0, mark(Lifecycle.RETIRED, "sold"))])
    assert lifecycle(state) == "retired"
    state.ledger.append([draft(1, undoing_of(entry), to=Outcome.UNDONE)])
    assert lifecycle(state) == ""


def test_what_a_kit_has_marked_counts_from_its_merge_on(state: State) -> None:
    state.ledger.merge(written("kit-1", None, [draft(0, mark(Lifecycle.QUARANTINED, "in the basement"))]))
    assert lifecycle(state) == "quarantined"


def test_two_machines_without_a_label_are_told_apart_by_their_places(state: State) -> None:
    units = ("home/r1", "home/r2")
    state.ledger.append([draft(0, mark(Lifecycle.QUARANTINED, "odd"), unit=unit) for unit in units])
    assert set(state.machines.marked()) == set(units)


def test_two_machines_that_say_one_serial_are_both_left_alone(state: State) -> None:
    for minute, unit in ((0, UNIT), (5, "home/r2")):
        installed = draft(minute, {"serial": "QR-1"}, unit=unit, stage=Stage.INSTALLED, to=Outcome.DONE)
        state.ledger.append([installed, draft(minute + 1, mark(Lifecycle.QUARANTINED, "twice"), unit=unit)])
    assert set(state.machines.marked()) == {UNIT, "home/r2"}


def test_quarantined_and_retired_machines_are_held_and_maintained_ones_are_not(state: State) -> None:
    marks = {"home/r1": Lifecycle.QUARANTINED, "home/r2": Lifecycle.RETIRED, "home/r3": Lifecycle.MAINTENANCE}
    state.ledger.append([draft(0, mark(to, "why"), unit=unit) for unit, to in marks.items()])
    assert [(hold.scope, hold.text) for hold in standing_holds(state)] == [
        ("home/r1", "home/r1 is held by ada: quarantined: why"),
        ("home/r2", "home/r2 is held by ada: retired: why"),
    ]
