"""Simulated worlds for tests: in virtual time, and as the ports that a controller works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from fleetctl.core.clock import Now
from fleetctl.core.facts import Observation
from fleetctl.core.inventory.fleet import Fleet
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Step, StepResult
from fleetctl.core.simulate.build import build
from fleetctl.core.simulate.conditions import Conditions, Faults
from fleetctl.core.simulate.world import World
from fleetctl.ports import Target
from fleetctl.services.simulate import Order, steady, supposed_plan
from tests.builders.fleets import a_building, a_fleet

BEGAN = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
CALM = Conditions(most_s=3 * 86_400.0)


def utc(_site: str) -> tzinfo:
    return UTC


def an_order(
    fleet: Fleet | None = None,
    policy: Policy | None = None,
    conditions: Conditions = CALM,
    *,
    outdoor_c: float | None = 5.0,
) -> Order:
    """Return an order for a rollout of every unit of a fleet, of one building if none is given."""
    of = fleet or a_fleet(a_building(radiators=12))
    forecast = steady(outdoor_c, BEGAN, conditions.most_s) if outdoor_c is not None else None
    plan = supposed_plan(of, tuple(of.units()), BEGAN)
    return Order(of, plan, policy or Policy("default", max_in_progress=4), BEGAN, conditions, utc, forecast)


def a_world(fleet: Fleet | None = None, conditions: Conditions = CALM) -> World:
    """Return the modelled world of a fleet, every unit of which needs a new config and a reboot."""
    order = an_order(fleet, conditions=conditions)
    return build(order.fleet, order.plan.units, BEGAN, conditions)


def quiet(*, cold_rate: float = 0.0) -> Conditions:
    """Return conditions in which no unit is busy."""
    return replace(CALM, faults=Faults(cold_rate=cold_rate, busy=0.0))


class SimulatedHands:
    """A simulated world behind the ports `Clock`, `Executor` and `Prober`; waiting lets its time pass."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.results: list[StepResult] = []
        self.observations: list[Observation] = []
        self.executor = SimulatedExecutor(self)
        self.prober = SimulatedProber(self)

    def now(self) -> Now:
        return self.world.now()

    def wait(self, seconds: float) -> None:
        """Let time pass; what becomes known on the way is kept until it is asked for."""
        until_s = self.world.at_s + seconds
        while self.world.at_s < until_s:
            news = self.world.advance(until_s)
            self.results += news.results
            self.observations += news.observations
            if news:
                return


class SimulatedExecutor:
    """Fills the port `Executor`."""

    def __init__(self, hands: SimulatedHands) -> None:
        self.hands = hands

    def submit(self, steps: Sequence[Step]) -> None:
        self.hands.world.start(steps)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        if not self.hands.results and timeout_s:
            self.hands.wait(timeout_s)
        results, self.hands.results = self.hands.results, []
        return results

    def cancel(self, step: Step) -> None:
        self.hands.world.cancel(step)

    def close(self) -> None:
        self.hands.results.clear()


class SimulatedProber:
    """Fills the port `Prober`."""

    def __init__(self, hands: SimulatedHands) -> None:
        self.hands = hands

    def submit(self, targets: Iterable[Target]) -> None:
        self.hands.world.look([target.unit for target in targets])

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        if not self.hands.observations and timeout_s:
            self.hands.wait(timeout_s)
        observations, self.hands.observations = self.hands.observations, []
        return observations

    def close(self) -> None:
        self.hands.observations.clear()
