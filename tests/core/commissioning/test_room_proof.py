"""Which unit heats which room, played on the lab's physical model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.core.commissioning.codes import Patterns, patterns
from fleetctl.core.commissioning.room_proof import Answer, Heating, Proof, Sensing, judge
from tests.builders.rooms import Rooms, play

AREAS = {"A1/living": 25.0, "A1/bedroom": 13.0, "A1/study": 11.0, "A1/kitchen": 9.0}
PLACES = tuple(AREAS)
UNITS = ("u1", "u2", "u3", "u4")
DECLARED = dict(zip(UNITS, PLACES, strict=True))


def proved(
    rooms: Rooms, with_sensor: Sequence[str] = PLACES, declared: Mapping[str, str] = DECLARED
) -> Mapping[str, Proof]:
    """Return what is found if only some places have a sensor of their own."""
    played = play(rooms)
    return judge(played.heatings(declared, rooms), played.sensors(with_sensor, declared))


def answers(found: Mapping[str, Proof]) -> dict[str, str]:
    return {unit: proof.answer.value for unit, proof in found.items()}


def test_every_unit_is_found_in_its_own_room() -> None:
    found = proved(Rooms(AREAS, DECLARED))
    assert answers(found) == dict.fromkeys(UNITS, "own")
    assert found["u1"].to_detail()["verdict"] == "passed"
    assert "t-A1/living answers +0." in found["u1"].text
    curve = found["u1"].to_detail()["curve"]
    assert len(curve) == 60
    assert {watts for _, watts, _ in curve[5:10]} == {650.0}


def test_a_swapped_pair_is_named() -> None:
    found = proved(Rooms(AREAS, DECLARED | {"u2": "A1/study", "u3": "A1/bedroom"}))
    assert answers(found) == {"u1": "own", "u2": "other", "u3": "other", "u4": "own"}
    assert (found["u2"].place, found["u2"].with_unit) == ("A1/study", "u3")
    assert found["u3"].text.endswith("swapped with u2")
    assert found["u3"].to_detail()["verdict"] == "failed"


def test_a_pair_swapped_between_dwellings_is_found_when_both_are_proved_at_once() -> None:
    areas = {**AREAS, "A2/living": 22.0, "A2/bedroom": 12.0}
    declared = {**DECLARED, "u5": "A2/living", "u6": "A2/bedroom"}
    found = proved(Rooms(areas, {**declared, "u2": "A2/living", "u5": "A1/bedroom"}), tuple(areas), declared)
    assert (found["u2"].place, found["u5"].place) == ("A2/living", "A1/bedroom")
    assert {unit for unit, proof in found.items() if proof.answer is Answer.OWN} == {"u1", "u3", "u4", "u6"}


def test_a_sensor_that_is_built_in_proves_nothing() -> None:
    found = proved(Rooms(AREAS, DECLARED), with_sensor=PLACES[:1])
    assert answers(found) == {"u1": "own", "u2": "built_in", "u3": "built_in", "u4": "built_in"}
    assert "a person must confirm" in found["u2"].text
    assert found["u2"].to_detail()["verdict"] == "built_in"


def test_one_sensor_is_enough_to_find_the_pair_that_it_belongs_to() -> None:
    found = proved(Rooms(AREAS, DECLARED | {"u1": "A1/study", "u3": "A1/living"}), with_sensor=PLACES[:1])
    assert (found["u3"].place, found["u3"].with_unit) == ("A1/living", "u1")
    assert (found["u1"].answer, found["u1"].with_unit) == (Answer.OTHER, "u3")


def test_a_unit_in_a_room_without_a_sensor_is_not_taken_for_the_one_that_is_missing() -> None:
    """The living room's own unit still stands in its box; the one in the kitchen bears its label."""
    areas = {"A1/living": 25.0, "A1/kitchen": 9.0}
    found = proved(Rooms(areas, {"u1": "A1/kitchen"}, walls_w_k=150.0), PLACES[:1], {"u1": "A1/living"})
    assert found["u1"].answer is not Answer.OWN


def test_a_dead_heater_has_no_pattern_and_is_not_proven() -> None:
    found = proved(Rooms(AREAS, DECLARED, dead=frozenset({"u2"})))
    assert found["u2"].answer is Answer.NOT_PROVEN
    assert "no pattern to see" in found["u2"].text
    assert found["u1"].answer is Answer.OWN


def test_heat_that_no_sensor_sees_is_said() -> None:
    areas = {**AREAS, "attic/box": 12.0}
    rooms = Rooms(areas, DECLARED | {"u2": "attic/box"}, walls_w_k=10.0)
    found = proved(rooms)
    assert found["u2"].answer is Answer.NONE
    assert found["u2"].text.startswith("nothing answers in A1/bedroom")


def test_units_that_heat_alike_are_not_told_apart() -> None:
    rooms = Rooms(AREAS, DECLARED)
    same = Patterns(dict.fromkeys(UNITS, patterns(["x"]).codes["x"]), 150.0)
    played = play(rooms, same)
    found = judge(played.heatings(DECLARED, rooms), played.sensors(PLACES, DECLARED))
    assert set(answers(found).values()) == {"not_proven"}


def test_a_pattern_cut_short_by_a_warm_room_is_judged_by_the_heat_that_flowed() -> None:
    """The unit stopped by itself after a third of its pattern: less is proven then, and nothing wrongly."""
    rooms = Rooms(AREAS, DECLARED | {"u2": "A1/study", "u3": "A1/bedroom"})
    given = patterns(sorted(rooms.stands))
    cut = replace(given, codes={**given.codes, "u2": given.codes["u2"][:3] + "00000"})
    played = play(rooms, cut)
    found = judge(played.heatings(DECLARED, rooms), played.sensors(PLACES, DECLARED))
    assert {unit for unit, proof in found.items() if proof.answer is Answer.OWN} <= {"u1", "u4"}
    assert found["u4"].answer is Answer.OWN


def test_units_of_different_power_are_compared_by_the_watt() -> None:
    strong = {"u1": 650.0, "u2": 2000.0, "u3": 430.0, "u4": 650.0}
    assert answers(proved(Rooms(AREAS, DECLARED, powers_w=strong))) == dict.fromkeys(UNITS, "own")


def test_in_a_lab_whose_rooms_are_faster_the_clocks_are_stretched() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    heatings = [
        Heating(h.unit, h.place, h.power_w, [(at / 60, w) for at, w in h.powers])
        for h in played.heatings(DECLARED, rooms)
    ]
    sensors = [
        replace(s, temperatures=[(at / 60, c) for at, c in s.temperatures]) for s in played.sensors(PLACES, DECLARED)
    ]
    assert answers(judge(heatings, sensors, speed=60.0)) == dict.fromkeys(UNITS, "own")


def with_dying(sensors: Sequence[Sensing], *ids: str) -> list[Sensing]:
    """Return sensors of which some told nothing after their third reading."""
    return [replace(each, temperatures=each.temperatures[:3]) if each.id in ids else each for each in sensors]


def test_a_sensor_that_dies_ends_nobody_elses_proof() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    found = judge(played.heatings(DECLARED, rooms), with_dying(played.sensors(PLACES, DECLARED), "t-A1/study"))
    assert answers(found) == dict.fromkeys(UNITS, "own") | {"u3": "built_in"}
    assert "left out: t-A1/study, which told for 1 % of the time" in found["u3"].text
    assert "t-A1/study" not in found["u1"].text


def test_whose_only_sensors_died_is_not_proven_and_did_not_fail() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    dying = with_dying(played.sensors(PLACES, DECLARED), "t-A1/study", "u3")
    found = judge(played.heatings(DECLARED, rooms), dying)
    assert answers(found) == dict.fromkeys(UNITS, "own") | {"u3": "not_proven"}
    assert found["u3"].text.startswith("no sensor in A1/study told enough; left out: ")
    every = judge(played.heatings(DECLARED, rooms), with_dying(dying, *(each.id for each in dying)))
    assert set(answers(every).values()) == {"not_proven"}


def silenced(sensors: Sequence[Sensing], id: str, began_s: float, seconds: float) -> list[Sensing]:
    """Return sensors of which one told nothing for a while, and then went on."""
    hole = (began_s, began_s + seconds)
    return [
        replace(each, temperatures=[told for told in each.temperatures if not hole[0] < told[0] < hole[1]])
        if each.id == id
        else each
        for each in sensors
    ]


def test_a_sensor_that_fell_silent_and_came_back_proves_nothing_and_nobody_is_asked_to_vouch() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    sensors = silenced(played.sensors(PLACES, DECLARED), "t-A1/study", 400.0, 300.0)
    found = judge(played.heatings(DECLARED, rooms), sensors)
    assert answers(found) == dict.fromkeys(UNITS, "own") | {"u3": "not_proven"}
    assert found["u3"].text == (
        "no sensor in A1/study told all the time; "
        "left out: t-A1/study, which fell silent after 7 min, for 5 min, and came back"
    )
    assert found["u3"].to_detail()["reason"] == found["u3"].text


def test_a_second_sensor_of_the_room_that_told_all_proves_it() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    sensors = played.sensors(PLACES, DECLARED)
    (own,) = [each for each in sensors if each.id == "t-A1/study"]
    both = [*silenced(sensors, own.id, 400.0, 300.0), replace(own, id="t-second")]
    found = judge(played.heatings(DECLARED, rooms), both)
    assert answers(found) == dict.fromkeys(UNITS, "own")
    assert "left out: t-A1/study" in found["u3"].text


def test_a_neighbours_sensor_is_not_asked_in_the_place_of_one_that_fell_silent() -> None:
    """Heated alone, a unit warms the next room as well, and no other unit tells that this is too little."""
    rooms = Rooms({"A1/living": 25.0, "A1/bedroom": 13.0}, {"u1": "A1/living"}, walls_w_k=120.0)
    played = play(rooms)
    sensors = silenced(played.sensors(("A1/living", "A1/bedroom"), {}), "t-A1/living", 300.0, 400.0)
    (found,) = judge(played.heatings({"u1": "A1/living"}, rooms), sensors).values()
    assert found.answer is Answer.NOT_PROVEN


def test_a_unit_that_did_not_tell_what_it_gave_is_not_proven() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    one, *others = played.heatings(DECLARED, rooms)
    holed = replace(one, powers=[told for told in one.powers if not 400.0 < told[0] < 700.0])
    found = judge([holed, *others], played.sensors(PLACES, DECLARED))
    assert answers(found) == dict.fromkeys(UNITS, "own") | {"u1": "not_proven"}
    assert found["u1"].text == "it did not tell what it gave after 7 min, for 5 min"


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(UNITS), st.floats(10, 900), st.floats(165, 280), st.integers(0, 10**6))
def test_nothing_is_passed_over_a_gap(unit: str, began_s: float, seconds: float, seed: int) -> None:
    """Longer than a turn of 150 s, whenever it was, in any room."""
    rooms = Rooms(AREAS, DECLARED, seed=seed)
    played = play(rooms)
    sensors = silenced(played.sensors(PLACES, DECLARED), f"t-{DECLARED[unit]}", began_s, seconds)
    found = judge(played.heatings(DECLARED, rooms), sensors)
    assert found[unit].answer is Answer.NOT_PROVEN
    assert answers(found) == dict.fromkeys(UNITS, "own") | {unit: "not_proven"}


def test_units_that_were_heated_one_after_the_other_are_said_to_be() -> None:
    rooms = Rooms(AREAS, DECLARED)
    played = play(rooms)
    first, *others = played.heatings(DECLARED, rooms)
    late = replace(first, powers=[(at + 1e6, watts) for at, watts in first.powers])
    found = judge([late, *others], played.sensors(PLACES, DECLARED))
    assert {proof.text for proof in found.values()} == {"they were not heated at the same time"}


weather = st.tuples(st.integers(0, 10**6), st.floats(-3, 3), st.floats(-5, 12))
"""Seed of the noise, drift of the outdoor temperature in K/h, and the outdoor temperature."""


@settings(max_examples=25, deadline=None)
@given(st.permutations(PLACES), st.floats(5, 60), weather)
def test_any_permutation_of_rooms_is_found(
    places: list[str], walls_w_k: float, around: tuple[int, float, float]
) -> None:
    """With sensors that err by 0.1 K at each reading, rooms that warm one another, and weather that changes."""
    stands = dict(zip(UNITS, places, strict=True))
    seed, drift_k_h, outdoor_c = around
    found = proved(Rooms(AREAS, stands, walls_w_k, seed=seed, drift_k_h=drift_k_h, outdoor_c=outdoor_c))
    moved = {unit for unit in UNITS if stands[unit] != DECLARED[unit]}
    assert {unit for unit, proof in found.items() if proof.answer is Answer.OTHER} == moved
    assert all(found[unit].place in ("", stands[unit]) for unit in moved)


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(PLACES),
    st.sets(st.sampled_from(PLACES)),
    st.floats(0, 400),
    st.floats(0, 0.5),
    weather,
)
def test_a_unit_of_another_room_is_never_proven(
    places: list[str], with_sensor: set[str], walls_w_k: float, noise_k: float, around: tuple[int, float, float]
) -> None:
    """Whatever the walls, the noise and the sensors are like."""
    stands = dict(zip(UNITS, places, strict=True))
    seed, drift_k_h, outdoor_c = around
    rooms = Rooms(AREAS, stands, walls_w_k, noise_k, drift_k_h, outdoor_c, seed)
    found = proved(rooms, sorted(with_sensor))
    assert all(stands[unit] == DECLARED[unit] for unit, proof in found.items() if proof.answer is Answer.OWN)


@pytest.mark.parametrize("swap", [pair for pair in permutations(UNITS, 2) if pair[0] < pair[1]])
def test_every_pair_is_found_by_two_sensors(swap: tuple[str, str]) -> None:
    one, two = swap
    stands = DECLARED | {one: DECLARED[two], two: DECLARED[one]}
    found = proved(Rooms(AREAS, stands), with_sensor=PLACES[:2])
    wrong = {unit for unit, proof in found.items() if proof.answer is Answer.OTHER}
    assert wrong == (set(swap) if {one, two} & {"u1", "u2"} else set())
