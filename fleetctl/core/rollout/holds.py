"""Holds and overrides: what people order beside the rollouts, and which units an order is about.

A hold keeps units from being started. An override lets a person answer for one rule of the heat guard, or for the
window, for some hours. Both act in every rollout at its next tick. Pure: whoever asks brings the orders and the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

EVERYWHERE = "*"
WINDOW = "window"
HOT_WATER = "G4"
"""Scalding and legionella are nobody's to answer for: this rule holds whatever anybody orders."""
RULES = (*(f"G{number}" for number in range(1, 13) if f"G{number}" != HOT_WATER), WINDOW)
"""What can be overridden: the rules of the heat guard but one, and the window."""
OVERRIDE_AT_MOST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing new starts on the units of a scope until the hold is removed.

    Attributes:
        id: number of the order, from 1; 0 if it follows from a machine's mark.
        scope: `*`, `SITE` or `SITE/UNIT`.
        actor: who ordered it.
        reason: in that person's words.
        at: when, in UTC.
    """

    id: int
    scope: str
    actor: str
    reason: str
    at: datetime

    @property
    def text(self) -> str:
        """Return why a unit waits, in words."""
        where = "everything" if self.scope == EVERYWHERE else self.scope
        number = f" (hold {self.id})" if self.id else ""
        return f"{where} is held by {self.actor}: {self.reason}{number}"


@dataclass(frozen=True, slots=True)
class Override:
    """One rule does not bind the units of a scope, on a person's word, for a time.

    Attributes:
        id: number of the order, from 1.
        rule: one of `RULES`.
        scope: `*`, `SITE` or `SITE/UNIT`.
        actor: who answers for it.
        reason: in that person's words.
        at: from when, in UTC.
        until: when it ends, in UTC; at most `OVERRIDE_AT_MOST` after `at`.
    """

    id: int
    rule: str
    scope: str
    actor: str
    reason: str
    at: datetime
    until: datetime

    def counts(self, now_utc: datetime) -> bool:
        """Say whether it binds nobody's hands now: an override that has ended, or that never should have been, doesn't.

        The limits hold here too, and not only where an override is made: whatever wrote the row, hot water is not
        overridden, and a clock that went back does not make one last longer than a day.
        """
        lawful = self.rule in RULES and self.until - self.at <= OVERRIDE_AT_MOST
        return lawful and self.at <= now_utc < self.until


def covers(scope: str, unit: str) -> bool:
    """Say whether a scope takes in a unit (`site/unit`)."""
    return scope in {EVERYWHERE, unit, unit.partition("/")[0]}


def held_by(holds: Iterable[Hold], unit: str) -> Hold | None:
    """Return the first hold that covers a unit, or None if nothing holds it."""
    return next((hold for hold in holds if covers(hold.scope, unit)), None)


def overridden(overrides: Iterable[Override], unit: str, now_utc: datetime, *, not_by: str = "") -> frozenset[str]:
    """Return the rules that do not bind a unit now; never hot water, never by an override that has ended.

    Args:
        overrides: all there are.
        unit: `site/unit`.
        now_utc: the time.
        not_by: whose own overrides do not count: who started the rollout, where the policy wants a second person.
    """
    binding = (o for o in overrides if covers(o.scope, unit) and o.counts(now_utc))
    return frozenset(o.rule for o in binding if not not_by or o.actor != not_by)
