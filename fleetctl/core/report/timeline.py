"""What a unit did when, read off its log and its steps: spans of phases, and how long its heat was interrupted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleetctl.core.rollout.state import Noted, Phase, Progress, StepKind, StepTaken

IN_DOUBT = "in_doubt"
WAITING = "waiting"
"""At the down gate."""
_STEPS = {
    StepKind.STAGE: Phase.STAGING.value,
    StepKind.INSTALL: Phase.INSTALLING.value,
    StepKind.CONFIGURE: Phase.CONFIGURING.value,
    StepKind.VERIFY: Phase.VERIFYING.value,
    StepKind.REGISTER: Phase.REGISTERING.value,
    StepKind.REBOOT: Phase.REBOOTING.value,
    StepKind.FLASH: Phase.FLASHING.value,
    StepKind.DRAIN: Phase.DRAINING.value,
    StepKind.UNDRAIN: Phase.RELEASING.value,
    StepKind.ROLL_BACK: Phase.ROLLING_BACK.value,
}
_NOTES = {
    "unit-stages": Phase.STAGING.value,
    "unit-installs": Phase.INSTALLING.value,
    "attempt-started": Phase.CONFIGURING.value,
    "unit-drains": Phase.DRAINING.value,
    "unit-waits": WAITING,
    "unit-registers": Phase.REGISTERING.value,
    "unit-reboots": Phase.REBOOTING.value,
    "unit-flashes": Phase.FLASHING.value,
    "unit-rolls-back": Phase.ROLLING_BACK.value,
    "unit-releases": Phase.RELEASING.value,
    "unit-soaks": Phase.SOAKING.value,
    "step-in-doubt": IN_DOUBT,
}
SHOWN = tuple(dict.fromkeys([*_STEPS.values(), *_NOTES.values()]))
"""What a span may be, in the order of a legend."""
_UNIT_ENDS = frozenset(f"unit-{phase.value.replace('_', '-')}" for phase in Phase if phase.is_end)
_CLOSES = _UNIT_ENDS | {"attempt-failed", "unit-waits-again", "deferred-again", "unit-installed"}
Mark = tuple[datetime, str]
_HEATS = frozenset({"unit-succeeded", "unit-soaks", "unit-rolled-back", "unit-drains"})
"""Entries that are only written once the unit was seen to heat."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that a unit was at one thing; `is_open` if it still is."""

    what: str
    began: datetime
    ended: datetime
    is_open: bool = False

    @property
    def duration_s(self) -> float:
        """Return how long it lasted, in seconds."""
        return (self.ended - self.began).total_seconds()


def spans_of(
    log: Sequence[Noted], steps: Sequence[StepTaken], seen: Sequence[datetime], until: datetime
) -> tuple[Span, ...]:
    """Return what a unit was at, oldest first; nothing where it waited for its turn or had ended.

    Args:
        log: the unit's entries, oldest first.
        steps: the unit's steps, in their order.
        seen: when the unit was observed, oldest first; a look ends the doubt, and the log does not say so.
        until: when the rollout ended, or now.
    """
    spans: list[Span] = []
    began, what = until, ""
    for at, now_at in _cleared(_marks(log, steps), seen):
        if now_at == what:
            continue
        if what and at > began:
            spans.append(Span(what, began, at))
        began, what = at, now_at
    if what:
        spans.append(Span(what, began, max(began, until), is_open=True))
    return tuple(spans)


def _cleared(marks: Sequence[Mark], seen: Sequence[datetime]) -> Iterator[Mark]:
    """Yield marks, and after a doubt what the unit was at before, from the first look at it on."""
    before = ""
    for index, (at, what) in enumerate(marks):
        yield at, what
        if what != IN_DOUBT:
            before = what
            continue
        looked = next(iter(seen[bisect_right(seen, at) :]), None)
        if looked is not None and all(later > looked for later, _ in marks[index + 1 : index + 2]):
            yield looked, before


def _marks(log: Sequence[Noted], steps: Sequence[StepTaken]) -> list[Mark]:
    """Return from when on a unit was at what, empty for nothing; a step counts after what was said at the same time."""
    said = [(note.at, 0, "" if note.what in _CLOSES else _NOTES[note.what]) for note in log if _is_mark(note)]
    done = [(taken.intended, 1, _STEPS[taken.step.kind]) for taken in steps]
    return [(at, what) for at, _, what in sorted([*said, *done], key=lambda mark: mark[:2])]


def _is_mark(note: Noted) -> bool:
    return note.what in _NOTES or note.what in _CLOSES


def interruptions(
    progress: Progress, log: Sequence[Noted], steps: Sequence[StepTaken], until: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Return from when to when a unit's heat was, or may have been, interrupted by the rollout.

    It begins with the step that interrupts it and ends when the unit was seen to heat; if it never was, with the end of
    its last attempt, and if it still is down, now.
    """
    found: list[tuple[datetime, datetime]] = []
    over = until if progress.down else max((note.at for note in log if note.what in _CLOSES), default=until)
    for taken in steps:
        if not _interrupts(progress, taken) or (found and taken.intended < found[-1][1]):
            continue
        seen = (note.at for note in log if note.what in _HEATS and note.at > taken.intended)
        found.append((taken.intended, max(taken.intended, next(seen, over))))
    return tuple(found)


def _interrupts(progress: Progress, taken: StepTaken) -> bool:
    changes = taken.step.kind in {StepKind.CONFIGURE, StepKind.ROLL_BACK}
    return taken.step.kind in {StepKind.REBOOT, StepKind.FLASH} or (progress.interrupts and changes)
