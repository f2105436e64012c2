"""One modelled unit: what steps do to it, as `fleet-unit` and the machine under it would, and what a probe sees.

It is fenced by the epoch and answers a repeated step from its journal, as the real one does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fleetctl.core.facts import Cause, Compute, Facts, Heat, JournalEntry, drain_reason
from fleetctl.core.inventory.fleet import Kind, Model, Unit
from fleetctl.core.names import unit_name
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.simulate.chance import Chance, Spread
from fleetctl.core.simulate.conditions import Durations, Faults
from fleetctl.core.simulate.events import Time
from fleetctl.core.simulate.slots import Slots
from fleetctl.core.simulate.spaces import Space

FACTORY = "0" * 64
"""Digest of the config that units have before the rollout, unless a plan's facts say otherwise."""
_LITTLE_W = 1.0


@dataclass(frozen=True, slots=True)
class Ground:
    """What all units of a world share."""

    chance: Chance
    durations: Durations
    faults: Faults
    time: Time


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a unit stands before the rollout.

    Attributes:
        config: digest of its config.
        reboots: a new config takes effect only after a reboot.
        reboot_needed: one waits for a reboot already.
        version: of its system; empty for the one that it should run.
    """

    config: str = FACTORY
    reboots: bool = False
    reboot_needed: bool = False
    version: str = ""


class ModelledUnit:
    """A unit as it is.

    Attributes:
        unit, model: as declared.
        gateway: name of the gateway that it is reached through; empty for a gateway.
        carrier: name of the gateway without which it does not heat; empty if it heats alone.
        space: what it heats; None for a gateway.
        reboots: a new config takes effect only after a reboot.
        silent_until_s: it is down until then, in seconds; infinite if it hangs.
        heating: its heat agent runs and its heater works.
        slots: its systems.
        jobs_lost: jobs that were ended on it, by a drain or by a reboot.
    """

    def __init__(
        self, ground: Ground, unit: Unit, model: Model, space: Space | None, begins: Beginning, carrier: str = ""
    ) -> None:
        """Begin as `begins` says.

        Args:
            ground: what all units share.
            unit: as declared.
            model: its model.
            space: what it heats; None for a gateway.
            begins: how it stands.
            carrier: name of the gateway without which it does not heat; empty if it heats alone.
        """
        self.ground, self.unit, self.model, self.space = ground, unit, model, space
        self.name, self.carrier = unit.name, carrier
        self.gateway = unit_name(unit.site, unit.gateway) if unit.gateway else ""
        self.reboots = begins.reboots
        self.config, self.previous = begins.config, ""
        self.slots = Slots(begins.version or unit.release)
        self.components: dict[str, str] = {}
        self.boot = 1
        self.silent_until_s = 0.0
        self.heating = True
        self.jobs_lost = 0
        self.journal: JournalEntry | None = None
        self.registration = ""
        self._reboot_needed = begins.reboot_needed
        self._drain_reason = ""
        self._jobs_until_s = math.inf if self._is_busy(0) else 0.0
        self._pulse_until_s = 0.0
        self._seen_epoch = 0

    def answers(self, at_s: float) -> bool:
        """Say whether it is up, whatever the lines to it do."""
        return at_s >= self.silent_until_s

    def lasts_s(self, step: Step) -> float:
        """Return how long a step takes."""
        durations = self.ground.durations
        usual = {StepKind.CONFIGURE: durations.configure, StepKind.VERIFY: durations.verify}
        spread = durations.configure if step.kind is StepKind.ROLL_BACK else usual.get(step.kind, durations.other)
        return spread.at(self._share(step, "lasts"))

    def do(self, step: Step, at_s: float) -> StepResult:
        """Do a step: fenced, and a repeated one is answered from the journal."""
        if step.epoch < self._seen_epoch:
            message = f"epoch {step.epoch} is older than {self._seen_epoch}"
            return StepResult(step, Ending.REFUSED, message, Cause.FENCED)
        self._seen_epoch = step.epoch
        known = self.journal
        if known and (known.attempt, known.step) == (step.attempt_id, str(step.number)):
            return StepResult(step, Ending(known.outcome), "repeated", active_digest=self.config)
        ending, message = self._effect(step, at_s)
        self.journal = JournalEntry(step.epoch, step.attempt_id, str(step.number), ending.value)
        return StepResult(step, ending, message, reboot_needed=self._reboot_needed, active_digest=self.config)

    def boots_at(self, step: Step, at_s: float) -> float:
        """Go down for a reboot; return when it is up again, infinite if it hangs."""
        self.boot += 1
        self._end_jobs(at_s)
        self._reboot_needed = False
        self._pulse_until_s = 0.0
        falls_back = self.ground.chance.happens(
            self.ground.faults.fall_back_rate, "falls back", self.name, step.attempt
        )
        self.config = self.slots.boot(step.slot, self.config, falls_back=falls_back)
        hangs = self.ground.chance.happens(self.ground.faults.hang_rate, "hangs", step.id)
        lasts_s = Spread.within(self.model.reboot_p99_s).at(self._share(step, "boots"))
        self.silent_until_s = math.inf if hangs else at_s + lasts_s
        self.heating = False
        return self.silent_until_s

    def heats_after(self, at_s: float) -> float:
        """Return when it heats after a boot that ended at `at_s`; infinite if its heater is broken."""
        question = (self.name, self.boot)
        if self.ground.chance.happens(self.ground.faults.cold_rate, "cold", *question):
            return math.inf
        return at_s + self.ground.durations.heat.at(self.ground.chance.share("heats", *question))

    def jobs_left_s(self, at_s: float) -> float:
        """Return how long the jobs of a drained unit still run; 0 if it is not drained, or none runs."""
        return max(0.0, self._jobs_until_s - at_s) if self._drain_reason else 0.0

    def ahead_left_s(self, at_s: float) -> float:
        """Return how long a bundle still travels, or is written; 0 if none is."""
        return self.slots.left_s(at_s)

    def facts(self, at_s: float) -> Facts:
        """Return what a probe sees."""
        unit = self.unit
        return Facts(
            unit=self.name,
            at=self.ground.time.utc(at_s),
            boot_id=f"{self.name}#{self.boot}",
            serial=unit.serial,
            model=unit.model,
            kind=unit.kind.value,
            version=self.slots.version,
            booted=self.slots.booted,
            primary=self.slots.booted,
            staged=self.slots.staged(at_s),
            installed=self.slots.installed(at_s),
            config_digest=self.config,
            previous_digest=self.previous,
            host_key=f"SHA256:{self.name}",
            registration=self.registration,
            journal=self.journal,
            reboot_needed=self._reboot_needed,
            heat=self._heat(at_s),
            compute=self._compute(at_s),
            components=dict(self.components),
        )

    def _effect(self, step: Step, at_s: float) -> tuple[Ending, str]:
        match step.kind:
            case StepKind.STAGE:
                self.slots.stage(step, at_s, self._travels_s(step))
            case StepKind.INSTALL:
                lasts_s = self.ground.durations.install.at(self._share(step, "is written"))
                if not self.slots.install(step, self.config, at_s, lasts_s):
                    return Ending.REFUSED, "the bundle is not staged"
            case StepKind.FLASH:
                self.components[step.component] = step.release
            case StepKind.CONFIGURE:
                return self._configure(step)
            case StepKind.ROLL_BACK if step.config_digest == self.config:
                self._put(self.previous)
            case StepKind.VERIFY:
                return self._verify(step, at_s)
            case StepKind.REGISTER:
                self.registration = step.registration
            case StepKind.DRAIN:
                self._drain(step, at_s)
            case StepKind.UNDRAIN if self._drain_reason == drain_reason(step.rollout):
                self._drain_reason = ""
                self._jobs_until_s = max(self._jobs_until_s, math.inf if self._is_busy(step.attempt) else 0.0)
            case _:
                pass
        return Ending.OK, ""

    def _travels_s(self, step: Step) -> float:
        """Return how long a bundle is on its way: as long as is usual, and no faster than the policy lets it be."""
        usual_s = self.ground.durations.stage.at(self._share(step, "travels"))
        return max(usual_s, step.bundle_bytes / step.rate_bytes_per_s if step.rate_bytes_per_s else 0.0)

    def _configure(self, step: Step) -> tuple[Ending, str]:
        if self.ground.chance.happens(self.ground.faults.fail_rate, "fails", self.name, step.attempt):
            return Ending.ROLLED_BACK, "a check of the new config failed"
        self._put(step.config_digest)
        return Ending.OK, ""

    def _put(self, digest: str) -> None:
        if digest and digest != self.config:
            self.config, self.previous = digest, self.config
            self._reboot_needed = self.reboots

    def _verify(self, step: Step, at_s: float) -> tuple[Ending, str]:
        if step.config_digest and step.config_digest != self.config:
            return Ending.FAILED, f"the active config is {self.config[:12]}"
        if step.pulse_s and self.space is not None and self._asked_w(at_s) < _LITTLE_W:
            self._pulse_until_s = at_s + step.pulse_s
        return Ending.OK, ""

    def _drain(self, step: Step, at_s: float) -> None:
        self._drain_reason = self._drain_reason or drain_reason(step.rollout)
        if step.cancel_jobs:
            self._end_jobs(at_s)
        elif self._jobs_until_s == math.inf:
            self._jobs_until_s = at_s + self.ground.durations.jobs.at(self._share(step, "jobs"))

    def _end_jobs(self, at_s: float) -> None:
        self.jobs_lost += at_s < self._jobs_until_s
        self._jobs_until_s = at_s

    def _heat(self, at_s: float) -> Heat | None:
        if self.space is None:
            return None
        self.space.advance(at_s)
        asked_w = self.model.power_w if at_s < self._pulse_until_s else self.space.asked_w(self.name)
        measured = round(self.space.temperature_c, 2)
        water = self.unit.kind is Kind.BOILER
        return Heat(
            age_s=5.0,
            power_w=asked_w if self.heating else 0.0,
            commanded_w=asked_w,
            setpoint_c=None if water else self.space.shape.setpoint_c,
            zone_temperature_c=None if water else measured,
            water_out_c=measured if water else None,
            water_return_c=measured - 5.0 if water else None,
            pulse_left_s=max(0.0, self._pulse_until_s - at_s),
        )

    def _asked_w(self, at_s: float) -> float:
        assert self.space is not None  # noqa: S101 - asked of units that heat
        self.space.advance(at_s)
        return self.space.asked_w(self.name)

    def _compute(self, at_s: float) -> Compute | None:
        if self.unit.compute.platform == "none" or self.unit.kind is Kind.GATEWAY:
            return None
        return Compute(bool(self._drain_reason), self._drain_reason, int(at_s < self._jobs_until_s))

    def _is_busy(self, attempt: int) -> bool:
        computes = self.unit.compute.platform != "none" and self.unit.kind is not Kind.GATEWAY
        return computes and self.ground.chance.happens(self.ground.faults.busy, "busy", self.name, attempt)

    def _share(self, step: Step, what: str) -> float:
        """Return this unit's luck with a step; the rollout's id has no part in it."""
        return self.ground.chance.share(what, self.name, step.attempt, step.kind.value, step.number)
