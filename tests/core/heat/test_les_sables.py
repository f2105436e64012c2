"""From which outdoor temperature on Les Sables can be updated completely at setpoint 20, one unit at a time.

The rooms are as warm as their radiators can hold them at that temperature, and the forecast is right.
"""

from __future__ import annotations

import pytest

from fleetctl.core.heat.guard import Question, refusal, verdicts
from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.heat.premises import Zone
from tests.builders.heat import NOW, PARIS, POLICY, weather
from tests.builders.les_sables import SETPOINT_C, les_sables, rooms_at

ENDS_C = -2.0
"""Design temperature -5 °C + 3 K: below it G9 lets nothing start."""
ENDS_WITHOUT_G9_C = -7.5
"""Below it the coldest dwellings get too cold to coast for twice 14 min."""


def refused_at(outdoor_c: float, *, forecast: bool = True, overridden: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the reasons of those units that are refused, each asked for alone, gateways too."""
    where, facts, reasons = les_sables(), rooms_at(outdoor_c), {}
    ahead = weather(outdoor_c) if forecast else None
    for unit in (*where.heaters, *where.gateways):
        reason = refusal(verdicts(Question(unit, where, facts, POLICY, NOW, PARIS, forecast=ahead)), overridden)
        if reason is not None:
            reasons[unit] = reason
    return reasons


@pytest.mark.parametrize("outdoor_c", [15.0, 5.0, 0.0, ENDS_C])
def test_les_sables_can_be_updated_completely_down_to_minus_two_degrees(outdoor_c: float) -> None:
    assert refused_at(outdoor_c) == {}


def test_les_sables_can_no_longer_be_updated_below_minus_two_degrees() -> None:
    reasons = refused_at(ENDS_C - 0.1)
    assert len(reasons) == 180
    assert set(reasons.values()) == {"G9 launaguet-les-sables: -2.1 °C is forecast, limit -2 °C (design -5 °C + 3 K)"}


def test_les_sables_without_a_forecast_is_judged_by_its_design_temperature() -> None:
    assert refused_at(5.0, forecast=False) == {}


def test_les_sables_with_the_cold_freeze_overridden_goes_on_to_minus_seven_and_a_half() -> None:
    override = frozenset({"G9"})
    assert refused_at(ENDS_WITHOUT_G9_C, overridden=override) == {}
    beyond = refused_at(ENDS_WITHOUT_G9_C - 0.5, overridden=override)
    assert beyond
    assert all(reason.startswith("G1 ") for reason in beyond.values())


def coldest_after_all(zone: Zone, outdoor_c: float) -> float:
    """Take each unit of a zone down for t_worst, and let it recover for an hour; return its lowest temperature."""
    node, heaters = OneNode(zone.c_kj_k, zone.h_w_k), [les_sables().heaters[unit] for unit in zone.heaters]
    full_w = sum(heater.power_w for heater in heaters)
    inside_c = min(SETPOINT_C, node.steady_c(Surroundings(outdoor_c, full_w)))
    lowest_c = inside_c
    for heater in heaters:
        inside_c = node.step(inside_c, Surroundings(outdoor_c, full_w - heater.power_w), heater.times.worst_s)
        lowest_c = min(lowest_c, inside_c)
        inside_c = min(SETPOINT_C, node.step(inside_c, Surroundings(outdoor_c, full_w), 3600.0))
    return lowest_c


def test_no_room_of_les_sables_falls_below_its_floor_where_the_guard_admits_all() -> None:
    lowest = {zone.id: coldest_after_all(zone, ENDS_C) for zone in les_sables().zones.values() if zone.heaters}
    assert len(lowest) == 59
    assert min(lowest.values()) > 19.5
