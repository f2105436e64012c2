"""Register units: many at once, each with everybody who has to know it, and read back. Safe to repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.identity.need import Known, need_of, read_back
from fleetctl.core.identity.registration import renewal, wanted
from fleetctl.core.identity.result import Registered, Result
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports import Clock, Executor, State
from fleetctl.services.enrolment import Registrar, suspect
from fleetctl.services.marks import refused

Look = Callable[[Sequence[Unit]], Mapping[str, Observation]]
"""Observes units; returns what was seen by their names."""
POLL_S = 1.0
SILENCE_S = 300.0
"""How long no unit may say anything before those that are left are given up."""
GRACE_S = 10.0
"""How long the executor may take to say so of those that were given up."""
_SUSPECT = frozenset({Cause.WRONG_IDENTITY, Cause.HOST_KEY_CHANGED})
_AWAY = frozenset({Cause.AWAY, Cause.UNREACHABLE, Cause.GATEWAY_DOWN, Cause.TIMED_OUT})


@dataclass(frozen=True)
class Errand:
    """How one round of registering goes.

    Attributes:
        id: fresh; with it the units' journals tell this round from every other.
        epoch: the present controller's.
        renew: new keys and certificates, due or not.
    """

    id: str
    epoch: int
    registrar: Registrar
    executor: Callable[[], Executor]
    look: Look
    renew: bool = False


def register(errand: Errand, units: Sequence[Unit]) -> Iterator[Result]:
    """Register units; yields what came of each as soon as it is known."""
    marked = refused(errand.registrar.state, [unit.name for unit in units])
    for unit, reason in marked.items():
        yield Result(unit, Registered.FAILED, reason)
    left = [unit for unit in units if unit.name not in marked]
    yield from _register(errand, left)


def _register(errand: Errand, units: Sequence[Unit]) -> Iterator[Result]:
    seen = errand.look(units)
    known, steps = known_of(errand.registrar.state, units), []
    for unit in units:
        judged = _judged(errand, unit, seen.get(unit.name), known)
        if isinstance(judged, Result):
            yield judged
        else:
            steps.append(judged)
    if steps:
        yield from _carried_out(errand, {unit.name: unit for unit in units}, steps)


def known_of(state: State, units: Sequence[Unit]) -> Known:
    """Return what the registry has of some units."""
    names = {unit.serial for unit in units}
    certificates = {c.number: c for c in state.registry.certificates() if c.serial in names}
    return Known(state.registry.registrations([unit.name for unit in units]), certificates)


def _judged(errand: Errand, unit: Unit, seen: Observation | None, known: Known) -> Result | Step:
    """Return what has to be done for a unit, or what came of it already."""
    registrar = errand.registrar
    now = registrar.clock.now().utc
    if not unit.serial:
        text = "it has no serial in the inventory, so nobody knows which machine belongs there"
        return Result(unit.name, Registered.FAILED, text)
    if not isinstance(seen, Facts):
        return _unseen(unit, seen)
    if seen.serial != unit.serial:
        text = f"answers as {seen.serial or 'nobody'}, the inventory says {unit.serial}"
        suspect(registrar.state, unit, text, registrar.actor, now)
        return Result(unit.name, Registered.SUSPECT, text)
    need = need_of(wanted(registrar.fleet, unit), seen, known, now, renewal(registrar.authority))
    if need is None and not errand.renew:
        return _result(unit, Registered.UNCHANGED, "", known)
    renew = errand.renew or (need is not None and need.renew)
    return Step(errand.id, unit.name, 1, 1, StepKind.REGISTER, errand.epoch, renew=renew)


def _unseen(unit: Unit, seen: Unobserved | None) -> Result:
    if seen is None:
        return Result(unit.name, Registered.FAILED, "it was not observed")
    standing = Registered.SUSPECT if seen.cause in _SUSPECT else Registered.FAILED
    return Result(unit.name, Registered.PENDING if seen.cause in _AWAY else standing, seen.message)


def _carried_out(errand: Errand, units: Mapping[str, Unit], steps: Sequence[Step]) -> Iterator[Result]:
    try:
        errand.registrar.issuer.chain()
    except CouldNot as reason:  # nobody has to be asked for what cannot be answered
        for step in steps:
            yield Result(step.unit, Registered.PENDING, str(reason))
        return
    done = []
    for result in results_of(errand.executor(), steps, errand.registrar.clock):
        if result.ending is Ending.OK:
            done.append(units[result.step.unit])
        else:
            yield Result(result.step.unit, _standing(result), result.message)
    if done:
        yield from _read_back(errand, done)


def results_of(executor: Executor, steps: Sequence[Step], clock: Clock) -> Iterator[StepResult]:
    """Do steps and yield what came of each; those of units that say nothing for long are given up, once."""
    executor.submit(steps)
    left = {step.id: step for step in steps}
    yield from _heard(executor, left, clock, SILENCE_S)
    for step in left.values():
        executor.cancel(step)
    yield from _heard(executor, left, clock, GRACE_S)
    for step in left.values():  # the executor lost them: it owes a result for every step that is given up
        yield StepResult(step, Ending.NO_OUTCOME, f"nothing was heard of it for {SILENCE_S:.0f} s")


def _heard(executor: Executor, left: dict[str, Step], clock: Clock, silence_s: float) -> Iterator[StepResult]:
    """Yield results, and take their steps out of what is left, until nothing is or nobody says anything for so long."""
    heard_s = clock.now().monotonic_s
    while left and clock.now().monotonic_s - heard_s <= silence_s:
        for result in executor.poll(POLL_S):
            if left.pop(result.step.id, None) is not None:
                heard_s = clock.now().monotonic_s
                yield result


def _read_back(errand: Errand, units: Sequence[Unit]) -> Iterator[Result]:
    """Look again at units that say they are registered, and at the registry."""
    seen, known = errand.look(units), known_of(errand.registrar.state, units)
    for unit in units:
        facts = seen.get(unit.name)
        if not isinstance(facts, Facts):
            yield _unseen(unit, facts)
            continue
        flaw = read_back(wanted(errand.registrar.fleet, unit), facts, known)
        yield _result(unit, Registered.FAILED if flaw else Registered.REGISTERED, flaw or "", known)


def _result(unit: Unit, standing: Registered, text: str, known: Known) -> Result:
    entry = known.registrations.get(unit.name)
    certificate = known.certificates.get(entry.number) if entry else None
    if entry and not text:
        text = f"node {entry.node} of {entry.platform}, {entry.proof or 'not proved'}" if entry.node else "heat only"
    return Result(unit.name, standing, text, entry, certificate.not_after if certificate else None)


def _standing(result: StepResult) -> Registered:
    if result.cause in _SUSPECT:
        return Registered.SUSPECT
    return Registered.PENDING if result.cause in _AWAY else Registered.FAILED
