"""Who stages and installs ahead of its turn: the loop over units whose release is not in its slot yet.

It asks for no window and no heat, for it takes none; it has a cap of its own. What is staged and installed goes back to
the queue, where `starting` lets it start like any other unit. Signed metadata that are not fresh stop it: a bundle that
somebody keeps a newer one from is not brought anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fleetctl.core.rollout import admission, transitions
from fleetctl.core.rollout.board import SiteQueue
from fleetctl.core.rollout.deferring import PARKED_S, leave_for_later, skip, waited_out
from fleetctl.core.rollout.gates import Refusal
from fleetctl.core.rollout.state import Phase, Progress
from fleetctl.core.rollout.tick import Tick


def stage(tick: Tick) -> None:
    """Let units of the open wave stage, as far as the cap goes."""
    for site, queue in tick.board.sites.items():
        if not queue.has_unstaged(tick.rollout.wave):
            continue
        blocked = admission.staging_blocked(tick)
        if blocked is not None:
            tick.reasons.setdefault(site, blocked)
            tick.wakes.append(tick.now.monotonic_s + PARKED_S)
            return
        if tick.board.staging_parked.get(site, 0.0) > tick.now.monotonic_s:
            tick.wakes.append(tick.board.staging_parked[site])
            continue
        _stage_at(tick, site, queue)


def _stage_at(tick: Tick, site: str, queue: SiteQueue) -> None:
    """Let units of a site stage; where none can, the site is left alone for a while, and its units at last."""
    waited = waited_out(tick, site, tick.board.staging_waits)
    look_s = tick.now.monotonic_s + PARKED_S
    whole = admission.site_taken(tick, site)
    for progress in list(_waiting(tick, queue)):
        if whole is None and admission.staging_blocked(tick) is not None:
            return
        answer = whole or admission.unit_staging_blocked(tick, progress)
        if answer is None:
            seen = tick.around.facts.get(progress.unit)
            known = replace(progress, previous_digest=getattr(seen, "config_digest", ""))
            tick.move(transitions.start(known, tick.rules, tick.now))
            continue
        if progress.not_before_s > tick.now.monotonic_s:
            look_s = min(look_s, progress.not_before_s)
        _not_now(tick, progress, answer, waited=waited and (whole is None or whole.halted))
    tick.staging_parked[site] = look_s
    tick.wakes.append(look_s)


def _not_now(tick: Tick, progress: Progress, answer: Refusal, *, waited: bool) -> None:
    if answer.never:
        skip(tick, progress, answer)
    elif waited:
        leave_for_later(tick, progress, answer)
    else:
        tick.reasons.setdefault(progress.site, answer.text)


def _waiting(tick: Tick, queue: SiteQueue) -> Iterator[Progress]:
    for unit in queue.to_stage(tick.rollout.wave):
        progress = tick.progress(unit)
        if progress is not None and progress.phase is Phase.PENDING and progress.is_unstaged:
            yield progress
