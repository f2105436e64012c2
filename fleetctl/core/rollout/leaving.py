"""Who leaves early: drained units of a rollout that stands still, what an abort cancels, what a halt reverts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout import giving_up
from fleetctl.core.rollout.admission import claims
from fleetctl.core.rollout.deferring import ASKED_AGAIN_S
from fleetctl.core.rollout.gates import Pass
from fleetctl.core.rollout.moves import Move, release
from fleetctl.core.rollout.state import Event, Phase, Progress, Rollout, Status
from fleetctl.core.rollout.tick import Tick, pending_again
from fleetctl.core.rollout.transitions import interrupt

SAFE_POINTS = {Phase.STAGING: "installing", Phase.DRAINING: "its reboot"}
"""Phases in which nothing was interrupted yet, and what would come next."""


def stand_down(tick: Tick) -> None:
    """Let go of units that have not been interrupted yet, where nothing may be interrupted any more."""
    status = tick.rollout.status
    if status is Status.ABORTING:
        _cancel(tick)
    elif status is Status.RUNNING and not tick.rollout.halted_sites:
        return
    for progress in tick.under_way():
        if progress.phase not in SAFE_POINTS or progress.open or progress.in_doubt:
            continue
        before = SAFE_POINTS[progress.phase]
        if status is Status.ABORTING:
            text = f"aborted before {before}"
            tick.move(release(replace(progress, reason=text), Phase.CANCELLED, tick.rules, tick.now, text))
        elif status in {Status.PAUSED, Status.HALTED} or progress.site in tick.rollout.halted_sites:
            text = f"it waits at a safe point, before {before}: the rollout is {status.value}"
            tick.move(release(pending_again(progress), Phase.PENDING, tick.rules, tick.now, text))


def owes_revert(rollout: Rollout, units: Iterable[Progress]) -> bool:
    """Say whether a halted wave has changed units that the policy wants back, so that it is not over yet."""
    return _reverts(rollout) and any(_is_changed(progress, rollout) for progress in units)


def revert(tick: Tick) -> None:
    """Roll back what the halted wave has changed, if the policy wants it: a few at a time, heat permitting."""
    if not _reverts(tick.rollout) or not tick.count_in_wave(tick.rollout.wave, Phase.SUCCEEDED):
        return
    for progress in list(_changed(tick)):
        if tick.in_progress >= tick.rollout.policy.max_in_progress:
            return
        if _beside_its_gateway(tick, progress):
            continue
        back = _interrupted(tick, progress)
        if back is not None:
            tick.move(giving_up.roll_back(back, None, f"reverted: {tick.rollout.reason}", tick.rules, tick.now))


def _beside_its_gateway(tick: Tick, progress: Progress) -> bool:
    """Say whether a gateway and units of its site would go back together; the gateway goes when nobody else does."""
    others = [p for p in tick.under_way() if p.site == progress.site and p.unit != progress.unit]
    alone = {p.unit for p in others if p.kind is Kind.GATEWAY and not p.phase.is_ahead}
    return bool(alone) or (progress.kind is Kind.GATEWAY and bool(others))


def _changed(tick: Tick) -> Iterator[Progress]:
    for unit in tick.board.units:
        progress = tick.progress(unit)
        if progress is not None and _is_changed(progress, tick.rollout):
            yield progress


def _reverts(rollout: Rollout) -> bool:
    return rollout.status is Status.HALTED and rollout.policy.on_failure == "revert"


def _is_changed(progress: Progress, rollout: Rollout) -> bool:
    done = progress.phase is Phase.SUCCEEDED or (progress.phase is Phase.SOAKING and not progress.open)
    return done and progress.wave == rollout.wave and giving_up.can_roll_back(progress)


def _interrupted(tick: Tick, progress: Progress) -> Progress | None:
    """Return the unit with its heat taken into account, or None if the heat guard refuses the roll-back for now."""
    if not (progress.interrupts or progress.release):
        return progress
    soon = claims(tick, progress.site) - {progress.unit} if progress.release else tick.down_at(progress.site)
    passed = tick.gates.down(replace(progress, phase=Phase.ROLLING_BACK), soon)
    if not isinstance(passed, Pass):
        tick.reasons[progress.site] = f"{progress.unit} is to go back: {passed.text}"
        tick.look_at.update(dict.fromkeys(passed.stale))
        tick.wakes.append(tick.now.monotonic_s + ASKED_AGAIN_S)
        return None
    if progress.release:  # it is looked at first, and passes the gate once more before its reboot
        return progress
    tick.admit(progress)
    return interrupt(progress, passed.zone_before_c, passed.repair, tick.now)


def _cancel(tick: Tick) -> None:
    for progress in list(_waiting(tick)):
        has = progress.held
        reason = f"aborted; {has}" if progress.installed else "aborted"
        cancelled = replace(progress, phase=Phase.CANCELLED, reason=reason, since=tick.now.utc)
        text = f"aborted before its reboot; {has}" if progress.installed else "aborted before it started"
        tick.move(Move(cancelled, Event.UNIT_CANCELLED, text))


def _waiting(tick: Tick) -> Iterator[Progress]:
    """Yield everybody who waits, whatever the wave."""
    queues = tick.board.sites.values()
    pending = [unit for queue in queues for _, _, unit in (*queue.pending, *queue.unstaged)]
    for unit in dict.fromkeys([*pending, *tick.moved]):
        progress = tick.progress(unit)
        if progress is not None and progress.phase is Phase.PENDING:
            yield progress
