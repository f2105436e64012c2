"""What one unit does next: pure functions from its progress and one piece of news to its next progress.

Invariants:
    - what is in doubt is observed first: no step follows a lost outcome without facts in between;
    - heat is interrupted only by `interrupt`, and `interrupt` is only called when the down gate has let the unit pass;
    - a reboot is repeated only if the boot id is unchanged and the unit's journal has no record of it.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved, drain_reason
from fleetctl.core.rollout import flashing, giving_up, registering, silence, updating
from fleetctl.core.rollout.giving_up import give_up
from fleetctl.core.rollout.moves import (
    LOOK_AT_DRAINING_EVERY_S,
    OBSERVE_EVERY_S,
    Move,
    Rules,
    enter,
    limit_s,
    look_again,
    more_steps,
    open_step,
    release,
    settle,
    soak_samples,
    to_verify,
    with_deadline,
)
from fleetctl.core.rollout.proving import (
    RESTORED,
    fell_back,
    heat_lost,
    heat_missing,
    is_restored,
    not_as_applied,
    not_good,
    proof_text,
    pulse_was_missed,
)
from fleetctl.core.rollout.state import Action, Ending, Event, Phase, Progress, Step, StepKind, StepResult


def start(progress: Progress, rules: Rules, now: Now) -> Move:
    """Begin an attempt at a pending unit; one whose configuration interrupts heat has passed the down gate already."""
    goes_on = updating.goes_on(progress)
    attempt = replace(
        progress,
        attempt=progress.attempt + (not goes_on),
        tries=progress.tries + 1,
        step=progress.step if goes_on else None,
        boot_id="",
        jobs_lost=0,
        takeovers=0,
        attempt_deadline_s=now.monotonic_s + rules.policy.unit_timeout_s,
    )
    text = f"attempt {attempt.attempt}"
    if registering.is_all(attempt):
        return registering.begin(attempt, rules, now, text)
    if attempt.is_unstaged:
        return updating.begin(attempt, rules, now)
    if Action.CONFIGURE in attempt.actions and not (attempt.applied or attempt.release):
        configuring = enter(attempt, Phase.CONFIGURING, rules, now)
        if progress.lost:
            doubt = replace(configuring, in_doubt=True, lost=False)
            return Move(doubt, Event.ATTEMPT_STARTED, f"{text}; what became of the last one is observed first")
        return Move(open_step(configuring, StepKind.CONFIGURE, rules), Event.ATTEMPT_STARTED, text)
    draining = _to_drain(attempt, rules, now).progress
    if attempt.release:
        text += f": {attempt.release} is {'staged' if attempt.component else 'installed'}, its turn has come"
    return Move(replace(draining, in_doubt=attempt.lost, lost=False), Event.ATTEMPT_STARTED, text)


def interrupt(progress: Progress, zone_before_c: float | None, repair: bool, now: Now) -> Progress:
    """Take the unit's heat into account as interrupted; the step that does it is opened by the same decision."""
    known = progress.zone_before_c if progress.zone_before_c is not None else zone_before_c
    return replace(progress, down=True, down_since=now.utc, repair=repair, zone_before_c=known, at_gate=False)


def go_down(progress: Progress, rules: Rules, now: Now) -> Move:
    """Do to a unit what the down gate has let pass: the reboot, or the roll-back that touches its heat."""
    rolling_back = progress.phase is Phase.ROLLING_BACK
    phase = Phase.FLASHING if progress.component else Phase.REBOOTING
    entered = replace(progress, at_gate=False) if rolling_back else enter(progress, phase, rules, now)
    began = replace(
        with_deadline(entered, rules, now), attempt_deadline_s=now.monotonic_s + rules.policy.unit_timeout_s
    )
    if progress.component:
        return flashing.begin(began, rules, now)
    if not progress.boot_id:
        return Move(open_step(began, StepKind.ROLL_BACK, rules), Event.UNIT_ROLLS_BACK)
    text = f"boot {progress.boot_id} is recorded"
    if progress.release:
        lost = progress.jobs if rolling_back else 0
        before = progress.boot_before if rolling_back else progress.boot_id
        began = replace(began, boot_before=before, jobs_lost=progress.jobs_lost + lost)
        text += f", slot {progress.slot_before if rolling_back else progress.slot} is activated"
    return Move(open_step(began, StepKind.REBOOT, rules), Event.UNIT_REBOOTS, text)


def on_result(progress: Progress, result: StepResult, rules: Rules, now: Now) -> Move:
    """Take the outcome of the open step into account."""
    closed = replace(progress, open=False, in_doubt=False, lost=False, cause=None, not_before_s=0.0)
    if result.ending is Ending.NO_OUTCOME:
        text = result.message or "the step ended without an outcome"
        doubt = replace(closed, in_doubt=True, lost=True, cause=Cause.NO_OUTCOME, reason=text)
        return Move(with_deadline(doubt, rules, now), Event.STEP_IN_DOUBT, text)
    if progress.phase is Phase.RELEASING:
        return Move(replace(closed, reason=progress.reason, cause=progress.cause))
    if progress.phase is Phase.REGISTERING:
        return registering.on_result(closed, result, rules, now)
    if result.ending is Ending.ROLLED_BACK:
        return give_up(closed, Cause.ROLLED_BACK, result.message, rules, now)
    if result.ending is Ending.REFUSED:
        return give_up(closed, result.cause or Cause.REFUSED, result.message, rules, now)
    if is_restored(closed, result.active_digest):
        return give_up(closed, Cause.ROLLED_BACK, RESTORED, rules, now)
    if result.ending is Ending.FAILED:
        return giving_up.not_verified(closed, result.cause or Cause.NOT_VERIFIED, result.message, rules, now)
    if result.step.kind is StepKind.CONFIGURE:
        return to_verify(closed, rules, now)
    if result.step.cancel_jobs:
        closed = replace(closed, jobs_lost=progress.jobs, reason=progress.reason)
    return Move(with_deadline(closed, rules, now))


def on_observation(progress: Progress, seen: Observation, rules: Rules, now: Now) -> Move:
    """Take what a probe saw into account; only asked for while no step is open."""
    if isinstance(seen, Unobserved):
        return silence.on_unobserved(progress, seen, rules, now)
    if seen.previous_digest and seen.config_digest == progress.config_digest:
        progress = replace(progress, previous_digest=seen.previous_digest)
    if progress.in_doubt:
        return _resolve_doubt(replace(progress, in_doubt=False), seen, rules, now)
    match progress.phase:
        case Phase.STAGING | Phase.INSTALLING:
            return updating.on_ahead(progress, seen, rules, now)
        case Phase.DRAINING:
            return _on_draining(progress, seen, rules, now)
        case Phase.REBOOTING:
            return _on_reboot(progress, seen, rules, now)
        case Phase.FLASHING:
            return flashing.on_flashed(progress, seen, rules, now)
        case Phase.ROLLING_BACK:
            return _on_rolling_back(progress, seen, rules, now)
        case Phase.RELEASING:
            return _on_releasing(progress, seen, rules, now)
        case Phase.REGISTERING:
            return registering.on_observation(progress, seen, rules, now)
        case Phase.SOAKING:
            return _on_soaking(progress, seen, rules, now)
        case _:
            return _on_verified(progress, seen, rules, now)


def on_deadline(progress: Progress, rules: Rules, now: Now) -> Move:
    """Give up a phase that lasted too long; an open step becomes one in doubt first, and is observed."""
    attempt_over = bool(progress.attempt_deadline_s) and now.monotonic_s >= progress.attempt_deadline_s
    if progress.open and not attempt_over:
        assert progress.step is not None  # noqa: S101 - an open step is a step
        text = f"{progress.step.kind.value} gave no outcome within {limit_s(progress, rules):.0f} s"
        doubt = replace(progress, open=False, in_doubt=True, lost=True, cause=Cause.NO_OUTCOME, reason=text)
        return Move(with_deadline(doubt, rules, now), Event.STEP_IN_DOUBT, text)
    given_up = replace(progress, open=False, in_doubt=progress.in_doubt or progress.open)
    return giving_up.too_late(given_up, attempt_over, rules, now)


# --- the way of a unit --------------------------------------------------------------------------------------------


def _to_drain(progress: Progress, rules: Rules, now: Now) -> Move:
    """Go towards a reboot: nothing is open, for it has to be seen first what runs on the unit."""
    return Move(enter(replace(progress, boot_id="", attempt_deadline_s=0.0), Phase.DRAINING, rules, now))


def _on_draining(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    progress = replace(progress, cause=None, attempt_deadline_s=0.0)
    if rules.aborting:
        return release(progress, Phase.CANCELLED, rules, now, "aborted before its reboot")
    if progress.applied and not facts.reboot_needed:
        return to_verify(progress, rules, now)  # it has rebooted since
    if progress.release and (otherwise := updating.on_drained(progress, facts, rules, now)):
        return otherwise
    compute = facts.compute
    if compute is None or (compute.drained and not compute.jobs):
        return giving_up.wait_at_gate(progress, facts, rules, now)
    if not (compute.drained or compute.reason):
        drained = replace(progress, drained=True, reason=f"{compute.jobs} jobs run")
        return Move(
            open_step(drained, StepKind.DRAIN, rules), Event.UNIT_DRAINS, f"{compute.jobs} jobs run; heat is kept"
        )
    # A drain of others, or one that they took over: the jobs under it are theirs, and so is its end.
    progress = replace(progress, drained=compute.reason == drain_reason(rules.rollout))
    if progress.drained and progress.step is not None and progress.step.cancel_jobs:
        return giving_up.wait_at_gate(progress, facts, rules, now)
    whose = "" if progress.drained else f" (drained by others: {compute.reason})"
    reason = f"{compute.jobs} jobs still run{whose}"
    progress = replace(progress, jobs=compute.jobs)
    pause_s = LOOK_AT_DRAINING_EVERY_S if compute.jobs else OBSERVE_EVERY_S  # its daemon is about to notice the drain
    return Move(look_again(replace(progress, at_gate=False), reason, now, pause_s))


def _on_reboot(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    if facts.boot_id == progress.boot_id:
        return Move(look_again(progress, "the boot id is still the old one", now))
    fallen = fell_back(progress, facts)
    if fallen is not None:
        return giving_up.roll_back(progress, Cause.ROLLED_BACK, fallen, rules, now)
    return to_verify(progress, rules, now)


def _on_rolling_back(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    follow = updating.on_going_back if progress.release else giving_up.on_rolling_back
    return follow(progress, facts, rules, now)


def _on_verified(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    problem = not_as_applied(progress, facts)
    if problem is not None:
        return giving_up.not_verified(progress, Cause.NOT_VERIFIED, problem, rules, now)
    lost = not_good(progress, facts) or heat_lost(progress, facts, rules)
    if lost is not None and pulse_was_missed(progress, facts, rules):
        return to_verify(progress, rules, now)
    if lost is not None:
        return Move(look_again(progress, lost, now))
    warm = replace(progress, down=False, reason="", cause=None)
    if facts.reboot_needed:
        return _needs_reboot(warm, rules, now)
    proof = proof_text(warm, facts, rules)
    if registering.is_due(warm) and not rules.aborting:
        return registering.begin(warm, rules, now, proof)
    return release(warm, Phase.SUCCEEDED, rules, now, proof)


def _needs_reboot(progress: Progress, rules: Rules, now: Now) -> Move:
    """Go on to the reboot; it is an interruption of its own, and jobs may be waited for before it."""
    if progress.boot_id:
        text = "it rebooted and still asks for a reboot"
        return giving_up.not_verified(progress, Cause.NOT_VERIFIED, text, rules, now)
    if rules.aborting:
        text = "the config is applied; the reboot that it needs is not done"
        return release(replace(progress, reason="aborted before its reboot"), Phase.CANCELLED, rules, now, text)
    return _to_drain(replace(progress, applied=True), rules, now)


def _on_releasing(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    compute = facts.compute
    if compute is not None and compute.reason == drain_reason(rules.rollout):
        return Move(open_step(progress, StepKind.UNDRAIN, rules))
    return settle(replace(progress, drained=False), rules, now, progress.reason or "released")


def _on_soaking(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    progress = replace(progress, cause=None, attempt_deadline_s=0.0)
    problem = not_as_applied(progress, facts) or heat_missing(progress, facts, rules)
    if problem is not None:
        text = f"healthy {progress.samples} times, then not: {problem}"
        return giving_up.not_verified(progress, Cause.NOT_VERIFIED, text, rules, now)
    sampled = replace(progress, samples=progress.samples + 1)
    needed = soak_samples(progress, rules)
    if sampled.samples < needed and not rules.aborting:
        again = look_again(sampled, f"soaking: {sampled.samples} of {needed} samples", now, rules.policy.soak_every_s)
        return Move(again)
    done = replace(sampled, phase=Phase.SUCCEEDED, ending=None, reason="", cause=None, since=now.utc)
    return Move(done, Event.UNIT_SUCCEEDED, f"{sampled.samples} healthy samples")


def _resolve_doubt(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Find out from facts whether a step whose outcome is unknown was done, and go on from there."""
    step = progress.step
    known = facts.journal if step and facts.journal and _same_step(facts, step) else None
    if known is not None and known.outcome == "":
        return Move(look_again(replace(progress, in_doubt=True), "the unit is still at the step", now))
    if progress.phase.is_ahead:
        return updating.resolve_ahead(progress, facts, known, rules, now)
    if progress.phase is Phase.REGISTERING:
        return registering.resolve(progress, rules, now)
    if known is not None and known.outcome == Ending.ROLLED_BACK.value and progress.phase is not Phase.ROLLING_BACK:
        return give_up(progress, Cause.ROLLED_BACK, "the unit restored its old config", rules, now)
    if step is not None and step.kind is StepKind.REBOOT:
        return _resolve_reboot(progress, facts, known is not None, rules, now)
    if step is not None and step.kind is StepKind.FLASH:
        return _resolve_flash(progress, facts, known is not None, rules, now)
    if (
        step is not None
        and step.kind is StepKind.DRAIN
        and progress.phase is not Phase.ROLLING_BACK
        and progress.lost
        and not (facts.compute and facts.compute.reason)
    ):
        return _not_done(progress, facts, rules, now)
    if progress.phase in {Phase.DRAINING, Phase.RELEASING, Phase.ROLLING_BACK, Phase.SOAKING}:
        return on_observation(progress, facts, rules, now)  # what these wait for is seen in the facts themselves
    if progress.release and not facts.unconfirmed and (problem := not_as_applied(progress, facts)):
        return giving_up.not_verified(progress, Cause.NOT_VERIFIED, problem, rules, now)
    if facts.config_digest == progress.config_digest:
        return to_verify(progress, rules, now)
    if is_restored(progress, facts.config_digest):
        return give_up(progress, Cause.ROLLED_BACK, RESTORED, rules, now)
    if progress.lost:
        return _not_done(progress, facts, rules, now)
    if progress.interrupts:  # the gates were asked by a controller that is gone, who knows how long ago
        text = "its configuration was not touched; the gates are asked again"
        again = replace(progress, down=_still_down(progress, facts, rules), tries=max(0, progress.tries - 1))
        return release(replace(again, cause=None, reason=""), Phase.PENDING, rules, now, text)
    return Move(open_step(enter(progress, Phase.CONFIGURING, rules, now), StepKind.CONFIGURE, rules))


def _resolve_reboot(progress: Progress, facts: Facts, recorded: bool, rules: Rules, now: Now) -> Move:
    """Find out whether a reboot was done; one that was not goes back to the down gate, for that may be long ago."""
    if facts.boot_id != progress.boot_id:
        return on_observation(progress, facts, rules, now)
    if recorded:
        return Move(look_again(progress, "the unit has recorded the reboot; the boot id is still the old one", now))
    going_back = progress.phase is Phase.ROLLING_BACK
    if progress.lost and not (going_back and progress.release and more_steps(progress)):
        return _not_done(progress, facts, rules, now)
    untouched = replace(progress, down=_still_down(progress, facts, rules), boot_id="")
    if going_back:
        return _on_rolling_back(untouched, facts, rules, now)
    return _on_draining(enter(untouched, Phase.DRAINING, rules, now), facts, rules, now)


def _resolve_flash(progress: Progress, facts: Facts, recorded: bool, rules: Rules, now: Now) -> Move:
    """Find out whether a component was flashed; one that was not goes back to the down gate."""
    if flashing.runs(progress, facts):
        return to_verify(progress, rules, now)
    if recorded:  # it was tried, and cut or refused by the flasher
        return give_up(progress, Cause.NOT_VERIFIED, flashing.differs(progress, facts) or "", rules, now)
    if progress.lost:
        return _not_done(progress, facts, rules, now)
    untouched = replace(progress, down=_still_down(progress, facts, rules), boot_id="")
    return _on_draining(enter(untouched, Phase.DRAINING, rules, now), facts, rules, now)


def _not_done(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Give up a try whose step was lost on its way under this very controller: it has used up its try."""
    untouched = replace(progress, down=_still_down(progress, facts, rules), lost=False)
    return give_up(untouched, Cause.NO_OUTCOME, f"{progress.reason}; the unit was observed: not done", rules, now)


def _still_down(progress: Progress, facts: Facts, rules: Rules) -> bool:
    """Say whether a unit that was let through the down gate, and not touched since, gives no heat all the same."""
    return progress.down and heat_lost(progress, facts, rules) is not None


def _same_step(facts: Facts, step: Step) -> bool:
    entry = facts.journal
    return entry is not None and entry.attempt == step.attempt_id and entry.step == str(step.number)
