"""Where in its life a machine stands, and where it may go."""

from __future__ import annotations

import pytest

from fleetctl.core.commissioning.lifecycle import Lifecycle, mark, marks, refusal
from fleetctl.core.commissioning.order import STAGES
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import recorded
from fleetctl.core.inventory.fleet import Kind
from tests.builders.commissioning import draft, ledger, through

RADIATOR = STAGES[Kind.RADIATOR]
L = Lifecycle


@pytest.mark.parametrize(
    ("passed", "stands"),
    [
        (0, L.PLANNED),
        (1, L.DELIVERED),
        (2, L.INSTALLED),
        (3, L.DISCOVERED),
        (4, L.IDENTIFIED),
        (8, L.IDENTIFIED),
        (10, L.IN_SERVICE),
    ],
)
def test_a_machine_stands_where_its_stages_put_it(passed: int, stands: Lifecycle) -> None:
    record = recorded(ledger(through("a1-1", RADIATOR[:passed])))
    assert Lifecycle.of(record, RADIATOR) is stands


@pytest.mark.parametrize("to", L)
def test_nothing_comes_back_from_retirement(to: Lifecycle) -> None:
    assert refusal(L.RETIRED, to) is not None


@pytest.mark.parametrize("now", sorted(set(L) - {L.RETIRED}))
def test_anything_is_retired(now: Lifecycle) -> None:
    assert refusal(now, L.RETIRED) is None


@pytest.mark.parametrize("now", sorted(set(L) - {L.RETIRED, L.QUARANTINED}))
def test_anything_is_quarantined_and_comes_back(now: Lifecycle) -> None:
    assert refusal(now, L.QUARANTINED) is None
    assert refusal(L.QUARANTINED, now) is None


@pytest.mark.parametrize(
    ("now", "to", "allowed"),
    [
        (L.PLANNED, L.DELIVERED, True),
        (L.PLANNED, L.DISCOVERED, True),
        (L.COMMISSIONED, L.IN_SERVICE, True),
        (L.IN_SERVICE, L.MAINTENANCE, True),
        (L.MAINTENANCE, L.IN_SERVICE, True),
        (L.MAINTENANCE, L.DELIVERED, False),
        (L.DISCOVERED, L.MAINTENANCE, False),
        (L.IN_SERVICE, L.INSTALLED, False),
        (L.DELIVERED, L.DELIVERED, False),
    ],
)
def test_a_move_is_allowed_or_refused_with_a_reason(now: Lifecycle, to: Lifecycle, allowed: bool) -> None:
    assert (refusal(now, to) is None) is allowed


def test_a_mark_after_retirement_changes_nothing_and_is_kept() -> None:
    told = [
        draft("a1-1", Stage.REGISTERED, Outcome.NOTE, minute=1, **mark(L.RETIRED, "worn out")),
        draft("a1-1", Stage.DISCOVERED, Outcome.NOTE, minute=2, **mark(L.QUARANTINED, "it is QR-9")),
    ]
    found = marks(ledger(told))
    assert found.lifecycle is L.RETIRED
    assert [entry.draft for entry in found.refused] == [told[1]]


def test_what_follows_from_stages_is_not_marked() -> None:
    with pytest.raises(ValueError, match="in_service follows from the stages"):
        mark(L.IN_SERVICE, "because I say so")
