"""The way of a release into a unit: staged, installed, and, where it does not prove itself, left again.

    staging -> installing -> pending (installed) -> … -> rebooting -> verifying -> …  or  rolling_back

What comes before the reboot takes no heat; it is safe to repeat, and each step that was cut short is asked for again.

Invariants:
    - a slot is booted only when the unit itself said that the release is in it, completely, and is not the one booted;
    - a unit whose new system is not well goes back to the slot, and so to the config, that ran before.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Installed, JournalEntry, Staged
from fleetctl.core.rollout import flashing
from fleetctl.core.rollout.giving_up import await_heat, give_up, roll_back, wait_at_gate
from fleetctl.core.rollout.moves import (
    LOOK_AT_DRAINING_EVERY_S,
    LOOK_AT_STAGING_EVERY_S,
    Move,
    Rules,
    enter,
    look_again,
    more_steps,
    open_step,
    release,
    to_verify,
    with_deadline,
)
from fleetctl.core.rollout.proving import fell_back, heat_lost
from fleetctl.core.rollout.state import Ending, Event, Phase, Progress, StepKind

MEGABYTE = 1_000_000


def begin(attempt: Progress, rules: Rules, now: Now) -> Move:
    """Begin to stage; it may take long, so no clock runs for the attempt as a whole, only for standing still.

    Args:
        attempt: a pending unit whose attempt was counted already; one that is lost is observed first.
        rules: of the rollout.
        now: the clocks.
    """
    anew = replace(
        attempt, attempt_deadline_s=0.0, arrived=0.0, resumed_from=0.0, slot="", slot_before="", boot_before=""
    )
    entered = enter(anew, Phase.STAGING, rules, now)
    what = f"attempt {attempt.attempt}: release {attempt.release}, {attempt.bundle_bytes / MEGABYTE:.1f} MB"
    if attempt.lost:
        doubt = replace(entered, in_doubt=True, lost=False)
        return Move(doubt, Event.UNIT_STAGES, f"{what}; what became of the last attempt is observed first")
    return Move(_opened(entered, StepKind.STAGE, rules, now), Event.UNIT_STAGES, what)


def goes_on(progress: Progress) -> bool:
    """Say whether a pending unit is in the midst of an attempt: it was installed, and nothing came in between."""
    if not progress.installed or progress.step is None or progress.lost:
        return False
    return progress.step.attempt == progress.attempt and progress.step.kind in {StepKind.STAGE, StepKind.INSTALL}


def on_ahead(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Follow a unit that stages or installs by what a probe saw."""
    seen = replace(progress, cause=None, attempt_deadline_s=0.0, boot_id=progress.boot_id or facts.boot_id)
    if progress.component:
        return _component_ahead(seen, facts, rules, now)
    if facts.version == progress.release:
        return _ready(replace(seen, slot=facts.booted), f"runs {progress.release} already", rules, now)
    if is_installed(progress, facts):
        return _ready(_into_slot(seen, facts), "", rules, now)
    if progress.phase is Phase.INSTALLING:
        return _on_installing(seen, facts, rules, now)
    return _on_staging(seen, facts, rules, now)


def resolve_ahead(progress: Progress, facts: Facts, known: JournalEntry | None, rules: Rules, now: Now) -> Move:
    """Find out what became of a step without an outcome; one that never arrived is asked for again.

    Args:
        progress: the unit's, no longer in doubt.
        facts: what a probe saw.
        known: the unit's own record of that very step; None if it has none.
        rules: of the rollout.
        now: the clocks.
    """
    if known is not None and known.outcome not in {"", Ending.OK.value}:
        text = f"the unit said {known.outcome}; {progress.reason}"
        return give_up(progress, Cause.NOT_STAGED, text, rules, now)
    if known is not None or facts.version == progress.release:
        return on_ahead(replace(progress, lost=False), facts, rules, now)
    if progress.lost:
        return give_up(progress, Cause.NO_OUTCOME, f"{progress.reason}; the unit was observed: not done", rules, now)
    kind = StepKind.INSTALL if progress.phase is Phase.INSTALLING else StepKind.STAGE
    return Move(_opened(replace(progress, cause=None), kind, rules, now))


def is_installed(progress: Progress, facts: Facts) -> bool:
    """Say whether the unit holds the release in the slot that is not booted, completely and untried."""
    found = facts.installed
    if found is None or found.sha256 != progress.bundle or found.slot == facts.booted:
        return False
    return found.done and not found.failure


def on_drained(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move | None:
    """Return what becomes of an installed unit that has nothing more to wait for before its reboot, or must not do it.

    Returns:
        None if it may go on towards the down gate.
    """
    if progress.component:
        return flashing.on_drained(progress, facts, rules, now)
    if facts.version == progress.release and facts.booted == progress.slot:
        return to_verify(progress, rules, now)  # it has booted since
    tried = progress.boot_before not in {"", facts.boot_id}
    if tried and (fallen := fell_back(progress, facts)):
        return roll_back(progress, Cause.ROLLED_BACK, fallen, rules, now)
    if is_installed(progress, facts):
        return None
    text = f"slot {progress.slot} does not hold {progress.release} any more"
    again = replace(progress, installed=False, tries=max(0, progress.tries - 1), cause=None, reason=text)
    return release(again, Phase.PENDING, rules, now, text)


def on_going_back(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Follow a roll-back to the slot before: the gate, the reboot, heat; it may have gone back by itself already."""
    if facts.booted == progress.slot_before:
        if heat_lost(progress, facts, rules) is not None:
            return await_heat(progress, facts, rules, now)
        text = f"back in slot {facts.booted} with {facts.version} and its config: {progress.reason}"
        back = replace(progress, down=False, installed=False, reason=text)
        return release(back, Phase.ROLLED_BACK, rules, now, text)
    passed = bool(progress.boot_id) and not progress.at_gate
    if passed and facts.boot_id == progress.boot_id:
        return Move(look_again(progress, progress.reason, now))
    if passed and not more_steps(progress):
        return give_up(progress, Cause.NOT_VERIFIED, f"it boots slot {facts.booted} again and again", rules, now)
    jobs = facts.compute.jobs if facts.compute else 0
    known = replace(progress, jobs=jobs)
    return _freed_first(known, facts, rules, now) or wait_at_gate(known, facts, rules, now)


def _freed_first(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move | None:
    """Return how a healthy unit that is to go back is freed of its jobs, as before its update; None if it may go on.

    One that is not well goes back at once: it is the dwelling that waits then. Jobs have the policy's time to end;
    those that still run after it are lost, and counted.
    """
    compute = facts.compute
    if compute is None or progress.cause is not None or progress.at_gate or progress.boot_id:
        return None
    if not (compute.drained or compute.reason) and more_steps(progress):
        draining = open_step(replace(progress, drained=True), StepKind.DRAIN, rules)
        return Move(draining, Event.UNIT_DRAINS, f"{compute.jobs} jobs run; heat is kept")
    waited_s = (now.utc - progress.since).total_seconds() if progress.since else 0.0
    if not compute.jobs or waited_s >= rules.policy.drain.deadline_s:
        return None
    waiting = replace(progress, attempt_deadline_s=0.0)
    return Move(look_again(waiting, progress.reason, now, LOOK_AT_DRAINING_EVERY_S))


def _component_ahead(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Follow a component's bundle; once it is there, nothing more happens ahead of the down gate."""
    if flashing.runs(progress, facts):
        return _ready(progress, f"{progress.component} is {progress.release} already", rules, now)
    if flashing.staged(progress, facts):
        return _ready(progress, "", rules, now)
    return _on_staging(progress, facts, rules, now)


def _on_staging(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    staged = _staged(progress, facts)
    if staged is None:
        return Move(look_again(progress, "nothing of the bundle has arrived", now, LOOK_AT_STAGING_EVERY_S))
    if staged.ready:
        installing = enter(replace(progress, arrived=0.0), Phase.INSTALLING, rules, now)
        return Move(_opened(installing, StepKind.INSTALL, rules, now), Event.UNIT_INSTALLS, "the bundle is staged")
    if staged.failure:
        return _cut_short(progress, staged.failure, float(staged.received_bytes), facts, rules, now)
    text = f"{staged.received_bytes / MEGABYTE:.1f} of {staged.size_bytes / MEGABYTE:.1f} MB are staged"
    return _further(progress, float(staged.received_bytes), text, rules, now)


def _on_installing(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    found = _installing(progress, facts)
    if found is None:
        return Move(look_again(progress, "nothing is installed yet", now, LOOK_AT_STAGING_EVERY_S))
    if found.failure:
        return _cut_short(progress, found.failure, 0.0, facts, rules, now)
    return _further(progress, found.percent, f"{found.percent:.0f} % are installed", rules, now)


def _further(progress: Progress, arrived: float, text: str, rules: Rules, now: Now) -> Move:
    """Look again; the clock starts anew with whatever has come since the last look."""
    moved = progress if arrived <= progress.arrived else with_deadline(progress, rules, now)
    return Move(look_again(replace(moved, arrived=arrived), text, now, LOOK_AT_STAGING_EVERY_S))


def _cut_short(progress: Progress, failure: str, arrived: float, facts: Facts, rules: Rules, now: Now) -> Move:
    """Ask again at once after a power cut, or if something had arrived; else it is a failure, the unit still warm."""
    assert progress.step is not None  # noqa: S101 - only a step brings anything
    worth_it = facts.boot_id != progress.boot_id or arrived > progress.resumed_from
    if worth_it and more_steps(progress):
        anew = replace(progress, arrived=arrived, boot_id=facts.boot_id)
        return Move(_opened(anew, progress.step.kind, rules, now), Event.UNIT_RESUMES, failure)
    return give_up(progress, Cause.NOT_STAGED, failure, rules, now)


def _ready(progress: Progress, text: str, rules: Rules, now: Now) -> Move:
    """Go back to the queue, to wait for the window and the heat guard with the release in its slot."""
    said = text or progress.held
    if rules.aborting:
        return release(replace(progress, reason=f"aborted: {said}"), Phase.CANCELLED, rules, now, f"aborted: {said}")
    waiting = replace(
        progress,
        phase=Phase.PENDING,
        installed=True,
        tries=max(0, progress.tries - 1),
        in_doubt=False,
        lost=False,
        reason="",
        since=now.utc,
        deadline_s=0.0,
        not_before_s=0.0,
        boot_id="",
    )
    return Move(waiting, Event.UNIT_INSTALLED, said)


def _into_slot(progress: Progress, facts: Facts) -> Progress:
    """Remember where the release is, and where an update that fails goes back to."""
    assert facts.installed is not None  # noqa: S101 - asked of a unit that holds the release
    return replace(
        progress, slot=facts.installed.slot, slot_before=facts.booted, version_before=facts.version, boot_before=""
    )


def _opened(progress: Progress, kind: StepKind, rules: Rules, now: Now) -> Progress:
    """Open a step of staging or installing, with the time that it may take."""
    return with_deadline(open_step(replace(progress, resumed_from=progress.arrived), kind, rules), rules, now)


def _staged(progress: Progress, facts: Facts) -> Staged | None:
    """Return what is there of the unit's bundle; None if nothing is."""
    return facts.staged if facts.staged and facts.staged.sha256 == progress.bundle else None


def _installing(progress: Progress, facts: Facts) -> Installed | None:
    """Return what is installed, or is being installed, of the unit's bundle; None if nothing is."""
    return facts.installed if facts.installed and facts.installed.sha256 == progress.bundle else None
