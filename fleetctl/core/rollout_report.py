"""A rollout as a report: what was tried on which unit, how it ended, and what was decided on the way.

Everything comes from the rollout's row, its units and its event log. `rollout_html` and `rollout_junit` give it a form.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fleetctl.core.clock import to_text
from fleetctl.core.rollout.state import Noted, Phase, Progress, Rollout

SCHEMA = "fleetctl/report/v1"
ATTEMPT_STARTED = "attempt-started"
ATTEMPT_FAILED = "attempt-failed"
NEEDS_SOMEBODY = frozenset({Phase.FAILED, Phase.ROLLED_BACK, Phase.DEFERRED, Phase.SKIPPED})
_UNIT_ENDS = frozenset(f"unit-{phase.value.replace('_', '-')}" for phase in Phase if phase.is_end)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at one unit.

    Attributes:
        ended: None while it is under way.
        outcome: the event's word without its first half, for instance `succeeded`; empty while it is under way.
        text: what the event log says of its end.
    """

    number: int
    began: datetime
    ended: datetime | None = None
    outcome: str = ""
    text: str = ""

    @property
    def duration_s(self) -> float:
        """Return how long it took, in seconds; 0 while it is under way."""
        return (self.ended - self.began).total_seconds() if self.ended else 0.0


@dataclass(frozen=True, slots=True)
class UnitReport:
    """One unit: where it stands, and every try at it."""

    progress: Progress
    attempts: tuple[Attempt, ...]

    @property
    def unit(self) -> str:
        """Return the unit's name."""
        return self.progress.unit

    @property
    def phase(self) -> Phase:
        """Return where the unit stands."""
        return self.progress.phase

    @property
    def duration_s(self) -> float:
        """Return how long all attempts took together, in seconds."""
        return sum(attempt.duration_s for attempt in self.attempts)


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """A whole rollout.

    Attributes:
        units: in the plan's order.
        log: every event, oldest first.
        made: when the report was made.
    """

    rollout: Rollout
    units: tuple[UnitReport, ...]
    log: tuple[Noted, ...]
    made: datetime

    @property
    def began(self) -> datetime:
        """Return when the rollout was made."""
        return self.rollout.created

    @property
    def ended(self) -> datetime:
        """Return when the last thing happened; when the report was made if something still goes on."""
        if not self.rollout.status.is_end:
            return self.made
        return max((note.at for note in self.log), default=self.made)

    @property
    def duration_s(self) -> float:
        """Return how long it took so far, in seconds."""
        return (self.ended - self.began).total_seconds()

    @property
    def counts(self) -> Mapping[str, int]:
        """Return how many units are in which phase, the most frequent first."""
        return dict(Counter(unit.phase.value for unit in self.units).most_common())

    @property
    def attention(self) -> tuple[UnitReport, ...]:
        """Return the units that somebody has to look after."""
        return tuple(unit for unit in self.units if unit.phase in NEEDS_SOMEBODY or unit.progress.in_doubt)


def rollout_report(
    rollout: Rollout, units: Iterable[Progress], log: Iterable[Noted], *, made: datetime
) -> RolloutReport:
    """Put a rollout's rows together.

    Args:
        rollout: its row.
        units: every unit of it, in the plan's order.
        log: its events, oldest first.
        made: the time of the report.
    """
    events = tuple(log)
    by_unit: dict[str, list[Noted]] = defaultdict(list)
    for note in events:
        by_unit[note.unit].append(note)
    reports = tuple(UnitReport(unit, attempts_of(by_unit[unit.unit])) for unit in units)
    return RolloutReport(rollout, reports, events, made)


def attempts_of(log: Sequence[Noted]) -> tuple[Attempt, ...]:
    """Read a unit's attempts off its events, oldest first.

    An attempt that a change of controller interrupted goes on under its number; what ends a unit that was never started
    (an abort) is no attempt.
    """
    attempts: list[Attempt] = []
    for note in log:
        if note.what == ATTEMPT_STARTED:
            attempts.append(Attempt(len(attempts) + 1, note.at))
        elif attempts and not attempts[-1].ended and (note.what == ATTEMPT_FAILED or note.what in _UNIT_ENDS):
            outcome = note.what.partition("-")[2].replace("-", "_")
            attempts[-1] = Attempt(attempts[-1].number, attempts[-1].began, note.at, outcome, note.text)
    return tuple(attempts)


def to_document(report: RolloutReport) -> dict[str, Any]:
    """Return the report as plain data of schema `fleetctl/report/v1`."""
    rollout = report.rollout
    return {
        "schema": SCHEMA,
        "rollout": rollout.id,
        "fleet": rollout.fleet,
        "plan": rollout.plan,
        "policy": rollout.policy.name,
        "actor": rollout.actor,
        "status": rollout.status.value,
        "reason": rollout.reason,
        "created": to_text(report.began),
        "ended": to_text(report.ended) if rollout.status.is_end else None,
        "made": to_text(report.made),
        "duration_s": round(report.duration_s, 3),
        "counts": dict(report.counts),
        "units": [_unit_document(unit) for unit in report.units],
        "left_out": [{"unit": unit, "reason": reason} for unit, reason in rollout.left_out.items()],
        "log": [{"at": to_text(n.at), "unit": n.unit, "what": n.what, "text": n.text} for n in report.log],
    }


def _unit_document(unit: UnitReport) -> dict[str, Any]:
    progress = unit.progress
    return {
        "unit": progress.unit,
        "site": progress.site,
        "kind": progress.kind.value,
        "actions": [action.value for action in progress.actions],
        "config_digest": progress.config_digest,
        "phase": progress.phase.value,
        "in_doubt": progress.in_doubt,
        "cause": progress.cause.value if progress.cause else None,
        "reason": progress.reason,
        "duration_s": round(unit.duration_s, 3),
        "attempts": [_attempt_document(attempt) for attempt in unit.attempts],
    }


def _attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "began": to_text(attempt.began),
        "ended": to_text(attempt.ended) if attempt.ended else None,
        "outcome": attempt.outcome or None,
        "text": attempt.text,
    }
