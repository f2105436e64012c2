from __future__ import annotations

from datetime import timedelta

import pytest

from fleetctl.core.policy import Guard
from fleetctl.core.report.heat import SpaceReport, spaces
from fleetctl.core.rollout.readings import Reading
from tests.builders.histories import reading
from tests.builders.rollout_logs import T0


def found(readings: list[Reading], *down: tuple[str, float, float]) -> tuple[SpaceReport, ...]:
    stretches = {unit: [(T0 + timedelta(seconds=a), T0 + timedelta(seconds=b))] for unit, a, b in down}
    return spaces(readings, stretches, Guard())


def only(readings: list[Reading], *down: tuple[str, float, float]) -> SpaceReport:
    (space,) = found(readings, *down)
    return space


def test_the_heat_debt_is_kelvins_below_the_setpoint_times_hours() -> None:
    """From 1 K to 2 K below in 10 min, and at 2 K for another 10 min: 1.5/6 + 2/6 K·h."""
    readings = [reading("s/a", 0, 20.0), reading("s/a", 600, 19.0), reading("s/a", 1200, 19.0)]
    assert only(readings, ("s/a", 0, 60)).debt_kh == pytest.approx(1.5 / 6 + 2 / 6)


def test_a_room_above_its_setpoint_has_no_debt_and_pays_none_back() -> None:
    readings = [reading("s/a", 0, 21.5), reading("s/a", 600, 22.0), reading("s/a", 1200, 20.0)]
    assert only(readings, ("s/a", 0, 60)).debt_kh == pytest.approx(0.5 / 6)


def test_nothing_is_supposed_of_a_time_of_which_nothing_was_kept() -> None:
    readings = [reading("s/a", 0, 19.0), reading("s/a", 16 * 60, 19.0)]
    assert only(readings, ("s/a", 0, 60)).debt_kh == 0.0


def test_the_coldest_sensor_counts_until_it_is_silent_for_long() -> None:
    readings = [reading("s/a", 0, 19.0), reading("s/b", 300, 20.0), reading("s/b", 1200, 20.5)]
    space = only(readings, ("s/a", 0, 60))
    assert [point.temperature_c for point in space.points] == [19.0, 19.0, 20.5]
    assert space.units == ("s/a", "s/b")


def test_a_silent_unit_delivers_nothing_and_a_slow_one_little() -> None:
    """600 W were commanded: 300 s without, then 300 s of 450 W missing."""
    readings = [reading("s/a", 0), reading("s/a", 400, power_w=150.0), reading("s/a", 900)]
    space = only(readings, ("s/a", 100, 700))
    assert space.lacked_kwh == pytest.approx((600 * 300 + 450 * 300) / 3.6e6)


def test_interruptions_of_all_units_of_a_room_add_up() -> None:
    readings = [reading("s/a", 0), reading("s/b", 0)]
    space = only(readings, ("s/a", 0, 3600), ("s/b", 0, 1800))
    assert space.lacked_kwh == pytest.approx(0.6 + 0.3)


def test_a_room_that_fell_below_its_floor_is_said_and_one_that_was_below_is_not() -> None:
    fell = [reading("s/a", 0, 19.0), reading("s/a", 600, 17.9)]
    cold_before = [reading("s/a", 0, 17.5), reading("s/a", 600, 17.0)]
    assert only(fell, ("s/a", 60, 500)).is_too_cold
    assert not only(cold_before, ("s/a", 60, 500)).is_too_cold


def test_only_rooms_whose_heat_was_interrupted_are_listed_the_largest_debt_first() -> None:
    rooms = {"mild": 20.5, "cold": 18.5, "untouched": 15.0}
    readings = [reading(f"s/{room}", at_s, c, space=room) for at_s in (0, 600) for room, c in rooms.items()]
    names = [space.name for space in found(readings, ("s/mild", 0, 60), ("s/cold", 0, 60))]
    assert names == ["s/cold", "s/mild"]


def test_without_telemetry_a_room_is_listed_and_nothing_is_claimed() -> None:
    space = only([reading("s/a", 0, None, setpoint_c=None, power_w=None)], ("s/a", 0, 60))
    assert (space.points, space.before_c, space.lowest) == ((), None, None)
    assert (space.debt_kh, space.lacked_kwh, space.is_too_cold) == (None, None, False)
