"""What telemetry proves: heat, a unit that is down, a zone that fell (G12); and the rules about them (G10, G11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fleetctl.core.facts import Cause, Compute, Facts, Observation
from fleetctl.core.heat.proof import already_down, delivers, fell, zone_temperature_c
from fleetctl.core.heat.readings import Told
from fleetctl.core.heat.rules.burn_in import overheat
from fleetctl.core.heat.rules.drains import heat_is_kept, jobs_may_end
from fleetctl.core.policy import Drain
from tests.builders.heat import BOILER, GUARD, NOW, UNIT, building, observed, plant, room, unobserved, water

RADIATOR = building().heaters[UNIT]
ZONE = building().zones["A101"]
TWO = "les-sables/a101-2"


@pytest.mark.parametrize(("power_w", "state"), [(360.0, "yes"), (359.0, "no"), (0.0, "no"), (420.0, "yes")])
def test_unit_is_healthy_if_it_delivers_nine_tenths_of_what_is_commanded(power_w: float, state: str) -> None:
    proof = delivers(room(UNIT, power_w=power_w), RADIATOR, GUARD)
    assert proof.state == state
    assert proof.text == (
        f"{UNIT} delivers {power_w:.0f} W of 400 W commanded, 90 % needed (360 W); its sensor tells 20 °C"
    )


@pytest.mark.parametrize("facts", [observed(UNIT, None), room(UNIT, age_s=1000.0), room(UNIT, None), room(UNIT, 85.0)])
def test_unit_whose_own_sensor_does_not_respond_is_unknown(facts: Facts) -> None:
    assert delivers(facts, RADIATOR, GUARD).state == "unknown"


def test_unit_that_is_asked_for_little_is_asked_for_a_pulse() -> None:
    proof = delivers(room(UNIT, 20.0, power_w=10.0, commanded_w=10.0), RADIATOR, GUARD)
    assert (proof.state, proof.pulse) == ("not_proven", True)
    assert "10 W of 650 W commanded: too little to prove heat; a pulse of 10 min would" in proof.text


@pytest.mark.parametrize(("temperature_c", "pulse"), [(22.5, True), (22.6, False)])
def test_room_that_is_too_warm_for_a_pulse_is_not_heated_to_prove_anything(temperature_c: float, pulse: bool) -> None:
    proof = delivers(room(UNIT, temperature_c, power_w=0.0, commanded_w=0.0), RADIATOR, GUARD)
    assert (proof.state, proof.pulse) == ("not_proven", pulse)


def test_boiler_proves_its_heat_by_its_water() -> None:
    boiler = plant().heaters[BOILER]
    assert delivers(water(BOILER), boiler, GUARD).state == "yes"
    assert delivers(water(BOILER, 64.5, commanded_w=0.0), boiler, GUARD).pulse
    assert not delivers(water(BOILER, 64.6, commanded_w=0.0), boiler, GUARD).pulse


# --- down -----------------------------------------------------------------------------------------------------------


def dead(**changes: Any) -> Observation:
    return room(UNIT, power_w=39.0, commanded_w=400.0, **changes)


def test_unit_is_down_after_two_readings_under_a_tenth_of_what_is_commanded() -> None:
    assert already_down(dead(), dead(), RADIATOR, GUARD)
    assert not already_down(dead(), room(UNIT), RADIATOR, GUARD)
    assert not already_down(room(UNIT), dead(), RADIATOR, GUARD)
    assert not already_down(dead(), None, RADIATOR, GUARD)


def test_low_setpoint_is_not_cold() -> None:
    idle = room(UNIT, power_w=0.0, commanded_w=0.0)
    barely = room(UNIT, power_w=1.0, commanded_w=60.0)
    assert not already_down(idle, idle, RADIATOR, GUARD)
    assert not already_down(barely, barely, RADIATOR, GUARD)


def test_unit_that_twice_does_not_answer_is_down_but_not_one_behind_a_dead_gateway() -> None:
    gone, hidden = unobserved(UNIT), unobserved(UNIT, Cause.GATEWAY_DOWN)
    assert already_down(gone, gone, RADIATOR, GUARD)
    assert not already_down(hidden, hidden, RADIATOR, GUARD)


@pytest.mark.parametrize(("minutes", "down"), [(15, False), (16, True)])
def test_unit_that_does_not_answer_is_down_once_its_last_reading_is_too_old(minutes: int, down: bool) -> None:
    later = unobserved(UNIT, at=NOW + timedelta(minutes=minutes))
    assert already_down(later, room(UNIT), RADIATOR, GUARD) is down


def test_unit_whose_agent_is_silent_can_be_repaired() -> None:
    silent, old = observed(UNIT, None), room(UNIT, age_s=2000.0)
    assert already_down(silent, old, RADIATOR, GUARD)


# --- zones ----------------------------------------------------------------------------------------------------------


def test_zone_is_as_warm_as_its_weakest_sensor_less_the_sensors_error() -> None:
    facts: dict[str, Observation] = {UNIT: room(UNIT, 20.0), TWO: room(TWO, 19.0)}
    assert zone_temperature_c(ZONE, facts, GUARD) == 18.5


def test_zone_without_a_fresh_sensor_is_unknown() -> None:
    facts: dict[str, Observation] = {UNIT: room(UNIT, age_s=1000.0), TWO: unobserved(TWO)}
    assert zone_temperature_c(ZONE, facts, GUARD) is None
    assert zone_temperature_c(ZONE, {UNIT: room(UNIT)}, GUARD, NOW + timedelta(hours=1)) is None


def test_g12_zone_that_fell_below_its_floor_is_told() -> None:
    text = fell(ZONE, 19.0, {UNIT: room(UNIT, 17.4)}, GUARD)
    assert text == (
        f"G12 A101: fell to 17.4 °C at {UNIT}, it was 19.5 °C before; its floor is 18 °C, less an air dip of 0.5 K"
    )


def test_g12_air_may_dip_without_a_false_alarm() -> None:
    assert fell(ZONE, 19.0, {UNIT: room(UNIT, 17.5)}, GUARD) is None


def test_g12_zone_that_was_below_before_does_not_count() -> None:
    assert fell(ZONE, 17.4, {UNIT: room(UNIT, 15.0)}, GUARD) is None
    assert fell(ZONE, 17.5, {UNIT: room(UNIT, 15.0)}, GUARD) is not None


def test_g12_nothing_is_said_of_a_zone_that_is_or_was_unknown() -> None:
    assert fell(ZONE, None, {UNIT: room(UNIT, 15.0)}, GUARD) is None
    assert fell(ZONE, 19.0, {}, GUARD) is None


def test_g12_low_setpoint_lowers_the_floor() -> None:
    assert fell(ZONE, 16.0, {UNIT: room(UNIT, 15.2, setpoint_c=16.0)}, GUARD) is None
    assert fell(ZONE, 16.0, {UNIT: room(UNIT, 14.9, setpoint_c=16.0)}, GUARD) is not None


# --- burn-in and drains ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("temperature_c", "holds"), [(23.0, True), (23.1, False)])
def test_g10_no_burn_in_in_a_room_three_kelvin_over_its_setpoint(temperature_c: float, holds: bool) -> None:
    verdict = overheat(Told(temperature_c, 20.0), RADIATOR, GUARD)
    assert verdict.holds is holds
    assert verdict.text == f"G10 {UNIT}: {temperature_c:g} °C, limit 23 °C"


@pytest.mark.parametrize(("temperature_c", "holds"), [(65.0, True), (65.1, False)])
def test_g10_no_burn_in_on_a_loop_above_the_limit_of_the_module(temperature_c: float, holds: bool) -> None:
    assert overheat(Told(temperature_c, None), plant().heaters[BOILER], GUARD).holds is holds


@pytest.mark.parametrize(("power_w", "holds"), [(360.0, True), (100.0, False)])
def test_g11_drained_unit_goes_on_heating(power_w: float, holds: bool) -> None:
    assert heat_is_kept(room(UNIT, power_w=power_w), GUARD).holds is holds


@pytest.mark.parametrize(("jobs", "policy", "holds"), [(0, "defer", True), (2, "defer", False), (2, "cancel", True)])
def test_g11_jobs_end_by_themselves_or_are_reported_lost(jobs: int, policy: str, holds: bool) -> None:
    facts = replace(room(UNIT), compute=Compute(drained=True, jobs=jobs))
    verdict = jobs_may_end(facts, Drain(jobs=policy))
    assert verdict.holds is holds
    assert f"{jobs} jobs run" in verdict.text
