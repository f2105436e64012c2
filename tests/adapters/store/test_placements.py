"""A machine keeps its history when it moves: who stood where, and when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fleetctl.adapters.store.placements import Moves, Placement, moves
from tests.builders.rollouts import facts
from tests.builders.world import START

STANDING = [Placement("s/a", "S1", START), Placement("s/b", "S2", START)]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_what_stands_where_it_stood_changes_nothing() -> None:
    assert moves(STANDING, [facts("s/a", serial="S1", minutes=5)]) == Moves((), ())


def test_a_machine_without_a_serial_is_nobody() -> None:
    assert moves(STANDING, [facts("s/a", serial="")]) == Moves((), ())


def test_a_new_machine_ends_the_old_one() -> None:
    found = moves(STANDING, [facts("s/a", serial="S9", minutes=5)])
    assert found == Moves(((STANDING[0], at(5)),), (Placement("s/a", "S9", at(5)),))


def test_a_machine_that_moved_leaves_its_place() -> None:
    found = moves(STANDING, [facts("s/c", serial="S1", minutes=5)])
    assert found == Moves(((STANDING[0], at(5)),), (Placement("s/c", "S1", at(5)),))


@pytest.mark.parametrize("order", [1, -1])
def test_two_machines_that_were_swapped(order: int) -> None:
    seen = [facts("s/a", serial="S2", minutes=5), facts("s/b", serial="S1", minutes=6)][::order]
    found = moves(STANDING, seen)
    assert {placement for placement, _ in found.ended} == set(STANDING)
    assert set(found.begun) == {Placement("s/a", "S2", at(5)), Placement("s/b", "S1", at(6))}


def test_of_two_places_that_claim_a_machine_the_one_seen_last_has_it() -> None:
    seen = [facts("s/c", serial="S1", minutes=6), facts("s/d", serial="S1", minutes=5)]
    assert moves(STANDING, seen).begun == (Placement("s/c", "S1", at(6)),)
