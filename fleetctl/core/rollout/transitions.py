"""What one unit does next: pure functions from its progress and one piece of news to its next progress.

Invariants:
    - a step is only asked for by a `Move` that also opens it, so its intent is committed before it is done;
    - what is in doubt is observed first: no step follows a lost outcome without facts in between;
    - a reboot is repeated only if the boot id is unchanged and the unit's journal has no record of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Action, Ending, Phase, Progress, Step, StepKind, StepResult

OBSERVE_EVERY_S = 2.0
"""Pause between two looks at a unit that is not there yet."""
BACKOFF_S = 5.0
"""Pause before the first retry; doubles with each."""

RESTORED = "the unit restored its old config: nobody could confirm the new one over a new connection"

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
    """A unit's next progress, and the words for the event log (empty: nothing worth a line)."""

    progress: Progress
    what: str = ""
    text: str = ""

    @property
    def step(self) -> Step | None:
        """Return the step that this move opens, or None."""
        return self.progress.step if self.progress.open else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What transitions need to know of the rollout: its id, the controller's epoch, the policy, whether it aborts."""

    rollout: str
    epoch: int
    policy: Policy
    aborting: bool = False


def start(progress: Progress, rules: Rules, now: Now) -> Move:
    """Begin an attempt at a pending unit."""
    attempt = replace(
        progress,
        attempt=progress.attempt + 1,
        tries=progress.tries + 1,
        step=None,
        reason="",
        cause=None,
        boot_id="",
        attempt_deadline_s=now.monotonic_s + rules.policy.unit_timeout_s,
    )
    move = (
        _configure(attempt, rules, now) if Action.CONFIGURE in attempt.actions else _before_reboot(attempt, rules, now)
    )
    return replace(move, what="attempt-started", text=f"attempt {attempt.attempt}")


def on_result(progress: Progress, result: StepResult, rules: Rules, now: Now) -> Move:
    """Take the outcome of the open step into account."""
    closed = replace(progress, open=False, in_doubt=False, lost=False, cause=None, not_before_s=0.0)
    if result.ending is Ending.NO_OUTCOME:
        text = result.message or "the step ended without an outcome"
        doubt = replace(closed, in_doubt=True, lost=True, cause=Cause.NO_OUTCOME, reason=text)
        return Move(_with_deadline(doubt, rules, now), "step-in-doubt", text)
    if result.ending is Ending.ROLLED_BACK:
        return give_up(closed, Cause.ROLLED_BACK, result.message, rules, now)
    if result.ending is Ending.REFUSED:
        return give_up(closed, result.cause or Cause.REFUSED, result.message, rules, now)
    if _is_restored(closed, result.active_digest):
        return give_up(closed, Cause.ROLLED_BACK, RESTORED, rules, now)
    if result.ending is Ending.FAILED:
        return give_up(closed, result.cause or Cause.NOT_VERIFIED, result.message, rules, now)
    if result.step.kind is StepKind.CONFIGURE:
        return _verify(closed, rules, now)
    return Move(_with_deadline(closed, rules, now))


def on_observation(progress: Progress, seen: Observation, rules: Rules, now: Now) -> Move:
    """Take what a probe saw into account; only asked for while no step is open."""
    if isinstance(seen, Unobserved):
        return _on_unobserved(progress, seen, rules, now)
    if progress.in_doubt:
        return _resolve_doubt(replace(progress, in_doubt=False), seen, rules, now)
    if progress.phase is Phase.REBOOTING:
        return _on_reboot_observed(progress, seen, rules, now)
    return _on_verified(progress, seen, rules, now)


def on_deadline(progress: Progress, rules: Rules, now: Now) -> Move:
    """Give up a phase that lasted too long; an open step becomes one in doubt first, and is observed."""
    attempt_over = bool(progress.attempt_deadline_s) and now.monotonic_s >= progress.attempt_deadline_s
    if progress.open and not attempt_over:
        assert progress.step is not None  # noqa: S101 - an open step is a step
        text = f"{progress.step.kind.value} gave no outcome within {rules.policy.step_timeout_s:.0f} s"
        doubt = replace(progress, open=False, in_doubt=True, lost=True, cause=Cause.NO_OUTCOME, reason=text)
        return Move(_with_deadline(doubt, rules, now), "step-in-doubt", text)
    limit_s = rules.policy.unit_timeout_s if attempt_over else rules.policy.step_timeout_s
    text = f"{progress.phase.value} lasted longer than {limit_s:.0f} s"
    if progress.reason:
        text += f" ({progress.reason})"
    known = progress.cause if progress.cause not in {None, Cause.NO_OUTCOME, Cause.GATEWAY_DOWN} else None
    return give_up(replace(progress, open=False), known or Cause.TIMED_OUT, text, rules, now)


def give_up(progress: Progress, cause: Cause, text: str, rules: Rules, now: Now) -> Move:
    """End an attempt: retry if the policy has one left and another try could help, else the unit's end."""
    ended = replace(progress, open=False, in_doubt=False, cause=cause, reason=text, since=now.utc)
    if cause not in FINAL and progress.tries <= rules.policy.retries and not rules.aborting:
        pause_s = BACKOFF_S * 2 ** (progress.tries - 1)
        waiting = replace(
            ended,
            phase=Phase.PENDING,
            deadline_s=0.0,
            attempt_deadline_s=0.0,
            not_before_s=now.monotonic_s + pause_s,
        )
        return Move(waiting, "attempt-failed", f"attempt {progress.attempt}: {text}; retry in {pause_s:.0f} s")
    end = _end_for(cause, rules.policy)
    return Move(replace(ended, phase=end), f"unit-{end.value.replace('_', '-')}", text)


def recovered(progress: Progress, rules: Rules, now: Now) -> Move:
    """Take over a unit from a controller that is gone: what was open is in doubt, deadlines start anew."""
    if progress.phase is Phase.PENDING:
        return Move(replace(progress, not_before_s=0.0))
    anew = replace(
        progress,
        open=False,
        in_doubt=progress.open or progress.in_doubt,
        lost=progress.lost and not progress.open,
        not_before_s=0.0,
        attempt_deadline_s=now.monotonic_s + rules.policy.unit_timeout_s,
    )
    text = "its open step is in doubt after a change of controller" if progress.open else ""
    return Move(_with_deadline(anew, rules, now), "step-in-doubt" if text else "", text)


# --- steps of the way ---------------------------------------------------------------------------------------------


def _configure(progress: Progress, rules: Rules, now: Now) -> Move:
    return Move(_open(_enter(progress, Phase.CONFIGURING, rules, now), StepKind.CONFIGURE, rules))


def _verify(progress: Progress, rules: Rules, now: Now) -> Move:
    return Move(_open(_enter(progress, Phase.VERIFYING, rules, now), StepKind.VERIFY, rules))


def _before_reboot(progress: Progress, rules: Rules, now: Now) -> Move:
    """Enter the phase with nothing open: the boot id has to be observed first."""
    return Move(_enter(replace(progress, boot_id=""), Phase.REBOOTING, rules, now))


def _reboot(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    entered = _enter(replace(progress, boot_id=facts.boot_id), Phase.REBOOTING, rules, now)
    return Move(_open(entered, StepKind.REBOOT, rules), "unit-reboots", f"boot {facts.boot_id} is recorded")


def _on_verified(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    if Action.CONFIGURE in progress.actions:
        problem = not_as_applied(progress, facts)
        if problem is not None:
            return give_up(progress, Cause.NOT_VERIFIED, problem, rules, now)
    if facts.reboot_needed and not progress.boot_id:
        if rules.aborting:
            cancelled = replace(progress, phase=Phase.CANCELLED, reason="aborted before its reboot", since=now.utc)
            return Move(cancelled, "unit-cancelled", "the config is applied; the reboot that it needs is not done")
        return _reboot(progress, facts, rules, now)
    if facts.reboot_needed:
        return give_up(progress, Cause.NOT_VERIFIED, "it rebooted and still asks for a reboot", rules, now)
    done = replace(progress, phase=Phase.SUCCEEDED, reason="", cause=None, since=now.utc)
    return Move(done, "unit-succeeded", _proof(progress))


def _on_reboot_observed(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    if not progress.boot_id:
        return _reboot(progress, facts, rules, now)
    if facts.boot_id != progress.boot_id:
        return _verify(progress, rules, now)
    return Move(_look_again(progress, "the boot id is still the old one", now))


def _resolve_doubt(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Find out from facts whether a step whose outcome is unknown was done, and go on from there."""
    step = progress.step
    known = facts.journal if step and facts.journal and _same_step(facts, step) else None
    if known is not None and known.outcome == "":
        return Move(_look_again(replace(progress, in_doubt=True), "the unit is still at the step", now))
    if known is not None and known.outcome == Ending.ROLLED_BACK.value:
        return give_up(progress, Cause.ROLLED_BACK, "the unit restored its old config", rules, now)
    if step is not None and step.kind is StepKind.REBOOT:
        return _resolve_reboot(progress, facts, known is not None, rules, now)
    if facts.config_digest == progress.config_digest:
        return _verify(progress, rules, now)
    if _is_restored(progress, facts.config_digest):
        return give_up(progress, Cause.ROLLED_BACK, RESTORED, rules, now)
    if progress.lost:
        return give_up(progress, Cause.NO_OUTCOME, f"{progress.reason}; the unit was observed: not done", rules, now)
    return _configure(progress, rules, now)


def _resolve_reboot(progress: Progress, facts: Facts, recorded: bool, rules: Rules, now: Now) -> Move:
    if facts.boot_id != progress.boot_id:
        return _verify(progress, rules, now)
    if recorded:
        return Move(_look_again(progress, "the unit has recorded the reboot; the boot id is still the old one", now))
    return _reboot(progress, facts, rules, now)


def _on_unobserved(progress: Progress, seen: Unobserved, rules: Rules, now: Now) -> Move:
    if seen.cause in FINAL:
        return give_up(progress, seen.cause, seen.message, rules, now)
    again = _look_again(progress, seen.message, now)
    if seen.cause is Cause.GATEWAY_DOWN:  # silence behind a dead gateway says nothing of the unit: its clock stops
        return Move(_with_deadline(replace(again, cause=seen.cause), rules, now))
    return Move(replace(again, cause=seen.cause))


def not_as_applied(progress: Progress, facts: Facts) -> str | None:
    """Return how the facts of a configured unit differ from what was applied, or None."""
    if facts.config_digest != progress.config_digest:
        return f"config is {facts.config_digest[:12] or 'none'}, not {progress.config_digest[:12]}"
    if facts.unconfirmed:
        return "the config still waits for its confirmation"
    if facts.config_changed:
        return f"edited on the unit: {', '.join(facts.config_changed)}"
    return None


def _is_restored(progress: Progress, active_digest: str) -> bool:
    """Say whether a unit that had applied the config is found with another one when it is to be verified."""
    verifying = progress.step is not None and progress.step.kind is StepKind.VERIFY
    configured = Action.CONFIGURE in progress.actions
    return verifying and configured and active_digest not in {"", progress.config_digest}


def _same_step(facts: Facts, step: Step) -> bool:
    entry = facts.journal
    return entry is not None and entry.attempt == step.attempt_id and entry.step == str(step.number)


def _open(progress: Progress, kind: StepKind, rules: Rules) -> Progress:
    number = progress.step.number + 1 if progress.step and progress.step.attempt == progress.attempt else 1
    step = Step(
        rollout=rules.rollout,
        unit=progress.unit,
        attempt=progress.attempt,
        number=number,
        kind=kind,
        epoch=rules.epoch,
        config_digest=progress.config_digest,
    )
    return replace(progress, step=step, open=True, in_doubt=False, lost=False)


def _enter(progress: Progress, phase: Phase, rules: Rules, now: Now) -> Progress:
    entered = replace(progress, phase=phase, since=now.utc, reason="", cause=None, in_doubt=False, not_before_s=0.0)
    return _with_deadline(entered, rules, now)


def _with_deadline(progress: Progress, rules: Rules, now: Now) -> Progress:
    return replace(progress, deadline_s=now.monotonic_s + rules.policy.step_timeout_s)


def _look_again(progress: Progress, reason: str, now: Now) -> Progress:
    return replace(progress, reason=reason, not_before_s=now.monotonic_s + OBSERVE_EVERY_S)


def _end_for(cause: Cause, policy: Policy) -> Phase:
    if cause is Cause.ROLLED_BACK:
        return Phase.ROLLED_BACK
    if cause in {Cause.UNREACHABLE, Cause.GATEWAY_DOWN}:
        return {"skip": Phase.SKIPPED, "defer": Phase.DEFERRED}.get(policy.unreachable, Phase.FAILED)
    return Phase.FAILED


def _proof(progress: Progress) -> str:
    return f"config {progress.config_digest[:12]} is active" if Action.CONFIGURE in progress.actions else "rebooted"
