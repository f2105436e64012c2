"""Loads that units were admitted to, written down before their commands leave: what a process reserved counts for all.

From a command to the next look at its unit nothing else tells of the load. Two stages of one sitting, and the sittings
of two engineers, each look with their own eyes: whoever reckons what may begin takes every reservation for a load that
runs, until the unit itself has told that it is over, or its time is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fleetctl.core.commissioning.load import LoadState
from fleetctl.core.facts import Facts, Observation

ASKED_WITHIN = timedelta(seconds=80)
ASKED_WITHIN_A_UNIT = timedelta(seconds=4)
"""So long after the reservation a command may reach its unit: the time that a unit has for an answer, with the way to
its gateway; of many units only some are asked at once."""
LATE = timedelta(seconds=60)
"""So much later than its command a busy unit may begin."""
APART = timedelta(seconds=5)
"""By so much the clocks of two engineers may differ."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A unit's part of its site's power.

    Attributes:
        attempt: id of the attempt that its load belongs to.
        actor: who gives it.
        since: when it was admitted.
        told_from: from when on the unit tells by itself whether it is loaded; before, its command may be under way.
        until: when the load is over at the latest.
    """

    unit: str
    attempt: str
    actor: str
    since: datetime
    told_from: datetime
    until: datetime

    def is_over(self, seen: Observation | None, now: datetime) -> bool:
        """Say whether its power is free again.

        Args:
            seen: the latest observation of the unit.
            now: aware.
        """
        if now >= self.until:
            return True
        if not isinstance(seen, Facts) or seen.at - APART < self.told_from:
            return False
        return seen.load is None or seen.load.state is not LoadState.RUNNING


Reserved = Mapping[str, Reservation]
"""Of a site, by the unit's name."""


def left(standing: Reserved, facts: Mapping[str, Observation], now: datetime) -> Reserved:
    """Return the reservations that are not over."""
    return {unit: each for unit, each in standing.items() if not each.is_over(facts.get(unit), now)}


def reserved(units: Collection[str], attempt: str, actor: str, now: datetime, seconds: float) -> Reserved:
    """Return reservations for loads that are going to be begun, and last for so many seconds at most."""
    told_from = now + ASKED_WITHIN + len(units) * ASKED_WITHIN_A_UNIT
    until = now + LATE + timedelta(seconds=seconds)
    return {unit: Reservation(unit, attempt, actor, now, told_from, max(until, told_from)) for unit in units}


def asked(standing: Reserved, attempt: str, refusing: Iterable[str], now: datetime) -> Reserved:
    """Return what stands when an attempt's commands are through: who refused is free, the others tell by themselves."""
    gone = frozenset(refusing)
    return {
        unit: replace(each, told_from=now) if each.attempt == attempt else each
        for unit, each in standing.items()
        if each.attempt != attempt or unit not in gone
    }
