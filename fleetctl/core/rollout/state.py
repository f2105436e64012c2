"""What a rollout is made of: units and their phases, attempts, steps, and the changes that a journal commits.

Words: an *attempt* is one try at one unit; its *steps* are journalled as intent, then outcome. A step whose intent
has no outcome is *in doubt*. Everything here is a frozen value; `board` holds the working set that `decide` reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from fleetctl.core.facts import Cause, Observation
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Policy, Wave


class Action(StrEnum):
    """What one unit needs, as a plan says it."""

    IMAGE = "image"
    CONFIGURE = "configure"
    UPDATE = "update"
    REGISTER = "register"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    REBOOT = "reboot"
    RETIRE = "retire"


class Phase(StrEnum):
    """Where a unit stands in a rollout; the last six are ends."""

    PENDING = "pending"
    DRAINING = "draining"
    CONFIGURING = "configuring"
    REBOOTING = "rebooting"
    VERIFYING = "verifying"
    ROLLING_BACK = "rolling_back"
    RELEASING = "releasing"
    SOAKING = "soaking"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    DEFERRED = "deferred"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Say whether a unit in this phase needs nothing more."""
        return self in ENDS


ENDS = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ROLLED_BACK, Phase.DEFERRED, Phase.SKIPPED, Phase.CANCELLED})
COUNTED_AS_FAILED = frozenset({Phase.FAILED, Phase.ROLLED_BACK})


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


class StepKind(StrEnum):
    """An effect on a unit; each is one playbook."""

    CONFIGURE = "configure"
    VERIFY = "verify"
    """Over a new connection: confirm what waits for confirmation, then the unit's own checks."""
    REBOOT = "reboot"
    DRAIN = "drain"
    """No new jobs, with our token as the reason; heat is kept."""
    UNDRAIN = "undrain"
    """Jobs again, unless the drain is somebody else's."""
    ROLL_BACK = "roll_back"
    """Back to the config before the last one."""


class Ending(StrEnum):
    """How a step ended, as the unit itself said it."""

    OK = "ok"
    REFUSED = "refused"
    """Nothing was changed."""
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"
    NO_OUTCOME = "no_outcome"
    """Nobody knows; the unit has to be observed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One effect to be done on one unit.

    Attributes:
        attempt: number of the try, from 1.
        number: number of the step within the attempt, from 1.
        epoch: the controller's; a unit refuses a lower one than it has seen.
        config_digest: of the config that the step is about; for `roll_back` the one that is to be left.
        cancel_jobs: for `drain`: end the jobs that still run, and report them lost.
        pulse_s, pulse_k: for `verify`: ask for a heat pulse of at most so many seconds and kelvins; 0 asks for none.
    """

    rollout: str
    unit: str
    attempt: int
    number: int
    kind: StepKind
    epoch: int
    config_digest: str = ""
    cancel_jobs: bool = False
    pulse_s: float = 0.0
    pulse_k: float = 0.0

    @property
    def attempt_id(self) -> str:
        """Return the attempt's name for the unit's journal: unique over all rollouts."""
        return f"{self.rollout}:{self.unit}:{self.attempt}"

    @property
    def id(self) -> str:
        """Return the step's name: unique over all rollouts."""
        return f"{self.attempt_id}:{self.number}"


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step ended, and what is known about why.

    Attributes:
        active_digest: of the config that was active when the unit answered; empty if it did not say.
    """

    step: Step
    ending: Ending
    message: str = ""
    cause: Cause | None = None
    reboot_needed: bool = False
    active_digest: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step as the journal has it.

    Attributes:
        intended: when its intent was committed, before it was done.
        ended: when its outcome was committed; None if nobody committed one.
        ending: its outcome.
    """

    step: Step
    intended: datetime
    ended: datetime | None = None
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one unit has come.

    Attributes:
        attempt: number of the current or last try; 0 before the first.
        tries: tries since the start, or since a person asked for a retry; the policy's `retries` limits them.
        step: the last step whose intent was journalled; None before the first.
        open: the step's outcome is not known yet.
        in_doubt: the last step was left open by a controller that is gone, or ended without an outcome.
        lost: of a step in doubt: it ended without an outcome under this controller, so it has used up its try.
        reason: why it waits, or how it ended, in words.
        since: when it entered the phase.
        deadline_s: monotonic time at which the phase has lasted too long; 0 if none.
        attempt_deadline_s: monotonic time at which the whole attempt has lasted too long; 0 if none.
        not_before_s: monotonic time before which it is not tried or observed again.
        boot_id: the unit's boot id before the reboot that was asked for.
        wave: index of its wave.
        interrupts: its configuration touches what heats, so `configure` itself interrupts heat.
        applied: its config was applied and verified in this rollout; another attempt does not apply it again.
        drained: a drain of ours stands on the unit, or may stand.
        at_gate: it waits at the down gate.
        down: its heat is interrupted by us, and was not observed again yet.
        down_since: when it last passed the down gate.
        repair: it was without heat before we touched it.
        zone_before_c: temperature of its zone when it passed the down gate; None if it never did.
        previous_digest: the config that `roll_back` would restore; empty if there is none.
        ending: where it goes once it is released: an end, or `pending` for another try.
        samples: healthy samples of its soak so far.
        deferred_at: when it got its first turn after it was deferred; None if it never did.
        jobs: jobs that ran on it at the last look while it was draining.
        jobs_lost: jobs that were ended for it.
    """

    unit: str
    site: str
    kind: Kind
    gateway: str
    actions: tuple[Action, ...]
    config_digest: str
    phase: Phase = Phase.PENDING
    attempt: int = 0
    tries: int = 0
    step: Step | None = None
    open: bool = False
    in_doubt: bool = False
    lost: bool = False
    reason: str = ""
    cause: Cause | None = None
    since: datetime | None = None
    deadline_s: float = 0.0
    attempt_deadline_s: float = 0.0
    not_before_s: float = 0.0
    boot_id: str = ""
    wave: int = 0
    interrupts: bool = False
    applied: bool = False
    drained: bool = False
    at_gate: bool = False
    down: bool = False
    down_since: datetime | None = None
    repair: bool = False
    zone_before_c: float | None = None
    previous_digest: str = ""
    ending: Phase | None = None
    samples: int = 0
    deferred_at: datetime | None = None
    jobs: int = 0
    jobs_lost: int = 0


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


# --- changes: what `decide` wants committed -------------------------------------------------------------------------


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


RowChange = RolloutChanged | WaveChanged | SitesHalted
Change = RolloutChanged | WaveChanged | SitesHalted | UnitChanged | StepIntended | StepEnded | CommandHandled | Noted


def followed(rollout: Rollout, change: RowChange) -> Rollout:
    """Return a rollout's row after a change to it."""
    match change:
        case RolloutChanged():
            return replace(rollout, status=change.status, reason=change.reason, tolerated=change.tolerated)
        case WaveChanged():
            return replace(rollout, wave=change.wave, awaiting=change.awaiting)
        case SitesHalted():
            return replace(rollout, halted_sites=change.sites)


# --- inputs: what happened since the last tick ----------------------------------------------------------------------


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
        at_gate: units that the down gate refused, with the monotonic time of the next question; remembered likewise.
        wake_s: monotonic time of the next deadline or retry; 0 if only an event can change anything.
    """

    changes: tuple[Change, ...] = ()
    steps: tuple[Step, ...] = ()
    cancel: tuple[Step, ...] = ()
    observe: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, float] = field(default_factory=dict)
    at_gate: Mapping[str, float] = field(default_factory=dict)
    wake_s: float = 0.0
