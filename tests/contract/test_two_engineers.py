"""Two engineers on one state, at whatever moment each of them looks: a site's power is never given twice."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.order import STAGES
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.talk.scene import Person
from fleetctl.core.commissioning.talk.walk import walk_of
from fleetctl.core.facts import Observation
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports import State
from fleetctl.services.commissioning.book import Book
from fleetctl.services.commissioning.burned_in import BurnInInstrument
from fleetctl.services.commissioning.sitting import Setting, Sitting
from tests.builders.loaded import Loaded
from tests.builders.sitting import FakeRounds

MOST = 2
"""Of six units at 650 W, while the others draw 400 W each: 2,900 W, and with three 3,150 W."""
LIMIT_W = 3000.0 / 0.9
MOST_TICKS = 1000


@dataclass
class Site:
    """A site at which two sittings go on, and what was seen there last.

    Attributes:
        seen: the latest observation of each unit, whoever made it.
        most: loads that ran at one time, at most.
    """

    reopen: Callable[[], State]
    dice: random.Random
    plant: Loaded = field(default_factory=Loaded)
    seen: dict[str, Observation] = field(default_factory=dict)
    most: int = 0

    def __post_init__(self) -> None:
        self.seen.update(self.plant.observe(self.plant.units))
        ready = [
            Draft(unit.site, unit.name, stage, Outcome.DONE, "ada", self.plant.clock.now().utc)
            for unit in self.plant.fleet.units()
            for stage in STAGES[unit.kind]
            if stage not in (Stage.BURN_IN, Stage.ROOM_PROOF, Stage.REGISTERED, Stage.ACCEPTED)
        ]
        self.reopen().ledger.append(ready)

    def sitting(self, name: str, units: Sequence[Unit]) -> Sitting:
        state, plant = self.reopen(), self.plant
        site = plant.fleet.sites[units[0].site]
        book = Book(state.ledger, site, plant.clock)
        made = plant.loads(name)
        loads = replace(
            made,
            premises=replace(made.premises, subscribed_power_w=LIMIT_W, other_load_w=0.0),
            reservations=state.reservations,
            judged=lambda: book.judged,
            observe=self.observe,
            facts=lambda: dict(self.seen),
        )
        setting = Setting(
            site, walk_of(units), book, [BurnInInstrument(loads)], FakeRounds(), plant.clock, Person(name, ""), True
        )
        return Sitting(setting)

    def observe(self, units: Sequence[Unit]) -> Mapping[str, Observation]:
        seen = self.plant.observe(units)
        self.seen.update(seen)
        return seen

    def tick(self, sitting: Sitting, other: Sitting) -> None:
        """Let one sitting look, the other perhaps in the midst of its commands, and time pass."""
        if self.dice.random() < 0.5:
            self.plant.meanwhile = other.tick
        sitting.tick()
        self.plant.meanwhile = lambda: None
        self.plant.observe(self.plant.units)  # what is over is over
        self.most = max(self.most, sum(load["state"] == "running" for load in self.plant.given.values()))
        self.plant.clock.advance(self.dice.choice((0.0, 1.0, 7.0, 100.0, 600.0)))


@pytest.mark.parametrize("shared", [False, True], ids=["a dwelling each", "the whole site both"])
@pytest.mark.parametrize("seed", range(2))
def test_interleaved_sittings_keep_to_the_power_of_their_site(
    reopen: Callable[[], State], seed: int, shared: bool
) -> None:
    site = Site(reopen, random.Random(seed))
    units = site.plant.units
    ada, kim = site.sitting("ada", units if shared else units[:3]), site.sitting("kim", units if shared else units[3:])
    for _ in range(MOST_TICKS):
        one, other = site.dice.sample((ada, kim), 2)
        site.tick(one, other)
        if all(is_over(sitting) for sitting in (ada, kim)):
            break
    assert site.most == MOST
    assert is_over(ada)
    assert is_over(kim)


def is_over(sitting: Sitting) -> bool:
    return all(sitting.checklist.units[name].of(Stage.BURN_IN).passed for name in sitting.names)
