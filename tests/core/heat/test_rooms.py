"""G1, G2 and G6: rooms."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from fleetctl.core.facts import Observation
from fleetctl.core.heat.guard import Question
from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.inventory.fleet import Zone
from fleetctl.core.policy import Policy
from tests.builders.fleets import a_building
from tests.builders.heat import (
    UNIT,
    all_well,
    building,
    observed,
    premises_at,
    question,
    room,
    rules_against,
    said,
    weather,
)

WORST_S = 960.0
"""t_worst of the builders' radiator."""
MARGINS_C = 0.5 + 0.5
"""Sensor error and air dip."""


def g1_holds(asked: Question) -> bool:
    return all(each.holds for each in said(asked, "G1"))


def at(temperature_c: float, outdoor_c: float = -5.0, **changes: Any) -> Question:
    """Return a question about a single-radiator dwelling that is that warm."""
    where = building(radiators=1)
    return question(premises=where, facts=all_well(where, temperature_c), forecast=weather(outdoor_c + 2.0), **changes)


# --- G1 -------------------------------------------------------------------------------------------------------------


def test_g1_reckons_with_more_loss_less_mass_and_a_colder_room_than_measured() -> None:
    coast_s = OneNode(0.7 * 9900.0, 1.2 * 70.0).coast_s(20.0 - MARGINS_C, 18.0, Surroundings(-5.0))
    (verdict,) = said(at(20.0), "G1")
    assert verdict.text == (
        f"G1 A101: {coast_s / 60:.0f} min from 19 °C to 18 °C at -5 °C (forecast less 2 K) with 0 W left, "
        "2 x 16 min needed"
    )


def threshold_c(outdoor_c: float) -> float:
    """Return the measured temperature from which G1 lasts exactly twice t_worst, by the formula."""
    tau_s = 0.7 * 9900.0 * 1000 / (1.2 * 70.0)
    return outdoor_c + (18.0 - outdoor_c) * math.exp(2 * WORST_S / tau_s) + MARGINS_C


@pytest.mark.parametrize(("beyond_k", "holds"), [(0.001, True), (-0.001, False)])
@pytest.mark.parametrize("outdoor_c", [-15.0, -5.0, 8.0])
def test_g1_admits_from_twice_t_worst_on(outdoor_c: float, beyond_k: float, holds: bool) -> None:
    assert g1_holds(at(threshold_c(outdoor_c) + beyond_k, outdoor_c)) is holds


def test_g1_zone_at_its_floor_is_refused() -> None:
    (verdict,) = said(at(18.0 + MARGINS_C), "G1")
    assert not verdict.holds
    assert "G1 A101: 0 s from 18 °C to 18 °C" in verdict.text


def test_g1_zone_that_the_others_keep_warm_may_coast_for_ever() -> None:
    where = building()
    asked = question(premises=where, facts=all_well(where, 18.2), forecast=weather(10.0))
    (verdict,) = said(asked, "G1")
    assert verdict.holds
    assert "unlimited time" in verdict.text


def test_g1_low_setpoint_lowers_the_floor_and_a_high_one_does_not_raise_it() -> None:
    low = replace(at(17.0), facts={UNIT: room(UNIT, 17.0, setpoint_c=16.0)})
    high = replace(at(20.0), facts={UNIT: room(UNIT, 20.0, setpoint_c=25.0)})
    assert "to 15.5 °C" in said(low, "G1")[0].text
    assert "to 18 °C" in said(high, "G1")[0].text


def test_g1_room_nearest_to_its_own_floor_decides() -> None:
    where = building(radiators=3)
    facts: dict[str, Observation] = {
        "les-sables/a101-1": room("les-sables/a101-1", 17.2, setpoint_c=16.0),
        "les-sables/a101-2": room("les-sables/a101-2", 19.0, setpoint_c=21.0),
    }
    (verdict,) = said(question(premises=where, facts=facts, forecast=weather(-3.0)), "G1")
    assert "from 18 °C to 18 °C" in verdict.text


def test_g1_unknown_temperature_is_refused_even_when_freshness_is_overridden() -> None:
    asked = replace(at(20.0), facts={})
    assert {"G1", "G8"} <= rules_against(asked)


def test_g1_units_that_are_down_leave_no_power() -> None:
    where = building(radiators=6)
    asked = question(premises=where, down=frozenset({"les-sables/a101-2", "les-sables/a102-1"}))
    assert "with 650 W left" in said(asked, "G1")[0].text


def test_g1_without_a_forecast_takes_the_design_temperature() -> None:
    (verdict,) = said(replace(at(20.0), forecast=None), "G1")
    assert "at -5 °C (design, no forecast)" in verdict.text


def test_g1_a_forecast_that_ends_too_early_is_no_forecast() -> None:
    (verdict,) = said(replace(at(20.0), forecast=weather(10.0, hours=1)), "G1")
    assert "(design, no forecast)" in verdict.text


def coupled(bedroom_c: float | None) -> Question:
    day = Zone("day", "A101", ("living", "kitchen"), 40.0, 6000.0, {"night": 30.0})
    night = Zone("night", "A101", ("bedroom",), 30.0, 3900.0)
    where: SitePremises = premises_at(replace(a_building(radiators=3), zones={"day": day, "night": night}))
    facts = all_well(where, 20.0) | {"les-sables/a101-2": room("les-sables/a101-2", bedroom_c, setpoint_c=16.0)}
    return question(premises=where, facts=facts, forecast=weather(-3.0))


def coast_min(asked: Question) -> float:
    text = said(asked, "G1")[0].text
    return float(text.split(": ")[1].split(" min")[0])


def test_g1_neighbours_count_only_where_they_cool() -> None:
    assert coast_min(coupled(24.0)) == coast_min(coupled(19.0))
    assert coast_min(coupled(12.0)) < coast_min(coupled(17.0)) < coast_min(coupled(19.0))


def test_g1_neighbour_of_which_nothing_is_known_is_taken_for_the_outdoors() -> None:
    assert coast_min(coupled(None)) < coast_min(coupled(5.0))


# --- G2 -------------------------------------------------------------------------------------------------------------


def dwelling_of(count: int, down: int, **dwelling: Any) -> Question:
    """Return a question about one of `count` units of one dwelling, with others of it down."""
    site = a_building(radiators=count)
    (first, *_) = site.dwellings.values()
    units = {id: replace(u, dwelling=u.dwelling and first.id) for id, u in site.units.items()}
    where = premises_at(replace(site, units=units, dwellings={first.id: replace(first, **dwelling)}))
    names = list(where.heaters)
    return question(names[0], where, down=frozenset(names[1 : 1 + down]))


@pytest.mark.parametrize(("count", "most"), [(2, 1), (3, 1), (4, 1), (5, 1), (6, 2), (8, 2), (9, 3), (12, 4)])
def test_g2_a_third_may_be_down_at_least_one_and_never_all_of_several(count: int, most: int) -> None:
    assert all(v.holds for v in said(dwelling_of(count, most - 1), "G2"))
    (verdict,) = said(dwelling_of(count, most), "G2")
    assert not verdict.holds
    assert verdict.text == f"G2 A101: {most + 1} of {count} units would be down, limit {most} (a third, at least one)"


def test_g2_of_a_single_unit_g1_alone_decides() -> None:
    (verdict,) = said(dwelling_of(1, 0), "G2")
    assert verdict.holds
    assert "G1 alone decides" in verdict.text


def test_g2_where_someone_vulnerable_lives_one_unit_at_a_time() -> None:
    assert "G2" in rules_against(dwelling_of(9, 1, vulnerable=True))
    assert "G2" not in rules_against(dwelling_of(9, 0, vulnerable=True))


@pytest.mark.parametrize(("cap_w", "holds"), [(650.0, True), (649.0, False), (0.0, False)])
def test_g2_cap_in_watts_is_never_rounded_up_to_a_unit(cap_w: float, holds: bool) -> None:
    verdict = said(dwelling_of(6, 0, cap_down_w=cap_w), "G2")[-1]
    assert verdict.holds is holds
    assert verdict.text == f"G2 A101: 650 W would be down, cap {cap_w:.0f} W"


def test_g2_the_lower_of_the_dwellings_cap_and_the_policys_counts() -> None:
    asked = dwelling_of(9, 1, cap_down_w=2000.0)
    assert "G2" not in rules_against(asked)
    assert "G2" in rules_against(replace(asked, policy=Policy("p", cap_down_w=1299.0)))
    assert "G2" not in rules_against(replace(asked, policy=Policy("p", cap_down_w=1300.0)))


def test_g2_units_of_other_dwellings_do_not_count() -> None:
    assert "G2" not in rules_against(question(down=frozenset({"les-sables/a102-1", "les-sables/a102-2"})))


# --- G6 -------------------------------------------------------------------------------------------------------------


def test_g6_zone_that_can_warm_up_again_is_admitted_whatever_it_costs() -> None:
    (verdict,) = said(at(20.0, outdoor_c=14.0), "G6")
    assert verdict.holds
    assert verdict.text.startswith("G6 A101: 650 W against 504 W that 20 °C takes at 14 °C")


def test_g6_zone_that_cannot_is_admitted_only_if_it_costs_little() -> None:
    (cheap,) = said(at(20.0, outdoor_c=-5.0), "G6")
    assert cheap.holds
    assert "cost 0.09 K, limit 0.3 K" in cheap.text
    tight = replace(Policy("p").guard, recovery_k=0.08)
    (dear,) = said(at(20.0, outdoor_c=-5.0, policy=Policy("p", guard=tight)), "G6")
    assert not dear.holds


def test_g6_a_dead_unit_does_not_help_to_warm_up_again_but_one_that_restarts_does() -> None:
    down = frozenset({"les-sables/a101-2"})
    dead, coming = question(down=down), question(down=down, restarting=down)
    assert "1300 W against" in said(dead, "G6")[0].text
    assert "1950 W against" in said(coming, "G6")[0].text


@pytest.mark.parametrize(("now_c", "holds"), [(19.3, False), (19.5, True), (19.4, False)])
def test_g6_next_unit_waits_until_the_zone_is_near_its_setpoint(now_c: float, holds: bool) -> None:
    where = building()
    asked = question(premises=where, facts=all_well(where, now_c), touched={"A101": 21.0})
    assert said(asked, "G6")[-1].holds is holds


@pytest.mark.parametrize(("now_c", "holds"), [(18.8, False), (18.9, True)])
def test_g6_next_unit_need_not_wait_for_more_than_there_was(now_c: float, holds: bool) -> None:
    where = building()
    before = 18.9 - 0.5  # as `zone_temperature_c` tells it, less the sensor's error
    asked = question(premises=where, facts=all_well(where, now_c), touched={"A101": before})
    verdict = said(asked, "G6")[-1]
    assert verdict.holds is holds
    assert verdict.text == f"G6 A101: {now_c:g} °C after the last unit, was 18.9 °C; or 19.5 °C will do"


def test_g6_zone_of_which_nothing_is_known_since_it_was_touched_is_refused() -> None:
    silent = {unit: observed(unit, None) for unit in building().heaters}
    assert not said(question(facts=silent, touched={"A101": 19.5}), "G6")[-1].holds


def test_g6_zone_that_was_not_touched_has_not_to_recover() -> None:
    assert len(said(question(touched={"A102": 19.5}), "G6")) == 1
