"""Simulations of whole rollouts: what they promise about ends, heat, order and weather."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.core.policy import Drain, Policy, Wave
from fleetctl.core.rollout.state import Phase, Status
from fleetctl.core.simulate.conditions import Faults
from fleetctl.services.simulate import Order, lowest_where, played_out, simulate
from tests.builders.fleets import a_building, a_fleet, a_plant
from tests.builders.simulated import CALM, an_order, quiet

POLICY = Policy(
    "default",
    max_in_progress=4,
    max_failed=100,
    max_sites_halted=100,
    unreachable="defer",
    retries=2,
    reboot_timeout_s=600,
    heat_timeout_s=600,
)


def test_a_calm_night_updates_every_unit_and_takes_no_heat_away() -> None:
    simulation = simulate(an_order(policy=POLICY, conditions=quiet()))
    assert simulation.complete
    assert simulation.status == Status.SUCCEEDED.value
    assert not simulation.unfinished
    assert not simulation.too_cold
    assert {zone.name for zone in simulation.zones} == {f"les-sables/A{number}" for number in (101, 102, 103, 104)}
    assert 600 < simulation.duration_s < 4 * 3600


def test_the_same_order_comes_to_the_same_and_another_seed_to_another_night() -> None:
    order = an_order(policy=POLICY, conditions=quiet())
    assert simulate(order) == simulate(order)
    other = replace(order, conditions=replace(order.conditions, seed=2))
    assert simulate(other).duration_s != simulate(order).duration_s


def test_never_more_than_a_third_of_a_dwelling_is_without_heat() -> None:
    """The world itself counts, not the records of the rollout."""
    simulation = simulate(an_order(policy=replace(POLICY, max_in_progress=12), conditions=quiet()))
    assert simulation.complete
    assert {zone.most_down for zone in simulation.zones} == {1}
    assert simulation.most_without_heat > 1


def test_it_is_too_cold_for_an_update_and_the_report_says_which_rule() -> None:
    order = an_order(policy=POLICY, conditions=replace(quiet(), most_s=6 * 3600.0), outdoor_c=-25.0)
    simulation = simulate(order)
    assert not simulation.complete
    assert simulation.most_without_heat == 0
    assert any(each.kind.startswith("G") for each in simulation.constraints)
    assert len(simulation.unfinished) + len(simulation.attention) == simulation.units - simulation.counts.get(
        "succeeded", 0
    )


def test_a_broken_heater_halts_its_site_and_the_rest_of_the_site_keeps_its_heat() -> None:
    order = an_order(policy=replace(POLICY, step_timeout_s=300, retries=0), conditions=quiet(cold_rate=1.0))
    played = played_out(order)
    assert played.board.rollout.halted_sites
    assert len(played.world.without_heat) <= POLICY.max_in_progress
    waited = [each for each in simulate(order).attention if "is halted: G12" in each.reason]
    assert len(waited) > len(played.world.without_heat)


def test_jobs_that_outlast_the_drain_defer_a_unit_or_are_ended_as_the_policy_says() -> None:
    busy = replace(CALM, faults=Faults(busy=1.0))
    patient = replace(POLICY, max_in_progress=12, drain=Drain(deadline_s=600, jobs="defer"), defer_for_s=900)
    strict = replace(patient, drain=Drain(deadline_s=600, jobs="cancel"))
    deferred, ended = (
        simulate(an_order(policy=patient, conditions=busy)),
        simulate(an_order(policy=strict, conditions=busy)),
    )
    assert deferred.counts["deferred"] > 0
    assert deferred.jobs_lost == 0
    assert ended.complete
    assert ended.jobs_lost > 0


def test_a_wave_that_waits_for_a_person_is_approved_after_a_while() -> None:
    waves = (Wave("canary", units=1), Wave("rest", approval=True))
    simulation = simulate(an_order(policy=replace(POLICY, waves=waves), conditions=quiet()))
    assert simulation.complete
    assert any("waits for approval" in each.example for each in simulation.constraints)


def test_hot_water_stays_hot() -> None:
    simulation = simulate(an_order(a_fleet(a_plant()), POLICY, quiet()))
    assert simulation.complete
    (tank,) = simulation.zones
    assert tank.lowest_c > 55


def test_a_site_that_only_waits_for_its_turn_is_not_deferred() -> None:
    fleet = a_fleet(*(a_building(f"site-{number}", number, radiators=60) for number in range(1, 5)))
    policy = replace(POLICY, max_in_progress=12, defer_for_s=300)
    assert simulate(an_order(fleet, policy, quiet())).complete


def test_units_soak_well_on_a_mild_night_when_no_heat_is_asked_for() -> None:
    policy = replace(POLICY, max_in_progress=2, soak_samples=20)
    assert simulate(an_order(policy=policy, conditions=quiet(), outdoor_c=20.0)).complete


@settings(deadline=None, max_examples=12)
@given(
    st.integers(0, 1000),
    st.builds(
        Faults,
        fail_rate=st.sampled_from([0.0, 0.1]),
        hang_rate=st.sampled_from([0.0, 0.05]),
        lost_rate=st.sampled_from([0.0, 0.1]),
        flaky_links=st.sampled_from([0.0, 0.3]),
        dead_gateways=st.integers(0, 2),
        busy=st.sampled_from([0.0, 0.5]),
    ),
)
def test_whatever_goes_wrong_every_unit_ends_or_is_listed(seed: int, faults: Faults) -> None:
    fleet = a_fleet(a_building(radiators=6), a_building("florestine", 3, radiators=6))
    conditions = replace(CALM, seed=seed, faults=faults)
    simulation = simulate(an_order(fleet, replace(POLICY, step_timeout_s=300), conditions))
    ended = sum(count for phase, count in simulation.counts.items() if Phase(phase).is_end)
    assert ended + len(simulation.unfinished) == simulation.units == 14
    assert all(each.reason for each in simulation.unfinished)
    assert simulation.duration_s < conditions.most_s, "it ended by itself"


@pytest.mark.parametrize(("limit", "found"), [(-7.3, -7.25), (-100.0, -30.0), (0.0, 0.0)])
def test_the_limit_is_found_by_halving(limit: float, found: float) -> None:
    assert lowest_where(lambda outdoor_c: outdoor_c >= limit, -30.0, 10.0, 0.25) == pytest.approx(found)


def test_a_limit_that_nothing_meets_is_none() -> None:
    assert lowest_where(lambda _: False, -30.0, 10.0, 0.25) is None


def test_order_by_slack_starts_with_the_rooms_that_stay_warm_longest() -> None:
    site = a_building()
    tight = replace(site.dwellings["A102"], heat_loss_w_k=20.0)
    fleet = a_fleet(replace(site, dwellings={**site.dwellings, "A102": tight}))
    by_site = an_order(fleet, policy=replace(POLICY, max_in_progress=1), conditions=quiet())
    by_slack = replace(by_site, policy=replace(by_site.policy, order="slack"))
    first = [_first_dwelling(order) for order in (by_site, by_slack)]
    assert first == ["A101", "A102"]


def _first_dwelling(order: Order) -> str:
    units = (order.fleet.by_name[name] for _, name in played_out(order).record.starts)
    return next(unit.dwelling for unit in units if unit.dwelling)
