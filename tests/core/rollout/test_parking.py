"""A site where nobody may start is left alone for a while, but not when the same decision has just made room there."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Decision, Phase, UnitChanged
from tests.builders.play import progress, rollout_of
from tests.builders.world import START

NOW = Now(START, 100.0, "boot")
GATEWAY = replace(progress("s/gw", kind=Kind.GATEWAY), phase=Phase.VERIFYING, attempt=1, down=True)
UNITS = [GATEWAY, progress("s/a", gateway="gw"), progress("t/b")]
PARKED = {"s": 130.0, "t": 130.0}


def remembered(decision: Decision) -> Board:
    board = Board(rollout_of(UNITS), UNITS)
    board.apply(decision.changes)
    board.remember(decision, NOW)
    return board


def test_a_site_where_nothing_changed_is_left_alone() -> None:
    assert remembered(Decision(parked=PARKED)).parked == PARKED


def test_a_site_is_looked_at_again_at_once_when_its_gateway_has_just_ended() -> None:
    ended = UnitChanged("r1", replace(GATEWAY, phase=Phase.SUCCEEDED, down=False))
    board = remembered(Decision(changes=(ended,), parked=PARKED))
    assert board.parked == {"t": 130.0}
    assert set(board.waits.standing_s(NOW)) == {"s", "t"}
