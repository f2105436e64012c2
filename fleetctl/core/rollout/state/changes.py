"""What `decide` takes in, and what it wants committed and done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from fleetctl.core.facts import Observation
from fleetctl.core.rollout.state.progress import Progress
from fleetctl.core.rollout.state.row import Command, Rollout, Status
from fleetctl.core.rollout.state.steps import Step, StepResult


@dataclass(frozen=True, slots=True)
class RolloutChanged:
    """The rollout's status with the reason in words, and the failures tolerated so far."""

    rollout: str
    status: Status
    reason: str
    tolerated: int = 0


@dataclass(frozen=True, slots=True)
class WaveChanged:
    """Another wave is open, or the open one waits for a person, or was approved."""

    rollout: str
    wave: int
    awaiting: bool


@dataclass(frozen=True, slots=True)
class SitesHalted:
    """The sites where nothing starts any more, with the reason; replaces what was there."""

    rollout: str
    sites: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SitesWaited:
    """For how many seconds nobody could start, or stage, at which sites; replaces what was there."""

    rollout: str
    starting_s: Mapping[str, float]
    staging_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class UnitChanged:
    """A unit's new progress; replaces the row."""

    rollout: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class StepIntended:
    """A step will be done: committed before it is."""

    step: Step
    at: datetime


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step's outcome is known."""

    result: StepResult
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandHandled:
    """A command was taken into account (or refused, with the reason)."""

    command: int
    answer: str


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the append-only event log; every state-changing decision leaves one."""

    rollout: str
    unit: str
    at: datetime
    what: str
    """Stable word for machines, for instance `unit-failed`."""
    text: str
    """For people: object, fact, arithmetic."""


RowChange = RolloutChanged | WaveChanged | SitesHalted | SitesWaited
Change = RowChange | UnitChanged | StepIntended | StepEnded | CommandHandled | Noted


def followed(rollout: Rollout, change: RowChange) -> Rollout:
    """Return a rollout's row after a change to it."""
    match change:
        case RolloutChanged():
            return replace(rollout, status=change.status, reason=change.reason, tolerated=change.tolerated)
        case WaveChanged():
            return replace(rollout, wave=change.wave, awaiting=change.awaiting)
        case SitesHalted():
            return replace(rollout, halted_sites=change.sites)
        case SitesWaited():
            return replace(rollout, waited_s=change.starting_s, staging_waited_s=change.staging_s)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What became known since the last tick of one rollout."""

    results: tuple[StepResult, ...] = ()
    observations: tuple[Observation, ...] = ()
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What `decide` answers.

    Attributes:
        changes: to be committed in one transaction, before anything else is done.
        steps: to be submitted after the commit; each has its `StepIntended` among the changes.
        cancel: open steps that lasted too long; nobody waits for them any more.
        observe: units to be probed.
        reasons: why the next unit of each waiting site waits, in words, by site.
        parked: sites where nobody may start for now, with the monotonic time of the next look; the board remembers
            it until something changes there, so that a tick does not ask the heat guard of every waiting unit.
        staging_parked: sites where nobody may stage for now, remembered likewise.
        at_gate: units that the down gate refused, with the monotonic time of the next question; remembered likewise.
        wake_s: monotonic time of the next deadline or retry; 0 if only an event can change anything.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    cancel: tuple[Step, ...] = ()
    observe: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, float] = field(default_factory=dict)
    staging_parked: Mapping[str, float] = field(default_factory=dict)
    at_gate: Mapping[str, float] = field(default_factory=dict)
    wake_s: float = 0.0
