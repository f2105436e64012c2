"""A unit under way that cannot be observed: how long its silence may last, and what it says of the unit.

A gateway that does not answer is its own failure: the clocks of the units behind it stand still, though not for ever.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Unobserved
from fleetctl.core.rollout.giving_up import give_up
from fleetctl.core.rollout.moves import FINAL, Move, Rules, look_again, with_deadline
from fleetctl.core.rollout.state import Phase, Progress


def on_unobserved(progress: Progress, seen: Unobserved, rules: Rules, now: Now) -> Move:
    """Take into account that a unit could not be observed."""
    if seen.cause in FINAL and progress.phase is not Phase.RELEASING:
        return give_up(progress, seen.cause, seen.message, rules, now)
    if seen.cause is Cause.GATEWAY_DOWN:
        return _on_cut_off(progress, seen, rules, now)
    if not progress.attempt_deadline_s:  # jobs and bundles are waited for, silence is not
        progress = replace(progress, attempt_deadline_s=_end_of_silence_s(progress, rules, now))
    return Move(_silent(progress, seen, now))


def _on_cut_off(progress: Progress, seen: Unobserved, rules: Rules, now: Now) -> Move:
    """Stop the clock of a unit behind a dead gateway: silence says nothing of the unit, nor does a step that was lost.

    Not for ever: a whole attempt's time is what it has, whatever phase it is in.
    """
    overall_s = progress.attempt_deadline_s or now.monotonic_s + rules.policy.unit_timeout_s
    waiting = replace(progress, lost=False, attempt_deadline_s=overall_s)
    return Move(with_deadline(_silent(waiting, seen, now), rules, now))


def _silent(progress: Progress, seen: Unobserved, now: Now) -> Progress:
    """Return a unit that is looked at again; one that leaves, or goes back, keeps the reason why it does."""
    if progress.phase in {Phase.RELEASING, Phase.ROLLING_BACK}:
        return look_again(progress, progress.reason, now)
    return replace(look_again(progress, seen.message, now), cause=seen.cause)


def _end_of_silence_s(progress: Progress, rules: Rules, now: Now) -> float:
    """Return until when an attempt without a deadline of its own may stay silent; 0 sets none."""
    if progress.phase is Phase.DRAINING:
        return now.monotonic_s + rules.policy.step_timeout_s
    return now.monotonic_s + rules.policy.unit_timeout_s if progress.phase.is_ahead else 0.0
