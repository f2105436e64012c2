"""Image a unit again that runs: wiped, with a new host key, at the same place and with the same history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fleetctl.core.facts import Observation
from fleetctl.core.heat.guard import Question, refusal, verdicts
from fleetctl.core.heat.proof import already_down
from fleetctl.core.imaging.record import Stage
from fleetctl.core.inventory.fleet import Fleet, Unit
from fleetctl.core.problems import CouldNot, Problem, refuse
from fleetctl.core.rollout.holds import held_by, overridden
from fleetctl.core.rollout.state import Ending, Step, StepResult
from fleetctl.ports import Executor, State
from fleetctl.services.heat import Occasion, question_of
from fleetctl.services.image_requests import request, under_way
from fleetctl.services.marks import standing_holds

WAIT_S = 120.0
"""For an answer; the reboot comes after it."""
GIVE_NO_HEAT = frozenset({Stage.IMAGING, Stage.ENROLLED})


@dataclass(frozen=True)
class Patient:
    """The unit to be imaged again.

    Attributes:
        before: its last observation before the one that the state holds now: a unit that gave no heat at both is down
            already, and imaging it takes nothing away.
    """

    fleet: Fleet
    unit: Unit
    before: Observation | None = None


def reimage(state: State, patient: Patient, occasion: Occasion, actor: str) -> None:
    """Ask for a unit to be imaged again, if its heat may be interrupted now.

    Raises:
        InvalidInput: with everything that speaks against it; nothing is asked for then.
    """
    name = patient.unit.name
    problems = [Problem("not-now", f"{name}: {reason}") for reason in _against(state, patient, occasion)]
    refuse(problems)
    request(state, [patient.unit], actor, occasion.now_utc, again=True)


def start_from_network(executor: Executor, step: Step) -> StepResult:
    """Have a unit start from the network.

    Raises:
        CouldNot: if it did not say that it will; the request stands, so its power may be cut as well.
    """
    executor.submit([step])
    results = executor.poll(WAIT_S)
    if not results:
        executor.cancel(step)
        results = executor.poll(1.0)
    for result in results:
        if result.ending is Ending.OK:
            return result
    said = results[0].message if results else "it says nothing"
    hint = "the request stands: 'fleetctl image withdraw' takes it back; else start it from the network by hand"
    raise CouldNot(f"{step.unit} does not start from the network: {said}", hint=hint)


def _against(state: State, patient: Patient, occasion: Occasion) -> Iterator[str]:
    """Yield what speaks against taking a unit down: an order, another unit at work, or the heat guard."""
    unit, now = patient.unit, occasion.now_utc
    hold = held_by(standing_holds(state), unit.name)
    if hold is not None:
        yield hold.text
    for name, rollout in under_way(state).items():
        if name.startswith(f"{unit.site}/"):
            yield f"rollout {rollout} is at work on {name}"
            break
    reason = refusal(
        verdicts(_question(state, patient, occasion)), overridden(state.orders.overrides(at=now), unit.name, now)
    )
    if reason is not None:
        yield reason


def _question(state: State, patient: Patient, occasion: Occasion) -> Question:
    """Return what the guard is asked; units that are being imaged give no heat either."""
    unit = patient.unit
    question = question_of(patient.fleet, unit, state, occasion)
    imaging = {name for name, record in state.imaging.records().items() if record.stage in GIVE_NO_HEAT}
    down = frozenset(imaging - {unit.name}) & question.premises.heaters.keys()
    heater, seen = question.premises.heaters.get(unit.name), question.facts.get(unit.name)
    guard = occasion.policy.guard
    repair = heater is not None and seen is not None and already_down(seen, patient.before, heater, guard)
    return replace(question, down=down, restarting=down, repair=repair)
