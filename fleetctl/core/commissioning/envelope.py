"""Which burn-ins and proofs of rooms may run together: within the site's power (G7), and nowhere too warm (G10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fleetctl.core.commissioning.burn_in import expected_rise_k
from fleetctl.core.facts import Facts, Observation
from fleetctl.core.heat.premises import Heater, SitePremises
from fleetctl.core.heat.readings import Told, told
from fleetctl.core.heat.rules.burn_in import warmest_c
from fleetctl.core.heat.rules.electrical import loads_w
from fleetctl.core.heat.verdict import Verdict, celsius, span, verdict, watts
from fleetctl.core.policy import Guard


@dataclass(frozen=True)
class Envelope:
    """What bounds the loads of one site.

    Attributes:
        facts: the latest observation of each unit.
        now_utc: aware; the time since an observation counts as its age.
        seconds: for which a unit is going to be loaded, in the time of its room.
        share: of the time that it heats: 1 for a burn-in, a half for a pattern. It draws its full power all the same.
        running: units that are loaded already.
    """

    premises: SitePremises
    facts: Mapping[str, Observation]
    guard: Guard
    now_utc: datetime
    seconds: float
    share: float = 1.0
    running: frozenset[str] = frozenset()

    def limit_c(self, unit: str) -> float | None:
        """Return the temperature at which a unit has to stop by itself (G10); None if it tells none to go by."""
        heater = self.premises.heaters[unit]
        tells = self.tells(heater)
        return warmest_c(tells, heater, self.guard) if isinstance(tells, Told) else None

    def tells(self, heater: Heater) -> Told | str:
        """Return what a unit tells of its room or its water, or why that is unknown."""
        return told(self.facts.get(heater.unit), heater.kind, self.guard, self.now_utc)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may start now.

    Attributes:
        units: in the order in which they were wanted.
        refused: of each other unit, the rule that stands in its way, with its arithmetic.
    """

    units: tuple[str, ...] = ()
    refused: Mapping[str, Verdict] = field(default_factory=dict)


def admit(envelope: Envelope, wanted: Sequence[str]) -> Admitted:
    """Return which of some units may be loaded now: the first ones that fit, and whoever still fits beside them.

    Raises:
        KeyError: if one of them heats nothing.
    """
    usual_w = loads_w(envelope.premises, envelope.facts, envelope.guard, envelope.now_utc)
    loaded, admitted = set(envelope.running), []
    refused: dict[str, Verdict] = {}
    for unit in dict.fromkeys(wanted):
        against = None if unit in loaded else next(_against(envelope, usual_w, loaded | {unit}, unit), None)
        if against is not None:
            refused[unit] = against
        elif unit not in loaded:
            loaded.add(unit)
            admitted.append(unit)
    return Admitted(tuple(admitted), refused)


def _against(envelope: Envelope, usual_w: Mapping[str, float], loaded: Iterable[str], unit: str) -> Iterator[Verdict]:
    rules = (_power(envelope, usual_w, set(loaded)), *_warmth(envelope, usual_w, set(loaded), unit))
    return (rule for rule in rules if not rule.holds)


def _power(envelope: Envelope, usual_w: Mapping[str, float], loaded: set[str]) -> Verdict:
    """G7: what is loaded draws its full power, all else what it draws now."""
    premises, share = envelope.premises, envelope.guard.power_share
    load_w = sum(premises.heaters[unit].power_w for unit in loaded)
    rest_w = sum(drawn_w for unit, drawn_w in usual_w.items() if unit not in loaded)
    total_w, limit_w = load_w + rest_w + premises.other_load_w, share * premises.subscribed_power_w
    arithmetic = (
        f"{watts(load_w)} loaded ({len(loaded)}), {watts(rest_w)} running and {watts(premises.other_load_w)} of other "
        f"load are {watts(total_w)}, limit {watts(limit_w)} ({100 * share:g} % of {watts(premises.subscribed_power_w)})"
    )
    return verdict("G7", premises.site, total_w <= limit_w, arithmetic)


def _warmth(envelope: Envelope, usual_w: Mapping[str, float], loaded: set[str], unit: str) -> Iterator[Verdict]:
    """G10: neither the unit nor those that are loaded in the same room become too warm before they are done."""
    heater = envelope.premises.heaters[unit]
    beside = [each for each in loaded if heater.zone and envelope.premises.heaters[each].zone == heater.zone]
    rise_k = _rise_k(envelope, usual_w, heater, beside)
    for each in sorted(beside) or [unit]:
        yield _not_too_warm(envelope, envelope.premises.heaters[each], rise_k)


def _rise_k(envelope: Envelope, usual_w: Mapping[str, float], heater: Heater, beside: Iterable[str]) -> float:
    zone = envelope.premises.zones.get(heater.zone)
    if zone is None:
        return 0.0
    before_w = sum(_heat_w(envelope, usual_w, unit) for unit in zone.heaters)
    more_w = sum(
        envelope.share * envelope.premises.heaters[unit].power_w - _heat_w(envelope, usual_w, unit) for unit in beside
    )
    return max(0.0, expected_rise_k(zone, before_w, before_w + more_w, envelope.seconds))


def _heat_w(envelope: Envelope, usual_w: Mapping[str, float], unit: str) -> float:
    """Return the heat that a unit gives now; one of which nothing is known may give none, so more is to come of it."""
    seen = envelope.facts.get(unit)
    return usual_w[unit] if isinstance(seen, Facts) and seen.heat is not None else 0.0


def _not_too_warm(envelope: Envelope, heater: Heater, rise_k: float) -> Verdict:
    tells = envelope.tells(heater)
    if isinstance(tells, str):
        return verdict("G10", heater.unit, False, f"{tells}: nobody would see it become too warm")
    limit_c, then_c = warmest_c(tells, heater, envelope.guard), tells.measured_c + rise_k
    more = f", {rise_k:+.1f} K in {span(envelope.seconds)}" if rise_k else ""
    arithmetic = f"{celsius(tells.measured_c)}{more}, limit {celsius(limit_c)}"
    return verdict("G10", heater.unit, then_c <= limit_c, arithmetic)


def zones_of(premises: SitePremises, units: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Return units by the zone or the loop that they heat: what shares a room is best loaded at once."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for unit in units:
        heater = premises.heaters[unit]
        groups[heater.zone or heater.loop].append(unit)
    return {space: tuple(members) for space, members in groups.items()}
