"""Rooms and tanks of the lab against the physics they stand on."""

from __future__ import annotations

import pytest

from fleetctl.core.heat.physics import Surroundings, TwoNode
from fleetctl.lab.climate import Climate
from fleetctl.lab.heater import exchange_places
from fleetctl.lab.spaces import Heating, LoopSpace, Spaces, ZoneSpace

HOUR = 3600.0
MODEL = TwoNode.of(9900.0, 70.0)


def heating(unit: str, space: str, power_w: float = 650.0, *, loop: str = "") -> Heating:
    return Heating(f"s/{unit}", "s", power_w, space, 1.0, dwelling="" if loop else space, loop=loop)


def rooms(*heaters: str, outdoor_c: float = -5.0, time_factor: float = 1.0, loss_w_k: float = 70.0) -> Climate:
    """Build one room with some heaters, whose time has begun."""
    zone = ZoneSpace("s/A1", loss_w_k, 9900.0, 20.0)
    spaces = Spaces((zone,), (), tuple(heating(unit, "s/A1") for unit in heaters))
    climate = Climate(spaces, outdoor_c=outdoor_c, time_factor=time_factor)
    climate.begin(0.0)
    return climate


def tank(backup_w: float = 0.0, *, time_factor: float = 1.0, ua_w_k: float = 0.0) -> Climate:
    """Build a tank of 1,000 L with two boilers, from which 4 kW are drawn."""
    loop = LoopSpace("s/dhw", 1000.0, ua_w_k, 18.0, 58.0, 4000.0, backup_w)
    heaters = tuple(heating(unit, "s/dhw", 2000.0, loop="s/dhw") for unit in ("one", "two"))
    climate = Climate(Spaces((), (loop,), heaters), outdoor_c=5.0, time_factor=time_factor)
    climate.begin(0.0)
    return climate


def test_time_stands_still_until_it_begins() -> None:
    zone = ZoneSpace("s/A1", 70.0, 9900.0, 20.0)
    climate = Climate(Spaces((zone,)), outdoor_c=-5.0)
    climate.advance(10 * HOUR)
    assert (climate.zones_c()["s/A1"], climate.model_s) == (20.0, 0.0)
    assert not climate.has_begun
    climate.begin(10 * HOUR)
    climate.advance(11 * HOUR)
    assert climate.model_s == HOUR
    assert climate.zones_c()["s/A1"] < 20.0


def test_a_room_without_heat_cools_as_the_physics_say() -> None:
    climate = rooms("rad")
    climate.advance(2 * HOUR)
    held = MODEL.steady(Surroundings(-5.0, 70.0 * 25.0))
    assert climate.zones_c()["s/A1"] == pytest.approx(MODEL.step(held, Surroundings(-5.0), 2 * HOUR).air_c)


def test_a_room_that_gets_what_it_loses_stays_as_warm_as_it_is() -> None:
    climate = rooms("one", "two", loss_w_k=40.0)
    for heater in climate.heaters.values():
        heater.command(500.0, 0.0)
    climate.advance(5 * HOUR)
    assert climate.zones_c()["s/A1"] == pytest.approx(20.0)


def test_the_other_heaters_of_a_room_go_on() -> None:
    both, one, none = (rooms("one", "two") for _ in range(3))
    for climate, units in ((both, ("s/one", "s/two")), (one, ("s/two",))):
        for unit in units:
            climate.heaters[unit].command(650.0, 0.0)
    coldest, colder, cold = (c for climate in (none, one, both) for c in [_after(climate, HOUR)])
    assert coldest < colder < cold < 20.0


def _after(climate: Climate, seconds: float) -> float:
    climate.advance(seconds)
    return climate.zones_c()["s/A1"]


def test_time_in_pieces_is_the_same_as_time_at_once() -> None:
    pieces, at_once = rooms("rad"), rooms("rad")
    for second in range(1, 601):
        pieces.advance(float(second))
    at_once.advance(600.0)
    assert pieces.zones_c()["s/A1"] == pytest.approx(at_once.zones_c()["s/A1"])


def test_time_that_runs_sixty_times_as_fast_does_in_a_minute_what_takes_an_hour() -> None:
    fast, plain = rooms("rad", time_factor=60.0), rooms("rad")
    assert _after(fast, 60.0) == pytest.approx(_after(plain, HOUR))
    assert fast.model_s == HOUR


def test_a_clock_that_goes_back_takes_no_heat_away() -> None:
    climate = rooms("rad")
    before = _after(climate, HOUR)
    climate.advance(HOUR - 100.0)
    assert climate.zones_c()["s/A1"] == before


def test_when_it_gets_warmer_outside_rooms_cool_slower() -> None:
    cold, mild = rooms("rad"), rooms("rad")
    mild.outdoor_c = 12.0
    assert _after(cold, HOUR) < _after(mild, HOUR)


def test_a_neighbour_that_is_heated_keeps_a_room_warm_and_pays_for_it() -> None:
    def lowest(coupling_w_k: float) -> tuple[float, float]:
        zones = (
            ZoneSpace("s/A1", 70.0, 9900.0, 20.0, {"s/A2": coupling_w_k}),
            ZoneSpace("s/A2", 20.0, 9900.0, 20.0, {"s/A1": coupling_w_k}),
        )
        climate = Climate(Spaces(zones, (), (heating("two", "s/A2"),)), outdoor_c=-5.0)
        climate.begin(0.0)
        climate.heaters["s/two"].command(500.0, 0.0)
        climate.advance(3 * HOUR)
        return climate.zones_c()["s/A1"], climate.zones_c()["s/A2"]

    (apart, warm), (together, less_warm) = lowest(0.0), lowest(50.0)
    assert apart < together < less_warm < warm == pytest.approx(20.0)


def test_a_tank_that_gets_what_is_drawn_stays_hot_and_without_a_boiler_it_cools() -> None:
    """1,000 L hold 4,115 kJ/K, so 2 kW too little cost 1.75 K in an hour; colder water takes a little less heat."""
    both, one = tank(), tank()
    for climate, units in ((both, ("s/one", "s/two")), (one, ("s/one",))):
        for unit in units:
            climate.heaters[unit].command(2000.0, 0.0)
        climate.advance(HOUR)
    assert both.loops_c()["s/dhw"] == pytest.approx(58.0)
    assert one.loops_c()["s/dhw"] == pytest.approx(58.0 - 2000.0 * HOUR / 4.115e6, abs=0.08)


def test_a_boiler_behind_a_stuck_valve_is_no_boiler() -> None:
    stuck, off = tank(), tank()
    stuck.heaters["s/one"].stuck = True
    for climate in (stuck, off):
        climate.heaters["s/two"].command(2000.0, 0.0)
    stuck.heaters["s/one"].command(2000.0, 0.0)
    for climate in (stuck, off):
        climate.advance(HOUR)
    assert stuck.loops_c() == off.loops_c()


@pytest.mark.parametrize(("backup_w", "held"), [(10_000.0, True), (4_200.0, True), (3_000.0, False)])
def test_conventional_boilers_hold_a_tank_as_far_as_their_power_goes(backup_w: float, held: bool) -> None:
    climate = tank(backup_w, time_factor=60.0, ua_w_k=2.0)
    climate.advance(120.0)
    assert (climate.loops_c()["s/dhw"] == pytest.approx(58.0)) is held


def test_the_backup_of_a_loop_with_little_water_holds_it_steady() -> None:
    """A heat network: 350 L and half a megawatt of backup, far faster than a step."""
    loop = LoopSpace("s/net", 350.0, 5.0, 18.0, 58.0, 90_000.0, 500_000.0)
    climate = Climate(Spaces((), (loop,)), outdoor_c=5.0, time_factor=60.0)
    climate.begin(0.0)
    for second in range(1, 30):
        climate.advance(float(second))
        assert climate.loops_c()["s/net"] == pytest.approx(58.0)


def test_no_draught_of_hot_water_makes_a_tank_colder_than_the_mains() -> None:
    climate = tank(time_factor=3600.0)
    climate.advance(48.0)
    assert 10.0 <= climate.loops_c()["s/dhw"] < 15.0


def test_a_unit_reads_its_own_room_or_its_own_loop() -> None:
    climate, water = rooms("rad"), tank()
    assert climate.reading("s/rad").zone_c == 20.0
    assert (water.reading("s/one").water_return_c, water.reading("s/one").zone_c) == (58.0, None)


def test_machines_that_change_places_warm_each_others_rooms_and_take_their_sensors_along() -> None:
    zones = tuple(ZoneSpace(f"s/{id}", 70.0, 9900.0, 20.0) for id in ("A1", "A2"))
    climate = Climate(Spaces(zones, (), (heating("one", "s/A1"), heating("two", "s/A2", 430.0))), outdoor_c=5.0)
    climate.begin(0.0)
    one, two = climate.heaters["s/one"], climate.heaters["s/two"]
    exchange_places(one, two)
    one.command(650.0, 0.0)
    climate.advance(HOUR)
    assert climate.zones_c()["s/A2"] > climate.zones_c()["s/A1"]
    assert climate.temperature_c("s/one") == climate.zones_c()["s/A2"]
    assert (one.heating.power_w, one.heating.dwelling, two.heating.power_w) == (650.0, "s/A2", 430.0)
    exchange_places(two, one)
    assert (one.heating.space, two.heating.space) == ("s/A1", "s/A2")
