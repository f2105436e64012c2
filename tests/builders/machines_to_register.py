"""Machines that are registered without a network: keys and requests as `fleet-unit` makes them, answers to a prober.

They keep the promises of the real one that registering rests on: a key stays until another is asked for, a step that is
repeated gives the same request, a certificate is taken in whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key

from fleetctl.core.facts import Cause, Compute, Facts, Observation, Unobserved
from fleetctl.core.inventory.fleet import Unit
from fleetctl.core.platform.drains import Deed, Did, to_drain
from fleetctl.core.platform.node import Health, Job, JobState, Node
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.ports.identity import NotRegistered
from fleetctl.services.enrolment import Registrar
from tests.builders.authority import NOON, a_request


def _key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@dataclass
class Machine:
    """What stands at a unit.

    Attributes:
        told: what it is registered as; None if it is not.
        jobs: how many run on it.
        drops: how often it dies between the answer and the certificate.
    """

    serial: str
    key: EllipticCurvePrivateKey = field(default_factory=_key)
    told: Mapping[str, str] | None = None
    is_on: bool = True
    jobs: int = 0
    drained: bool = False
    drops: int = 0

    def facts(self, unit: str) -> Facts:
        told = self.told or {}
        until = datetime.fromisoformat(told["not_after"]) if told else None
        facts = Facts(unit, NOON, "boot-1", self.serial, "qh", "radiator", "1", "A", "A", "config")
        return replace(
            facts,
            registration=told.get("digest", ""),
            certificate=told.get("number", ""),
            certificate_until=until,
            compute=Compute(self.drained, "fleetctl x" if self.drained else "", self.jobs),
        )


@dataclass
class Machines:
    """All machines, and what does steps on them. Fills the port `Executor`."""

    by_unit: dict[str, Machine]
    registrar: Registrar | None = None
    steps: list[Step] = field(default_factory=list)
    before: Callable[[Step], None] = lambda _: None
    _results: list[StepResult] = field(default_factory=list)

    @classmethod
    def of(cls, units: Sequence[Unit]) -> Machines:
        return cls({unit.name: Machine(unit.serial) for unit in units})

    def look(self, units: Sequence[Unit]) -> Mapping[str, Observation]:
        return {unit.name: self._seen(unit.name) for unit in units}

    def _seen(self, unit: str) -> Observation:
        machine = self.by_unit[unit]
        if not machine.is_on:
            return Unobserved(unit, NOON, Cause.UNREACHABLE, f"{unit} does not answer")
        return machine.facts(unit)

    def submit(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.steps.append(step)
            self.before(step)
            self._results.append(self._done(step, self.by_unit[step.unit]))

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        results, self._results = self._results, []
        return results

    def cancel(self, step: Step) -> None: ...

    def close(self) -> None: ...

    def _done(self, step: Step, machine: Machine) -> StepResult:
        if not machine.is_on:
            return StepResult(step, Ending.NO_OUTCOME, "no answer")
        match step.kind:
            case StepKind.REGISTER:
                return self._register(step, machine)
            case StepKind.DRAIN:
                machine.drained = True
                machine.jobs = 0 if step.cancel_jobs else machine.jobs
            case StepKind.WIPE:
                machine.told = None
            case StepKind.POWER_OFF if machine.told:
                return StepResult(step, Ending.REFUSED, "it is registered")
            case StepKind.POWER_OFF:
                machine.is_on = False
            case _:
                raise AssertionError(step.kind)
        return StepResult(step, Ending.OK, step.kind.value)

    def _register(self, step: Step, machine: Machine) -> StepResult:
        assert self.registrar is not None
        unit = self.registrar.fleet.by_name[step.unit]
        key = _key() if step.renew else machine.key
        answer = {"serial": machine.serial, "request": a_request(machine.serial, key)}
        try:
            enrolment = json.loads(self.registrar.enrolment(unit, json.dumps(answer).encode()))
            if machine.drops:
                machine.drops -= 1
                return StepResult(step, Ending.NO_OUTCOME, "the connection broke")
            machine.key, machine.told = key, enrolment["registration"]
            return StepResult(step, Ending.OK, self.registrar.complete(unit, lambda: None))
        except NotRegistered as reason:
            return StepResult(step, Ending.REFUSED, str(reason), cause=reason.cause)


@dataclass
class FakePlatform:
    """Nodes that join when they are told to. Fills the port `Platform`, as far as registering goes."""

    known: dict[str, Node] = field(default_factory=dict)
    away: bool = False
    proved: int = 0

    def _ask(self) -> None:
        if self.away:
            raise CouldNot("the platform does not answer")

    def nodes(self, names: Collection[str]) -> Mapping[str, Node]:
        self._ask()
        return {name: self.known.get(name, Node(name, Health.ABSENT)) for name in names}

    def register(self, name: str, *, within_s: float) -> Node:
        self._ask()
        return self.known.setdefault(name, Node(name, Health.UP))

    def prove(self, name: str, *, within_s: float) -> Job:
        self._ask()
        assert self.known[name].takes_jobs, "a drained node takes no job"
        self.proved += 1
        return Job(str(self.proved), JobState.DONE, nodes=(name,))

    def drain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        self._ask()
        deeds = {}
        for name, node in self.nodes(names).items():
            did = to_drain(node, reason)
            deeds[name] = Deed(name, did, reason if did is Did.DRAINED else node.reason)
            if did is Did.DRAINED:
                self.known[name] = replace(node, drained=True, reason=reason)
        return deeds

    def undrain(self, names: Collection[str], reason: str) -> Mapping[str, Deed]:
        raise AssertionError("nothing here lifts a drain")

    def cancel(self, names: Collection[str]) -> Mapping[str, tuple[Job, ...]]:
        lost = {name: self.known[name].jobs for name in names}
        self.known |= {name: replace(self.known[name], jobs=()) for name in names}
        return lost

    def remove(self, name: str) -> None:
        self._ask()
        self.known.pop(name, None)

    def close(self) -> None: ...
