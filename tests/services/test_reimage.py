"""A unit that runs is imaged again only if nothing speaks against taking its heat away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from fleetctl.core.facts import Observation
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import premises_of
from fleetctl.core.imaging.desk import Given
from fleetctl.core.imaging.record import Imaging, Stage
from fleetctl.core.inventory.fleet import Fleet, Site
from fleetctl.core.problems import CouldNot, InvalidInput
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.route import Pin
from fleetctl.services.heat import Occasion
from fleetctl.services.image_requests import request
from fleetctl.services.reimage import Patient, reimage, start_from_network
from tests.builders.fleets import a_building, a_fleet
from tests.builders.heat import NOW, PARIS, POLICY, UNIT, all_well, unobserved, weather
from tests.builders.imaging import imaging
from tests.builders.memory_state import MemoryState


@dataclass(frozen=True)
class At:
    """The same weather everywhere."""

    outdoor_c: float

    def of(self, site: Site) -> Forecast:
        return weather(self.outdoor_c)

    def check(self, site: Site) -> None: ...


@dataclass
class House:
    """A building whose every unit is well, and what is asked of it."""

    outdoor_c: float = 6.0
    state: MemoryState = field(default_factory=MemoryState)
    fleet: Fleet = field(default_factory=lambda: a_fleet(a_building()))

    def __post_init__(self) -> None:
        units = self.fleet.units()
        declared = {u.id: replace(u, release="1.0", serial=u.serial or u.id) for u in units}
        site = replace(next(iter(self.fleet.sites.values())), units=declared)
        self.fleet = replace(self.fleet, sites={site.id: site})
        self.state.units.save_facts(all_well(premises_of(self.fleet, site.id)).values())
        self.state.units.pin({UNIT: (Pin("ssh-ed25519", "AAAA"),)}, actor="ada", at=NOW, why="")

    def ask(self, before: Observation | None = None) -> None:
        occasion = Occasion(POLICY, NOW, At(self.outdoor_c), lambda _: PARIS)
        reimage(self.state, Patient(self.fleet, self.fleet.by_name[UNIT], before), occasion, "ada")

    def refused(self, before: Observation | None = None) -> str:
        with pytest.raises(InvalidInput) as caught:
            self.ask(before)
        assert self.state.imaging.records([UNIT]) == {}
        return str(caught.value)


def becomes(record: Imaging) -> Callable[[Imaging | None], Given]:
    return lambda _: Given(record)


def test_a_unit_whose_neighbours_keep_the_room_warm_is_asked_for_and_keeps_its_key_until_it_is_done() -> None:
    house = House()
    house.ask()
    assert house.state.imaging.records()[UNIT].stage is Stage.REQUESTED
    assert [pin.key for pin in house.state.units.pins()[UNIT]] == ["AAAA"]


def test_in_the_cold_the_heat_guard_refuses() -> None:
    assert "forecast" in House(outdoor_c=-12.0).refused()


def test_a_hold_is_a_reason() -> None:
    house = House()
    house.state.orders.add_hold(UNIT, actor="bob", at=NOW, reason="a leak")
    assert "held by bob: a leak" in house.refused()


def test_units_that_are_being_imaged_count_as_down() -> None:
    house = House()
    for neighbour in [name for name in house.fleet.by_name if name.startswith("les-sables/a101-") and name != UNIT]:
        house.state.imaging.change(neighbour, becomes(replace(imaging(), unit=neighbour)), NOW)
    house.refused()


def test_a_unit_that_is_dead_may_be_imaged_in_any_weather() -> None:
    house = House(outdoor_c=-12.0)
    house.state.units.save_facts([unobserved(UNIT, at=NOW)])
    house.refused()
    house.ask(before=unobserved(UNIT, at=NOW - timedelta(minutes=5)))


def test_a_new_unit_is_asked_for_without_and_a_running_one_only_by_reimaging() -> None:
    house = House()
    known, new = house.fleet.by_name[UNIT], house.fleet.by_name["les-sables/a101-2"]
    assert [record.unit for record in request(house.state, [new], "ada", NOW, again=False)] == [new.name]
    with pytest.raises(InvalidInput, match="has a host key"):
        request(house.state, [known, new], "ada", NOW, again=False)
    with pytest.raises(InvalidInput, match="its serial and MAC are not declared"):
        request(house.state, [replace(new, serial="", mac="")], "ada", NOW, again=False)


@dataclass
class OneExecutor:
    """Answers each step in one way, or not at all."""

    ending: Ending | None
    cancelled: list[Step] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def submit(self, steps: Sequence[Step]) -> None:
        self.steps += steps

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        return [StepResult(step, self.ending, "it said so") for step in self.steps] if self.ending else []

    def cancel(self, step: Step) -> None:
        self.cancelled.append(step)

    def close(self) -> None: ...


STEP = Step("i-1", "home/r1", 1, 1, StepKind.IMAGE, 7)


def test_a_unit_that_says_that_it_will_starts_from_the_network() -> None:
    assert start_from_network(OneExecutor(Ending.OK), STEP).step == STEP


@pytest.mark.parametrize(("ending", "said"), [(Ending.REFUSED, "it said so"), (None, "it says nothing")])
def test_a_unit_that_does_not_is_told_of_with_what_to_do(ending: Ending | None, said: str) -> None:
    with pytest.raises(CouldNot, match=said) as caught:
        start_from_network(OneExecutor(ending), STEP)
    assert "withdraw" in caught.value.hint
