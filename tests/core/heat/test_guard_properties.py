"""Whatever the building: what makes things worse never turns a refusal into a permission."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fleetctl.core.facts import Observation
from fleetctl.core.heat.guard import Question, crowded, verdicts
from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.policy import AtMost, Policy
from tests.builders.heat import BOILER, building, plant, question, refused, room, rules_against, water, weather

RADIATORS = 9
OTHERS = tuple(sorted(building(radiators=RADIATORS).heaters))[1:]
BOILERS = tuple(sorted(plant().heaters))

h_w_k = st.floats(15.0, 200.0)
c_kj_k = st.floats(2000.0, 20_000.0)
outdoor_c = st.floats(-15.0, 16.0)
some_down = st.frozensets(st.sampled_from(OTHERS), max_size=4)
caps_w = st.one_of(st.none(), st.floats(0.0, 3000.0))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Make questions about a radiator; all telemetry is fresh."""
    dwelling = {"heat_loss_w_k": draw(h_w_k), "capacity_kj_k": draw(c_kj_k), "cap_down_w": draw(caps_w)}
    where = building(radiators=RADIATORS, dwelling=dwelling, subscribed_power_w=draw(st.floats(5000.0, 20_000.0)))
    inside_c = draw(st.floats(15.0, 24.0))
    spread = draw(st.lists(st.floats(-1.5, 1.5), min_size=RADIATORS, max_size=RADIATORS))
    facts: dict[str, Observation] = {
        unit: room(unit, inside_c + k, setpoint_c=draw(st.sampled_from([16.0, 19.0, 20.0, 22.0])))
        for unit, k in zip(where.heaters, spread, strict=True)
    }
    down = draw(some_down)
    policy = Policy("p", cap_down_w=draw(caps_w))
    forecast = weather(draw(outdoor_c))
    return question(premises=where, facts=facts, down=down, restarting=down, policy=policy, forecast=forecast)


@st.composite
def water_questions(draw: st.DrawFn) -> Question:
    """Make questions about a boiler."""
    loop = {
        "volume_l": draw(st.floats(100.0, 4000.0)),
        "demand_w": draw(st.floats(0.0, 9000.0)),
        "backup_w": draw(st.floats(0.0, 9000.0)),
        "ua_w_k": draw(st.floats(0.0, 40.0)),
    }
    where = plant(loop=loop)
    facts: dict[str, Observation] = {unit: water(unit, draw(st.floats(50.0, 70.0))) for unit in where.heaters}
    down = draw(st.frozensets(st.sampled_from(BOILERS[1:])))
    policy = Policy("p", cap_loop_down_w=draw(st.one_of(st.none(), st.floats(0.0, 7000.0))))
    return question(BOILER, where, facts=facts, down=down, restarting=down, policy=policy)


def never_admits_more(worse: Question, better: Question) -> None:
    """Hold that each rule that refuses in the better case refuses in the worse one too."""
    assert rules_against(better) <= rules_against(worse), f"{refused(better)}\n{refused(worse)}"


@given(asked=questions(), colder_k=st.floats(0.0, 20.0))
def test_colder_weather_never_admits_more(asked: Question, colder_k: float) -> None:
    forecast = asked.forecast
    assert forecast is not None
    never_admits_more(replace(asked, forecast=weather(forecast.temperatures_c[0] - colder_k)), asked)


@given(asked=questions(), share=st.floats(0.2, 1.0))
def test_less_mass_never_admits_more(asked: Question, share: float) -> None:
    zones = {id: replace(zone, c_kj_k=share * zone.c_kj_k) for id, zone in asked.premises.zones.items()}
    never_admits_more(replace(asked, premises=replace(asked.premises, zones=zones)), asked)


@given(asked=questions(), share=st.floats(1.0, 3.0))
def test_more_loss_never_admits_more(asked: Question, share: float) -> None:
    zones = {id: replace(zone, h_w_k=share * zone.h_w_k) for id, zone in asked.premises.zones.items()}
    never_admits_more(replace(asked, premises=replace(asked.premises, zones=zones)), asked)


@given(asked=questions(), more=some_down)
def test_more_units_down_never_admit_more(asked: Question, more: frozenset[str]) -> None:
    down = asked.down | more
    never_admits_more(replace(asked, down=down, restarting=down), asked)


@given(asked=questions(), more=some_down)
def test_more_dead_units_never_admit_more_heat_to_be_taken(asked: Question, more: frozenset[str]) -> None:
    ample = replace(asked, premises=replace(asked.premises, subscribed_power_w=1e6))
    never_admits_more(replace(ample, down=asked.down | more), ample)


@given(asked=questions(), more_w=st.floats(0.0, 3000.0))
def test_more_cap_never_admits_less(asked: Question, more_w: float) -> None:
    if asked.policy.cap_down_w is not None:
        never_admits_more(
            asked, replace(asked, policy=replace(asked.policy, cap_down_w=asked.policy.cap_down_w + more_w))
        )
    never_admits_more(asked, replace(asked, policy=replace(asked.policy, cap_down_w=None)))


@given(asked=questions(), fewer=st.integers(0, 4), more=st.integers(0, 4))
def test_higher_max_unavailable_never_admits_less(asked: Question, fewer: int, more: int) -> None:
    low, high = (replace(asked.policy, max_unavailable=AtMost(dwelling=n, site=n)) for n in (fewer, fewer + more))
    never_admits_more(replace(asked, policy=low), replace(asked, policy=high))


@given(asked=questions(), more_w=st.floats(0.0, 9000.0))
def test_more_subscribed_power_never_admits_less(asked: Question, more_w: float) -> None:
    power_w = asked.premises.subscribed_power_w + more_w
    never_admits_more(asked, replace(asked, premises=replace(asked.premises, subscribed_power_w=power_w)))


@given(asked=questions(), warmer_k=st.floats(0.0, 5.0))
def test_warmer_rooms_never_admit_less(asked: Question, warmer_k: float) -> None:
    never_admits_more(asked, replace(asked, facts={u: warmed(o, warmer_k) for u, o in asked.facts.items()}))


def warmed(observation: Any, by_k: float) -> Observation:
    heat = observation.heat
    moved: Observation = replace(observation, heat=replace(heat, zone_temperature_c=heat.zone_temperature_c + by_k))
    return moved


@given(asked=water_questions(), share=st.floats(0.2, 1.0))
def test_less_water_never_admits_more(asked: Question, share: float) -> None:
    loops = {id: replace(loop, volume_l=share * loop.volume_l) for id, loop in asked.premises.loops.items()}
    never_admits_more(replace(asked, premises=replace(asked.premises, loops=loops)), asked)


@given(asked=water_questions(), more=st.frozensets(st.sampled_from(BOILERS[1:])))
def test_more_boilers_down_never_admit_more(asked: Question, more: frozenset[str]) -> None:
    down = asked.down | more
    never_admits_more(replace(asked, down=down, restarting=down), asked)


@given(asked=water_questions(), more_w=st.floats(0.0, 9000.0))
def test_more_backup_never_admits_less(asked: Question, more_w: float) -> None:
    loops = {id: replace(loop, backup_w=loop.backup_w + more_w) for id, loop in asked.premises.loops.items()}
    never_admits_more(asked, replace(asked, premises=replace(asked.premises, loops=loops)))


@given(asked=questions())
def test_zone_of_an_admitted_unit_stays_above_its_floor_for_twice_t_worst_even_if_all_is_worse(asked: Question) -> None:
    if refused(asked) is not None:
        return
    zone = asked.premises.zones["A101"]
    node, away = OneNode(0.7 * zone.c_kj_k, 1.2 * zone.h_w_k), asked.down | {asked.unit}
    left_w = sum(asked.premises.heaters[unit].power_w for unit in zone.heaters if unit not in away)
    for unit in zone.heaters:
        seen: Any = asked.facts[unit]
        heat = seen.heat
        floor_c, start_c = min(18.0, heat.setpoint_c - 0.5), heat.zone_temperature_c - 1.0
        end_c = node.step(start_c, Surroundings(asked.outdoor.temperature_c, left_w), 2 * asked.worst_s)
        assert end_c >= min(floor_c, start_c) - 1e-9


@given(asked=questions())
def test_what_is_counted_first_is_what_the_rule_says(asked: Question) -> None:
    first = crowded(asked.premises, asked.unit, asked.down, asked.policy.cap_down_w)
    counted = [each for each in verdicts(asked) if each.rule == "G2" and not each.holds]
    assert first == next(iter(counted), None)
