"""Spaces in closed form, held against the physics in many small steps and against the oracle values of the domain."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.simulate.conditions import Weather
from fleetctl.core.simulate.spaces import Shape, Space

NODE = OneNode(c_kj_k=10_560, h_w_k=72)
HEATERS = {"s/r1": 650.0, "s/r2": 650.0, "s/r3": 650.0}


def shape(
    node: OneNode = NODE, *, id: str = "z", setpoint_c: float = 20.0, neighbours: Mapping[str, float] | None = None
) -> Shape:
    return Shape("s", id, node, setpoint_c, HEATERS, 18.0, neighbours_w_k=neighbours or {})


def cold(outdoor_c: float, *down: str, of: Shape | None = None) -> Space:
    space = Space(of or shape(), Weather.steady(outdoor_c))
    for unit in down:
        space.switch(unit, False, 0.0)
    return space


@pytest.mark.parametrize(("h_w_k", "minutes"), [(45, 156), (112.5, 62), (142.5, 49), (210, 33), (270, 26)])
def test_the_oracle_values_of_the_domain(h_w_k: float, minutes: float) -> None:
    """60 m², medium, outdoor -5 °C, no heat: so long from 19 to 18 °C."""
    space = cold(-5.0, *HEATERS, of=shape(OneNode(165 * 60, h_w_k), setpoint_c=19.0))
    space.temperature_c = 19.0  # also where the radiators could not have held it
    space.advance(minutes * 60)
    assert space.temperature_c == pytest.approx(18.0, abs=0.02)


def test_a_room_that_has_enough_heat_left_does_not_notice() -> None:
    space = cold(5.0, "s/r1")
    space.advance(3600)
    assert space.temperature_c == pytest.approx(20.0)
    assert space.lacked_j == pytest.approx(0.0)


def test_heat_that_was_not_delivered_is_what_the_room_is_short_of_while_units_are_down() -> None:
    space = cold(-5.0, *HEATERS)
    space.advance(3600)
    assert space.lacked_j == pytest.approx(72 * 25 * 3600)
    for unit in HEATERS:
        space.switch(unit, True, 3600)
    lacked_j = space.lacked_j
    space.advance(200_000)
    assert space.lacked_j == lacked_j
    assert space.temperature_c == pytest.approx(20.0)
    assert space.lowest_c < 19.5
    assert space.lowest_at_s == 3600


def test_a_room_that_is_too_large_begins_where_its_heaters_get_it() -> None:
    assert cold(-20.0).temperature_c == pytest.approx(-20 + 1950 / 72)


@given(
    st.floats(-15, 15),
    st.lists(st.tuples(st.sampled_from(sorted(HEATERS)), st.booleans(), st.floats(10, 7200)), max_size=6),
)
def test_the_closed_form_is_what_many_small_steps_come_to(
    outdoor_c: float, script: list[tuple[str, bool, float]]
) -> None:
    space, at_s = cold(outdoor_c), 0.0
    temperature_c, down = space.temperature_c, set[str]()
    for unit, on, lasts_s in script:
        space.switch(unit, on, at_s)
        (down.discard if on else down.add)(unit)
        temperature_c = in_small_steps(temperature_c, outdoor_c, 650.0 * (3 - len(down)), lasts_s)
        at_s += lasts_s
        space.advance(at_s)
        assert space.temperature_c == pytest.approx(temperature_c, abs=0.02)


def in_small_steps(temperature_c: float, outdoor_c: float, up_w: float, lasts_s: float, steps: int = 400) -> float:
    """Return the temperature after a while, by a thermostat that looks again and again."""
    for _ in range(steps):
        need_w = max(0.0, 72 * (20 - outdoor_c) + NODE.c_kj_k * 1000 * (20 - temperature_c) / (lasts_s / steps))
        inputs = Surroundings(outdoor_c, min(need_w, up_w))
        temperature_c = NODE.step(temperature_c, inputs, lasts_s / steps)
    return temperature_c


def test_weather_that_changes_is_followed_piece_by_piece() -> None:
    weather = Weather((0.0, 3600.0, 7200.0), (5.0, -30.0, 5.0))
    space = Space(shape(), weather)
    space.advance(86_400)
    assert space.temperature_c == pytest.approx(20.0)
    assert space.lowest_at_s == pytest.approx(7200)
    assert space.lowest_c == pytest.approx(NODE.step(20.0, Surroundings(-30.0, 1950.0), 3600))


def test_a_neighbour_keeps_a_room_warm() -> None:
    alone = cold(-5.0, *HEATERS)
    alone.advance(7200)
    rooms = [
        Space(shape(id=id, neighbours={other: 100.0}), Weather.steady(-5.0)) for id, other in (("a", "b"), ("b", "a"))
    ]
    for room in rooms:
        room.peers = rooms
    for unit in HEATERS:
        rooms[0].switch(unit, False, 0.0)
    rooms[0].advance(7200)
    assert alone.temperature_c < rooms[0].temperature_c < 20.0
    assert rooms[1].at_s == 7200


def test_power_is_asked_of_units_by_their_share() -> None:
    space = cold(5.0)
    assert space.asked_w("s/r1") == pytest.approx(72 * 15 / 3)
    space.switch("s/r1", False, 0.0)
    assert space.asked_w("s/r2") == pytest.approx(72 * 15 / 2)
    assert space.asked_w("s/r1") == pytest.approx(72 * 15 / 3)
