"""Take a machine out for good, in an order that leaves nobody trusting a machine that is free to go.

    drained -> revoked -> unregistered -> wiped -> off

Each is read back before the next begins, and each finds out by itself whether it was done before: after a cut at any
point the same call goes on. A machine that is gone cannot be wiped; it is taken out of everybody else's books, and its
certificate is believed by nobody who reads the list of revoked ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from fleetctl.core.commissioning.ledger import Draft
from fleetctl.core.commissioning.lifecycle import Lifecycle, mark
from fleetctl.core.commissioning.stages import Outcome, Stage
from fleetctl.core.facts import Cause, Facts, Observation
from fleetctl.core.identity.reasons import Reason
from fleetctl.core.identity.retiring import WIPED, was_wiped
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.platform.drains import RETIRING, may_cancel
from fleetctl.core.platform.losses import listed
from fleetctl.core.platform.node import Health
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind
from fleetctl.ports import Clock, Executor, State
from fleetctl.ports.platform import PlatformNode
from fleetctl.services.drains import Patience, drain
from fleetctl.services.enrolment import StandingOf
from fleetctl.services.register import Look, results_of

OFF_S = 90.0
"""How long a machine may take to go off."""
AGAIN = "'fleetctl unit retire' goes on from there"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person chose.

    Attributes:
        drain_s: how long running jobs are waited for.
        cancel_jobs: then end them, and report them lost.
        off: switch the machine off in the end.
        gone: it is not there any more, or dead: it is neither drained nor wiped.
        reason: why it is retired.
    """

    drain_s: float = 7200.0
    cancel_jobs: bool = False
    off: bool = True
    gone: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Farewell:
    """One machine that is retired, and what with.

    Attributes:
        id: fresh; with it the unit's journal tells this from every other round.
        epoch: the present controller's.
    """

    id: str
    epoch: int
    unit: Unit
    choice: Choice
    state: State
    standing_of: StandingOf
    executor: Callable[[], Executor]
    look: Look
    clock: Clock
    actor: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def step(self, kind: StepKind, *, cancel_jobs: bool = False) -> str:
        """Do a step on the unit; returns what it said.

        Raises:
            CouldNot: if it did not end well.
        """
        number = next(self._numbers)
        step = Step(self.id, self.unit.name, 1, number, kind, self.epoch, cancel_jobs=cancel_jobs)
        for result in results_of(self.executor(), [step], self.clock):
            if result.ending is Ending.OK:
                return result.message
            raise CouldNot(f"{self.unit.name} did not {kind.value}: {result.message}", hint=AGAIN)
        raise CouldNot(f"{self.unit.name} said nothing", hint=AGAIN)

    def seen(self) -> Observation | None:
        """Look at the unit."""
        return self.look([self.unit]).get(self.unit.name)

    def wait(self, is_so: Callable[[], bool], within_s: float, every_s: float) -> bool:
        """Look again and again until something is so; says whether it came to be in time."""
        until_s = self.clock.now().monotonic_s + within_s
        while not is_so():
            if self.clock.now().monotonic_s >= until_s:
                return False
            self.clock.wait(every_s)
        return True

    def tell(self, outcome: Outcome, detail: Mapping[str, Any]) -> None:
        """Write an entry about the unit's registration into the ledger."""
        at = self.clock.now().utc
        self.state.ledger.append(
            [Draft(self.unit.site, self.unit.name, Stage.REGISTERED, outcome, self.actor, at, detail)]
        )


def retire(farewell: Farewell) -> Iterator[str]:
    """Retire a machine; yields in words what was done, after it was read back.

    Raises:
        CouldNot: if something could not be done or read back; what was done before stays so.
    """
    reached = _reached(farewell)
    if reached:
        yield drained(farewell)
    yield revoked(farewell)
    yield unregistered(farewell)
    if reached:
        yield wiped(farewell)
        if farewell.choice.off:
            yield _off(farewell)
    _marked(farewell)


def _marked(farewell: Farewell) -> None:
    """Say in the ledger that the machine is retired, once."""
    before = farewell.state.machines.marked([farewell.unit.name]).get(farewell.unit.name)
    if before is None or before.lifecycle is not Lifecycle.RETIRED:
        farewell.tell(Outcome.NOTE, mark(Lifecycle.RETIRED, farewell.choice.reason or "retired"))


def _reached(farewell: Farewell) -> bool:
    """Say whether there is a machine to be wiped; one that an earlier try wiped and switched off is not.

    Raises:
        CouldNot: if it does not answer and nobody said that it is gone, if another one answers, or if nobody knows
            which one should: whatever answers there would be wiped.
    """
    unit = farewell.unit
    if farewell.choice.gone:
        return False
    seen = farewell.seen()
    if isinstance(seen, Facts):
        if not unit.serial:
            hint = "read the serial off the machine that is meant and say --serial; if that one is gone, say --gone"
            raise CouldNot(f"{unit.name} answers as {seen.serial}, the inventory has no serial for it", hint=hint)
        if seen.serial != unit.serial:
            hint = "the machine that should stand there is retired with --gone; this one is another"
            raise CouldNot(f"{unit.name} answers as {seen.serial}, the inventory says {unit.serial}", hint=hint)
        return True
    if was_wiped(farewell.state.ledger.entries(unit.site), unit):
        return False
    said = seen.message if seen is not None else "it was not observed"
    raise CouldNot(f"{unit.name} cannot be wiped: {said}", hint="if it is dead or gone for good, say --gone")


def drained(farewell: Farewell) -> str:
    """Let no new job start on the machine and wait for those that run; returns what was done, in words.

    Raises:
        CouldNot: if jobs still run in the end, or it cannot be asked.
    """
    standing = farewell.standing_of(farewell.unit)
    if standing is not None:
        return _drained_on(farewell, standing)
    said = farewell.step(StepKind.DRAIN)
    if not farewell.wait(lambda: _is_free(farewell.seen()), farewell.choice.drain_s, 5.0):
        if not farewell.choice.cancel_jobs:
            raise CouldNot(f"jobs still run on {farewell.unit.name}", hint="wait for them, or say --cancel-jobs")
        said = farewell.step(StepKind.DRAIN, cancel_jobs=True)
    return f"drained: {said}"


def _is_free(seen: Observation | None) -> bool:
    return isinstance(seen, Facts) and (seen.compute is None or (seen.compute.drained and not seen.compute.jobs))


def _drained_on(farewell: Farewell, standing: PlatformNode) -> str:
    """Drain the unit's node on its platform, and wait for its jobs; those under another's drain are the other's."""
    name, patience = farewell.unit.name, Patience(farewell.choice.drain_s, farewell.choice.cancel_jobs)
    found = drain({name: standing}, RETIRING, patience, farewell.clock)[name]
    if found.node.is_free:
        return f"drained: {listed(found.lost) if found.lost else f'node {standing.node} has no jobs'}"
    if patience.cancel and not may_cancel(found.node, RETIRING):
        hint = "they are whoever's drain it is: end them, or that drain, there"
        raise CouldNot(f"jobs still run on node {standing.node}, drained by others: {found.node.reason}", hint=hint)
    raise CouldNot(f"jobs still run on node {standing.node}", hint="wait for them, or say --cancel-jobs")


def revoked(farewell: Farewell) -> str:
    """Revoke every certificate of the machine at its place; returns what was done, in words."""
    registry, at = farewell.state.registry, farewell.clock.now().utc
    serial, name = farewell.unit.serial, farewell.unit.name
    # only this place's: a machine that was swapped to another goes on there with a certificate of its own
    held = [c for c in registry.certificates(serial=serial) if c.unit == name and c.holds(at)]
    gone = registry.revoke([c.number for c in held], Reason.CESSATION_OF_OPERATION, actor=farewell.actor, at=at)
    left = [c.number for c in registry.certificates(serial=serial) if c.unit == name and c.holds(at)]
    if left:
        raise CouldNot(f"{name} still has certificate {', '.join(left)}", hint=AGAIN)
    return f"revoked: {len(gone)} certificates" if gone else "revoked: none was left"


def unregistered(farewell: Farewell) -> str:
    """Take the unit out of its platform and of the registry; returns what was done, in words.

    Raises:
        CouldNot: if the platform does not answer or refuses, or either has it still.
    """
    unit, registry = farewell.unit, farewell.state.registry
    standing = farewell.standing_of(unit)
    node = standing.node if standing else ""
    if standing is not None:
        standing.platform.remove(node)
        if standing.platform.nodes([node])[node].health is not Health.ABSENT:
            raise CouldNot(f"the platform still has node {node}", hint=AGAIN)
    registry.unregister(unit.name, actor=farewell.actor, at=farewell.clock.now().utc)
    if registry.registrations([unit.name]):
        raise CouldNot(f"{unit.name} is in the registry still", hint=AGAIN)
    return f"unregistered{f': node {node} is gone' if node else ''}"


def wiped(farewell: Farewell) -> str:
    """Let the machine forget who it was; returns what was done, in words.

    Raises:
        CouldNot: if it does not, or does not show it.
    """
    said = farewell.step(StepKind.WIPE)
    seen = farewell.seen()
    if not isinstance(seen, Facts) or seen.registration or seen.certificate:
        raise CouldNot(f"{farewell.unit.name} does not show that it is wiped", hint=AGAIN)
    farewell.tell(Outcome.UNDONE, {WIPED: farewell.unit.serial, "reason": farewell.choice.reason})
    return f"wiped: {said}"


def _off(farewell: Farewell) -> str:
    farewell.step(StepKind.POWER_OFF)

    def is_off() -> bool:
        seen = farewell.seen()
        return not isinstance(seen, Facts) and seen is not None and seen.cause is Cause.UNREACHABLE

    if not farewell.wait(is_off, OFF_S, 3.0):
        raise CouldNot(f"{farewell.unit.name} still answers", hint=AGAIN)
    return "off: it answers no more"
