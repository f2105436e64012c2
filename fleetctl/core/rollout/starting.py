"""Who starts, and whose heat is interrupted: the loop over the two gates.

Units start in order within their site; one whom a gate refuses is overtaken by those whom it would let pass, but never
by a unit that would need the same heat. A site where nobody can start is parked, so that a tick does not ask the heat
guard about every waiting unit again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from fleetctl.core.rollout import admission, transitions
from fleetctl.core.rollout.board import SiteQueue
from fleetctl.core.rollout.deferring import ASKED_AGAIN_S, PARKED_S, leave_for_later, skip, waited_out
from fleetctl.core.rollout.gates import Pass, Refusal, goes_down
from fleetctl.core.rollout.moves import LOOK_AT_DRAINING_EVERY_S, Move, release
from fleetctl.core.rollout.state import Event, Phase, Progress, Status
from fleetctl.core.rollout.tick import Tick

SITE_WIDE = ""
"""What a refusal is remembered by that concerns whoever takes heat at the site."""


def pass_down_gate(tick: Tick) -> None:
    """Let units that wait at the down gate pass, those first that wait longest."""
    waiting = [p for p in tick.under_way() if p.at_gate and not p.open and not p.in_doubt]
    refused: dict[str, Refusal] = {}
    for progress in sorted(waiting, key=lambda p: (p.since or tick.now.utc, p.unit)):
        look_s = tick.board.at_gate.get(progress.site, {}).get(progress.unit, 0.0)
        if look_s > tick.now.monotonic_s:
            tick.reasons.setdefault(progress.site, progress.reason)
            tick.wakes.append(look_s)
            continue
        answer = _may_go_down(tick, progress, refused)
        if isinstance(answer, Pass):
            tick.admit(progress)
            down = transitions.interrupt(progress, answer.zone_before_c, answer.repair, tick.now)
            tick.move(replace(transitions.go_down(down, tick.rules, tick.now), text=answer.text or "no rule applies"))
        else:
            _refused(tick, progress, answer)


def _may_go_down(tick: Tick, progress: Progress, refused: dict[str, Refusal]) -> Refusal | Pass:
    """Ask the down gate, but not for a unit that takes heat where another one was refused in this very decision."""
    takes = f"{progress.site}/{admission.takes_heat_from(tick, progress)}"
    known = refused.get(progress.site) or refused.get(takes)
    if known is not None and not tick.gates.costs_no_heat(progress):
        return known
    answer = tick.gates.down(progress, tick.down_at(progress.site) - {progress.unit})
    if isinstance(answer, Refusal) and answer.by_guard:
        refused[progress.site if answer.site_wide else takes] = answer
    return answer


def start(tick: Tick) -> None:
    """Start units of the open wave, as far as the window and the gates let them."""
    if tick.rollout.awaiting and tick.rollout.status is Status.RUNNING:
        wave = tick.rollout.waves[tick.rollout.wave]
        tick.reasons[""] = f"wave {wave.name} waits for approval"
        return
    sites, crowded = iter(tick.board.open_sites), list[Progress]()
    for site, queue in sites:
        blocked = admission.rollout_blocked(tick)
        if blocked is not None:
            tick.reasons |= {site: blocked} | {later: blocked for later, _ in sites}
            return
        if tick.board.parked.get(site, 0.0) > tick.now.monotonic_s:
            tick.wakes.append(tick.board.parked[site])
            continue
        full = tick.gates.fleet_is_full
        if full and not queue.started and not waited_out(tick, site, tick.board.waits):
            tick.reasons[site], tick.parked[site] = full, tick.now.monotonic_s  # asked again at the next tick
            continue
        refusal = admission.site_blocked(tick, site)
        if refusal is None:
            _start_in(tick, site, queue, crowded)
            continue
        _wait_at(tick, site, queue, refusal)
    _get_ready(tick, crowded)


def _get_ready(tick: Tick, crowded: Iterable[Progress]) -> None:
    """Let units get ready while those are down whose return they wait for, in places of the window that are left over.

    One for each dwelling or loop: it is configured and drained by the time that it may go down, and the down gate holds
    it until then. Nobody does who could not go down if all others were back, and no gateway beside a unit of its site
    that began since it was asked, or the other way round.
    """
    for progress in crowded:
        if admission.rollout_blocked(tick) is not None:
            return
        if _goes_down_at_once(progress) or admission.gets_ready(tick, progress):
            continue
        if admission.unit_blocked(tick, progress) is not None:
            continue
        answer = tick.gates.start(progress, ())
        if isinstance(answer, Pass):
            _begin(tick, progress, answer)


def _start_in(tick: Tick, site: str, queue: SiteQueue, crowded: list[Progress]) -> None:
    """Start who can be started at a site; who is refused is remembered by what it would take heat from.

    The first of those who only wait for others to be back is added to `crowded`, for each that heat is taken from.
    """
    look_s, refused, waited = (
        tick.now.monotonic_s + PARKED_S,
        dict[str, Refusal](),
        waited_out(tick, site, tick.board.waits),
    )
    begun = False
    for unit in queue.waiting(tick.rollout.wave):
        progress = tick.progress(unit)
        if progress is None or progress.phase is not Phase.PENDING:
            continue
        full = admission.rollout_blocked(tick) if begun else None  # it was asked right before the first one
        if full is not None:
            tick.reasons[site] = full
            return
        answer = _may_start(tick, progress, refused)
        begun = isinstance(answer, Pass)
        if isinstance(answer, Pass):
            _begin(tick, progress, answer)
            continue
        if progress.not_before_s > tick.now.monotonic_s:
            look_s = min(look_s, progress.not_before_s)
        if answer.fleet_wide:
            look_s = min(look_s, tick.now.monotonic_s + ASKED_AGAIN_S)
        if waited and not answer.stale:
            leave_for_later(tick, progress, answer)
            continue
        if answer.crowded and admission.takes_heat_from(tick, progress) not in refused:
            crowded.append(progress)
        _not_now(tick, progress, answer, refused)
        if answer.stops:
            break
    tick.parked[site] = look_s
    tick.wakes.append(look_s)


def _wait_at(tick: Tick, site: str, queue: SiteQueue, refusal: Refusal) -> None:
    """Let a whole site wait; one that is halted is not waited for for ever, for only a person opens it again."""
    tick.reasons[site] = refusal.text
    if refusal.until is not None:
        tick.wakes.append(tick.now.monotonic_s + max(0.0, (refusal.until - tick.now.utc).total_seconds()))
    if not refusal.halted:
        return
    if waited_out(tick, site, tick.board.waits):
        for progress in [p for unit in queue.waiting(tick.rollout.wave) if (p := tick.progress(unit)) is not None]:
            if progress.phase is Phase.PENDING:
                leave_for_later(tick, progress, refusal)
    tick.parked[site] = tick.now.monotonic_s + PARKED_S
    tick.wakes.append(tick.parked[site])


def _may_start(tick: Tick, progress: Progress, refused: dict[str, Refusal]) -> Refusal | Pass:
    blocked = admission.unit_blocked(tick, progress)
    if blocked is not None:
        return blocked
    if not goes_down(progress):
        return Pass(False, None, "")
    if not tick.gates.costs_no_heat(progress):
        full = tick.gates.fleet_is_full
        known = refused.get(SITE_WIDE) or refused.get(admission.takes_heat_from(tick, progress))
        if known or full:
            return known or Refusal(full, fleet_wide=True)
    gate = tick.gates.down if _goes_down_at_once(progress) else tick.gates.start
    return gate(progress, admission.claims(tick, progress.site) - {progress.unit})


def _not_now(tick: Tick, progress: Progress, answer: Refusal, refused: dict[str, Refusal]) -> None:
    if answer.never:
        skip(tick, progress, answer)
        return
    tick.reasons.setdefault(progress.site, answer.text)
    tick.look_at.update(dict.fromkeys(answer.stale))
    if answer.site_wide:
        refused[SITE_WIDE] = answer
    if answer.by_guard:
        refused.setdefault(admission.takes_heat_from(tick, progress), answer)


def _begin(tick: Tick, progress: Progress, answer: Pass) -> None:
    seen = tick.around.facts.get(progress.unit)
    digest = getattr(seen, "config_digest", "")
    previous = digest if digest != progress.config_digest else progress.previous_digest
    known = replace(progress, previous_digest=previous)
    if _goes_down_at_once(progress):
        tick.admit(progress)
        known = transitions.interrupt(known, answer.zone_before_c, answer.repair, tick.now)
        tick.note(progress.unit, Event.HEAT_INTERRUPTED, answer.text or "no rule applies")
    tick.move(transitions.start(known, tick.rules, tick.now))


def _goes_down_at_once(progress: Progress) -> bool:
    """Say whether a unit's first step interrupts its heat, so that its start is its down gate."""
    return progress.interrupts and not progress.applied


def _refused(tick: Tick, progress: Progress, answer: Refusal) -> None:
    """Let a unit wait at the down gate, and say once why; it is looked at again, for its boot id must be of now."""
    tick.reasons[progress.site] = answer.text
    tick.at_gate[progress.unit] = tick.now.monotonic_s + ASKED_AGAIN_S
    tick.look_at.update(dict.fromkeys(answer.stale))
    if answer.never and progress.phase is Phase.DRAINING:
        text = answer.text
        tick.move(release(replace(progress, reason=text), Phase.SKIPPED, tick.rules, tick.now, text))
    elif progress.reason.partition(" ")[0] != answer.text.partition(" ")[0]:
        waits = replace(progress, reason=answer.text, not_before_s=tick.now.monotonic_s + LOOK_AT_DRAINING_EVERY_S)
        tick.move(Move(waits, Event.UNIT_WAITS, answer.text))
