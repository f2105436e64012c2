"""Rounds of instruments in threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from fleetctl.adapters.rounds import ThreadedRounds
from fleetctl.core.commissioning.stages import Stage
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import CouldNot
from fleetctl.ports.instruments import Done, Round
from tests.builders.sitting import radiators

DEADLINE_S = 60.0


@dataclass
class Told:
    """An instrument that does what it is told."""

    act: Callable[[], Round]
    stage: Stage = Stage.IMAGED

    def round(self, units: Sequence[Unit]) -> Round:
        return self.act()


def ended(rounds: ThreadedRounds) -> Done:
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        for done in rounds.ended():
            return done
    raise AssertionError("no round ended")


def test_a_round_is_busy_until_it_was_taken_in() -> None:
    rounds = ThreadedRounds()
    rounds.start(Told(lambda: Round(waits={"s/a1-1": "why"})), radiators()[:1])
    assert rounds.busy == {Stage.IMAGED: ("s/a1-1",)}
    done = ended(rounds)
    assert (done.units, done.result.waits, done.trouble) == (("s/a1-1",), {"s/a1-1": "why"}, "")
    assert rounds.busy == {}


def test_what_could_not_be_done_is_told_as_trouble() -> None:
    def refuse() -> Round:
        raise CouldNot("the gateway is off")

    rounds = ThreadedRounds()
    rounds.start(Told(refuse), radiators())
    assert ended(rounds).trouble == "the gateway is off"


def test_what_nobody_expected_is_not_swallowed() -> None:
    def fail() -> Round:
        raise ZeroDivisionError

    rounds = ThreadedRounds()
    rounds.start(Told(fail), radiators())
    with pytest.raises(ZeroDivisionError):
        ended(rounds)
