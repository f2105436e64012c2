"""The stage `configured`: what a plan has nothing to do for is done, and what somebody left is gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from fleetctl.core.commissioning.stages import Outcome
from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.plan import LeftOut, Plan
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Rollout, Status
from fleetctl.services.commissioning.configured import ConfiguredInstrument, Means, linger_s
from tests.builders.heat import room
from tests.builders.memory_state import MemoryState
from tests.builders.sitting import radiators

AT = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass
class Planner:
    """Plans as it is told, and keeps which rollouts were driven."""

    state: MemoryState = field(default_factory=MemoryState)
    left_out: tuple[LeftOut, ...] = ()
    driven: list[str] = field(default_factory=list)

    def instrument(self) -> ConfiguredInstrument:
        facts = {unit.name: room(unit.name) for unit in radiators()}
        means = Means(
            self.plan, lambda names: {n: facts[n] for n in names}, self.start, self.driven.append, "bo", lambda: AT
        )
        return ConfiguredInstrument(self.state, means)

    def plan(self, units: Sequence[Unit]) -> Plan:
        return Plan("p-1", "fleet", self.state.uuid, AT, AT, "", {}, (), self.left_out)

    def start(self, plan: Plan) -> Rollout:
        raise AssertionError("an empty plan starts nothing")

    def left_behind(self, status: Status, reason: str, *sites: str) -> Rollout:
        of = sites or ("s",)
        rollout = Rollout("r-1", "fleet", "p-1", Policy("default"), "", "al", AT, status, reason, sites=of)
        self.state.rollouts.add(rollout, [], {})
        return rollout


def test_what_a_plan_has_nothing_to_do_for_is_configured_and_what_it_left_out_waits() -> None:
    out = LeftOut("s/a1-2", Cause.UNREACHABLE, "no answer")
    found = Planner(left_out=(out,)).instrument().round(radiators())
    assert [(each.subject, each.outcome) for each in found.findings] == [
        ("s/a1-1", Outcome.DONE),
        ("s/a2-1", Outcome.DONE),
    ]
    assert found.findings[0].detail["config"] == "c" * 64
    assert found.waits == {"s/a1-2": "no answer"}


@pytest.mark.parametrize(
    ("status", "reason", "resumed"),
    [
        (Status.RUNNING, "", False),
        (Status.PAUSED, "by al: interrupted", True),
        (Status.PAUSED, "by al: a guest sleeps", False),
        (Status.HALTED, "3 of 40 failed, limit 2", False),
    ],
)
def test_a_rollout_that_was_left_is_gone_on_with_and_one_that_was_stopped_is_not(
    status: Status, reason: str, resumed: bool
) -> None:
    planner = Planner()
    planner.left_behind(status, reason)
    planner.instrument().round(radiators())
    assert planner.driven == ["r-1"]
    assert bool(planner.state.journal.commands("r-1")) is resumed


def test_a_rollout_that_goes_beyond_the_site_is_not_gone_on_with_for_it() -> None:
    planner = Planner()
    planner.left_behind(Status.PAUSED, "by al: interrupted", "s", "t")
    planner.instrument().round(radiators())
    assert not planner.state.journal.commands("r-1")


@pytest.mark.parametrize(("units", "seconds"), [(1, 0.3), (3, 0.3), (22, 2.2), (178, 5.0)])
def test_a_step_waits_for_company_by_how_much_of_it_there_is(units: int, seconds: float) -> None:
    assert linger_s(units) == pytest.approx(seconds)
