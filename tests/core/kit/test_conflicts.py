"""What two ledgers say against each other, and only that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.core.commissioning.ledger import Draft, Entry, written
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.kit.conflicts import conflicts, decision
from fleetctl.core.kit.knowledge import Knowledge
from fleetctl.core.kit.record import Kit, Merge
from tests.builders.kits import NOON, manifest, record, said

ONE, TWO, OFFICE = "k-1", "k-2", "state-in-memory"
UNAWARE = Knowledge(OFFICE, {kit: record(manifest(kit)) for kit in (ONE, TWO)})


def found(ours: list[Draft], theirs: list[Draft], knowledge: Knowledge = UNAWARE, writer: str = TWO) -> list[str]:
    entries = [*written(writer, None, ours), *written(ONE, None, theirs)]
    return [f"{each.subject}: {each.why}" for each in conflicts(entries, ONE, knowledge)]


@pytest.mark.parametrize(
    ("ours", "theirs", "why"),
    [
        (said("r1", Stage.ACCEPTED), said("r1", Stage.ACCEPTED, Outcome.FAILED), "accepted done against failed"),
        (
            said("r1", Stage.BURN_IN, Outcome.FAILED),
            said("r1", Stage.BURN_IN, verdict="passed"),
            "burn_in failed against done",
        ),
        (
            said("r1", Stage.ACCEPTED),
            said("r1", Stage.ROOM_PROOF, Outcome.FAILED),
            "accepted against room_proof failed",
        ),
        (
            said("r1", Stage.INSTALLED, serial="S1"),
            said("r1", Stage.INSTALLED, serial="S2"),
            "two machines for one place: S1 and S2",
        ),
        (
            said("r2", Stage.INSTALLED, serial="S1"),
            said("r1", Stage.INSTALLED, serial="S1"),
            "machine S1 in two places: home/r2 and home/r1",
        ),
    ],
)
def test_what_cannot_both_be_so_is_a_conflict(ours: Draft, theirs: Draft, why: str) -> None:
    assert found([ours], [theirs]) == [f"home/r1: {why}"]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (said("r1", Stage.ACCEPTED), said("r2", Stage.ACCEPTED, Outcome.FAILED)),
        (said("r1", Stage.IMAGED), said("r1", Stage.IMAGED)),
        (said("r1", Stage.INSTALLED, serial="S1"), said("r1", Stage.INSTALLED, serial="S1")),
        (said("r1", Stage.REGISTERED, Outcome.PENDING), said("r1", Stage.REGISTERED)),
        (said("r1", Stage.DISCOVERED, Outcome.SKIPPED), said("r1", Stage.DISCOVERED)),
        (said("r1", Stage.ACCEPTED), said("r1", Stage.ACCEPTED, Outcome.NOTE, text="a scratch")),
        (said("r1", Stage.BURN_IN), said("r1", Stage.BURN_IN, Outcome.FAILED)),  # interrupted: never counted
    ],
)
def test_what_can_both_be_so_is_none(ours: Draft, theirs: Draft) -> None:
    assert found([ours], [theirs]) == []


def test_only_what_a_writer_said_last_counts() -> None:
    mended = [said("r1", Stage.CONFIGURED, Outcome.FAILED), said("r1", Stage.CONFIGURED, minute=5)]
    assert found([said("r1", Stage.CONFIGURED)], mended) == []


def test_going_on_from_what_a_kit_was_given_is_no_conflict() -> None:
    kit = replace(record(manifest(ONE)), known={TWO: 1})
    assert found([said("r1", Stage.CONFIGURED, Outcome.FAILED)], [said("r1", Stage.CONFIGURED)], _with(kit)) == []


def test_what_the_office_does_after_a_merge_goes_on_from_it() -> None:
    kit = replace(record(manifest(ONE)), merges=(Merge(NOON, home=1, kit=1),))
    before_the_merge = [said("r1", Stage.CONFIGURED, Outcome.FAILED)]
    after_the_merge = [said("r2", Stage.IMAGED), *before_the_merge]
    theirs = [said("r1", Stage.CONFIGURED)]
    assert found(after_the_merge, theirs, _with(kit), OFFICE) == []
    assert len(found(before_the_merge, theirs, _with(kit), OFFICE)) == 1


@pytest.mark.parametrize("keep_theirs", [True, False])
def test_a_decision_ends_a_conflict_and_leaves_what_is_kept(keep_theirs: bool) -> None:
    entries: list[Entry] = [
        *written(TWO, None, [said("r1", Stage.ACCEPTED)]),
        *written(ONE, None, [said("r1", Stage.ACCEPTED, Outcome.FAILED)]),
    ]
    (conflict,) = conflicts(entries, ONE, UNAWARE)
    taken_back = decision(conflict, keep_theirs=keep_theirs, actor="ops", at=NOON)
    decided = [*entries, *written(OFFICE, None, [taken_back])]
    assert conflicts(decided, ONE, UNAWARE) == conflicts(decided, TWO, UNAWARE) == ()
    assert taken_back.detail["entry"] == (conflict.ours if keep_theirs else conflict.theirs).digest


def _with(kit: Kit) -> Knowledge:
    return Knowledge(OFFICE, {**UNAWARE.kits, kit.id: kit})
