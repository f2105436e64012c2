"""The real driver over the simulated world does what the simulation did: same starts, same times, same ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

import pytest

from fleetctl.core.clock import Now
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises, premises_of
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.rollout.enlist import Admitted, Lineup, Terms, enlist
from fleetctl.core.rollout.state import Noted, Phase
from fleetctl.core.rollout.waves import assign, placed
from fleetctl.core.route import Route
from fleetctl.core.simulate.build import build
from fleetctl.services.drive import Driver, Hands
from fleetctl.services.simulate import Order, played_out
from tests.builders.fleets import a_building, a_fleet
from tests.builders.memory_state import MemoryState
from tests.builders.simulated import BEGAN, SimulatedHands, an_order, quiet

ONE_BY_ONE = Policy("one", max_in_progress=1, reboot_timeout_s=600, heat_timeout_s=600)
WINDOW = Policy(
    "window", max_in_progress=6, reboot_timeout_s=600, heat_timeout_s=600, waves=(Wave("canary", units=2), Wave("rest"))
)
SLACK = 0.05
"""The driver looks for news twenty times a second, the simulation once: a second a step adds up."""


@dataclass(frozen=True)
class Surroundings:
    """What the order says of the fleet, as the driver asks for it."""

    order: Order

    def route(self, _rollout: str, _unit: str) -> Route:
        return Route(dial=(), hops=())

    def premises(self, _rollout: str, site: str) -> SitePremises | None:
        return premises_of(self.order.fleet, site)

    def forecast(self, _rollout: str, _site: str) -> Forecast | None:
        return self.order.forecast

    def zone(self, _rollout: str, site: str) -> tzinfo:
        return self.order.zone(site)

    def signed(self, _rollout: str, _now: Now) -> Signed:
        return Signed()


def driven(order: Order) -> tuple[list[Noted], set[Phase]]:
    """Let the real driver work in the simulated world; returns its event log and where the units ended."""
    world, state = build(order.fleet, order.plan.units, BEGAN, order.conditions), MemoryState()
    units = sorted(order.plan.units, key=lambda unit: (unit.site, bool(unit.gateway), unit.unit))
    lineup = Lineup(assign(placed(order.fleet, [unit.unit for unit in units]), order.policy))
    terms = Terms("simulated", order.policy, "", "simulate", BEGAN)
    rollout, progress = enlist(order.plan, Admitted(tuple(units), {}), terms, lineup)
    state.rollouts.add(rollout, progress, {})
    state.units.save_facts(world.observe(unit) for unit in world.units)
    hands = SimulatedHands(world)
    epoch = state.controllers.acquire(owner="o", host="h", pid=1, command="c", now=BEGAN, lease_s=30.0)
    driver = Driver(Hands(state, hands.executor, hands.prober, hands, Surroundings(order)), epoch)
    driver.take_over(rollout.id)
    while not driver.settled(rollout.id):
        for _ in driver.tick():
            pass
    log = [note for _, note in state.journal.events(rollout.id)]
    return log, {row.phase for row in state.journal.progress(rollout.id)}


def starts(log: Iterable[Noted]) -> list[str]:
    """Return the units of an event log in the order in which attempts at them started."""
    return [note.unit for note in log if note.what == "attempt-started"]


def lasted_s(log: Iterable[Noted]) -> float:
    return max((note.at - BEGAN).total_seconds() for note in log)


@pytest.mark.parametrize("policy", [ONE_BY_ONE, WINDOW], ids=["one by one", "in waves"])
def test_the_driver_and_the_simulation_start_units_in_one_order(policy: Policy) -> None:
    order = an_order(a_fleet(a_building(radiators=9)), policy, quiet())
    simulated = played_out(order)
    log, ends = driven(order)
    assert starts(log) == [unit for _, unit in simulated.record.starts]
    assert ends == {Phase.SUCCEEDED}
    assert lasted_s(log) == pytest.approx(simulated.world.at_s, rel=SLACK)
