"""Updates on the model: bundles take their time, no heat is asked for until the reboot, and some systems fall back."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.policy import Policy, Staging, Window
from fleetctl.core.rollout.state import Phase, Status
from fleetctl.core.simulate.conditions import Conditions, Faults
from fleetctl.services.simulate import Order, played_out, simulate, supposed_plan
from tests.builders.simulated import BEGAN, CALM, an_order, quiet

POLICY = Policy("default", max_in_progress=4, max_failed=99, reboot_timeout_s=600, heat_timeout_s=600)
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def an_update(policy: Policy = POLICY, conditions: Conditions | None = None) -> Order:
    """Return an order in which every unit of a building, its gateway too, gets another release."""
    order = an_order(policy=policy, conditions=conditions or quiet())
    return replace(order, plan=supposed_plan(order.fleet, tuple(order.fleet.units()), BEGAN, update=True))


def test_every_unit_ends_in_the_other_slot_with_the_config_that_it_had() -> None:
    played = played_out(an_update())
    assert played.board.rollout.status is Status.SUCCEEDED
    units = [played.world.units[name] for name in played.board.units]
    assert {unit.slots.booted for unit in units} == {"B"}
    assert len({unit.config for unit in units}) == 1


def test_bundles_travel_no_faster_than_the_policy_lets_them() -> None:
    slow = replace(POLICY, staging=Staging(max_in_progress=2, rate_bytes_per_s=50_000))
    units = len(an_update().plan.units)
    at_least_s = units / 2 * 100_000_000 / 50_000
    assert simulate(an_update(slow)).duration_s > at_least_s > simulate(an_update()).duration_s


def test_staged_ahead_a_window_is_used_for_reboots_alone() -> None:
    """The rollout begins at 18:00; the window is too short for staging and rebooting, and enough for the reboots."""
    night = replace(POLICY, windows=(Window(EVERY_DAY, 22 * 60, 23 * 60),), max_in_progress=12)
    simulation = simulate(an_update(night))
    assert simulation.complete
    assert 4 * 3600 < simulation.duration_s < 5 * 3600


def test_systems_that_do_not_boot_fall_back_and_the_units_are_rolled_back() -> None:
    simulation = simulate(an_update(conditions=replace(quiet(), faults=Faults(busy=0.0, fall_back_rate=1.0))))
    assert simulation.counts == {Phase.ROLLED_BACK.value: simulation.units}
    assert all("fell back by itself" in each.reason for each in simulation.attention)


def test_the_same_luck_gives_the_same_update() -> None:
    order = an_update(conditions=CALM)
    assert simulate(order) == simulate(order)
