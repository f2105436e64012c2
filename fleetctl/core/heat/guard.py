"""The heat guard: may this unit's heat be interrupted now?

`verdicts` asks every rule that applies and keeps the arithmetic of each; `refusal` turns them into the one sentence
that a person reads under "why is this unit waiting?". Nothing is remembered between two questions.

The invariant: a unit is admitted only if, by the pessimistic figures of the policy, no zone falls below its floor and
no tank below 55 °C within twice the longest time that the unit may take. Colder weather, less mass, more units down or
a lower cap never admit what was refused before.

G10 to G12 are not asked here: they belong to a burn-in (`rules.burn_in`), a drain (`rules.drains`) and to what is
observed afterwards (`proof.fell`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta

from fleetctl.core.heat.premises import Gateway, Heater, Loop, SitePremises, Zone
from fleetctl.core.heat.question import HEADROOM, Question
from fleetctl.core.heat.readings import water_c
from fleetctl.core.heat.rules import dwellings, electrical, freshness, gateways, rooms, water
from fleetctl.core.heat.verdict import Verdict, verdict

__all__ = ["NEVER_OVERRIDDEN", "Question", "Verdict", "crowded", "refusal", "verdicts"]

NEVER_OVERRIDDEN = frozenset({"G4", "never", "quiet"})
"""Hot water is a matter of health, and what a dwelling says of itself is not ours to override."""


def verdicts(question: Question) -> tuple[Verdict, ...]:
    """Return what every rule that applies says, held or not, in the order of the rules.

    Raises:
        KeyError: if the site has no such unit.
    """
    gateway = question.premises.gateways.get(question.unit)
    if question.repair:
        said = _of_repair(question)
    elif gateway is not None:
        said = _of_gateway(question, gateway)
    else:
        said = _of_heater(question, question.premises.heaters[question.unit])
    return tuple(sorted((each for each in said if each is not None), key=_place))


def _place(of: Verdict) -> tuple[bool, str]:
    return not of.rule.startswith("G"), of.rule


def refusal(verdicts: Iterable[Verdict], overridden: frozenset[str] = frozenset()) -> str | None:
    """Return why heat may not be interrupted now, or None.

    Args:
        verdicts: of one question.
        overridden: rules that a recorded override sets aside; G4 cannot be.
    """
    against = [each.text for each in verdicts if not each.holds and each.rule not in overridden - NEVER_OVERRIDDEN]
    return "; ".join(against) or None


def crowded(premises: SitePremises, unit: str, down: Collection[str], policy_cap_w: float | None) -> Verdict | None:
    """Return why too much of a dwelling would be down, whatever its temperatures are; None if not so much would be.

    It is the part of G2 that only counts. It refuses most units that wait: a scheduler that asks it first reckons how
    long rooms stay warm only for a unit that would be let go if they do.
    """
    heater = premises.heaters.get(unit)
    if heater is None or not heater.dwelling:
        return None
    counted = _of_dwelling(premises, heater, down, policy_cap_w)
    return next((each for each in counted if each is not None and not each.holds), None)


def _of_repair(question: Question) -> Iterator[Verdict | None]:
    """A unit that is down already takes no heat away, so nothing but the restart of others makes its repair wait."""
    yield verdict("repair", question.unit, True, "it is down already and costs no further budget")
    yield electrical.envelope(question)


def _of_heater(question: Question, heater: Heater) -> Iterator[Verdict | None]:
    premises, taken = question.premises, frozenset({heater.unit})
    yield from _around(question, (heater,))
    yield from _of_zones(question, taken)
    yield gateways.gateway_is_up(question, heater)
    if heater.dwelling:
        yield from _of_dwelling(premises, heater, question.down, question.policy.cap_down_w)
    if heater.loop:
        loop = premises.loops[heater.loop]
        yield from _of_water(question, loop)
        yield freshness.known(question, heater.unit, (heater,))
        yield water.spare(question, loop, taken)
        yield water.power_down(question, loop, taken)


def _of_dwelling(
    premises: SitePremises, heater: Heater, down: Collection[str], policy_cap_w: float | None
) -> Iterator[Verdict | None]:
    dwelling, inside = premises.dwellings[heater.dwelling], premises.heaters_of[heater.dwelling]
    yield rooms.units_down(dwelling, heater.unit, inside, down)
    yield rooms.power_down(dwelling, heater.unit, premises, down, policy_cap_w)


def _of_gateway(question: Question, gateway: Gateway) -> Iterator[Verdict | None]:
    """G3: with all its units down every zone passes G1, and every tank G4; G2 and G5 are not asked."""
    yield gateways.blast_radius(question, gateway)
    cut = tuple(question.premises.heaters[unit] for unit in gateway.cuts)
    yield from _around(question, cut)
    yield from freshness.no_incident(question, () if cut else (gateway.building,))
    yield from _of_zones(question, frozenset(gateway.cuts))
    for loop in question.premises.loops.values():
        if not set(gateway.cuts).isdisjoint(loop.heaters):
            yield from _of_water(question, loop)


def _around(question: Question, heaters: Iterable[Heater]) -> Iterator[Verdict | None]:
    """Yield what does not depend on what exactly is heated: power, weather, incidents, and what dwellings ask for."""
    heaters = tuple(heaters)
    yield electrical.envelope(question)
    yield freshness.cold_freeze(question)
    yield from freshness.no_incident(question, {heater.building for heater in heaters})
    yield from dwellings.at_most(question)
    for dwelling in sorted({heater.dwelling for heater in heaters} - {""}):
        yield from dwellings.wishes(question, question.premises.dwellings[dwelling])


def _of_zones(question: Question, taken: frozenset[str]) -> Iterator[Verdict | None]:
    guard = question.policy.guard
    for zone in _zones_of(question, taken):
        case = rooms.case_of(question, zone, taken)
        yield rooms.coast(case, question.worst_s, guard)
        yield rooms.warms_up(case, question.worst_s, guard)
        yield rooms.is_back(case, question.touched.get(zone.id), guard)
        yield freshness.known(question, zone.id, (question.premises.heaters[unit] for unit in zone.heaters))


def _zones_of(question: Question, units: Iterable[str]) -> tuple[Zone, ...]:
    found = (question.premises.zone_of(unit) for unit in sorted(units))
    return tuple({zone.id: zone for zone in found if zone is not None}.values())


def _of_water(question: Question, loop: Loop) -> Iterator[Verdict | None]:
    if water.is_stored(loop):
        work = water.Span(question.now_utc, question.now_utc + timedelta(seconds=HEADROOM * question.worst_s))
        tank_c = water_c(loop, question.facts, question.policy.guard, question.now_utc)
        yield water.stays_hot(loop, tank_c, question.worst_s)
        yield water.disinfection(loop, work, question.zone)
