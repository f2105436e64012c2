"""Rooms and tanks: the oracle values of the domain, closed forms against steps, and balances of energy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.heat.physics import (
    WATER_KJ_L_K,
    AirAndMass,
    Flows,
    OneNode,
    Surroundings,
    Tank,
    TwoNode,
    exchange,
)

FLAT_M3 = 150.0
FLAT_KJ_K = 165.0 * 60.0
"""Medium thermal mass, 60 m²."""

losses = st.floats(10.0, 400.0)
capacities = st.floats(3000.0, 30000.0)
temperatures = st.floats(-15.0, 30.0)
powers = st.floats(0.0, 3000.0)
spans = st.floats(1.0, 200_000.0)


@pytest.mark.parametrize(
    ("standard", "g_w_m3_k", "minutes"),
    [("RT2012", 0.3, 156), ("RT2005", 0.75, 62), ("1990-2000", 0.95, 49), ("1974-82", 1.4, 33), ("none", 1.8, 26)],
)
def test_flat_of_60_m2_cools_from_19_to_18_as_the_domain_says(standard: str, g_w_m3_k: float, minutes: int) -> None:
    flat = OneNode(FLAT_KJ_K, g_w_m3_k * FLAT_M3)
    assert round(flat.coast_s(19.0, 18.0, Surroundings(-5.0)) / 60) == minutes, standard


@pytest.mark.parametrize(("g_w_m3_k", "hours"), [(0.3, 61), (1.4, 13)])
def test_time_constants_of_the_domain(g_w_m3_k: float, hours: int) -> None:
    assert round(OneNode(FLAT_KJ_K, g_w_m3_k * FLAT_M3).tau_s / 3600) == hours


def test_zone_whose_power_holds_the_floor_coasts_for_ever_even_from_below() -> None:
    flat = OneNode(FLAT_KJ_K, 50.0)
    assert flat.coast_s(19.0, 18.0, Surroundings(-5.0, power_w=50.0 * 23.0)) == math.inf
    assert flat.coast_s(17.0, 18.0, Surroundings(-5.0, power_w=50.0 * 23.0)) == math.inf


@pytest.mark.parametrize("start_c", [18.0, 17.9, 5.0])
def test_zone_at_its_floor_coasts_for_no_time(start_c: float) -> None:
    assert OneNode(FLAT_KJ_K, 50.0).coast_s(start_c, 18.0, Surroundings(-5.0, power_w=50.0 * 22.9)) == 0.0


@given(c=capacities, h=losses, outdoor=st.floats(-15.0, 15.0), power=powers, start=st.floats(18.01, 25.0))
def test_the_closed_form_is_where_the_stepper_arrives(
    c: float, h: float, outdoor: float, power: float, start: float
) -> None:
    zone, inputs = OneNode(c, h), Surroundings(outdoor, power)
    lasts_s = zone.coast_s(start, 18.0, inputs)
    if math.isfinite(lasts_s):
        assert zone.step(start, inputs, lasts_s) == pytest.approx(18.0, abs=1e-6)


@given(
    c=capacities, h=losses, start=temperatures, outdoor=temperatures, power=powers, dt=spans, parts=st.integers(2, 9)
)
def test_many_short_steps_are_one_long_step(
    c: float, h: float, start: float, outdoor: float, power: float, dt: float, parts: int
) -> None:
    zone, inputs, state = OneNode(c, h), Surroundings(outdoor, power), start
    for _ in range(parts):
        state = zone.step(state, inputs, dt / parts)
    assert state == pytest.approx(zone.step(start, inputs, dt), abs=1e-6)


@given(c=capacities, h=losses, start=temperatures, outdoor=temperatures, power=powers, dt=spans)
def test_heat_stored_is_heat_given_less_heat_lost(
    c: float, h: float, start: float, outdoor: float, power: float, dt: float
) -> None:
    zone, inputs = OneNode(c, h), Surroundings(outdoor, power)
    end, steady = zone.step(start, inputs, dt), zone.steady_c(inputs)
    lost_j = h * ((steady - outdoor) * dt + (start - steady) * zone.tau_s * -math.expm1(-dt / zone.tau_s))
    assert c * 1000 * (end - start) == pytest.approx(power * dt - lost_j, rel=1e-6, abs=50.0)


@given(start=temperatures, mass=temperatures, power=powers, dt=spans)
def test_almost_without_losses_air_and_mass_keep_all_heat(start: float, mass: float, power: float, dt: float) -> None:
    zone = TwoNode(500.0, 9000.0, 1e-3, 500.0)
    end = zone.step(AirAndMass(start, mass), Surroundings(0.0, power), dt)
    stored_j = 1000 * (500.0 * (end.air_c - start) + 9000.0 * (end.mass_c - mass))
    assert stored_j == pytest.approx(power * dt, abs=100.0 + 1e-3 * 100.0 * dt)


def test_two_nodes_step_as_a_fine_euler_step_does() -> None:
    zone, inputs, state = TwoNode.of(10_560.0, 72.0), Surroundings(-3.0, 650.0), AirAndMass(20.0, 19.0)
    exact = zone.step(state, inputs, 1800.0)
    for _ in range(18_000):
        flow_w = zone.coupling_w_k * (state.mass_c - state.air_c)
        into_air_w = zone.h_w_k * (-3.0 - state.air_c) + flow_w + zone.convective_share * 650.0
        into_mass_w = (1 - zone.convective_share) * 650.0 - flow_w
        state = AirAndMass(
            state.air_c + 0.1 * into_air_w / (zone.air_kj_k * 1000),
            state.mass_c + 0.1 * into_mass_w / (zone.mass_kj_k * 1000),
        )
    assert (exact.air_c, exact.mass_c) == pytest.approx((state.air_c, state.mass_c), abs=1e-3)


def test_air_dips_by_about_half_a_kelvin_when_one_of_three_radiators_goes_out() -> None:
    zone = TwoNode.of(10_560.0, 72.0)
    warm = zone.steady(Surroundings(0.0, 72.0 * 20.0))
    after = zone.step(warm, Surroundings(0.0, 72.0 * 20.0 - 650.0), 1800.0)
    dip_k = (warm.air_c - after.air_c) - (warm.mass_c - after.mass_c)
    assert 0.3 < dip_k < 0.6
    assert warm.mass_c - after.mass_c < 0.2


def test_two_nodes_end_where_one_node_ends() -> None:
    inputs = Surroundings(-2.0, 900.0, ((20.0, 17.0),))
    after = TwoNode.of(9900.0, 60.0).step(AirAndMass(21.0, 20.0), inputs, 1e7)
    assert after.air_c == pytest.approx(OneNode(9900.0, 60.0).steady_c(inputs))


def test_neighbours_pull_a_zone_towards_their_temperature() -> None:
    zone = OneNode(9900.0, 50.0)
    alone = zone.step(20.0, Surroundings(0.0), 3600.0)
    beside = {"warm": 22.0, "cold": 12.0}
    assert zone.step(20.0, Surroundings(0.0, neighbours=exchange({"warm": 30.0}, beside)), 3600.0) > alone
    assert zone.step(20.0, Surroundings(0.0, neighbours=exchange({"cold": 30.0}, beside)), 3600.0) < alone


@given(start=st.floats(20.0, 70.0), ua=st.floats(0.0, 50.0), draw=powers, heat=powers, dt=st.floats(1.0, 20_000.0))
def test_tank_stores_what_flows_in_less_what_flows_out(
    start: float, ua: float, draw: float, heat: float, dt: float
) -> None:
    tank, inputs = Tank(1000.0, ua), Flows(heat_w=heat, draw_w=draw, ambient_c=18.0)
    end = tank.step(start, inputs, dt)
    if ua < 1e-3:
        assert tank.c_kj_k * 1000 * (end - start) == pytest.approx((heat - draw) * dt, rel=1e-2, abs=1e4)
        return
    steady = 18.0 + (heat - draw) / ua
    tau = tank.c_kj_k * 1000 / ua
    lost_j = ua * ((steady - 18.0) * dt + (start - steady) * tau * -math.expm1(-dt / tau))
    assert tank.c_kj_k * 1000 * (end - start) == pytest.approx((heat - draw) * dt - lost_j, rel=1e-4, abs=1e3)


def test_tank_holds_55_degrees_for_rho_c_v_times_the_distance_over_the_loss() -> None:
    flows = Flows(backup_w=2000.0, draw_w=5000.0, loop_w=1000.0, ambient_c=18.0)
    loss_w = 12.0 * (60.0 - 18.0) + 5000.0 + 1000.0 - 2000.0
    assert Tank(1500.0, 12.0).hold_s(60.0, 55.0, flows) == pytest.approx(WATER_KJ_L_K * 1e3 * 1500.0 * 5.0 / loss_w)


def test_tank_that_loses_nothing_holds_for_ever_and_a_cold_one_not_at_all() -> None:
    assert Tank(1500.0, 0.0).hold_s(60.0, 55.0, Flows(backup_w=5000.0, draw_w=5000.0)) == math.inf
    assert Tank(1500.0, 0.0).hold_s(54.0, 55.0, Flows(draw_w=1.0)) == 0.0
