"""One unit of a rollout: what it needs, the phase that it is in, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleetctl.core.facts import Cause
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout.state.steps import Step


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
    STAGING = "staging"
    INSTALLING = "installing"
    DRAINING = "draining"
    CONFIGURING = "configuring"
    REBOOTING = "rebooting"
    FLASHING = "flashing"
    VERIFYING = "verifying"
    REGISTERING = "registering"
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

    @property
    def is_ahead(self) -> bool:
        """Say whether a unit in this phase is being prepared, ahead of anything that could interrupt it."""
        return self in AHEAD

    @property
    def takes_place(self) -> bool:
        """Say whether a unit in this phase takes a place in the sliding window of what is worked on."""
        return self not in PLACELESS


ENDS = frozenset({Phase.SUCCEEDED, Phase.FAILED, Phase.ROLLED_BACK, Phase.DEFERRED, Phase.SKIPPED, Phase.CANCELLED})
COUNTED_AS_FAILED = frozenset({Phase.FAILED, Phase.ROLLED_BACK})
AHEAD = frozenset({Phase.STAGING, Phase.INSTALLING})
PLACELESS = ENDS | AHEAD | {Phase.PENDING, Phase.SOAKING}


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
        clock_began: when that clock was at 0, by the wall clock; None before the first attempt.
        takeovers: how often another controller took this attempt over.
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
        release: version that it is to run; empty if it needs no update.
        bundle, bundle_bytes: SHA-256 and size of the bundle that holds it, as they were signed when the plan was made.
        component: whose release it is; empty for the system's.
        arrived: how much of the bundle had arrived, in bytes, or was installed, in percent, at the last look.
        installed: the release is installed in `slot`, and its config staged for it; it only has to be booted. Of a
            component: its bundle is staged; it only has to be flashed.
        slot: boot name of the slot that the release is installed in; empty while it is not.
        slot_before, version_before: the slot and the version that ran before; an update that fails goes back there.
        boot_before: boot id before the reboot into `slot`; empty as long as that was not tried.
        resumed_from: what had arrived when the step that brings or installs it was last asked for.
        registration: digest of what it is to be registered as; empty if it needs no registration.
        renews: it is to make a new key for it.
        verified: all that it needed but its registration is done and verified in this rollout.
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
    clock_began: datetime | None = None
    takeovers: int = 0
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
    release: str = ""
    bundle: str = ""
    bundle_bytes: int = 0
    component: str = ""
    arrived: float = 0.0
    installed: bool = False
    slot: str = ""
    slot_before: str = ""
    version_before: str = ""
    boot_before: str = ""
    resumed_from: float = 0.0
    registration: str = ""
    renews: bool = False
    verified: bool = False

    @property
    def held(self) -> str:
        """Return in words what it holds that is not in force yet."""
        if self.component:
            return f"{self.release} is staged for its {self.component} and not flashed"
        return f"{self.release} is installed in slot {self.slot} and not activated"

    @property
    def is_unstaged(self) -> bool:
        """Say whether its release has to be staged and installed before it may start."""
        return bool(self.release) and not self.installed
