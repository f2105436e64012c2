"""The way of a component's release into a unit: controller firmware, boot loader, whatever is not the system.

    staging -> pending (staged) -> draining -> flashing -> verifying -> …

A flash interrupts heat, so it passes the same gates as a reboot; what comes before it does not. There is no second
slot: a component that was flashed badly is flashed again, or a person has to look, and no roll-back is promised.

Invariants:
    - a component is flashed only through the down gate, and only with a bundle that the unit said is there as a whole;
    - a flash whose outcome is unknown is repeated only if the unit does not run the release and has no record of it.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Facts, Staged
from fleetctl.core.rollout.moves import Move, Rules, look_again, open_step, release, to_verify, with_deadline
from fleetctl.core.rollout.state import Event, Phase, Progress, StepKind


def runs(progress: Progress, facts: Facts) -> bool:
    """Say whether the unit's component is of the release already."""
    return facts.components.get(progress.component) == progress.release


def differs(progress: Progress, facts: Facts) -> str | None:
    """Return how a component is not of the release that it was to get, in words, or None."""
    if runs(progress, facts):
        return None
    found = facts.components.get(progress.component)
    return f"{progress.component} is {found or 'of no known version'}, not {progress.release}"


def staged(progress: Progress, facts: Facts) -> Staged | None:
    """Return the component's bundle on the unit, if it is there as a whole."""
    found = facts.staged
    return found if found and found.sha256 == progress.bundle and found.ready else None


def begin(progress: Progress, rules: Rules, now: Now) -> Move:
    """Flash a unit that the down gate has let pass and that has entered the phase."""
    flashing = with_deadline(open_step(progress, StepKind.FLASH, rules), rules, now)
    return Move(flashing, Event.UNIT_FLASHES, f"{progress.component}: {progress.release}")


def on_drained(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move | None:
    """Return what becomes of a unit that need not be flashed any more, or cannot be; None if it may go on."""
    if runs(progress, facts):
        return to_verify(progress, rules, now)
    if staged(progress, facts):
        return None
    text = f"the bundle of {progress.release} is not there any more"
    again = replace(progress, installed=False, tries=max(0, progress.tries - 1), cause=None, reason=text)
    return release(again, Phase.PENDING, rules, now, text)


def on_flashed(progress: Progress, facts: Facts, rules: Rules, now: Now) -> Move:
    """Look at what the unit says of its component after the flash."""
    problem = differs(progress, facts)
    return to_verify(progress, rules, now) if problem is None else Move(look_again(progress, problem, now))
