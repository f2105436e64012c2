"""Steps: effects on a unit, journalled as intent, then outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fleetctl.core.facts import Cause


class StepKind(StrEnum):
    """An effect on a unit; each is one playbook."""

    STAGE = "stage"
    """Bring a bundle, and the config that belongs to it, to the unit; nothing of it is in force yet."""
    INSTALL = "install"
    """Write the staged bundle to the slot that is not booted; it is not activated."""
    FLASH = "flash"
    """Write the staged bundle of a component; it interrupts heat."""
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
    REGISTER = "register"
    """A key made on the unit, a certificate for it, and whatever else knows it: registry, platform. Safe to repeat."""
    WIPE = "wipe"
    """Forget key, certificate and registration; only a person asks for it, one unit at a time."""
    POWER_OFF = "power_off"
    """Go off for good, after its identity was wiped."""
    IMAGE = "image"
    """Start from the network, where the machine is imaged anew; only a person asks for it, one unit at a time."""


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
        config_digest: of the config that the step is about; for `roll_back` the one that is to be left; for `stage`
            the one that is to go with the release, empty if the other slot takes over the config of this one.
        cancel_jobs: for `drain`: end the jobs that still run, and report them lost.
        pulse_s, pulse_k: for `verify`: ask for a heat pulse of at most so many seconds and kelvins; 0 asks for none.
        release: for `stage`, `install` and `flash`: the version that the bundle holds.
        bundle: for the same: SHA-256 of the bundle, in hexadecimal.
        bundle_bytes: for the same: its size.
        component: for `flash`: the component that is to be of the release.
        rate_bytes_per_s: for `stage`: how fast it may be brought there at most; 0 sets no limit.
        slot: for `reboot`: boot name of the slot that is to be activated first; empty for a plain reboot.
        renew: for `register`: with a new key, although the one in force has a certificate.
        registration: for `register`: digest of what the unit is to be registered as.
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
    release: str = ""
    bundle: str = ""
    bundle_bytes: int = 0
    rate_bytes_per_s: int = 0
    slot: str = ""
    component: str = ""
    renew: bool = False
    registration: str = ""

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
