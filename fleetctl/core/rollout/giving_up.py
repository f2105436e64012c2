"""How an attempt ends badly: another try, a roll-back, a deferral, or a failure; and how a roll-back goes."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts
from fleetctl.core.policy import Policy
from fleetctl.core.rollout.moves import (
    FINAL,
    LOOK_AT_DRAINING_EVERY_S,
    Move,
    Rules,
    enter,
    limit_s,
    look_again,
    more_steps,
    open_step,
    release,
    settle,
    with_deadline,
)
from fleetctl.core.rollout.proving import heat_lost, pulse_was_missed
from fleetctl.core.rollout.state import Action, Event, Phase, Progress, StepKind


def give_up(progress: Progress, cause: Cause, text: str, rules: Rules, now: Now) -> Move:
    """End an attempt: retry if the policy has one left and another try could help, else the unit's end."""
    doubt = progress.in_doubt or progress.open
    ended = replace(progress, open=False, in_doubt=doubt, lost=doubt, cause=cause, reason=text, since=now.utc)
    if progress.phase is Phase.ROLLING_BACK:
        text = f"not rolled back: {text}"
        return release(replace(ended, reason=text), Phase.FAILED, rules, now, text)
    if cause not in FINAL and progress.tries <= rules.policy.retries and not rules.aborting:
        pause_s = rules.policy.backoff_s * 2 ** (progress.tries - 1)
        log = f"attempt {progress.attempt}: {text}; retry in {pause_s:.0f} s"
        return release(ended, Phase.PENDING, rules, now, log)
    end = _end_for(cause, rules.policy)
    return defer(ended, text, rules, now) if end is Phase.DEFERRED else release(ended, end, rules, now, text)


def defer(progress: Progress, text: str, rules: Rules, now: Now) -> Move:
    """Leave the unit for later."""
    return release(replace(progress, reason=text), Phase.DEFERRED, rules, now, text)


def not_verified(progress: Progress, cause: Cause, text: str, rules: Rules, now: Now) -> Move:
    """Act on a unit that has the new config and is not well: roll it back if it can be, else give it up."""
    if progress.phase is Phase.ROLLING_BACK or not can_roll_back(progress):
        return give_up(progress, cause, text, rules, now)
    return roll_back(progress, cause, text, rules, now)


def can_roll_back(progress: Progress) -> bool:
    """Say whether there is an old system, or an old config, to go back to."""
    if progress.component:
        return False
    if progress.release:
        return bool(progress.boot_before and progress.slot_before)
    configured = Action.CONFIGURE in progress.actions and bool(progress.previous_digest)
    return configured and progress.previous_digest != progress.config_digest


def roll_back(progress: Progress, cause: Cause | None, text: str, rules: Rules, now: Now) -> Move:
    """Go back to the system or config before this one; who waits and which wave is open do not matter, heat does."""
    entered = replace(enter(progress, Phase.ROLLING_BACK, rules, now), cause=cause, reason=text, boot_id="")
    began = replace(entered, attempt_deadline_s=now.monotonic_s + rules.policy.unit_timeout_s)
    if progress.release:  # it is looked at first: it may have gone back by itself
        return Move(began, Event.UNIT_ROLLS_BACK, text)
    if progress.interrupts and not progress.down:
        waiting = with_deadline(replace(began, at_gate=True), rules, now)
        return Move(look_again(waiting, text, now, LOOK_AT_DRAINING_EVERY_S), Event.UNIT_ROLLS_BACK, text)
    return Move(open_step(began, StepKind.ROLL_BACK, rules), Event.UNIT_ROLLS_BACK, text)


def on_rolling_back(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Follow a roll-back: the old config is active, the reboot that it needs is done, heat is back."""
    if facts.config_digest == progress.config_digest:
        if progress.lost:
            return give_up(progress, Cause.NO_OUTCOME, progress.reason, rules, now)
        if progress.interrupts and not progress.down:
            waiting = replace(progress, at_gate=True)
            return Move(look_again(waiting, progress.reason, now, LOOK_AT_DRAINING_EVERY_S))
        return Move(open_step(progress, StepKind.ROLL_BACK, rules))
    back = replace(progress, applied=False)
    if facts.reboot_needed and back.boot_id != facts.boot_id:
        return wait_at_gate(replace(back, at_gate=False), facts, rules, now)
    if facts.reboot_needed:
        return Move(look_again(back, back.reason, now))
    if heat_lost(back, facts, rules) is not None:
        return await_heat(back, facts, rules, now)
    return release(replace(back, down=False), Phase.ROLLED_BACK, rules, now, progress.reason)


def await_heat(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Wait until a unit that went back proves its heat; in a warm room it is asked for a pulse, as one ahead is."""
    if not _owes_pulse(progress, facts, rules):
        return Move(look_again(progress, progress.reason, now))
    asked = with_deadline(open_step(progress, StepKind.VERIFY, rules), rules, now)
    assert asked.step is not None  # noqa: S101 - it was just opened
    return Move(replace(asked, step=replace(asked.step, config_digest=facts.config_digest)))


def _owes_pulse(progress: Progress, facts: Facts, rules: Rules) -> bool:
    """Say whether nothing but a pulse would prove the heat of a unit that went back, and none was asked for yet."""
    proof, step = rules.proof(facts), progress.step
    if not (progress.down and facts.config_digest and proof is not None and proof.pulse and more_steps(progress)):
        return False
    asked = step is not None and step.kind is StepKind.VERIFY and step.config_digest == facts.config_digest
    return not asked or pulse_was_missed(progress, facts, rules)


def wait_at_gate(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Wait at the down gate, with the boot id of this very look."""
    waiting = replace(progress, boot_id=facts.boot_id, at_gate=True)
    if not progress.at_gate:
        waiting = with_deadline(waiting, rules, now)
    return Move(look_again(waiting, progress.reason, now, LOOK_AT_DRAINING_EVERY_S))


def too_late(progress: Progress, attempt_over: bool, rules: Rules, now: Now) -> Move:
    """Act on a phase, or a whole attempt, that lasted too long; nothing is open."""
    match progress.phase:
        case Phase.DRAINING:
            return _drained_too_long(progress, rules, now)
        case Phase.RELEASING:
            return _not_released(progress, rules, now)
        case Phase.ROLLING_BACK:
            return give_up(progress, Cause.TIMED_OUT, f"in time: {progress.reason}", rules, now)
        case _:
            return _timed_out(progress, attempt_over, rules, now)


def _timed_out(progress: Progress, attempt_over: bool, rules: Rules, now: Now) -> Move:
    longest_s = rules.policy.unit_timeout_s if attempt_over else limit_s(progress, rules)
    text = f"{progress.phase.value} lasted longer than {longest_s:.0f} s"
    if progress.reason:
        text += f" ({progress.reason})"
    if progress.phase in {Phase.VERIFYING, Phase.SOAKING} and progress.cause is None:  # it answers, and is not well
        return not_verified(progress, Cause.NOT_VERIFIED, text, rules, now)
    known = progress.cause if progress.cause not in {None, Cause.NO_OUTCOME, Cause.GATEWAY_DOWN} else None
    return give_up(progress, known or Cause.TIMED_OUT, text, rules, now)


def _drained_too_long(progress: Progress, rules: Rules, now: Now) -> Move:
    if progress.at_gate:
        text = f"drained, and not let through the down gate for {rules.policy.gate_wait_s:.0f} s: {progress.reason}"
        return defer(replace(progress, cause=None), text, rules, now)
    if progress.cause is not None:  # it does not answer
        return give_up(progress, progress.cause, progress.reason, rules, now)
    if rules.policy.drain.jobs == "cancel" and progress.drained:
        text = f"{progress.reason} after {rules.policy.drain.deadline_s:.0f} s: they are ended"
        cancelling = with_deadline(progress, rules, now)
        return Move(open_step(cancelling, StepKind.DRAIN, rules, cancel_jobs=True), Event.JOBS_LOST, text)
    text = f"{progress.reason} after {rules.policy.drain.deadline_s:.0f} s"
    return defer(progress, text, rules, now)


def _not_released(progress: Progress, rules: Rules, now: Now) -> Move:
    """End a unit that cannot be released: it stays drained, and says so wherever it is listed."""
    text = f"{progress.reason + '; ' if progress.reason else ''}still drained by {rules.rollout}: it does not answer"
    ending = Phase.FAILED if progress.ending in {Phase.PENDING, Phase.SUCCEEDED, None} else progress.ending
    return settle(replace(progress, ending=ending, reason=text), rules, now, text)


def _end_for(cause: Cause, policy: Policy) -> Phase:
    if cause is Cause.ROLLED_BACK:
        return Phase.ROLLED_BACK
    if cause in {Cause.UNREACHABLE, Cause.GATEWAY_DOWN}:
        return {"skip": Phase.SKIPPED, "defer": Phase.DEFERRED}.get(policy.unreachable, Phase.FAILED)
    return Phase.FAILED
