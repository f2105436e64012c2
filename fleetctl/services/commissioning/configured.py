"""The stage `configured`: an ordinary rollout over the units of a commissioning, planned from what is observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.commissioning.standing import REASON
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.plan import Plan
from fleetctl.core.rollout.state import CommandKind, Phase, Progress, Rollout
from fleetctl.ports import State
from fleetctl.ports.instruments import Round, StageNews
from fleetctl.services.run import was_left

AFTER_ROLLOUT_S = 0.0
LOOK_AGAIN_S = 15.0
LINGER_A_UNIT_S, LEAST_LINGER_S, MOST_LINGER_S = 0.1, 0.3, 5.0
_FAILED = frozenset({Phase.FAILED, Phase.ROLLED_BACK})


@dataclass(frozen=True)
class Means:
    """What a rollout is planned and run with.

    Attributes:
        plan: observes units and plans for them.
        facts: returns what was observed last.
        start: makes a rollout of a plan.
        drive: drives or follows a rollout until nothing more happens by itself, one that was left behind too.
        actor: who goes on with a rollout that was left.
    """

    plan: Callable[[Sequence[Unit]], Plan]
    facts: Callable[[Sequence[str]], Mapping[str, Observation]]
    start: Callable[[Plan], Rollout]
    drive: Callable[[str], None]
    actor: str
    now: Callable[[], datetime]


@dataclass(frozen=True)
class ConfiguredInstrument:
    """A unit is configured when a plan has nothing to do for it."""

    state: State
    means: Means
    stage: Stage = Stage.CONFIGURED

    def round(self, units: Sequence[Unit]) -> Round:
        """Drive what is under way at the site, plan, and do what the plan says; a later round sees what came of it."""
        self._finish_earlier(units[0].site)
        plan = self.means.plan(units)
        waits = {out.unit: out.reason for out in plan.left_out}
        planned = {unit.unit for unit in plan.units}
        done = [unit.name for unit in units if unit.name not in planned | waits.keys()]
        findings = list(self._done(done))
        if plan.is_empty:
            return Round(tuple(findings), waits, LOOK_AGAIN_S)
        rollout = self.means.start(plan)
        self.means.drive(rollout.id)
        progress = self.state.journal.progress(rollout.id)
        findings += self._failed(progress)
        waits |= {p.unit: p.reason for p in progress if p.phase not in _FAILED and p.phase is not Phase.SUCCEEDED}
        return Round(tuple(findings), waits, AFTER_ROLLOUT_S, goes_on=True)

    def _finish_earlier(self, site: str) -> None:
        """Drive what an earlier run, perhaps one that was killed, has begun: nobody else may begin beside it."""
        for rollout in self.state.journal.rollouts(active=True):
            if site in rollout.sites:
                if rollout.sites == (site,) and was_left(rollout):
                    self._resume(rollout)
                self.means.drive(rollout.id)

    def _resume(self, rollout: Rollout) -> None:
        """Go on with what somebody left; what a person paused, a guard halted, or goes beyond the site, waits."""
        at, why = self.means.now(), "the commissioning goes on"
        self.state.rollouts.command(rollout.id, CommandKind.RESUME, actor=self.means.actor, at=at, reason=why)

    def _done(self, names: Sequence[str]) -> Iterator[StageNews]:
        for name, facts in self.means.facts(names).items():
            if isinstance(facts, Facts):
                detail = {"config": facts.config_digest, "version": facts.version}
                yield StageNews(name, self.stage, Outcome.DONE, detail)

    def _failed(self, progress: Sequence[Progress]) -> Iterator[StageNews]:
        for unit in progress:
            if unit.phase in _FAILED:
                yield StageNews(unit.unit, self.stage, Outcome.FAILED, {REASON: unit.reason, "phase": unit.phase.value})


def linger_s(units: int) -> float:
    """Return how long a step waits for others of its kind in a rollout of so many units: the more, the more will come.

    A start of Ansible costs the same for one unit as for forty. Nobody waits for the only unit of a dwelling, and one
    that is down waits no longer than its room notices.
    """
    return max(LEAST_LINGER_S, min(units * LINGER_A_UNIT_S, MOST_LINGER_S))
