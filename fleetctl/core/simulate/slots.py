"""The two slots of a modelled unit: a bundle arrives, is written to the other one, and that one is booted, or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fleetctl.core.facts import Installed, Staged
from fleetctl.core.rollout.state import Step


@dataclass(frozen=True, slots=True)
class Work:
    """Something that goes on by itself: the step that asked for it, and when it began and ends, in seconds."""

    step: Step
    began_s: float
    ends_s: float

    def share(self, at_s: float) -> float:
        """Return how much of it is done, from 0 to 1."""
        if at_s >= self.ends_s:
            return 1.0
        return max(0.0, (at_s - self.began_s) / (self.ends_s - self.began_s))


class Slots:
    """What is in which slot, `A` or `B`, and what is on its way there.

    Attributes:
        version, booted: of the running system.
        other_version, other_config: what is in the other slot; empty if nothing that could be booted.
    """

    def __init__(self, version: str) -> None:
        self.version, self.booted = version, "A"
        self.other_version, self.other_config = "", ""
        self._staging: Work | None = None
        self._installing: Work | None = None
        self._fallen = False

    @property
    def other(self) -> str:
        """Return the name of the slot that is not booted."""
        return "B" if self.booted == "A" else "A"

    def stage(self, step: Step, at_s: float, lasts_s: float) -> None:
        """Begin to bring a bundle; one that is there stays there."""
        if self._staging is None or self._staging.step.bundle != step.bundle:
            self._staging = Work(step, at_s, at_s + lasts_s)

    def install(self, step: Step, config: str, at_s: float, lasts_s: float) -> bool:
        """Begin to write the staged bundle; return whether it is staged."""
        if self._staging is None or self._staging.step.bundle != step.bundle or at_s < self._staging.ends_s:
            return False
        self._installing, self._fallen = Work(step, at_s, at_s + lasts_s), False
        self.other_version, self.other_config = step.release, self._staging.step.config_digest or config
        return True

    def boot(self, slot: str, config: str, *, falls_back: bool) -> str:
        """Boot a slot; return the config that its system finds. A new system that does not boot is left for the old."""
        if slot in {"", self.booted} or not self.other_version:
            return config
        if falls_back and not self._fallen:
            self._fallen = True
            return config
        self.version, self.other_version = self.other_version, self.version
        found, self.other_config = self.other_config, config
        self.booted = slot
        return found

    def staged(self, at_s: float) -> Staged | None:
        """Return what a probe sees of a bundle on its way."""
        work = self._staging
        if work is None:
            return None
        share, size = work.share(at_s), work.step.bundle_bytes
        return Staged(work.step.bundle, size, int(size * share), ready=share >= 1.0)

    def installed(self, at_s: float) -> Installed | None:
        """Return what a probe sees of an installation, also once the slot that it went to is the one booted."""
        work = self._installing
        if work is None:
            return None
        share, failure = work.share(at_s), "it was tried, and the unit fell back" if self._fallen else ""
        slot = self.booted if self.version == work.step.release else self.other
        return Installed(work.step.bundle, work.step.release, slot, 100 * share, share >= 1.0, failure)

    def left_s(self, at_s: float) -> float:
        """Return how long what is on its way will still take, in seconds; 0 if nothing is."""
        ends_s = max((work.ends_s for work in (self._staging, self._installing) if work), default=-math.inf)
        return max(0.0, ends_s - at_s)
