"""G12: heat that is lost after we touched it stops the site at once, and too many stopped sites stop the rollout.

A zone that was below its floor before, and a unit that was without heat before, are not ours: they are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.proof import fell
from fleetctl.core.rollout.aftercare import look_due
from fleetctl.core.rollout.state import Event, Phase, Progress, SitesHalted, Status
from fleetctl.core.rollout.tick import Tick

_LOST = frozenset({Phase.FAILED, Phase.ROLLING_BACK, Phase.RELEASING, Phase.PENDING})


def watch(tick: Tick, observations: Iterable[Observation]) -> None:
    """Halt the sites where heat was lost, and the rollout if there are too many of them."""
    _look_again(tick)
    lost = dict([*_without_heat(tick), *_cold_again(tick, observations), *_fallen(tick, observations)])
    new = {site: text for site, text in lost.items() if site not in tick.rollout.halted_sites}
    if not new:
        return
    sites = {**tick.rollout.halted_sites, **new}
    tick.change(SitesHalted(tick.rollout.id, sites))
    for site, text in new.items():
        tick.note("", Event.SITE_HALTED, f"{site}: {text}")
    limit = tick.rollout.policy.max_sites_halted
    if len(sites) > limit and tick.rollout.status is Status.RUNNING:
        text = f"{len(sites)} sites halted, limit {limit}: {'; '.join(new.values())}"
        tick.set_status(Status.HALTED, text, Event.ROLLOUT_HALTED)


def _look_again(tick: Tick) -> None:
    """Have those looked at whose look is due, and wake up for the next one."""
    aftercare = tick.board.aftercare
    tick.look_at.update(aftercare.owed)
    if aftercare.next_due is not None:
        tick.wakes.append(tick.now.monotonic_s + (aftercare.next_due - tick.now.utc).total_seconds())


def _without_heat(tick: Tick) -> Iterator[tuple[str, str]]:
    """Yield the sites of units that we took down, that came back, and that did not prove heat in time."""
    for after in tick.moved.values():
        before = tick.board.units[after.unit]
        if before.phase is Phase.VERIFYING and _gave_up_cold(tick, before, after):
            yield after.site, f"G12 {after.unit}: back without heat: {after.reason}"


def _gave_up_cold(tick: Tick, before: Progress, after: Progress) -> bool:
    """Say whether a unit was given up without heat; of one that was not looked at meanwhile nobody knows yet."""
    if not (before.down and after.down and not before.repair and after.phase in _LOST and before.cause is None):
        return False
    seen = tick.around.facts.get(after.unit)
    if not isinstance(seen, Facts) or before.since is None or seen.at < before.since:
        return False
    proof = tick.gates.proof(seen)
    return proof is None or proof.state != "yes"


def _cold_again(tick: Tick, observations: Iterable[Observation]) -> Iterator[tuple[str, str]]:
    """Yield the sites of units that we took down, that were let go, and that give too little heat when it is due."""
    policy = tick.rollout.policy
    for seen in observations:
        progress = tick.progress(seen.unit) if isinstance(seen, Facts) else None
        due = look_due(progress, policy) if progress else None
        if progress is None or due is None or not isinstance(seen, Facts):
            continue
        proof, late_s = tick.gates.proof(seen), (seen.at - due).total_seconds()
        if proof is not None and proof.state == "no" and 0 <= late_s <= policy.guard.telemetry_age_s:
            yield progress.site, f"G12 {seen.unit}: without heat after it was let go: {proof.text}"


def _fallen(tick: Tick, observations: Iterable[Observation]) -> Iterator[tuple[str, str]]:
    """Yield the sites of zones that are below their floor and were not before we touched them."""
    for seen in observations:
        progress = tick.progress(seen.unit)
        premises = tick.around.premises(progress.site) if progress and isinstance(seen, Facts) else None
        zone = premises.zone_of(seen.unit) if premises else None
        if progress is None or zone is None or progress.repair:
            continue
        before_c = _before_c(tick, zone.heaters)
        text = fell(zone, before_c, tick.around.facts, tick.rollout.policy.guard, tick.now.utc)
        if text is not None:
            yield progress.site, text


def _before_c(tick: Tick, heaters: Iterable[str]) -> float | None:
    """Return the temperature of a zone before the rollout first touched a unit of it; None if it did not."""
    known = (tick.progress(unit) for unit in heaters)
    touched = [p for p in known if p is not None and p.zone_before_c is not None and p.down_since is not None]
    first = min(touched, key=lambda p: (p.down_since or tick.now.utc, p.unit), default=None)
    return first.zone_before_c if first else None
