"""The hardware behind a heat agent, sound and broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fleetctl.lab.heater import Heater
from fleetctl.lab.spaces import Heating

RADIATOR = Heating("s/rad", "s", 650.0, "s/A1", 1.0, dwelling="s/A1")
BOILER = Heating("s/boiler", "s", 2000.0, "s/dhw", 1.0, loop="s/dhw")


def commanded(heating: Heating, watts: float, **faults: Any) -> Heater:
    heater = Heater(heating, **faults)
    heater.command(watts, 0.0)
    return heater


@pytest.mark.parametrize(
    ("heater", "flows", "arrives", "cold"),
    [
        (commanded(RADIATOR, 400.0), 400.0, 400.0, False),
        (commanded(RADIATOR, 0.0), 0.0, 0.0, False),
        (commanded(RADIATOR, 900.0), 715.0, 715.0, False),
        (commanded(RADIATOR, -5.0), 0.0, 0.0, False),
        (commanded(RADIATOR, 400.0, dead=True), 0.0, 0.0, True),
        (commanded(RADIATOR, 600.0, weak=True), 325.0, 325.0, False),
        (commanded(RADIATOR, 100.0, weak=True), 100.0, 100.0, False),
        (commanded(RADIATOR, 0.0, stuck=True), 650.0, 650.0, False),
        (commanded(RADIATOR, 400.0, stuck=True, dead=True), 0.0, 0.0, True),
        (commanded(BOILER, 1500.0, stuck=True), 1500.0, 0.0, True),
        (Heater(RADIATOR, stuck=True), 0.0, 0.0, False),
    ],
)
def test_what_flows_and_what_arrives(heater: Heater, flows: float, arrives: float, cold: bool) -> None:
    assert heater.power_w == pytest.approx(flows)
    assert heater.heat_w == pytest.approx(arrives)
    assert heater.is_cold is cold


def test_a_unit_that_nobody_commands_gives_nothing_and_says_why() -> None:
    heater = commanded(RADIATOR, 400.0)
    heater.release("reboot")
    assert (heater.is_up, heater.power_w, heater.down_because) == (False, 0.0, "reboot")
    heater.command(400.0, 1.0)
    assert (heater.is_up, heater.down_because) == (True, "")


def test_a_radiator_shows_its_room_and_a_boiler_its_water() -> None:
    radiator = commanded(RADIATOR, 400.0).reading(19.876, 5.0, 5.0)
    assert (radiator.zone_c, radiator.water_out_c, radiator.power_w, radiator.outdoor_c) == (19.88, None, 400.0, 5.0)
    boiler = commanded(BOILER, 1000.0).reading(58.0, 5.0, 18.0)
    assert (boiler.zone_c, boiler.water_out_c, boiler.water_return_c) == (None, 59.0, 58.0)


def test_behind_a_stuck_valve_water_is_hot_on_one_side_and_cold_on_the_other() -> None:
    reading = commanded(BOILER, 1000.0, stuck=True).reading(58.0, 5.0, 18.0)
    assert (reading.water_out_c, reading.water_return_c) == (60.0, 18.0)


def test_a_sensor_that_is_off_is_off_by_that_much() -> None:
    assert commanded(RADIATOR, 400.0, offset_k=-2.5).reading(20.0, 5.0, 5.0).zone_c == 17.5
    boiler = commanded(BOILER, 2000.0, offset_k=3.0).reading(58.0, 5.0, 18.0)
    assert (boiler.water_out_c, boiler.water_return_c) == (63.0, 61.0)


def test_a_frozen_sensor_goes_on_showing_what_it_showed_last() -> None:
    heater = commanded(RADIATOR, 400.0)
    heater.reading(20.0, 5.0, 5.0)
    heater.frozen = True
    heater.command(600.0, 1.0)
    reading = heater.reading(15.0, 5.0, 5.0)
    assert (reading.zone_c, reading.power_w) == (20.0, 600.0)


def test_a_sensor_that_froze_before_it_showed_anything_freezes_at_the_first_thing_it_shows() -> None:
    heater = commanded(RADIATOR, 400.0, frozen=True)
    assert [heater.reading(celsius, 5.0, 5.0).zone_c for celsius in (19.0, 12.0)] == [19.0, 19.0]


BREAK: list[Callable[[Heater], None]] = [
    lambda h: setattr(h, "dead", True),
    lambda h: setattr(h, "weak", True),
    lambda h: setattr(h, "stuck", True),
    lambda h: setattr(h, "frozen", True),
    lambda h: setattr(h, "offset_k", 4.0),
]


@pytest.mark.parametrize("break_it", BREAK)
def test_what_is_mended_is_as_it_was(break_it: Callable[[Heater], None]) -> None:
    heater = commanded(RADIATOR, 500.0)
    sound = heater.reading(19.0, 5.0, 5.0)
    break_it(heater)
    heater.mend()
    assert heater.reading(19.0, 5.0, 5.0) == sound


def test_a_dead_fan_slows_the_processors_at_full_load_and_heats_the_heatsink() -> None:
    heater = Heater(RADIATOR)
    heater.command(650.0, 0.0)
    assert heater.reading(20.0, 5.0, 18.0).heatsink_c == pytest.approx(58.0)
    heater.still = True
    heater.command(300.0, 1.0)
    assert (heater.power_w, heater.throttles) == (300.0, 0)
    heater.command(650.0, 2.0)
    shown = heater.reading(20.0, 5.0, 18.0)
    assert heater.power_w == pytest.approx(413.6, abs=0.1)
    assert shown.heatsink_c == pytest.approx(90.0)
    assert shown.throttles == 1
    heater.mend()
    assert heater.power_w == 650.0
