"""Blank machines that are asked for, and those that are left alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.stages import Outcome
from fleetctl.core.imaging.desk import Given
from fleetctl.core.imaging.record import Stage
from fleetctl.core.inventory.fleet import Unit
from fleetctl.ports.instruments import StageNews
from fleetctl.services.commissioning.blinking import Blinker
from fleetctl.services.commissioning.imaged import ImagedInstrument
from fleetctl.services.marks import lift, quarantine, refused, said_of
from tests.builders.fleets import a_building, a_fleet
from tests.builders.imaging import imaging
from tests.builders.memory_state import MemoryState
from tests.builders.world import FakeClock


@dataclass
class World:
    """Three blank radiators."""

    state: MemoryState = field(default_factory=MemoryState)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        declared = [unit for unit in a_fleet(a_building()).units() if unit.kind.value == "radiator"][:3]
        self.units = [replace(unit, release="1.0", serial=unit.serial or unit.id) for unit in declared]

    @property
    def instrument(self) -> ImagedInstrument:
        return ImagedInstrument(self.state, self.clock, lambda _: {}, "ada")

    def quarantine(self, unit: Unit) -> None:
        quarantine(self.state, unit.name, "two claim to be it", actor="kim", at=self.clock.now().utc)

    def write(self, finding: StageNews) -> None:
        """Keep a finding, as a sitting does."""
        site, at = self.units[0].site, self.clock.now().utc
        draft = Draft(site, finding.subject, finding.stage, finding.outcome, "ada", at, dict(finding.detail))
        self.state.ledger.append([draft])


def test_a_quarantined_machine_is_not_imaged_and_keeps_nobody_from_it() -> None:
    world = World()
    marked, *others = world.units
    world.quarantine(marked)
    assert "two claim to be it" in world.instrument.round(world.units).waits[marked.name]
    assert set(world.state.imaging.records()) == {unit.name for unit in others}
    assert set(world.instrument.round([marked]).waits) == {marked.name}


def test_a_machine_that_the_imaging_server_quarantined_is_left_alone_by_everybody() -> None:
    world = World()
    unit = world.units[0]
    record = replace(imaging(unit.name), stage=Stage.QUARANTINED, note="two machines claim to be it")
    world.state.imaging.change(unit.name, lambda _: Given(record), world.clock.now().utc)
    said = {"lifecycle": "quarantined", "reason": "two machines claim to be it"}
    assert said_of(world.state, unit.name) == {**said, "by": "imaging"}
    (found,) = world.instrument.round([unit]).findings
    assert found.outcome is Outcome.FAILED
    world.write(found)
    assert said_of(world.state, unit.name) == {**said, "by": "ada"}
    assert "two machines claim to be it" in refused(world.state, [unit.name])[unit.name]


def test_a_quarantine_of_the_imaging_server_that_a_person_lifted_does_not_come_back() -> None:
    world = World()
    unit = world.units[0]
    record = replace(imaging(unit.name), stage=Stage.QUARANTINED, note="two machines claim to be it")
    world.state.imaging.change(unit.name, lambda _: Given(record), world.clock.now().utc)
    (found,) = world.instrument.round([unit]).findings
    world.write(found)
    assert set(world.instrument.round([unit]).waits) == {unit.name}, "it is left alone"
    lift(world.state, unit.name, "the other one is gone", actor="kim", at=world.clock.now().utc)
    assert world.state.imaging.records()[unit.name].stage is Stage.WITHDRAWN
    assert world.instrument.round([unit]).findings == ()
    assert world.state.imaging.records()[unit.name].stage is Stage.REQUESTED, "it is asked for anew"


def test_a_quarantined_machine_does_not_blink() -> None:
    world, blinked = World(), list[str]()
    marked, other = world.units[:2]
    world.quarantine(marked)
    blinker = Blinker(lambda unit, _: blinked.append(unit.name), lambda names: refused(world.state, names))
    assert set(blinker.round([marked, other]).waits) == {marked.name}
    assert blinked == [other.name]
