"""What every transition of a unit is made of: moves, the rules of the rollout, entering a phase, opening a step.

Invariants:
    - a step is only asked for by a `Move` that also opens it, so its intent is committed before it is done;
    - whatever way a unit leaves, it leaves through `release`: what we drained is undrained, or listed as still drained.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts
from fleetctl.core.heat.premises import Times
from fleetctl.core.heat.proof import Proof
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.rollout.state import Action, Event, Phase, Progress, Step, StepKind

OBSERVE_EVERY_S = 2.0
"""Pause between two looks at a unit that is not there yet."""
LOOK_AT_DRAINING_EVERY_S = 15.0
"""Pause between two looks at a unit whose jobs have to end, or that waits at the down gate."""
LOOK_AT_STAGING_EVERY_S = 5.0
"""Pause between two looks at a unit that stages or installs."""
PLATFORM_S = 180.0
"""How long a unit's node may take to join its platform, and a job on it to end."""
STEPS_AT_MOST = 12
"""Steps of an attempt after which what was cut short is not asked for again."""

FINAL = frozenset(
    {
        Cause.REFUSED,
        Cause.ROLLED_BACK,
        Cause.HOST_KEY_UNKNOWN,
        Cause.HOST_KEY_CHANGED,
        Cause.WRONG_IDENTITY,
        Cause.AUTHENTICATION,
    }
)
"""Causes that another try would meet again; a person has to look."""


@dataclass(frozen=True, slots=True)
class Move:
    """A unit's next progress, and what the event log says of it (None: nothing worth a line)."""

    progress: Progress
    what: Event | None = None
    text: str = ""

    @property
    def step(self) -> Step | None:
        """Return the step that this move opens, or None."""
        return self.progress.step if self.progress.open else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What transitions need to know of the rollout.

    Attributes:
        rollout: its id.
        epoch: the controller's.
        policy: how it goes.
        proof: says whether a unit delivers heat; None for a unit that does not heat.
        times: says how long the unit's model takes; None for a unit that is not in the inventory any more.
        waves: as they were assigned.
        aborting: it is being aborted.
    """

    rollout: str
    epoch: int
    policy: Policy
    proof: Callable[[Facts], Proof | None]
    times: Callable[[str], Times | None]
    waves: tuple[Wave, ...] = ()
    aborting: bool = False


def enter(progress: Progress, phase: Phase, rules: Rules, now: Now) -> Progress:
    """Enter a phase with nothing open and a deadline of its own."""
    entered = replace(
        progress,
        phase=phase,
        since=now.utc,
        reason="",
        cause=None,
        in_doubt=False,
        at_gate=False,
        not_before_s=0.0,
        clock_began=now.began,
    )
    return with_deadline(entered, rules, now)


def with_deadline(progress: Progress, rules: Rules, now: Now) -> Progress:
    """Start the phase's clock anew."""
    return replace(progress, deadline_s=now.monotonic_s + limit_s(progress, rules))


def open_step(progress: Progress, kind: StepKind, rules: Rules, *, cancel_jobs: bool = False) -> Progress:
    """Open the unit's next step."""
    pulse = kind is StepKind.VERIFY and progress.down
    without_config = kind is StepKind.STAGE and Action.CONFIGURE not in progress.actions
    number = progress.step.number + 1 if progress.step and progress.step.attempt == progress.attempt else 1
    step = Step(
        rollout=rules.rollout,
        unit=progress.unit,
        attempt=progress.attempt,
        number=number,
        kind=kind,
        epoch=rules.epoch,
        config_digest="" if without_config else progress.config_digest,
        cancel_jobs=cancel_jobs,
        pulse_s=rules.policy.guard.pulse_s if pulse else 0.0,
        pulse_k=rules.policy.guard.pulse_k if pulse else 0.0,
    )
    if kind is StepKind.REGISTER:
        step = replace(step, config_digest="", renew=progress.renews, registration=progress.registration)
    if progress.release:
        step = _of_update(step, progress, rules)
    return replace(progress, step=step, open=True, in_doubt=False, lost=False, not_before_s=0.0)


def _of_update(step: Step, progress: Progress, rules: Rules) -> Step:
    """Return a step with what it is to bring, to install, or to activate."""
    match step.kind:
        case StepKind.REBOOT:
            back = progress.phase is Phase.ROLLING_BACK
            return replace(step, slot=progress.slot_before if back else progress.slot)
        case StepKind.FLASH:
            return replace(step, release=progress.release, bundle=progress.bundle, component=progress.component)
        case StepKind.STAGE | StepKind.INSTALL:
            rate = rules.policy.staging.rate_bytes_per_s if step.kind is StepKind.STAGE else 0
            bundle, size = progress.bundle, progress.bundle_bytes
            return replace(step, release=progress.release, bundle=bundle, bundle_bytes=size, rate_bytes_per_s=rate)
        case _:
            return step


def more_steps(progress: Progress) -> bool:
    """Say whether what was cut short may be asked for once more in this attempt."""
    return progress.step is not None and progress.step.number < STEPS_AT_MOST


def look_again(progress: Progress, reason: str, now: Now, after_s: float = OBSERVE_EVERY_S) -> Progress:
    """Stay, and be observed again after a pause."""
    return replace(progress, reason=reason, not_before_s=now.monotonic_s + after_s)


def to_verify(progress: Progress, rules: Rules, now: Now) -> Move:
    """Have the unit check itself over a new connection, and confirm what waits for confirmation."""
    return Move(open_step(enter(progress, Phase.VERIFYING, rules, now), StepKind.VERIFY, rules))


def release(progress: Progress, ending: Phase, rules: Rules, now: Now, text: str) -> Move:
    """Leave, well or not: undrain what we drained, then go where the unit ends; one in doubt is looked at first.

    Args:
        progress: the unit's; its `reason` and `cause` are kept.
        ending: an end, or `pending` for another try.
        rules: of the rollout.
        now: the clocks.
        text: why, for the log.
    """
    leaving = replace(progress, ending=ending, open=False, in_doubt=False, at_gate=False)
    if not leaving.drained:
        return settle(leaving, rules, now, text)
    limit_s = now.monotonic_s + rules.policy.unit_timeout_s
    entered = replace(enter(leaving, Phase.RELEASING, rules, now), attempt_deadline_s=limit_s)
    entered = replace(entered, reason=progress.reason, cause=progress.cause)
    if progress.in_doubt:
        return Move(entered, Event.UNIT_RELEASES, text)
    return Move(open_step(entered, StepKind.UNDRAIN, rules), Event.UNIT_RELEASES, text)


def settle(progress: Progress, rules: Rules, now: Now, text: str) -> Move:
    """Let a released unit soak, wait for another try, or end."""
    assert progress.ending is not None  # noqa: S101 - whoever is released goes somewhere
    if progress.ending is Phase.SUCCEEDED and soak_samples(progress, rules) and not rules.aborting:
        soaking = enter(progress, Phase.SOAKING, rules, now)
        first = replace(soaking, samples=0, not_before_s=now.monotonic_s + rules.policy.soak_every_s)
        return Move(replace(first, attempt_deadline_s=0.0), Event.UNIT_SOAKS, text)
    ended = replace(progress, phase=progress.ending, ending=None, since=now.utc, deadline_s=0.0, attempt_deadline_s=0.0)
    if ended.phase is Phase.DEFERRED:
        ended = replace(ended, not_before_s=now.monotonic_s + rules.policy.defer_every_s)
    if ended.phase is not Phase.PENDING:
        return Move(ended, Event(f"unit-{ended.phase.value.replace('_', '-')}"), text)
    pause_s = rules.policy.backoff_s * 2 ** max(0, progress.tries - 1) if progress.cause else 0.0
    waiting = replace(ended, not_before_s=now.monotonic_s + pause_s)
    return Move(waiting, Event.ATTEMPT_FAILED if progress.cause else Event.UNIT_WAITS_AGAIN, text)


def soak_samples(progress: Progress, rules: Rules) -> int:
    """Return how many healthy samples a unit needs after its release: the policy's, or as many as its wave soaks."""
    soak_s = rules.waves[progress.wave].soak_s if progress.wave < len(rules.waves) else 0.0
    return max(rules.policy.soak_samples, math.ceil(soak_s / rules.policy.soak_every_s))


def limit_s(progress: Progress, rules: Rules) -> float:
    """Return how long a unit may stay in its phase: the policy's figure, or its model's where that is longer."""
    policy, times = rules.policy, rules.times(progress.unit)
    match progress.phase:
        case Phase.DRAINING:
            return policy.gate_wait_s if progress.at_gate else policy.drain.deadline_s + policy.step_timeout_s
        case Phase.STAGING if progress.open:
            return policy.staging.carry_timeout_s
        case Phase.STAGING | Phase.INSTALLING:
            return policy.staging.timeout_s
        case Phase.ROLLING_BACK if progress.at_gate:
            return policy.gate_wait_s
        case Phase.ROLLING_BACK if progress.release and progress.cause is None and not progress.boot_id:
            return policy.drain.deadline_s + _reboot_s(policy, times) + _heat_s(policy, times)
        case Phase.ROLLING_BACK if progress.release:
            return _reboot_s(policy, times) + _heat_s(policy, times)
        case Phase.ROLLING_BACK if progress.down:
            return policy.step_timeout_s + _heat_s(policy, times)
        case Phase.REBOOTING | Phase.FLASHING:
            return _reboot_s(policy, times)
        case Phase.VERIFYING if progress.down:
            return _heat_s(policy, times)
        case Phase.REGISTERING:
            return policy.step_timeout_s + PLATFORM_S
        case Phase.SOAKING:
            return soak_samples(progress, rules) * policy.soak_every_s + policy.step_timeout_s
        case _:
            return policy.step_timeout_s


def _reboot_s(policy: Policy, times: Times | None) -> float:
    return policy.reboot_timeout_s or max(policy.step_timeout_s, times.reboot_p99_s if times else 0.0)


def _heat_s(policy: Policy, times: Times | None) -> float:
    return policy.heat_timeout_s or max(policy.step_timeout_s, times.verify_s if times else 0.0)
