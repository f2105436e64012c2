"""Sites where nobody can start for now: how long they are left alone, and when their units are left for later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fleetctl.core.facts import Cause
from fleetctl.core.rollout.gates import Refusal
from fleetctl.core.rollout.moves import Move
from fleetctl.core.rollout.state import Phase, Progress
from fleetctl.core.rollout.tick import Tick

ASKED_AGAIN_S = 5.0
"""How long a unit that the down gate refused waits for the next answer if nothing changes at its site."""
PARKED_S = 30.0
"""How long a site where nobody can start is left alone if nothing changes there."""


def waited_out(tick: Tick, site: str, refused_s: tuple[float, float] | None) -> bool:
    """Say whether nobody could start at a site for so long that its units are left for later.

    Args:
        tick: the decision.
        site: its id.
        refused_s: since when, and when that was last found so; None if somebody could.
    """
    limit_s = tick.rollout.policy.defer_for_s
    if not limit_s or refused_s is None or tick.board.sites[site].active or tick.site_active[site]:
        return False
    return refused_s[1] - refused_s[0] >= limit_s


def leave_for_later(tick: Tick, progress: Progress, answer: Refusal) -> None:
    """End the waiting of a unit that no gate let start: whatever holds it up is listed as the reason."""
    policy = tick.rollout.policy
    text = f"it could not start for {policy.defer_for_s:.0f} s: {answer.text}"
    began = tick.now.utc - timedelta(seconds=policy.defer_for_s)
    cause = Cause.GATEWAY_DOWN if answer.gateway_down else progress.cause
    deferred = replace(progress, phase=Phase.DEFERRED, reason=text, cause=cause, deferred_at=began, since=tick.now.utc)
    tick.move(Move(deferred, "unit-deferred", text))


def skip(tick: Tick, progress: Progress, answer: Refusal) -> None:
    """Leave a unit out that no time will let start."""
    skipped = replace(progress, phase=Phase.SKIPPED, reason=answer.text, since=tick.now.utc)
    tick.move(Move(skipped, "unit-skipped", answer.text))
