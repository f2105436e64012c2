"""G4 and G5: hot water."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleetctl.core.facts import Observation
from fleetctl.core.heat.guard import Question
from fleetctl.core.heat.physics import WATER_KJ_L_K
from fleetctl.core.policy import Policy
from tests.builders.heat import (
    BOILER,
    NOW,
    all_well,
    plant,
    question,
    refused,
    rules_against,
    said,
    unobserved,
    water,
)

WORST_S = 960.0
TANK = {"volume_l": 1000.0, "ua_w_k": 10.0, "ambient_c": 18.0, "demand_w": 9000.0, "backup_w": 3000.0}


def tank(temperature_c: float, **changes: Any) -> Question:
    """Return a question about a boiler on a loop whose every boiler tells that temperature."""
    where = plant(loop=TANK | changes)
    facts: dict[str, Observation] = {unit: water(unit, temperature_c) for unit in where.heaters}
    return question(BOILER, where, facts=facts)


def holds_s(temperature_c: float) -> float:
    """Return t_55 by the domain's formula."""
    told_c = temperature_c - 0.5
    return WATER_KJ_L_K * 1000 * 1000.0 * (told_c - 55.0) / (10.0 * (told_c - 18.0) + 9000.0 - 3000.0)


def test_g4_is_rho_c_v_over_the_loss() -> None:
    verdict = said(tank(60.0), "G4")[0]
    assert verdict.text == (
        f"G4 hot-water: {holds_s(60.0) / 60:.0f} min from 59.5 °C to 55 °C in 1000 L with 9000 W drawn, 415 W lost "
        "and 3000 W of backup, 2 x 16 min needed"
    )


def test_g4_admits_from_twice_t_worst_on() -> None:
    low, high = 55.0, 70.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if holds_s(middle) >= 2 * WORST_S else (middle, high)
    assert said(tank(high + 1e-6), "G4")[0].holds
    assert not said(tank(high - 1e-6), "G4")[0].holds


def test_g4_backup_that_covers_all_holds_for_ever() -> None:
    verdict = said(tank(60.0, backup_w=9500.0), "G4")[0]
    assert verdict.holds
    assert "unlimited time" in verdict.text


def test_g4_tank_below_55_degrees_is_refused() -> None:
    assert not said(tank(55.4), "G4")[0].holds


def test_g4_coldest_water_that_a_boiler_tells_counts() -> None:
    asked = tank(65.0)
    facts = dict(asked.facts) | {"hot-water/boiler-3": water("hot-water/boiler-3", 57.0)}
    assert "from 56.5 °C" in said(replace(asked, facts=facts), "G4")[0].text


def test_g4_unknown_water_is_refused() -> None:
    assert not said(replace(tank(60.0), facts={}), "G4")[0].holds


def test_g4_heat_network_without_stored_water_is_not_asked() -> None:
    assert said(tank(50.0, volume_l=350.0, disinfection="", disinfection_at=""), "G4") == ()


def test_g4_cannot_be_overridden() -> None:
    asked = tank(55.4, backup_w=7000.0)
    assert rules_against(asked) == {"G4"}
    text = refused(asked, frozenset({"G4", "G1", "window"}))
    assert text is not None
    assert text.startswith("G4 hot-water")


def daily(now: datetime, mode: str = "daily-60", at: str = "03:00") -> Question:
    """Return a question at a time, of a loop with ample backup that is raised daily in Paris time."""
    where = plant(loop={"disinfection": mode, "disinfection_at": at})
    facts: dict[str, Observation] = {unit: replace(water(unit, 60.0), at=now) for unit in where.heaters}
    return question(BOILER, where, facts=facts, now_utc=now, forecast=None)


def paris(hour: int, minute: int, day: int = 15) -> datetime:
    """Return a winter time in Paris, in UTC."""
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("mode", "now", "holds"),
    [
        ("daily-60", paris(2, 27), True),  # work of 2 x 16 min ends at 02:59
        ("daily-60", paris(2, 29), False),  # across its start
        ("daily-60", paris(4, 30), False),  # inside: an hour to heat up, an hour to hold
        ("daily-60", paris(5, 1), True),
        ("daily-70", paris(4, 1), False),
        ("daily-70", paris(4, 3), True),
        ("daily-65", paris(4, 3), False),
        ("daily-65", paris(4, 5), True),
    ],
)
def test_g4_no_work_inside_or_across_a_disinfection_window(mode: str, now: datetime, holds: bool) -> None:
    assert said(daily(now, mode), "G4")[1].holds is holds


def test_g4_window_over_midnight_is_seen_from_both_days() -> None:
    assert not said(daily(paris(0, 30), at="23:30"), "G4")[1].holds
    assert not said(daily(paris(23, 10), at="23:30"), "G4")[1].holds
    assert said(daily(paris(1, 40), at="23:30"), "G4")[1].holds


@pytest.mark.parametrize(("month", "utc_hour"), [(1, 2), (7, 1)])
def test_g4_window_follows_the_sites_own_clock_through_the_year(month: int, utc_hour: int) -> None:
    at_three = datetime(2026, month, 15, utc_hour, 5, tzinfo=UTC)
    assert not said(daily(at_three), "G4")[1].holds
    assert said(daily(at_three - timedelta(hours=1)), "G4")[1].holds


def test_g4_loop_that_is_always_hot_has_no_window() -> None:
    where = plant(loop={"disinfection": "continuous-55", "disinfection_at": ""})
    assert len(said(question(BOILER, where), "G4")) == 1


# --- G5 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("demand_w", "holds"), [(2000.0, True), (2001.0, False)])
def test_g5_covers_the_demand_without_the_wave_and_without_the_largest_left(demand_w: float, holds: bool) -> None:
    where = plant(loop={"demand_w": demand_w, "backup_w": 0.0, "volume_l": 100.0, "disinfection": ""})
    (verdict,) = said(question(BOILER, where), "G5")
    assert verdict.holds is holds
    assert verdict.text == (
        "G5 hot-water: 4000 W of boilers left, less the largest (2000 W), and 0 W of backup are 2000 W, "
        f"{demand_w:.0f} W needed"
    )


def test_g5_backup_in_service_counts() -> None:
    assert said(question(BOILER, plant(boilers=1, loop={"demand_w": 5000.0, "backup_w": 5000.0})), "G5")[0].holds
    assert not said(question(BOILER, plant(boilers=1, loop={"demand_w": 5000.0, "backup_w": 4999.0})), "G5")[0].holds


def test_g5_boiler_that_is_down_or_of_which_nothing_is_known_is_not_counted_on() -> None:
    where = plant(loop={"demand_w": 2000.0, "backup_w": 0.0})
    other = "hot-water/boiler-2"
    silent = all_well(where) | {other: unobserved(other)}
    assert "G5" not in rules_against(question(BOILER, where))
    assert "G5" in rules_against(question(BOILER, where, down=frozenset({other})))
    assert "G5" in rules_against(question(BOILER, where, facts=silent))


@pytest.mark.parametrize(("cap_w", "holds"), [(2000.0, True), (1999.0, False)])
def test_g5_cap_in_watts_of_a_loop_is_never_rounded_up_to_a_boiler(cap_w: float, holds: bool) -> None:
    asked = question(BOILER, plant(), policy=Policy("p", cap_loop_down_w=cap_w))
    verdict = said(asked, "G5")[1]
    assert verdict.holds is holds
    assert verdict.text == f"G5 hot-water: 2000 W would be down, cap {cap_w:.0f} W"


def test_g8_boiler_without_telemetry_is_left_alone_and_others_of_its_loop_are_not() -> None:
    where = plant()
    facts = all_well(where) | {BOILER: unobserved(BOILER)}
    assert "G8" in rules_against(question(BOILER, where, facts=facts))
    assert "G8" not in rules_against(question("hot-water/boiler-2", where, facts=facts))


def test_boiler_that_is_well_on_a_loop_that_is_well_is_admitted_in_the_evening() -> None:
    assert refused(question(BOILER, plant(), now_utc=NOW)) is None
