"""What is remembered of imaging, whatever keeps it: memory, SQLite, PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from fleetctl.core.imaging.claim import Claim
from fleetctl.core.imaging.desk import Answer, FromDisk, Given, concluded, quarantine, request
from fleetctl.core.imaging.record import Imaging, Stranger
from fleetctl.core.route import Pin
from fleetctl.ports import State
from tests.builders.imaging import NOON, enrolled, host_key, imaging, later

UNIT = "home/r1"
KEY = Pin(*host_key().split())


def logged(state: State) -> list[str]:
    return [event.what for _, event in state.journal.events("")]


def test_what_one_process_decides_another_one_reads(reopen: Callable[[], State]) -> None:
    one, other = reopen(), reopen()
    one.imaging.change(UNIT, lambda _: request(UNIT, "ada", NOON), NOON)
    one.imaging.change(UNIT, lambda _: Given(imaging()), NOON)
    assert other.imaging.records() == {UNIT: imaging()}
    assert other.imaging.records(["home/r2"]) == {}
    assert logged(other) == ["imaging-requested"]


def test_a_refusal_changes_nothing_but_a_quarantine_stays(state: State) -> None:
    state.imaging.change(UNIT, lambda _: Given(imaging()), NOON)
    state.imaging.change(UNIT, lambda _: FromDisk("no"), NOON)
    assert state.imaging.records()[UNIT] == imaging()
    state.imaging.change(UNIT, lambda record: quarantine(record or imaging(), "two machines", NOON), NOON)
    assert state.imaging.records()[UNIT].note == "two machines"
    assert logged(state) == ["imaging-quarantined"]


def test_the_end_pins_the_host_key_in_the_place_of_the_old_one(state: State) -> None:
    state.units.pin({UNIT: (Pin("ssh-ed25519", "AAAA"),)}, actor="ada", at=NOON, why="adopted")
    state.imaging.change(UNIT, lambda _: concluded(enrolled(), later(1)), later(1))
    assert state.units.pins() == {UNIT: (KEY,)}
    assert sorted(logged(state)) == ["host-key-pinned", "host-key-pinned", "imaging-done"]


def test_decisions_about_one_unit_take_turns(reopen: Callable[[], State]) -> None:
    reopen().imaging.change(UNIT, lambda _: Given(imaging()), NOON)

    def count_on(record: Imaging | None) -> Answer:
        assert record is not None
        return Given(replace(record, note=str(int(record.note) + 1) if record.note.isdigit() else "1"))

    states = [reopen() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda state: [state.imaging.change(UNIT, count_on, NOON) for _ in range(5)], states))
    assert states[0].imaging.records()[UNIT].note == "20"


def test_a_machine_that_is_refused_again_is_counted_and_forgotten_when_it_stays_away(state: State) -> None:
    first = Stranger(Claim("X-1", "52:54:00:00:00:99"), "no unit", NOON, NOON)
    other = replace(first, claim=Claim("X-2", "52:54:00:00:00:99"), last=later(1))
    again = replace(first, first=later(5), last=later(5), reason="still no unit")
    for stranger in (first, other, again):
        state.imaging.saw(stranger)
    assert list(state.imaging.strangers()) == [other, replace(again, first=NOON, times=2)]
    state.imaging.forget(NOON + timedelta(minutes=2))
    assert [s.claim.serial for s in state.imaging.strangers()] == ["X-1"]
