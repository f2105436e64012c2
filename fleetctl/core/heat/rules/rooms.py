"""Rooms: how long a zone coasts (G1), how much of a dwelling may be down (G2), whether a zone recovers (G6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from fleetctl.core.heat.physics import OneNode, Surroundings
from fleetctl.core.heat.premises import SitePremises, Zone
from fleetctl.core.heat.question import HEADROOM, Outdoor, Question
from fleetctl.core.heat.readings import Reading, readings, weakest
from fleetctl.core.heat.verdict import Verdict, celsius, span, verdict, watts
from fleetctl.core.inventory.fleet import Dwelling
from fleetctl.core.policy import Guard

SHARE_OF_UNITS = 3
"""One unit of so many may be down in a dwelling."""


@dataclass(frozen=True, slots=True)
class Case:
    """A zone as it would be with its units down, reckoned pessimistically.

    Attributes:
        told: what its sensors say; empty if nothing is known of it.
        outdoor: outdoor temperature to reckon with.
        most_w: P_max, the power that it can have afterwards: of all its units, the dead ones apart.
        left_w: P_rem, the power that it has meanwhile.
        beside: the zones that it exchanges heat with, as (W/K, °C).
    """

    zone: Zone
    told: tuple[Reading, ...]
    outdoor: Outdoor
    most_w: float
    left_w: float
    beside: tuple[tuple[float, float], ...] = ()

    def node(self, guard: Guard) -> OneNode:
        """Return the zone with H+ and C-."""
        return OneNode(guard.capacity_factor * self.zone.c_kj_k, guard.loss_factor * self.zone.h_w_k)

    def with_power(self, power_w: float, held_c: float) -> Surroundings:
        """Return what acts on it at a power, as long as it is at `held_c` or above.

        Zones beside it that are warmer than that are left out, because they only help.
        """
        colder = tuple((w_k, c) for w_k, c in self.beside if c < held_c)
        return Surroundings(self.outdoor.temperature_c, power_w, colder)


def case_of(question: Question, zone: Zone, taken: Collection[str]) -> Case:
    """Return a zone as it would be with `taken` units down beside those that are."""
    powers = {unit: question.premises.heaters[unit].power_w for unit in zone.heaters}
    away = question.down.union(taken)
    dead = question.down.difference(question.restarting, taken)
    return Case(
        zone=zone,
        told=tuple(readings(zone, question.facts, question.policy.guard, question.now_utc)),
        outdoor=question.outdoor,
        most_w=sum(power_w for unit, power_w in powers.items() if unit not in dead),
        left_w=sum(power_w for unit, power_w in powers.items() if unit not in away),
        beside=tuple(_beside(question, zone)),
    )


def _beside(question: Question, zone: Zone) -> Iterator[tuple[float, float]]:
    """Yield what a zone exchanges heat with; a zone that nothing is known of is taken for the outdoors."""
    guard = question.policy.guard
    for other, w_k in zone.neighbours_w_k.items():
        reading = weakest(question.premises.zones[other], question.facts, guard, question.now_utc)
        yield guard.loss_factor * w_k, reading.temperature_c if reading else question.outdoor.temperature_c


def coasts_s(case: Case, guard: Guard) -> Mapping[Reading, float]:
    """Return how long each place of a zone stays above its floor, by its reading; empty if nothing is known of it."""
    node = case.node(guard)
    return {
        each: node.coast_s(
            each.temperature_c - guard.air_dip_k, each.floor_c, case.with_power(case.left_w, each.floor_c)
        )
        for each in case.told
    }


def coast(case: Case, worst_s: float, guard: Guard) -> Verdict:
    """G1: the zone stays above its floor for twice t_worst, counted from less than its sensors tell."""
    if not case.told:
        return verdict(
            "G1", case.zone.id, False, "its temperature is unknown, so nobody can say how long it stays warm"
        )
    lasts = coasts_s(case, guard)
    shortest = min(lasts, key=lambda reading: lasts[reading])
    arithmetic = (
        f"{span(lasts[shortest])} from {celsius(shortest.temperature_c - guard.air_dip_k)} "
        f"to {celsius(shortest.floor_c)} at {case.outdoor.text} with {watts(case.left_w)} left, "
        f"{HEADROOM} x {span(worst_s)} needed"
    )
    return verdict("G1", case.zone.id, HEADROOM * worst_s <= lasts[shortest], arithmetic)


def units_down(dwelling: Dwelling, unit: str, heaters: Collection[str], down: Collection[str]) -> Verdict:
    """G2: at most a third of a dwelling's units are down, at least one may be, never all of several.

    Where someone vulnerable lives it is one.
    """
    others = len(set(heaters).intersection(down) - {unit})
    if len(heaters) == 1:
        return verdict("G2", dwelling.id, True, "its only unit, so G1 alone decides")
    limit = 1 if dwelling.vulnerable else max(1, len(heaters) // SHARE_OF_UNITS)
    why = "one where someone vulnerable lives" if dwelling.vulnerable else "a third, at least one"
    arithmetic = f"{others + 1} of {len(heaters)} units would be down, limit {limit} ({why})"
    return verdict("G2", dwelling.id, others + 1 <= limit, arithmetic)


def power_down(
    dwelling: Dwelling, unit: str, premises: SitePremises, down: Collection[str], policy_cap_w: float | None
) -> Verdict | None:
    """G2: the heating power that is down in a dwelling is within its cap and the policy's, which are never rounded up.

    None if there is no cap.
    """
    caps = [cap_w for cap_w in (dwelling.cap_down_w, policy_cap_w) if cap_w is not None]
    if not caps:
        return None
    away = set(premises.heaters_of.get(dwelling.id, ())).intersection(down) | {unit}
    down_w = sum(premises.heaters[each].power_w for each in away)
    return verdict("G2", dwelling.id, down_w <= min(caps), f"{watts(down_w)} would be down, cap {watts(min(caps))}")


def warms_up(case: Case, worst_s: float, guard: Guard) -> Verdict:
    """G6: afterwards the zone can warm up again, or the update costs it next to nothing."""
    setpoint_c = max((each.setpoint_c for each in case.told), default=case.zone.setpoint_c)
    node = case.node(guard)
    before, meanwhile = case.with_power(case.most_w, setpoint_c), case.with_power(case.left_w, setpoint_c)
    total_w_k, outside_c = before.losses(node.h_w_k)
    needed_w = total_w_k * (setpoint_c - outside_c)
    cost_k = node.step(setpoint_c, before, worst_s) - node.step(setpoint_c, meanwhile, worst_s)
    arithmetic = (
        f"{watts(case.most_w)} against {watts(max(0.0, needed_w))} that {celsius(setpoint_c)} takes at "
        f"{case.outdoor.text}; {span(worst_s)} without the unit cost {cost_k:.2f} K, limit {guard.recovery_k:g} K"
    )
    return verdict("G6", case.zone.id, case.most_w > needed_w or cost_k <= guard.recovery_k, arithmetic)


def is_back(case: Case, before_c: float | None, guard: Guard) -> Verdict | None:
    """G6: a zone that was touched is where it was, or near its setpoints, before the next unit of it is taken down.

    Args:
        case: the zone.
        before_c: its temperature before it was touched; None if it was not, and then there is nothing to ask.
        guard: the margins.
    """
    if before_c is None:
        return None
    if not case.told:
        return verdict("G6", case.zone.id, False, "it was touched, and its temperature is unknown since")
    lowest = min(case.told, key=lambda reading: reading.temperature_c - reading.floor_c)
    settled = all(each.measured_c >= each.setpoint_c - guard.settled_k for each in case.told)
    before_measured_c = before_c + guard.sensor_error_k
    arithmetic = (
        f"{celsius(lowest.measured_c)} after the last unit, was {celsius(before_measured_c)}; "
        f"or {celsius(lowest.setpoint_c - guard.settled_k)} will do"
    )
    return verdict("G6", case.zone.id, settled or lowest.temperature_c >= before_c, arithmetic)
