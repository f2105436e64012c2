"""Sites where nobody can start for now: how long they are left alone, and when their units are left for later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fleetctl.core.facts import Cause
from fleetctl.core.rollout.gates import Refusal
from fleetctl.core.rollout.moves import Move
from fleetctl.core.rollout.state import Event, Phase, Progress, SitesWaited
from fleetctl.core.rollout.tick import Tick
from fleetctl.core.rollout.waits import Waits

ASKED_AGAIN_S = 5.0
"""How long a unit that the down gate refused waits for the next answer if nothing changes at its site."""
PARKED_S = 30.0
"""How long a site where nobody can start is left alone if nothing changes there."""


def waited_out(tick: Tick, site: str, waits: Waits) -> bool:
    """Say whether nobody could start, or stage, at a site for so long that its units are left for later."""
    limit_s = tick.rollout.policy.defer_for_s
    if not limit_s or tick.board.sites[site].active or tick.site_active[site]:
        return False
    return waits.waited_s(site) >= limit_s


def note_waits(tick: Tick) -> None:
    """Note in the rollout's row how long its sites have waited, for the controller that comes next."""
    row = tick.rollout
    if not (row.policy.defer_for_s and (tick.parked or tick.staging_parked or row.waited_s or row.staging_waited_s)):
        return
    got_on = {progress.site for progress in tick.moved.values()}
    starting_s = tick.board.waits.to_note(row.waited_s, tick.parked, got_on, tick.now)
    staging_s = tick.board.staging_waits.to_note(row.staging_waited_s, tick.staging_parked, got_on, tick.now)
    if (starting_s, staging_s) != (row.waited_s, row.staging_waited_s):
        tick.change(SitesWaited(row.id, starting_s, staging_s))


def leave_for_later(tick: Tick, progress: Progress, answer: Refusal) -> None:
    """End the waiting of a unit that no gate let start: whatever holds it up is listed as the reason."""
    policy = tick.rollout.policy
    text = f"it could not start for {policy.defer_for_s:.0f} s: {answer.text}"
    began = tick.now.utc - timedelta(seconds=policy.defer_for_s)
    cause = Cause.GATEWAY_DOWN if answer.gateway_down else progress.cause
    deferred = replace(progress, phase=Phase.DEFERRED, reason=text, cause=cause, deferred_at=began, since=tick.now.utc)
    tick.move(Move(deferred, Event.UNIT_DEFERRED, text))


def skip(tick: Tick, progress: Progress, answer: Refusal) -> None:
    """Leave a unit out that no time will let start."""
    skipped = replace(progress, phase=Phase.SKIPPED, reason=answer.text, since=tick.now.utc)
    tick.move(Move(skipped, Event.UNIT_SKIPPED, answer.text))
