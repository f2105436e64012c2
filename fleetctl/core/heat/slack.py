"""Thermal slack: how long what a unit heats can do without it; who has most of it is the safest to begin with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo

from fleetctl.core.facts import Observation
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.heat.question import Question
from fleetctl.core.heat.rules.rooms import case_of, coasts_s
from fleetctl.core.policy import Policy


def slack_s(question: Question) -> float:
    """Return how long the zone of a unit stays above its floor without the unit.

    Infinite for what heats no room, or never falls so far; 0 for a zone that nothing is known of: it comes last.
    """
    zone = question.premises.zone_of(question.unit)
    if zone is None:
        return math.inf
    lasts_s = coasts_s(case_of(question, zone, {question.unit}), question.policy.guard)
    return min(lasts_s.values(), default=0.0)


def by_slack(
    premises: SitePremises,
    units: Iterable[str],
    facts: Mapping[str, Observation],
    policy: Policy,
    now_utc: datetime,
    zone: tzinfo,
) -> Mapping[str, float]:
    """Return the slack of units of a site in s, at its design temperature."""
    return {unit: slack_s(Question(unit, premises, facts, policy, now_utc, zone)) for unit in units}
