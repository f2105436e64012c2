"""G3, G7, G8, G9 and what dwellings and policies ask for: rules that look at more than one zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleetctl.core.facts import Cause, Observation
from fleetctl.core.heat.guard import Question
from fleetctl.core.policy import AtMost, Guard, Policy
from tests.builders.fleets import a_building, a_plant
from tests.builders.heat import (
    BOILER,
    GATEWAY,
    NOW,
    UNIT,
    all_well,
    building,
    observed,
    plant,
    premises_at,
    question,
    refused,
    room,
    rules_against,
    said,
    unobserved,
    weather,
)

OTHER = "les-sables/a101-2"

# --- G3 -------------------------------------------------------------------------------------------------------------


def of_gateway(temperature_c: float = 20.0, outdoor_c: float = 5.0, *, cold: bool = True) -> Question:
    """Return a question about a gateway; `cold`: its units stop heating without it."""
    where = premises_at(a_building(), cold_without_gateway=cold)
    return question(GATEWAY, where, facts=all_well(where, temperature_c), forecast=weather(outdoor_c))


def test_g3_gateway_whose_units_heat_without_it_costs_no_heat() -> None:
    asked = of_gateway(16.0, -1.0, cold=False)
    assert said(asked, "G3")[0].text == "G3 les-sables/gw-1: its 6 units heat without it, 0 W go down"
    assert refused(asked) is None


def test_g3_gateway_is_admitted_when_every_zone_bears_all_its_units_down() -> None:
    asked = of_gateway(22.0)
    assert said(asked, "G3")[0].text == "G3 les-sables/gw-1: 6 of its 6 units go down with it, 3900 W"
    assert ["with 0 W left" in each.text for each in said(asked, "G1")] == [True, True]
    assert refused(asked) is None


def test_g3_gateway_waits_for_the_one_zone_that_would_not_bear_it() -> None:
    asked = of_gateway(22.0)
    cold = "les-sables/a102-3"
    text = refused(replace(asked, facts=dict(asked.facts) | {cold: room(cold, 19.1)}))
    assert text is not None
    assert text.startswith("G1 A102: ")
    assert "A101" not in text


def test_g3_neither_g2_nor_g5_is_asked_of_a_gateway() -> None:
    assert {each.rule for each in (*said(of_gateway(), "G2"), *said(of_gateway(), "G5"))} == set()


def test_g3_gateway_of_a_plant_is_asked_for_its_hot_water() -> None:
    where = premises_at(a_plant(), cold_without_gateway=True)
    assert len(said(question("hot-water/gw-1", where), "G4")) == 2
    assert said(question("hot-water/gw-1", plant()), "G4") == ()


def test_g3_unit_is_not_taken_down_while_its_gateway_is() -> None:
    assert rules_against(question(down=frozenset({GATEWAY}))) == {"G3"}


# --- G7 -------------------------------------------------------------------------------------------------------------

RUNNING_W = 5 * 400.0 + 15.0
"""Five radiators at 400 W beside the one that is asked about, and a gateway."""


def envelope(subscribed_w: float, **changes: Any) -> Question:
    where = building(subscribed_power_w=subscribed_w, other_load_w=1000.0)
    return question(premises=where, **changes)


@pytest.mark.parametrize(("spare_w", "holds"), [(0.0, True), (-1.0, False)])
def test_g7_restarting_and_running_and_other_load_fit_into_nine_tenths(spare_w: float, holds: bool) -> None:
    total_w = 650.0 + RUNNING_W + 1000.0
    (verdict,) = said(envelope((total_w + spare_w) / 0.9), "G7")
    assert verdict.holds is holds
    assert verdict.text.startswith(
        "G7 les-sables: 650 W restarting (1), 2015 W running and 1000 W of other load are 3665 W, limit "
    )


def test_g7_staggers_restarts_that_together_would_draw_too_much() -> None:
    subscribed_w = (2 * 650.0 + 4 * 400.0 + 15.0 + 1000.0) / 0.9
    restarting = frozenset({"les-sables/a102-1"})
    both = frozenset({"les-sables/a102-1", "les-sables/a102-2"})
    assert "G7" not in rules_against(envelope(subscribed_w, down=restarting, restarting=restarting))
    assert "G7" in rules_against(envelope(subscribed_w, down=both, restarting=both))


def test_g7_unit_without_fresh_telemetry_counts_with_its_full_power() -> None:
    asked = envelope(20_000.0)
    facts = dict(asked.facts) | {OTHER: unobserved(OTHER)}
    assert "2265 W running" in said(replace(asked, facts=facts), "G7")[0].text


def test_g7_unit_that_is_asked_for_more_than_it_draws_counts_with_that() -> None:
    asked = envelope(20_000.0)
    facts = dict(asked.facts) | {OTHER: room(OTHER, power_w=100.0, commanded_w=600.0, aux_heater_w=50.0)}
    assert "2265 W running" in said(replace(asked, facts=facts), "G7")[0].text


def test_g7_repair_waits_for_others_that_restart_and_for_nothing_else() -> None:
    down = frozenset({OTHER})
    assert refused(envelope(100.0, repair=True)) is None
    text = refused(envelope(100.0, repair=True, down=down, restarting=down))
    assert text is not None
    assert text.startswith("G7 ")


# --- G8 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (room(OTHER, age_s=901.0), "told its temperature 15 min ago, limit 15 min"),
        (room(OTHER, 50.1), "tells 50.1 °C, outside of -20 to 50 °C"),
        (room(OTHER, -20.1), "tells -20.1 °C, outside of -20 to 50 °C"),
        (room(OTHER, float("nan")), "tells nan °C, outside of -20 to 50 °C"),
        (room(OTHER, None), "tells no temperature"),
        (observed(OTHER, None), "has no heat telemetry"),
        (unobserved(OTHER, Cause.GATEWAY_DOWN), "could not be observed (gateway down)"),
    ],
)
def test_g8_unknown_unit_refuses_work_on_its_zone(seen: Observation, reason: str) -> None:
    asked = question()
    facts = dict(asked.facts) | {OTHER: seen}
    assert refused(replace(asked, facts=facts)) == f"G8 A101: {OTHER} {reason}"
    assert refused(replace(asked, facts=facts, unit="les-sables/a102-1")) is None


def test_g8_unknown_unit_itself_is_refused_but_never_its_repair() -> None:
    asked = replace(question(), facts=dict(question().facts) | {UNIT: unobserved(UNIT)})
    assert rules_against(asked) == {"G8"}
    assert refused(replace(asked, repair=True)) is None


def test_g8_boundary_of_age_and_range_is_known() -> None:
    asked = question()
    facts = dict(asked.facts) | {OTHER: room(OTHER, 50.0, age_s=900.0)}
    assert "G8" not in rules_against(replace(asked, facts=facts))


def test_g8_time_since_the_observation_is_age_too() -> None:
    later = replace(question(), now_utc=NOW + timedelta(seconds=895))
    assert "G8" in rules_against(later)
    assert "G8" not in rules_against(replace(later, now_utc=NOW + timedelta(seconds=885)))


def test_g8_unit_that_is_down_may_be_silent() -> None:
    where = building(radiators=6)
    facts = all_well(where) | {OTHER: unobserved(OTHER)}
    assert "G8" not in rules_against(question(premises=where, facts=facts, down=frozenset({OTHER})))


# --- G9 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("forecast_c", "holds"), [(-2.0, True), (-2.1, False)])
def test_g9_no_work_below_design_plus_three(forecast_c: float, holds: bool) -> None:
    (verdict,) = said(question(forecast=weather(forecast_c)), "G9")
    assert verdict.holds is holds
    assert verdict.text == f"G9 les-sables: {forecast_c:g} °C is forecast, limit -2 °C (design -5 °C + 3 K)"


def test_g9_is_not_asked_without_a_forecast() -> None:
    assert said(question(forecast=None), "G9") == ()


def test_g9_open_heat_incident_stops_its_building() -> None:
    assert rules_against(question(incidents=frozenset({"a"}))) == {"G9"}
    assert rules_against(question(incidents=frozenset({"b"}))) == set()
    assert "G9" in rules_against(question(GATEWAY, incidents=frozenset({"a"})))


# --- dwellings and policies -----------------------------------------------------------------------------------------


def test_dwelling_that_wants_no_work_is_left_alone_and_nobody_overrides_it() -> None:
    asked = question(premises=building(dwelling={"never": True}))
    assert rules_against(asked) == {"never"}
    assert refused(asked, frozenset({"never"})) == "never A101: no voluntary work is wanted here"


@pytest.mark.parametrize(
    ("local_hour", "minute", "holds"), [(21, 40, True), (21, 50, False), (22, 0, False), (6, 59, False), (7, 0, True)]
)
def test_quiet_hours_are_kept_from_start_to_end_of_the_work(local_hour: int, minute: int, holds: bool) -> None:
    now = datetime(2026, 1, 15, local_hour - 1, minute, tzinfo=UTC)
    where = building(dwelling={"quiet_hours": "22:00-07:00"})
    facts: dict[str, Observation] = {unit: replace(room(unit), at=now) for unit in where.heaters}
    asked = question(premises=where, facts=facts, now_utc=now, forecast=None)
    assert ("quiet" not in rules_against(asked)) is holds


def test_a_gateway_that_cuts_heat_keeps_the_wishes_of_every_dwelling_behind_it() -> None:
    site = a_building()
    dwellings = dict(site.dwellings) | {"A102": replace(site.dwellings["A102"], never=True)}
    where = premises_at(replace(site, dwellings=dwellings), cold_without_gateway=True)
    assert "never" in rules_against(question(GATEWAY, where, facts=all_well(where, 22.0)))


@pytest.mark.parametrize(
    ("limits", "about"),
    [(AtMost(site=1), "les-sables"), (AtMost(gateway=1), GATEWAY), (AtMost(dwelling=1), "A101")],
)
def test_max_unavailable_counts_what_is_down(limits: AtMost, about: str) -> None:
    down = frozenset({OTHER})
    asked = question(premises=building(radiators=6), policy=Policy("p", max_unavailable=limits), down=down)
    assert [v.text for v in said(asked, "max_unavailable")] == [
        f"max_unavailable {about}: 2 units would be down, limit 1"
    ]
    assert "max_unavailable" not in rules_against(replace(asked, down=frozenset()))


def test_max_unavailable_of_a_loop_counts_its_boilers() -> None:
    asked = question(BOILER, plant(), policy=Policy("p", max_unavailable=AtMost(loop=1)))
    assert "max_unavailable" not in rules_against(asked)
    assert "max_unavailable" in rules_against(replace(asked, down=frozenset({"hot-water/boiler-2"})))


def test_max_unavailable_of_none_says_why_nothing_is_admitted() -> None:
    asked = question(policy=Policy("p", max_unavailable=AtMost(dwelling=0)))
    assert refused(asked) == "max_unavailable A101: 1 unit would be down, limit 0"


def test_margins_come_from_the_policy() -> None:
    strict = Policy("p", guard=Guard(cold_margin_k=20.0))
    assert rules_against(question(policy=strict)) == {"G9"}
