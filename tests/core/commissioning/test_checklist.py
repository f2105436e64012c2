"""How a commissioning stands, folded from its ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.commissioning import checklist
from fleetctl.core.commissioning.checklist import Checklist, UnitList
from fleetctl.core.commissioning.ledger import Draft, Entry
from fleetctl.core.commissioning.lifecycle import Lifecycle, lifted, mark
from fleetctl.core.commissioning.order import STAGES, Why
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import State
from fleetctl.core.commissioning.undoing import undoing_of
from fleetctl.core.inventory.fleet import Kind
from tests.builders.commissioning import draft, ledger, site, through

RADIATOR = STAGES[Kind.RADIATOR]
GATEWAY_READY = through("gw", STAGES[Kind.GATEWAY])
PLACES = {
    "gw": Kind.GATEWAY,
    "boiler": Kind.BOILER,
    "a1-1": Kind.RADIATOR,
    "a1-2": Kind.RADIATOR,
    "a2-1": Kind.RADIATOR,
}


def folded(*drafts: Draft) -> Checklist:
    return checklist.fold(site(), ledger([*GATEWAY_READY, *drafts]))


def unit_of(found: Checklist, id: str = "a1-1") -> UnitList:
    return found.units[f"s/{id}"]


def test_a_place_of_which_nothing_was_said_begins_with_its_delivery() -> None:
    found = checklist.fold(site(), [])
    assert {unit.next for unit in found.units.values()} == {Stage.DELIVERED}
    assert not found.accepted


def test_stages_come_one_after_the_other() -> None:
    done: list[Draft] = []
    for minute, stage in enumerate(RADIATOR):
        assert unit_of(folded(*done)).next is stage
        done.append(draft("a1-1", stage, minute=minute))
    assert unit_of(folded(*done)).next is None
    assert unit_of(folded(*done)).accepted


def test_imaging_does_not_wait_for_somebody_who_watches_a_lamp() -> None:
    found = unit_of(folded(*through("a1-1", RADIATOR[:3])))
    assert found.ready(Stage.IDENTIFIED)
    assert found.ready(Stage.IMAGED)
    assert not found.ready(Stage.CONFIGURED)


def test_units_wait_for_their_gateway_but_not_with_being_put_up() -> None:
    found = unit_of(checklist.fold(site(), ledger(through("a1-1", RADIATOR[:2]))))
    assert found.waits is not None
    assert found.waits.why is Why.GATEWAY
    assert found.waits.text == "its gateway s/gw is not configured yet"


@pytest.mark.parametrize(
    ("kind", "missing"), [(Kind.BOILER, {Stage.ROOM_PROOF}), (Kind.GATEWAY, {Stage.BURN_IN, Stage.ROOM_PROOF})]
)
def test_a_kind_goes_through_its_own_stages(kind: Kind, missing: set[Stage]) -> None:
    assert set(STAGES[kind]) == set(Stage) - missing


def test_a_gateway_is_registered_though_it_has_no_burn_in() -> None:
    done = through("gw", [stage for stage in STAGES[Kind.GATEWAY] if stage not in (Stage.REGISTERED, Stage.ACCEPTED)])
    found = unit_of(checklist.fold(site(), ledger(done)), "gw")
    assert found.next is Stage.REGISTERED


def test_what_failed_is_done_again_and_keeps_all_later_stages_waiting() -> None:
    failed = draft("a1-1", Stage.BURN_IN, Outcome.FAILED, minute=20, reason="580 W of 650 W")
    found = unit_of(folded(*through("a1-1", RADIATOR[:6]), failed))
    assert found.next is Stage.BURN_IN
    blocked = found.blocked(Stage.ROOM_PROOF)
    assert blocked is not None
    assert blocked.text == "'burn_in' failed: 580 W of 650 W"
    passed = draft("a1-1", Stage.BURN_IN, minute=40)
    again = unit_of(folded(*through("a1-1", RADIATOR[:6]), failed, passed))
    assert again.next is Stage.ROOM_PROOF
    assert again.of(Stage.BURN_IN).tries == 2


@pytest.mark.parametrize("stage", [Stage.BURN_IN, Stage.ROOM_PROOF])
@pytest.mark.parametrize("said", ["interrupted", "", None])
def test_what_was_measured_counts_only_with_its_verdict(stage: Stage, said: str | None) -> None:
    before = RADIATOR[: RADIATOR.index(stage)]
    cut_short = draft("a1-1", stage, minute=30, verdict=said)
    found = unit_of(folded(*through("a1-1", before), cut_short))
    assert found.of(stage).state is State.OPEN
    assert found.next is stage
    assert [note.draft for note in found.record.notes] == [cut_short]


def test_a_dwelling_is_skipped_with_its_reason_and_visited_again() -> None:
    done = [*through("a1-1", RADIATOR[:7]), *through("a1-2", RADIATOR[:6])]
    skip = draft("A1", Stage.ROOM_PROOF, Outcome.SKIPPED, minute=50, reason="nobody at home")
    found = folded(*done, skip)
    assert [each.id for each in found.to_visit] == ["A1"]
    assert unit_of(found).next is None
    assert unit_of(found, "a1-2").next is Stage.BURN_IN
    blocked = unit_of(found).waits
    assert blocked is not None
    assert blocked.text == "A1 is skipped from 'room_proof' on: nobody at home"
    entries = ledger([*GATEWAY_READY, *done, skip])
    back = draft("A1", Stage.ROOM_PROOF, Outcome.UNDONE, minute=90, **undoing_of(entries[-1]))
    assert unit_of(folded(*done, skip, back)).next is Stage.ROOM_PROOF


def test_a_skipped_stage_waits_for_somebody_and_keeps_its_reason() -> None:
    skip = draft("a1-1", Stage.IDENTIFIED, Outcome.SKIPPED, minute=9, reason="behind a wardrobe")
    found = unit_of(folded(*through("a1-1", RADIATOR[:3]), skip))
    assert found.next is Stage.IMAGED
    assert not found.ready(Stage.IDENTIFIED)
    assert found.of(Stage.IDENTIFIED).reason == "behind a wardrobe"


def test_registration_that_is_pending_keeps_nobody_out() -> None:
    done = through("a1-1", RADIATOR[:8])
    pending = draft("a1-1", Stage.REGISTERED, Outcome.PENDING, minute=10)
    found = unit_of(folded(*done, pending))
    assert found.next is Stage.ACCEPTED
    accepted = unit_of(folded(*done, pending, draft("a1-1", Stage.ACCEPTED, minute=11)))
    assert accepted.accepted
    assert accepted.lifecycle is Lifecycle.COMMISSIONED


def test_an_acceptance_is_void_once_something_fails() -> None:
    worse = draft("a1-1", Stage.BURN_IN, Outcome.FAILED, minute=99, reason="a fan stands still")
    found = unit_of(folded(*through("a1-1", RADIATOR), worse))
    assert found.of(Stage.ACCEPTED).state is State.VOID
    assert not found.accepted


def test_a_person_confirms_what_no_instrument_shows() -> None:
    confirmed = draft("a1-1", Stage.ROOM_PROOF, Outcome.CONFIRMED, minute=30, reason="warm to the hand")
    assert unit_of(folded(*through("a1-1", RADIATOR[:7]), confirmed)).next is Stage.REGISTERED


def test_quarantine_stops_everything_until_it_is_lifted() -> None:
    done = through("a1-1", RADIATOR[:3])
    quarantined = draft("a1-1", Stage.DISCOVERED, Outcome.NOTE, minute=9, **mark(Lifecycle.QUARANTINED, "it is QR-9"))
    found = unit_of(folded(*done, quarantined))
    assert found.waits is not None
    assert found.waits.text == "quarantined: it is QR-9"
    assert found.lifecycle is Lifecycle.QUARANTINED
    back = draft("a1-1", Stage.DISCOVERED, Outcome.NOTE, minute=12, **lifted("its label was read wrongly"))
    assert unit_of(folded(*done, quarantined, back)).next is Stage.IDENTIFIED


def test_another_machine_in_the_same_place_begins_anew() -> None:
    done = through("a1-1", RADIATOR, serial="QR-1")
    other = draft("a1-1", Stage.INSTALLED, minute=60, serial="QR-2")
    found = unit_of(folded(*done, other))
    assert found.record.serial == "QR-2"
    assert found.next is Stage.DISCOVERED
    assert found.of(Stage.ACCEPTED).state is State.OPEN


def test_another_machine_is_not_retired_with_the_one_before() -> None:
    done = through("a1-1", RADIATOR, serial="QR-1")
    retired = draft("a1-1", Stage.REGISTERED, Outcome.NOTE, minute=50, **mark(Lifecycle.RETIRED, "worn out"))
    assert unit_of(folded(*done, retired)).lifecycle is Lifecycle.RETIRED
    found = unit_of(folded(*done, retired, draft("a1-1", Stage.INSTALLED, minute=60, serial="QR-2")))
    assert found.lifecycle is Lifecycle.INSTALLED


def test_a_dwelling_is_accepted_after_all_its_units_and_a_site_after_all_its_dwellings() -> None:
    units = [each for id, kind in PLACES.items() for each in through(id, STAGES[kind])]
    dwellings = [draft(id, Stage.ACCEPTED, minute=50) for id in ("A1", "A2")]
    assert not folded(*units, dwellings[0]).accepted
    assert folded(*units, *dwellings).accepted
    undone = draft("a1-2", Stage.ROOM_PROOF, Outcome.UNDONE, minute=60)
    found = folded(*units, *dwellings, undone)
    assert found.dwellings["A1"].record.of(Stage.ACCEPTED).state is State.VOID
    assert found.dwellings["A2"].accepted
    assert found.blocked is not None
    assert found.blocked.text == "not accepted yet: A1"


def test_entries_about_places_that_are_not_declared_are_kept_apart() -> None:
    found = folded(draft("cellar", Stage.DELIVERED))
    assert [entry.draft.subject for entry in found.strangers] == ["s/cellar"]


def test_all_that_is_ready_makes_one_batch() -> None:
    found = folded(*through("a1-1", RADIATOR[:6]), *through("a1-2", RADIATOR[:6]), *through("a2-1", RADIATOR[:5]))
    assert found.ready(Stage.BURN_IN) == ("s/a1-1", "s/a1-2")
    assert found.ready(Stage.CONFIGURED) == ("s/a2-1",)


said = st.builds(
    draft,
    st.sampled_from(["", "A1", "A2", *PLACES]),
    st.sampled_from(Stage),
    st.sampled_from(Outcome),
    minute=st.integers(0, 20),
    serial=st.sampled_from(["QR-1", "QR-2", ""]),
    lifecycle=st.sampled_from([None, None, None, "quarantined", "back", "retired", "nonsense"]),
)
writings = st.lists(st.lists(said, max_size=12), min_size=1, max_size=3)


@given(writings, st.randoms(use_true_random=False))
def test_the_order_in_which_ledgers_are_put_together_does_not_matter(
    writing: Sequence[Sequence[Draft]], dice: Random
) -> None:
    entries = [entry for index, drafts in enumerate(writing) for entry in ledger(drafts, f"w{index}")]
    mixed = list(entries)
    dice.shuffle(mixed)
    assert checklist.fold(site(), mixed) == checklist.fold(site(), entries)


@given(writings, said)
def test_undoing_restores_and_undoing_that_brings_it_back(writing: Sequence[Sequence[Draft]], slip: Draft) -> None:
    entries = [entry for index, drafts in enumerate(writing) for entry in ledger(drafts, f"w{index}")]
    wrong = ledger([slip], "slip")
    undone = _undone(wrong[-1], "undo")
    redone = _undone(undone, "redo")
    assert _seen(*entries, *wrong, undone) == _seen(*entries)
    assert _seen(*entries, *wrong, undone, redone) == _seen(*entries, *wrong)


def _undone(entry: Entry, writer: str) -> Entry:
    return ledger([draft("a1-1", entry.draft.stage, Outcome.UNDONE, minute=0, **undoing_of(entry))], writer)[0]


def _seen(*entries: Entry) -> Checklist:
    return checklist.fold(site(), entries)


@given(writings)
def test_nothing_is_accepted_over_a_stage_that_failed(writing: Sequence[Sequence[Draft]]) -> None:
    entries = ledger(
        [*GATEWAY_READY, *(each for id, kind in PLACES.items() for each in through(id, STAGES[kind]))], "ok"
    )
    found = _seen(*entries, *(entry for index, each in enumerate(writing) for entry in ledger(each, f"w{index}")))
    for unit in found.units.values():
        if unit.accepted:
            assert all(unit.of(stage).passed for stage in unit.stages if stage is not Stage.REGISTERED)
            assert not unit.failed
    for dwelling in found.dwellings.values():
        assert not dwelling.accepted or _all_accepted(found, dwelling.units)


def _all_accepted(found: Checklist, units: Iterable[str]) -> bool:
    return all(found.units[unit].accepted for unit in units)
