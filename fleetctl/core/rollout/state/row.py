"""A rollout's own row, and what a person may tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fleetctl.core.policy import Policy, Wave


class Status(StrEnum):
    """Where a whole rollout stands."""

    RUNNING = "running"
    PAUSED = "paused"
    """By a person; nothing new starts."""
    HALTED = "halted"
    """By a gate; nothing new starts until a person resumes it."""
    ABORTING = "aborting"
    ABORTED = "aborted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_end(self) -> bool:
        """Say whether nothing more will happen without a new command."""
        return self in {Status.ABORTED, Status.SUCCEEDED, Status.FAILED}


@dataclass(frozen=True, slots=True)
class Rollout:
    """A rollout's own row; its units are `Progress` values beside it."""

    id: str
    fleet: str
    plan: str
    policy: Policy
    inventory: str
    """Folder that the fleet was loaded from; the controller finds the routes there."""
    actor: str
    created: datetime
    status: Status = Status.RUNNING
    reason: str = ""
    tolerated: int = 0
    """Failures that a person accepted by resuming a halted rollout; the limit counts from there."""
    sites: tuple[str, ...] = ()
    """In the order in which they are worked on."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Units of the plan that are not in the rollout, with the reason."""
    waves: tuple[Wave, ...] = ()
    """The policy's waves as they were assigned; empty means one wave of everything."""
    wave: int = 0
    """Index of the wave that is open; units of later ones wait for its gate."""
    awaiting: bool = False
    """The open wave waits for a person's approval."""
    halted_sites: Mapping[str, str] = field(default_factory=dict)
    """Sites where nothing starts because heat was lost there after we touched it, with the reason."""
    waited_s: Mapping[str, float] = field(default_factory=dict)
    """Sites where nobody could start for reasons of their units, and for how long, as it was last noted."""
    staging_waited_s: Mapping[str, float] = field(default_factory=dict)
    """Likewise where nobody could stage."""


class CommandKind(StrEnum):
    """What a person may tell a rollout, from any process."""

    PAUSE = "pause"
    RESUME = "resume"
    ABORT = "abort"
    RETRY = "retry"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Command:
    """A request to a rollout; the controller sees it at its next tick.

    Attributes:
        units: for `retry`: these units; empty means every failed one.
        wave: for `approve`: the wave that is meant, so that an approval that comes late opens no other.
    """

    id: int
    rollout: str
    kind: CommandKind
    actor: str
    at: datetime
    reason: str = ""
    units: tuple[str, ...] = ()
    wave: str = ""
