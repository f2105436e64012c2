"""A rollout as a report: what was tried on which unit, how it ended, what it did to the heat, what was decided.

Everything comes from the rollout's row, its units, its event log, its steps and its readings; what they amount to is
found in `report`. `rollout_html`, `rollout_json` and `rollout_junit` give it a form.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from fleetctl.core.report import decisions, heat, last_seen
from fleetctl.core.report.decisions import Decisions, WaveReport
from fleetctl.core.report.evidence import NOTHING, Evidence
from fleetctl.core.report.heat import SpaceReport
from fleetctl.core.report.last_seen import NEVER_SEEN, LastSeen, Mixed
from fleetctl.core.report.timeline import Span, interruptions, spans_of
from fleetctl.core.rollout.readings import Reading
from fleetctl.core.rollout.state import Noted, Phase, Progress, Rollout, StepTaken

ATTEMPT_STARTED = "attempt-started"
STAGING_STARTED, INSTALLED = "unit-stages", "unit-installed"
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
    """One unit: where it stands, and every try at it.

    Attributes:
        spans: what it was at, oldest first.
        down: from when to when its heat was interrupted.
        standing: the version and config that it was last seen with.
    """

    progress: Progress
    attempts: tuple[Attempt, ...]
    spans: tuple[Span, ...] = ()
    down: tuple[tuple[datetime, datetime], ...] = ()
    standing: LastSeen = NEVER_SEEN

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

    @property
    def is_left_drained(self) -> bool:
        """Say whether a drain of ours still stands on the unit although it has ended."""
        return self.progress.drained and self.phase.is_end

    @property
    def is_left_cold(self) -> bool:
        """Say whether we interrupted its heat and never saw it again, although it has ended."""
        return self.progress.down and self.phase.is_end

    @property
    def needs_somebody(self) -> bool:
        """Say whether somebody has to look after it."""
        left = self.is_left_drained or self.is_left_cold
        return self.phase in NEEDS_SOMEBODY or self.progress.in_doubt or left


@dataclass(frozen=True)
class RolloutReport:
    """A whole rollout.

    Attributes:
        units: in the plan's order.
        log: every event, oldest first.
        made: when the report was made.
        evidence: what else is known.
    """

    rollout: Rollout
    units: tuple[UnitReport, ...]
    log: tuple[Noted, ...]
    made: datetime
    evidence: Evidence = NOTHING

    @property
    def began(self) -> datetime:
        """Return when the rollout was made."""
        return self.rollout.created

    @property
    def ended(self) -> datetime:
        """Return when the last thing happened; when the report was made if something still goes on."""
        return _ended(self.rollout, self.log, self.made)

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
        return tuple(unit for unit in self.units if unit.needs_somebody)

    @property
    def jobs_lost(self) -> tuple[Noted, ...]:
        """Return what the log says of jobs that were ended."""
        return tuple(note for note in self.log if note.what == decisions.JOBS_LOST)

    @cached_property
    def decisions(self) -> tuple[Decisions, ...]:
        """Return what was decided on the way, by sort."""
        return decisions.decisions(self.log)

    @cached_property
    def waves(self) -> tuple[WaveReport, ...]:
        """Return the waves that have units, in their order."""
        return decisions.waves(self.rollout, [unit.progress for unit in self.units], self.log)

    @cached_property
    def spaces(self) -> tuple[SpaceReport, ...]:
        """Return the zones and loops whose heat was interrupted, the one with the largest heat debt first."""
        down = {unit.unit: unit.down for unit in self.units}
        return heat.spaces(self.evidence.readings, down, self.rollout.policy.guard)

    @cached_property
    def mixed(self) -> tuple[Mixed, ...]:
        """Return which units stand on which config and version."""
        return last_seen.mixed({unit.unit: unit.standing for unit in self.units})

    @property
    def zone(self) -> tzinfo:
        """Return the time zone of the sites; UTC if they have different ones."""
        zones = {str(self.zone_of(site)): self.zone_of(site) for site in self.rollout.sites}
        return next(iter(zones.values())) if len(zones) == 1 else UTC

    def zone_of(self, site: str) -> tzinfo:
        """Return a site's time zone; UTC if it is not known."""
        return self.evidence.zones.get(site, UTC)


def rollout_report(
    rollout: Rollout,
    units: Iterable[Progress],
    log: Iterable[Noted],
    *,
    made: datetime,
    evidence: Evidence = NOTHING,
) -> RolloutReport:
    """Put a rollout's rows together.

    Args:
        rollout: its row.
        units: every unit of it, in the plan's order.
        log: its events, oldest first.
        made: the time of the report.
        evidence: what else is known.
    """
    rows, events = tuple(units), tuple(log)
    notes, steps, looks = _by_unit(events), _steps_by_unit(evidence.steps), _looks_by_unit(evidence.readings)
    until = _ended(rollout, events, made)
    seen = last_seen.standings(rows, evidence.readings, evidence.facts)
    reports = tuple(
        UnitReport(
            progress=row,
            attempts=attempts_of(notes[row.unit]),
            spans=spans_of(notes[row.unit], steps[row.unit], looks[row.unit], until),
            down=interruptions(row, notes[row.unit], steps[row.unit], until),
            standing=seen[row.unit],
        )
        for row in rows
    )
    return RolloutReport(rollout, reports, events, made, evidence)


def _by_unit(log: Iterable[Noted]) -> Mapping[str, list[Noted]]:
    by_unit: dict[str, list[Noted]] = defaultdict(list)
    for note in log:
        by_unit[note.unit].append(note)
    return by_unit


def _steps_by_unit(steps: Iterable[StepTaken]) -> Mapping[str, list[StepTaken]]:
    by_unit: dict[str, list[StepTaken]] = defaultdict(list)
    for taken in steps:
        by_unit[taken.step.unit].append(taken)
    return by_unit


def _looks_by_unit(readings: Iterable[Reading]) -> Mapping[str, list[datetime]]:
    by_unit: dict[str, list[datetime]] = defaultdict(list)
    for reading in readings:
        by_unit[reading.unit].append(reading.at)
    return by_unit


def _ended(rollout: Rollout, log: Sequence[Noted], made: datetime) -> datetime:
    return max((note.at for note in log), default=made) if rollout.status.is_end else made


def attempts_of(log: Sequence[Noted]) -> tuple[Attempt, ...]:
    """Read a unit's attempts off its events, oldest first.

    An attempt that a change of controller interrupted goes on under its number; what ends a unit that was never started
    (an abort) is no attempt. One that has staged and installed begins where its turn has come: how long it waited for
    that says nothing of it.
    """
    attempts: list[Attempt] = []
    for note in log:
        if note.what in {ATTEMPT_STARTED, STAGING_STARTED}:
            attempts.append(Attempt(len(attempts) + 1, note.at))
        elif note.what == INSTALLED and attempts and not attempts[-1].ended:
            attempts.pop()
        elif attempts and not attempts[-1].ended and (note.what == ATTEMPT_FAILED or note.what in _UNIT_ENDS):
            outcome = note.what.partition("-")[2].replace("-", "_")
            attempts[-1] = Attempt(attempts[-1].number, attempts[-1].began, note.at, outcome, note.text)
    return tuple(attempts)
