"""Who is given a load now: within the site's power, nowhere too warm, and beside what others begin at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.policy import Guard
from fleetctl.core.problems import CouldNot
from fleetctl.ports.instruments import Reply, Round
from fleetctl.services.commissioning.admission import Bound, Chosen
from fleetctl.services.commissioning.burned_in import BurnInInstrument
from fleetctl.services.commissioning.loads import Loads
from fleetctl.services.commissioning.room_proved import RoomProofInstrument
from tests.builders.fleets import a_building, a_fleet
from tests.builders.loaded import Loaded
from tests.builders.memory_reservations import MemoryReservations, OwnShelf


def test_no_more_is_begun_than_the_sites_power_allows() -> None:
    plant = Loaded(fleet=a_fleet(a_building(radiators=6)))
    site = a_building(radiators=6)
    tight = Loaded(fleet=a_fleet(replace(site, subscribed_power_w=9_500.0)))
    begun = BurnInInstrument(tight.loads()).round(tight.units)
    refused = [reason for reason in begun.waits.values() if reason.startswith("G7")]
    assert 0 < len(refused) < len(plant.units)


def bounds(loads: Loads, units: Sequence[Unit], seen: Mapping[str, Observation]) -> tuple[frozenset[str], set[str]]:
    """Return the units that count as loaded for whoever wants to begin with some, and those that are left to begin."""
    told: list[frozenset[str]] = []
    left: set[str] = set()

    def look(free: Sequence[Unit], bound: Bound) -> Chosen:
        told.append(bound(60.0, 1.0).running)
        left.update(unit.name for unit in free)
        return Chosen()

    loads.give(units, seen, look)
    return told[0], left


def test_a_load_that_another_stage_has_begun_counts_as_long_as_it_may_run() -> None:
    plant = Loaded()
    one, *others = plant.units
    BurnInInstrument(plant.loads()).round([one])
    plant.clock.advance(10.0)
    before = plant.observe(plant.units)
    loads = replace(plant.loads(), facts=lambda: before, reservations=MemoryReservations(OwnShelf()))
    assert bounds(loads, others, {})[0] == {one.name}
    plant.clock.advance(2000.0)
    assert bounds(loads, others, {})[0] == frozenset()


def test_what_was_reserved_counts_until_its_unit_has_told_that_it_is_over() -> None:
    plant = Loaded()
    one, *others = plant.units
    before = plant.observe(plant.units)
    plant.clock.advance(1.0)
    loads = replace(plant.loads("kim"), facts=lambda: before)
    BurnInInstrument(loads).round([one])
    assert bounds(loads, [*others, one], {}) == (frozenset({one.name}), {unit.name for unit in others})
    tight = replace(loads, premises=replace(loads.premises, subscribed_power_w=2_000.0))
    assert RoomProofInstrument(tight, unready=frozenset).round(others).waits[others[-1].name].startswith("G7")
    plant.interrupt(one.name)
    plant.clock.advance(10.0)
    assert bounds(loads, plant.units, plant.observe([one])) == (frozenset(), {unit.name for unit in plant.units})


def test_where_nobody_can_begin_those_are_looked_at_that_nobody_looks_at_any_more() -> None:
    """What is commissioned is not observed any more, and counts as drawing all that it may."""
    plant = Loaded()
    *done, last = plant.units
    seen = dict(plant.observe(plant.units))

    def observe(units: Sequence[Unit]) -> Mapping[str, Observation]:
        seen.update(plant.observe(units))
        return {unit.name: seen[unit.name] for unit in units}

    made = plant.loads()
    tight = replace(made.premises, subscribed_power_w=3050.0, other_load_w=0.0)
    burn_in = BurnInInstrument(replace(made, premises=tight, observe=observe, facts=lambda: dict(seen)))
    plant.clock.advance(3600.0)
    assert burn_in.round([last]).waits[last.name].startswith("G7")
    assert {seen[unit.name].at for unit in done} == {plant.clock.now().utc}
    assert burn_in.round([last]).goes_on


def test_what_nobody_hears_of_any_more_is_free_when_its_time_is_over() -> None:
    plant = Loaded()
    one, *others = plant.units
    before = plant.observe(plant.units)
    loads = replace(plant.loads(), facts=lambda: before)
    BurnInInstrument(loads).round([one])
    plant.clock.advance(1800.0)
    assert bounds(loads, others, {})[0] == {one.name}, "a busy unit may have begun later"
    plant.clock.advance(100.0)
    assert bounds(loads, others, {})[0] == frozenset()


def test_who_did_not_answer_may_have_begun_and_who_refused_has_not() -> None:
    plant = Loaded()
    before = plant.observe(plant.units)
    plant.clock.advance(1.0)
    silent, refusing, *others = plant.units
    replies = [Reply(silent.name, trouble="no answer"), Reply(refusing.name, 3, b'{"ending": "refused"}')]
    loads = replace(plant.loads(), facts=lambda: before, ask=lambda _: replies)
    BurnInInstrument(loads).round([silent, refusing])
    assert bounds(loads, others, {})[0] == {silent.name}


def test_a_process_that_dies_while_it_asks_keeps_what_it_reserved() -> None:
    """Some of its commands may have come through, and nobody sees that at once."""
    plant = Loaded()
    one, other, *others = plant.units

    def die(_: object) -> Sequence[Reply]:
        raise CouldNot("the line broke")

    before = plant.observe(plant.units)
    dying = replace(plant.loads(), ask=die, facts=lambda: before)
    with pytest.raises(CouldNot):
        BurnInInstrument(dying).round([one, other])
    assert bounds(plant.loads("kim"), others, {})[0] == {one.name, other.name}


def test_two_engineers_do_not_begin_at_once_what_only_one_of_them_may() -> None:
    """The second looks, and begins, while the commands of the first are under way and nobody has seen what they do."""
    plant = Loaded()
    one, other, *_ = plant.units
    before = plant.observe(plant.units)
    plant.clock.advance(1.0)
    tight = replace(plant.loads().premises, subscribed_power_w=3050.0, other_load_w=0.0)
    ada, kim = (
        BurnInInstrument(replace(plant.loads(name), facts=lambda: before, premises=tight)) for name in ("ada", "kim")
    )
    met: list[Round] = []
    plant.meanwhile = lambda: met.append(kim.round([other]))
    ada.round([one])
    assert plant.given.keys() == {one.name}
    assert met[0].waits[other.name].startswith("G7 les-sables: 1300 W loaded (2)")


def test_two_engineers_do_not_begin_with_one_unit() -> None:
    plant = Loaded()
    before = plant.observe(plant.units)
    plant.clock.advance(1.0)
    ada, kim = (BurnInInstrument(replace(plant.loads(name), facts=lambda: before)) for name in ("ada", "kim"))
    met: list[Round] = []
    plant.meanwhile = lambda: met.append(kim.round(plant.units))
    ada.round(plant.units)
    assert set(met[0].waits.values()) == {"ada has just begun with it"}
    assert plant.asked == [("burn-in", [unit.id for unit in plant.units])]


def test_a_dwelling_that_is_too_warm_keeps_none_behind_it_waiting() -> None:
    plant = Loaded(fleet=a_fleet(a_building(radiators=45)))
    warm = {unit.name for unit in plant.units[:24]}
    loads = plant.loads()

    def observe(units: Sequence[Unit]) -> Mapping[str, Observation]:
        seen = plant.observe(units)
        return {name: warmed(of) if name in warm else of for name, of in seen.items()}

    loads = replace(loads, observe=observe, facts=lambda: observe(plant.units))
    begun = RoomProofInstrument(loads, unready=frozenset).round(plant.units)
    assert begun.goes_on
    assert plant.given
    assert not plant.given.keys() & warm
    assert {begun.waits[name][:3] for name in warm} == {"G10"}


def test_rooms_that_are_too_warm_for_a_long_pattern_are_proved_a_few_at_a_time() -> None:
    """Eighty minutes at half the heat are too much for them, twenty are not."""
    plant = Loaded(fleet=a_fleet(a_building(radiators=45)))
    loads = plant.loads()

    def observe(units: Sequence[Unit]) -> Mapping[str, Observation]:
        return {name: warmed(of, 22.73) for name, of in plant.observe(units).items()}

    loads = replace(loads, observe=observe, facts=lambda: observe(plant.units))
    RoomProofInstrument(loads, unready=frozenset).round(plant.units)
    assert 0 < len(plant.given) <= 5
    assert {len(load["pattern"]) for load in plant.given.values()} == {8}


def test_patterns_that_the_guards_refuse_are_not_waited_for_for_ever() -> None:
    plant = Loaded(fleet=a_fleet(a_building(radiators=45)))
    loads = replace(plant.loads(), guard=replace(Guard(), power_share=0.0))
    assert not RoomProofInstrument(loads, unready=frozenset).round(plant.units).goes_on
    assert plant.given == {}


def warmed(of: Observation, celsius: float = 27.0) -> Observation:
    assert isinstance(of, Facts)
    assert of.heat is not None
    return replace(of, heat=replace(of.heat, power_w=0.0, commanded_w=0.0, zone_temperature_c=celsius))
