"""What was decided on the way, with the arithmetic: the entries of the log that say why, sorted by what they decide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.policy import Policy
from fleetctl.core.rollout.state import Noted, Phase, Progress, Rollout

_TITLES: Mapping[str, frozenset[str]] = {
    "Halts and ends": frozenset(
        {"rollout-halted", "site-halted", "rollout-failed", "rollout-aborted", "rollout-succeeded"}
    ),
    "Waves": frozenset({"wave-opened", "approval-needed", "command-approve"}),
    "What people told it": frozenset({"command-pause", "command-resume", "command-abort", "command-retry"}),
    "Jobs that were ended": frozenset({"jobs-lost"}),
    "Steps in doubt": frozenset({"step-in-doubt"}),
    "Rolled back": frozenset({"unit-rolls-back"}),
    "Left for later, or skipped": frozenset({"unit-deferred", "deferred-again", "unit-skipped"}),
    "Refused at the down gate": frozenset({"unit-waits"}),
    "Let through the down gate": frozenset({"heat-interrupted", "unit-reboots"}),
}
JOBS_LOST = "jobs-lost"


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of one sort, oldest first."""

    title: str
    notes: tuple[Noted, ...]


@dataclass(frozen=True)
class WaveReport:
    """One wave: what it was to be, what became of it, and what its gate asked for.

    Attributes:
        began: when its first attempt started; None if none did.
        ended: when its last unit ended; None if one has not.
        gate: the arithmetic of its gate, in words.
        standing: `open`, `waits for approval`, `done` or `not reached`.
    """

    name: str
    index: int
    units: tuple[str, ...]
    succeeded: int
    began: datetime | None
    ended: datetime | None
    gate: str
    standing: str


def decisions(log: Sequence[Noted]) -> tuple[Decisions, ...]:
    """Sort the entries of a log that are decisions; sorts without any are left out."""
    found = (Decisions(title, tuple(n for n in log if n.what in whats)) for title, whats in _TITLES.items())
    return tuple(each for each in found if each.notes)


def waves(rollout: Rollout, units: Sequence[Progress], log: Sequence[Noted]) -> tuple[WaveReport, ...]:
    """Return every wave that has units, in their order; a rollout without any is one wave of everything."""
    starts = {note.unit: note.at for note in reversed(log) if note.what == "attempt-started"}
    return tuple(_waves(rollout, units, starts))


def _waves(rollout: Rollout, units: Sequence[Progress], starts: Mapping[str, datetime]) -> Iterator[WaveReport]:
    for index in sorted({unit.wave for unit in units}):
        mine = [unit for unit in units if unit.wave == index]
        succeeded = sum(unit.phase is Phase.SUCCEEDED for unit in mine)
        is_over = all(unit.phase.is_end for unit in mine)
        yield WaveReport(
            name=rollout.waves[index].name if index < len(rollout.waves) else "all",
            index=index,
            units=tuple(unit.unit for unit in mine),
            succeeded=succeeded,
            began=min((starts[unit.unit] for unit in mine if unit.unit in starts), default=None),
            ended=max((unit.since for unit in mine if unit.since), default=None) if is_over else None,
            gate=_gate(rollout.policy, succeeded, len(mine)),
            standing=_standing(rollout, index, is_over),
        )


def _gate(policy: Policy, succeeded: int, size: int) -> str:
    had = f"{succeeded} of {size} succeeded ({100 * succeeded / size:.1f} %)"
    needed = policy.min_success_percent
    return had if needed is None else f"{had}, {needed:g} % needed"


def _standing(rollout: Rollout, index: int, is_over: bool) -> str:
    if is_over:
        return "done"
    if index > rollout.wave or rollout.status.is_end:
        return "not reached"
    return "waits for approval" if rollout.awaiting and index == rollout.wave else "open"
