"""Water: how long a tank stays at 55 °C (G4), and whether a loop can lose one more boiler (G5)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from fleetctl.core.heat.physics import Flows, Tank
from fleetctl.core.heat.premises import Loop
from fleetctl.core.heat.question import HEADROOM, Question
from fleetctl.core.heat.readings import silent
from fleetctl.core.heat.verdict import Verdict, celsius, span, verdict, watts

STORED_C = 55.0
"""Stored water is at 55 °C or above at its outlet (arrêté of 30 November 2005)."""
STORED_FROM_L = 400.0
"""Storage from which the arrêté asks for it."""
RAISE_S = 3600.0
"""Time in which a tank is brought from its usual temperature to that of its daily raise."""
HOLD_S = {"daily-60": 3600.0, "daily-65": 240.0, "daily-70": 120.0}
"""How long the raised temperature is held (same source)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, both ends aware."""

    start: datetime
    end: datetime

    def meets(self, other: Span) -> bool:
        """Say whether both have an instant in common."""
        return self.start <= other.end and other.start <= self.end


def is_stored(loop: Loop) -> bool:
    """Say whether the rules for stored hot water apply: a heat network without a tank has none."""
    return bool(loop.disinfection) or loop.volume_l >= STORED_FROM_L


def stays_hot(loop: Loop, water_c: float | None, worst_s: float) -> Verdict:
    """G4: the tank stays at 55 °C for twice t_worst by its backup alone; other boilers are the subject of G5."""
    if water_c is None:
        return verdict("G4", loop.id, False, "the temperature of its water is unknown")
    flows = Flows(backup_w=loop.backup_w, draw_w=loop.demand_w, ambient_c=loop.ambient_c)
    lasts_s = Tank(loop.volume_l, loop.ua_w_k).hold_s(water_c, STORED_C, flows)
    loss_w = loop.ua_w_k * (water_c - loop.ambient_c)
    arithmetic = (
        f"{span(lasts_s)} from {celsius(water_c)} to {celsius(STORED_C)} in {loop.volume_l:g} L with "
        f"{watts(loop.demand_w)} drawn, {watts(loss_w)} lost and {watts(loop.backup_w)} of backup, "
        f"{HEADROOM} x {span(worst_s)} needed"
    )
    return verdict("G4", loop.id, HEADROOM * worst_s <= lasts_s, arithmetic)


def disinfection(loop: Loop, work: Span, zone: tzinfo) -> Verdict | None:
    """G4: no work inside or across a disinfection window. None for a loop that is not raised daily."""
    if not loop.disinfection_at:
        return None
    met = next((each for each in raises(loop, work, zone) if each.meets(work)), None)
    local = f"{work.start.astimezone(zone):%H:%M} to {work.end.astimezone(zone):%H:%M}"
    if met is None:
        return verdict("G4", loop.id, True, f"work from {local} is clear of the raise at {loop.disinfection_at}")
    window = f"{met.start.astimezone(zone):%H:%M} to {met.end.astimezone(zone):%H:%M}"
    return verdict("G4", loop.id, False, f"work from {local} would meet the disinfection from {window}")


def raises(loop: Loop, work: Span, zone: tzinfo) -> Iterator[Span]:
    """Yield the daily raises around some work: the time that the water takes to get hot, and that it is held hot."""
    lasts = timedelta(seconds=RAISE_S + HOLD_S.get(loop.disinfection, HOLD_S["daily-60"]))
    first = work.start.astimezone(zone).date() - timedelta(days=1)
    for day in range((work.end - work.start).days + 3):
        start = datetime.combine(first + timedelta(days=day), time.fromisoformat(loop.disinfection_at), zone)
        yield Span(start.astimezone(UTC), start.astimezone(UTC) + lasts)


def spare(question: Question, loop: Loop, taken: Collection[str]) -> Verdict:
    """G5: without these boilers, and then without the largest of the others, the loop still covers its demand.

    A boiler that nothing is known of is not counted on.
    """
    heaters = [question.premises.heaters[unit] for unit in loop.heaters]
    doubtful = {unit for unit, _ in silent(heaters, question.facts, question.policy.guard, question.now_utc)}
    away = doubtful.union(question.down, taken)
    left = [heater.power_w for heater in heaters if heater.unit not in away]
    largest_w = max(left, default=0.0)
    covered_w = sum(left) - largest_w + loop.backup_w
    arithmetic = (
        f"{watts(sum(left))} of boilers left, less the largest ({watts(largest_w)}), and {watts(loop.backup_w)} of "
        f"backup are {watts(covered_w)}, {watts(loop.demand_w)} needed"
    )
    return verdict("G5", loop.id, covered_w >= loop.demand_w, arithmetic)


def power_down(question: Question, loop: Loop, taken: Collection[str]) -> Verdict | None:
    """G5: the power that is down on a loop is within the policy's cap, never rounded up; None without a cap."""
    cap_w = question.policy.cap_loop_down_w
    if cap_w is None:
        return None
    away = question.down.intersection(loop.heaters).union(taken)
    down_w = sum(question.premises.heaters[unit].power_w for unit in away)
    return verdict("G5", loop.id, down_w <= cap_w, f"{watts(down_w)} would be down, cap {watts(cap_w)}")
