"""Whether a unit may start now, as far as the rollout, its site and its place in line say so; heat is the guard's.

A refusal is the reason in words, and a person who asks "why" reads that same text.
"""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.core.clock import Now
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.names import unit_name
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.gates import Pass, Refusal, goes_down
from fleetctl.core.rollout.state import COUNTED_AS_FAILED, Action, Phase, Progress, Status
from fleetctl.core.rollout.tick import Tick

GETTING_READY = frozenset({Phase.CONFIGURING, Phase.VERIFYING, Phase.DRAINING})
NEXT = "it is next: it starts at the controller's next tick"


def rollout_blocked(tick: Tick) -> str | None:
    """Return why no unit of the rollout may start, or None."""
    closed, limit = _closed(tick), tick.rollout.policy.max_in_progress
    if closed is None and tick.in_progress >= limit:
        return f"{tick.in_progress} of at most {limit} units are under way"
    return closed


def staging_blocked(tick: Tick) -> str | None:
    """Return why no unit of the rollout may begin to stage, or None."""
    closed, limit = _closed(tick), tick.rollout.policy.staging.max_in_progress
    if closed is None and tick.around.stale:
        return tick.around.stale
    if closed is None and tick.staging >= limit:
        return f"{tick.staging} of at most {limit} units stage or install"
    return closed


def _closed(tick: Tick) -> str | None:
    """Return why nothing of the rollout may begin, or None."""
    rollout = tick.rollout
    if tick.around.closed:
        return tick.around.closed
    if rollout.status is not Status.RUNNING:
        return f"the rollout is {rollout.status.value}" + (f": {rollout.reason}" if rollout.reason else "")
    if rollout.awaiting:
        return f"wave {rollout.waves[rollout.wave].name} waits for approval"
    return limit_reached(tick)


def limit_reached(tick: Tick) -> str | None:
    """Return the arithmetic of the failure limit that is exceeded, or None.

    The denominators are frozen sets, the rollout's or the open wave's, whatever happened to their units since. A share
    counts only once the policy's least number of units was executed, so that it does not trip on the first of one.
    """
    policy, total = tick.rollout.policy, len(tick.board.units)
    counted = tick.failed - tick.rollout.tolerated
    tolerated = f", {tick.rollout.tolerated} tolerated before" if tick.rollout.tolerated else ""
    if counted > policy.max_failed:
        return f"{counted} of {total} failed, limit {policy.max_failed}{tolerated}"
    wave = tick.rollout.wave
    failed = sum(tick.count_in_wave(wave, phase) for phase in COUNTED_AS_FAILED)
    executed = failed + tick.count_in_wave(wave, Phase.SUCCEEDED) + tick.count_in_wave(wave, Phase.SOAKING)
    if policy.max_failed_percent is None or executed < policy.min_executed:
        return None
    size, counted = tick.board.wave_size(wave), max(0, failed - tick.rollout.tolerated)
    percent = 100 * counted / size
    if percent > policy.max_failed_percent:
        return f"{counted} of {size} failed ({percent:.1f} %), limit {policy.max_failed_percent:g} %{tolerated}"
    return None


def site_blocked(tick: Tick, site: str) -> Refusal | None:
    """Return why no unit of a site may start, or None."""
    return site_taken(tick, site) or tick.gates.site_window(site)


def site_taken(tick: Tick, site: str) -> Refusal | None:
    """Return why nothing may begin at a site, whatever its window says, or None."""
    if site in tick.around.held:
        return Refusal(f"rollout {tick.around.held[site]} works on site {site}")
    if site in tick.rollout.halted_sites:
        return Refusal(f"site {site} is halted: {tick.rollout.halted_sites[site]}", halted=True)
    doubtful = tick.board.sites[site].doubtful
    if doubtful:
        return Refusal(f"{min(doubtful)} is in doubt and is being observed")
    return None


def unit_blocked(tick: Tick, progress: Progress) -> Refusal | None:
    """Return why one unit may not start although its rollout and site may, or None."""
    site, queue = progress.site, tick.board.sites[progress.site]
    early = _too_early(tick, progress)
    if early is not None:
        return early
    active = len(queue.active) + tick.site_active[site]
    if progress.kind is Kind.GATEWAY and active:
        text = f"a gateway waits until nothing of site {site} is under way ({active} units are)"
        return Refusal(text, stops=True)
    return _cut_off(tick, progress) or tick.gates.held(progress.unit)


def unit_staging_blocked(tick: Tick, progress: Progress) -> Refusal | None:
    """Return why one unit may not begin to stage although its rollout and site may, or None."""
    if not tick.gates.knows(progress):
        return Refusal(f"{progress.unit} is not in the inventory any more", never=True)
    return _too_early(tick, progress) or _cut_off(tick, progress) or tick.gates.held(progress.unit)


def _too_early(tick: Tick, progress: Progress) -> Refusal | None:
    if progress.not_before_s > tick.now.monotonic_s:
        waits_s = progress.not_before_s - tick.now.monotonic_s
        return Refusal(f"retry in {waits_s:.0f} s: {progress.reason}")
    site = progress.site
    if len(tick.board.sites[site].gateways_active) + tick.site_gateways[site]:
        return Refusal(f"the gateway of site {site} is under way", stops=True)
    return None


def _cut_off(tick: Tick, progress: Progress) -> Refusal | None:
    gateway = unit_name(progress.site, progress.gateway) if progress.gateway else ""
    if gateway in tick.board.gateways_down:
        return Refusal(f"gateway {gateway} does not answer", gateway_down=True)
    return None


def takes_heat_from(tick: Tick, progress: Progress) -> str:
    """Return what a unit takes heat from: if one of it is refused, the next would be refused for the same reason."""
    premises = tick.around.premises(progress.site)
    heater = premises.heaters.get(progress.unit) if premises else None
    return (heater.loop or heater.dwelling if heater else "") or progress.unit


def claims(tick: Tick, site: str) -> set[str]:
    """Return the units of a site that are down or will be soon; one that waits for its jobs to end claims nothing."""
    known = [*tick.board.sites[site].active, *(u for u, p in tick.moved.items() if p.site == site)]
    soon = {unit for unit in known if _goes_down_soon(tick.progress(unit))}
    return tick.down_at(site) | soon


def _goes_down_soon(progress: Progress | None) -> bool:
    if progress is None or progress.phase.is_end:
        return False
    match progress.phase:
        case Phase.CONFIGURING | Phase.VERIFYING:
            return progress.down or (Action.REBOOT in progress.actions and not progress.boot_id)
        case Phase.DRAINING:
            return progress.down or progress.at_gate
        case Phase.ROLLING_BACK:
            return progress.down or bool(progress.release)
        case _:
            return progress.down


def gets_ready(tick: Tick, progress: Progress) -> bool:
    """Say whether another unit that takes heat from the same gets ready already: one at a time does."""
    active = {*tick.board.sites[progress.site].active, *(u for u, p in tick.moved.items() if p.site == progress.site)}
    others = [other for unit in active if (other := tick.progress(unit)) is not None and not other.down]
    space = takes_heat_from(tick, progress)
    return any(other.phase in GETTING_READY and takes_heat_from(tick, other) == space for other in others)


def why(board: Board, unit: str, now: Now, around: Around) -> str:
    """Return why a unit is where it is, by the very predicates that the scheduler uses."""
    tick = Tick(board, now, 0, around)
    progress = board.units[unit]
    if progress.phase.is_end:
        return progress.reason or progress.phase.value
    if unit in board.active:
        return _why_active(tick, progress)
    return "; ".join(filter(None, _why_waiting(tick, progress))) or NEXT


def _why_waiting(tick: Tick, progress: Progress) -> Iterator[str | None]:
    yield _why_wave(tick, progress)
    if progress.is_unstaged:
        site, unit = site_taken(tick, progress.site), unit_staging_blocked(tick, progress)
        yield from (staging_blocked(tick), site.text if site else None, unit.text if unit else None)
        return
    site = site_blocked(tick, progress.site)
    yield from (rollout_blocked(tick), site.text if site else None, _why_unit(tick, progress))
    if progress.installed:
        yield progress.held


def _why_active(tick: Tick, progress: Progress) -> str:
    doubt = "; its last step is in doubt and is being observed" if progress.in_doubt else ""
    text = f"{progress.phase.value}, attempt {progress.attempt}{doubt}"
    if not progress.at_gate:
        return text + (f": {progress.reason}" if progress.reason else "")
    answer = tick.gates.down(progress, tick.down_at(progress.site) - {progress.unit})
    refused = answer.text if isinstance(answer, Refusal) else "it passes at the controller's next tick"
    return f"{text}, at the down gate: {refused}"


def _why_wave(tick: Tick, progress: Progress) -> str | None:
    rollout = tick.rollout
    if progress.wave <= rollout.wave:
        return None
    open_wave, left = rollout.waves[rollout.wave].name, tick.wave_left(rollout.wave)
    own = rollout.waves[progress.wave].name
    return f"it is in wave {own}; wave {open_wave} is open, {left} of its {tick.board.wave_size(rollout.wave)} are left"


def _why_unit(tick: Tick, progress: Progress) -> str | None:
    blocked = unit_blocked(tick, progress)
    if blocked is not None or not goes_down(progress):
        return blocked.text if blocked else None
    answer = tick.gates.start(progress, claims(tick, progress.site) - {progress.unit})
    return None if isinstance(answer, Pass) else answer.text
