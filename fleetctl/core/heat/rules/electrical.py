"""The electrical envelope of a site: restarts are staggered (G7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import Heater, SitePremises
from fleetctl.core.heat.question import Question
from fleetctl.core.heat.readings import age_of
from fleetctl.core.heat.verdict import Verdict, verdict, watts
from fleetctl.core.policy import Guard


def envelope(question: Question) -> Verdict:
    """G7: what restarts, what runs and the other load stay within a share of the subscribed power.

    A unit that comes back draws everything at once; one that runs draws what it told last, or what it is asked to draw
    if that is more, and its full power if nothing is known. A repair waits for the restarts of others, and if there are
    none it is not refused: it brings the site no more load than it had.
    """
    premises, guard = question.premises, question.policy.guard
    restarting = question.restarting | {question.unit}
    restart_w, running_w = sum(_restart_w(question, restarting)), sum(_running_w(question, restarting))
    total_w = restart_w + running_w + premises.other_load_w
    limit_w = guard.power_share * premises.subscribed_power_w
    arithmetic = (
        f"{watts(restart_w)} restarting ({len(restarting)}), {watts(running_w)} running and "
        f"{watts(premises.other_load_w)} of other load are {watts(total_w)}, limit {watts(limit_w)} "
        f"({100 * guard.power_share:g} % of {watts(premises.subscribed_power_w)})"
    )
    alone = question.repair and restarting == {question.unit}
    return verdict("G7", premises.site, alone or total_w <= limit_w, arithmetic)


def _restart_w(question: Question, restarting: frozenset[str]) -> Iterator[float]:
    for unit in restarting:
        heater = question.premises.heaters.get(unit)
        yield heater.restart_w if heater else question.premises.gateways[unit].power_w


def _running_w(question: Question, restarting: frozenset[str]) -> Iterator[float]:
    away, known = question.down | restarting, question.loads_w
    if known is None:
        known = loads_w(question.premises, question.facts, question.policy.guard, question.now_utc)
    yield from (load_w for unit, load_w in known.items() if unit not in away)


def loads_w(
    premises: SitePremises, facts: Mapping[str, Observation], guard: Guard, now_utc: datetime
) -> Mapping[str, float]:
    """Return what each unit of a site is reckoned to draw while it runs."""
    gateways = {unit: gateway.power_w for unit, gateway in premises.gateways.items()}
    return gateways | {unit: _drawn_w(h, facts.get(unit), guard, now_utc) for unit, h in premises.heaters.items()}


def _drawn_w(heater: Heater, seen: Observation | None, guard: Guard, now_utc: datetime) -> float:
    heat = seen.heat if isinstance(seen, Facts) else None
    if isinstance(seen, Facts) and heat is not None and age_of(seen, heat, now_utc) <= guard.telemetry_age_s:
        return max(heat.power_w, heat.commanded_w) + heat.aux_heater_w
    return heater.restart_w
