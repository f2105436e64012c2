"""Any permutation of machines is found, none is found where there is none, and the order of sightings says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.discovery.cycles import cycles
from fleetctl.core.discovery.finding import Code, Presence
from fleetctl.core.discovery.sighting import Sighting
from tests.builders.fleets import a_building, a_fleet
from tests.builders.sightings import at_place_of, discovered, hung, of

FLEET = a_fleet(a_building(radiators=9))
GATEWAY, *RADIATORS = FLEET.units()
NAMES = [unit.name for unit in RADIATORS]
UNIT = dict(zip(NAMES, RADIATORS, strict=True))


def seen_after(places: Mapping[str, str]) -> list[Sighting]:
    """What is seen when each machine named hangs at the place that it is mapped to."""
    hanging = [at_place_of(UNIT[name], UNIT[place]) for name, place in places.items()]
    return [sighting for machine in (hung(GATEWAY), *hanging) for sighting in machine.seen()]


def rounds_of(places: Mapping[str, str]) -> set[frozenset[str]]:
    """An independent reckoning: follow each machine to the place that it stands in until the round closes."""
    found = set()
    for start in places:
        way, at = {start}, places[start]
        while at not in way and at in places:
            way.add(at)
            at = places[at]
        if at == start and len(way) > 1:
            found.add(frozenset(way))
    return found


@given(st.permutations(NAMES))
def test_any_permutation_of_machines_is_found_and_nothing_else(order: list[str]) -> None:
    places = dict(zip(NAMES, order, strict=True))
    found = discovered(FLEET, *seen_after(places))
    assert {frozenset(finding.units) for finding in of(found, Code.SWAPPED)} == rounds_of(places)
    assert all(finding.code is Code.SWAPPED for finding in found.findings)
    off = {name for name, place in places.items() if name != place}
    assert {met.unit for met in found.units if met.standing is Presence.SWAPPED} == off


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
def test_nobody_is_called_swapped_by_half_of_the_evidence(order: list[str], gone: set[str]) -> None:
    places = {name: place for name, place in zip(NAMES, order, strict=True) if name not in gone}
    found = discovered(FLEET, *seen_after(places))
    assert {frozenset(finding.units) for finding in of(found, Code.SWAPPED)} == rounds_of(places)
    assert {met.unit for met in found.units if met.standing is Presence.MISSING} == gone
    wrong = {finding.units[0] for finding in of(found, Code.WRONG_PORT)}
    in_rounds = {name for round_ in rounds_of(places) for name in round_}
    assert wrong == {name for name, place in places.items() if name != place} - in_rounds


@given(st.permutations(NAMES), st.randoms(use_true_random=False))
def test_the_order_of_sightings_says_nothing(order: list[str], random: Random) -> None:
    sightings = seen_after(dict(zip(NAMES, order, strict=True)))
    mixed = list(sightings)
    random.shuffle(mixed)
    assert discovered(FLEET, *mixed) == discovered(FLEET, *sightings)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef")))
def test_a_round_closes_and_no_place_is_in_two(moved: dict[str, str]) -> None:
    found = cycles(moved)
    members = [place for round_ in found for place in round_]
    assert len(members) == len(set(members))
    for round_ in found:
        assert len(round_) > 1
        assert all(moved[here] == there for here, there in zip(round_, (*round_[1:], round_[0]), strict=True))
