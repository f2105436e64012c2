"""Take a unit over from a controller that is gone.

What was open is in doubt and looked at first. Deadlines are of a clock that went with that controller, so they are set
anew: whatever passed while nobody led is not the unit's fault. But not without limit: a controller that dies again and
again, perhaps of this very unit, must not keep it under way for ever. A wait at the down gate goes on where it was.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fleetctl.core.clock import Now
from fleetctl.core.rollout.moves import Move, Rules, limit_s
from fleetctl.core.rollout.state import Event, Phase, Progress

ANEW = 3
"""So many takeovers of an attempt start its clocks anew; at later ones they go on by the wall clock."""
LOOK_FIRST_S = 60.0
"""What is left at least at the first of those later ones, so that the unit is looked at; half of it at each further."""
_MOST_HALVINGS = 30


def recovered(progress: Progress, rules: Rules, now: Now) -> Move:
    """Take over a unit: what was open is in doubt, deadlines start anew or go on.

    After several takeovers a step that was left open has used up its try should it turn out that it was not done.
    """
    if progress.phase is Phase.PENDING or progress.phase.is_end:
        return Move(replace(progress, not_before_s=0.0))
    taken = replace(progress, takeovers=progress.takeovers + 1)
    overall_s = _left_s(taken, taken.attempt_deadline_s, rules.policy.unit_timeout_s, now)
    anew = replace(
        taken,
        open=False,
        in_doubt=taken.open or taken.in_doubt,
        lost=taken.takeovers > ANEW if taken.open else taken.lost,
        not_before_s=now.monotonic_s if taken.at_gate else 0.0,
        deadline_s=now.monotonic_s + _phase_left_s(taken, rules, now),
        attempt_deadline_s=now.monotonic_s + overall_s if taken.attempt_deadline_s else 0.0,
        clock_began=now.began,
    )
    text = "its open step is in doubt after a change of controller" if progress.open else ""
    return Move(anew, Event.STEP_IN_DOUBT if text else None, text)


def _phase_left_s(taken: Progress, rules: Rules, now: Now) -> float:
    """Return how long the phase may still last.

    Whoever waits at the gate is looked at every few seconds, so its row tells what was left of its wait.
    """
    most_s = limit_s(taken, rules)
    if taken.at_gate:
        return min(most_s, max(0.0, taken.deadline_s - taken.not_before_s))
    return _left_s(taken, taken.deadline_s, most_s, now)


def _left_s(taken: Progress, deadline_s: float, most_s: float, now: Now) -> float:
    """Return how long a deadline of the clock before is still away; never more than `most_s`, all that it had."""
    if taken.takeovers <= ANEW or taken.clock_began is None:
        return most_s
    left_s = (taken.clock_began + timedelta(seconds=deadline_s) - now.utc).total_seconds()
    least_s = LOOK_FIRST_S / 2.0 ** min(taken.takeovers - ANEW - 1, _MOST_HALVINGS)
    return min(most_s, max(least_s, left_s))
