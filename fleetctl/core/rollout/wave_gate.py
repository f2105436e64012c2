"""The gates between waves, the failure limits, deferred units at the end, and the end itself.

Thresholds are of frozen sets: of the rollout's for `max_failed`, of the wave's for shares, whatever became of their
units since. Every decision carries its arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from fleetctl.core.facts import Cause
from fleetctl.core.policy import Wave
from fleetctl.core.rollout.admission import limit_reached
from fleetctl.core.rollout.leaving import owes_revert
from fleetctl.core.rollout.moves import Move
from fleetctl.core.rollout.state import Event, Phase, Progress, Status, WaveChanged
from fleetctl.core.rollout.tick import Tick

LOOK_AT_METADATA_EVERY_S = 30.0
"""Pause between two looks at signed metadata that are not fresh."""
UNREACHED = frozenset({Cause.UNREACHABLE, Cause.GATEWAY_DOWN})


def halt_if_over_limit(tick: Tick) -> None:
    """Halt a running rollout when more units failed than its policy allows."""
    if tick.rollout.status is Status.RUNNING:
        reached = limit_reached(tick)
        if reached is not None:
            tick.set_status(Status.HALTED, reached, Event.ROLLOUT_HALTED)


def halt_if_withdrawn(tick: Tick) -> None:
    """Halt a running rollout when a release that units have still to get was withdrawn."""
    if tick.rollout.status is not Status.RUNNING or not tick.around.withdrawn:
        return
    for version, units in tick.board.open_releases.items():
        if units and version in tick.around.withdrawn:
            text = f"release {version} is withdrawn: {tick.around.withdrawn[version]}"
            tick.set_status(Status.HALTED, text, Event.ROLLOUT_HALTED)
            return


def open_next(tick: Tick) -> None:
    """Open the next wave once everybody of this one has ended, and enough of them well."""
    waves = tick.rollout.waves
    while tick.rollout.status is Status.RUNNING and tick.rollout.wave + 1 < len(waves):
        wave = tick.rollout.wave
        if tick.rollout.awaiting or tick.wave_left(wave):
            return
        missed = success_missed(tick, wave)
        if missed is not None and _later(tick, wave):
            return
        if missed is not None:
            tick.set_status(Status.HALTED, missed, Event.ROLLOUT_HALTED)
            return
        if tick.board.updates and tick.around.stale:
            tick.reasons[""] = f"wave {waves[wave + 1].name} does not begin: {tick.around.stale}"
            tick.wakes.append(tick.now.monotonic_s + LOOK_AT_METADATA_EVERY_S)
            return
        _open(tick, wave + 1)
        tick.wakes.append(tick.now.monotonic_s)


def success_missed(tick: Tick, wave: int) -> str | None:
    """Return the arithmetic of the share that did not succeed in a wave, or None."""
    needed, size = tick.rollout.policy.min_success_percent, tick.board.wave_size(wave)
    if needed is None or not size:
        return None
    succeeded = tick.count_in_wave(wave, Phase.SUCCEEDED)
    tolerated = min(tick.rollout.tolerated, size - succeeded)
    percent = 100 * (succeeded + tolerated) / size
    if percent >= needed:
        return None
    name = f"wave {tick.rollout.waves[wave].name}" if tick.rollout.waves else "rollout"
    return f"{name}: {succeeded} of {size} succeeded ({percent:.1f} %), {needed:g} % needed"


def finish(tick: Tick) -> None:
    """End the rollout when nobody waits and nobody is under way; deferred units get their turns before that."""
    if tick.active or tick.rollout.status.is_end:
        return
    if tick.rollout.status is Status.ABORTING:
        tick.set_status(Status.ABORTED, tick.rollout.reason, Event.ROLLOUT_ABORTED)
    elif owes_revert(tick.rollout, filter(None, map(tick.progress, tick.board.units))):
        return
    elif not tick.count(Phase.PENDING) and not _later(tick, tick.rollout.wave):
        missed = success_missed(tick, tick.rollout.wave)
        counted = f"{tick.failed} of {len(tick.board.units)} failed" + (f"; {missed}" if missed else "")
        end = Status.FAILED if tick.failed or missed else Status.SUCCEEDED
        tick.set_status(end, counted, Event(f"rollout-{end.value}"))


def _open(tick: Tick, wave: int) -> None:
    rule, size = tick.rollout.waves[wave], tick.board.wave_size(wave)
    awaiting = rule.approval and size > 0
    tick.change(WaveChanged(tick.rollout.id, wave, awaiting))
    if awaiting:
        tick.note("", Event.APPROVAL_NEEDED, approval_text(tick.rollout.id, rule, size))
    elif size:
        tick.note("", Event.WAVE_OPENED, f"wave {rule.name}: {size} of {len(tick.board.units)} units")


def approval_text(rollout: str, rule: Wave, size: int) -> str:
    """Return what a wave waits for, and the next step."""
    return f"wave {rule.name} ({size} units) waits for a person: fleetctl rollout approve {rollout}"


def _later(tick: Tick, wave: int) -> bool:
    """Give deferred units of waves up to `wave` another turn, or end their deferral; say whether one is to come."""
    if tick.rollout.status is not Status.RUNNING or not tick.rollout.policy.defer_for_s:
        return False
    waiting = False
    for progress in _deferred(tick):
        waiting = (progress.wave <= wave and _turn(tick, progress)) or waiting
    return waiting


def _turn(tick: Tick, progress: Progress) -> bool:
    """Let a deferred unit try again, wait, or end; say whether it is still to come.

    Its time runs from its first turn, for turns come late: after everything else of its wave, or of the rollout.
    """
    policy, since = tick.rollout.policy, progress.deferred_at or tick.now.utc
    if tick.now.utc >= since + timedelta(seconds=policy.defer_for_s):
        if progress.cause in UNREACHED:
            text = f"its deferral of {policy.defer_for_s:.0f} s has ended: {progress.reason}"
            failed = replace(progress, phase=Phase.FAILED, reason=text, since=tick.now.utc)
            tick.move(Move(failed, Event.UNIT_FAILED, text))
        return False
    if progress.not_before_s > tick.now.monotonic_s:
        tick.wakes.append(progress.not_before_s)
    else:
        again = replace(progress, phase=Phase.PENDING, tries=0, not_before_s=0.0, deferred_at=since)
        tick.move(Move(again, Event.DEFERRED_AGAIN, f"another turn: {progress.reason}"))
        tick.wakes.append(tick.now.monotonic_s)
    return True


def _deferred(tick: Tick) -> Iterator[Progress]:
    for unit in dict.fromkeys([*sorted(tick.board.deferred), *tick.moved]):
        progress = tick.progress(unit)
        if progress is not None and progress.phase is Phase.DEFERRED:
            yield progress
