"""The phase `registering`: what is verified is made known to everybody, and read back from the unit.

Invariants:
    - nothing that is verified is rolled back because somebody who should know the unit is away: that attempt ends, and
      the next one goes on from here, through no gate again;
    - a step that was lost is done again, since each half of it is safe to repeat, but never without a look in between.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts
from fleetctl.core.rollout.giving_up import give_up
from fleetctl.core.rollout.moves import Move, Rules, enter, look_again, open_step, release, with_deadline
from fleetctl.core.rollout.state import Action, Ending, Event, Phase, Progress, StepKind, StepResult

NOT_SHOWN = "it does not show yet that it is registered"


def is_due(progress: Progress) -> bool:
    """Say whether a unit that is verified has to be registered before it is released."""
    return Action.REGISTER in progress.actions


def is_all(progress: Progress) -> bool:
    """Say whether nothing else is left to do, so that the unit's heat is not touched any more."""
    return is_due(progress) and (progress.verified or set(progress.actions) == {Action.REGISTER})


def begin(progress: Progress, rules: Rules, now: Now, text: str) -> Move:
    """Register a unit; all else that it needed is done."""
    entered = enter(replace(progress, verified=True), Phase.REGISTERING, rules, now)
    return Move(open_step(entered, StepKind.REGISTER, rules), Event.UNIT_REGISTERS, text)


def on_result(progress: Progress, result: StepResult, rules: Rules, now: Now) -> Move:
    """Take the outcome of the step into account; what the unit shows then decides."""
    if result.ending is Ending.OK:
        return Move(with_deadline(progress, rules, now))
    return give_up(progress, result.cause or Cause.REFUSED, f"not registered: {result.message}", rules, now)


def on_observation(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Read back what the unit is registered as."""
    if facts.registration != progress.registration:
        return Move(look_again(progress, NOT_SHOWN, now))
    return release(replace(progress, reason="", cause=None), Phase.SUCCEEDED, rules, now, "it shows its registration")


def resolve(progress: Progress, rules: Rules, now: Now) -> Move:
    """Go on after a step whose outcome is unknown: what it did at the platform no look at the unit can tell."""
    if progress.lost:
        text = f"{progress.reason}; whether everybody knows it is not known"
        return give_up(replace(progress, lost=False), Cause.NO_OUTCOME, text, rules, now)
    return Move(open_step(enter(progress, Phase.REGISTERING, rules, now), StepKind.REGISTER, rules))
