"""Two slots of a fake unit, and what staging, installing and booting do to them, as `fleet-unit` and RAUC would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from fleetctl.core.facts import Installed, Staged
from fleetctl.core.rollout.state import Step

slot_faults: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "bytes_per_s": st.sampled_from([0.0, 0.0, 20.0, 0.5]),
        "install_s": st.sampled_from([0.0, 0.0, 15.0]),
        "falls_back": st.sampled_from([False, False, False, True]),
        "sick": st.sampled_from([False, False, False, True]),
        "never_good": st.sampled_from([False, False, False, True]),
        "refusal": st.sampled_from(["", "", "", "no room"]),
        "fails": st.sampled_from(["", "", "", "RAUC: no"]),
        "version": st.sampled_from(["1", "1", "1", "2"]),
    }
)
"""What may be wrong with the slots of a unit, and how long things take there."""


@dataclass
class Work:
    """Something that goes on by itself on the unit: it began at a time, with so much done already."""

    step: Step
    since_s: float
    base: float = 0.0
    failure: str = ""


@dataclass
class FakeSlots:
    """What is in which slot.

    Attributes:
        now_s: tells the time.
        version, booted: of the running system.
        other_version, other_config: what the other slot holds.
        bytes_per_s: how fast a bundle arrives; 0 is at once.
        install_s: how long an installation takes.
        falls_back: a new system does not boot, and the old one comes back.
        sick: a new system boots, and its own checks fail.
        never_good: a new system boots, and does not mark itself good.
        refusal: why nothing is staged, for instance a full disk.
        fails: why the next installations fail.
    """

    now_s: Callable[[], float]
    version: str = "1"
    booted: str = "A"
    other_version: str = ""
    other_config: str = ""
    bytes_per_s: float = 0.0
    install_s: float = 0.0
    falls_back: bool = False
    sick: bool = False
    never_good: bool = False
    refusal: str = ""
    fails: str = ""
    is_good: bool = True
    _staging: Work | None = None
    _installing: Work | None = None
    _tried: str = ""

    @property
    def other(self) -> str:
        return "B" if self.booted == "A" else "A"

    @property
    def staged(self) -> Staged | None:
        work = self._staging
        if work is None:
            return None
        received = self._received(work)
        ready = received >= work.step.bundle_bytes
        return Staged(work.step.bundle, work.step.bundle_bytes, received, ready, "" if ready else work.failure)

    @property
    def installed(self) -> Installed | None:
        work = self._installing
        if work is None:
            return None
        slot = work.step.slot
        if work.failure:
            return Installed(work.step.bundle, work.step.release, slot, 50.0, work.failure == self._tried, work.failure)
        gone_s = self.now_s() - work.since_s
        done = gone_s >= self.install_s
        return Installed(
            work.step.bundle, work.step.release, slot, 100.0 if done else 100 * gone_s / self.install_s, done
        )

    def stage(self, step: Step) -> str:
        """Begin to fetch a bundle; returns why not, or an empty text."""
        if self.refusal:
            return self.refusal
        before = self._staging
        same = before is not None and before.step.bundle == step.bundle
        base = float(self._received(before)) if same and before is not None else 0.0
        self._staging = Work(step, self.now_s(), base)
        return ""

    def install(self, step: Step, config: str) -> str:
        """Begin to write a staged bundle into the other slot; returns why not, or an empty text."""
        if self.staged is None or not self.staged.ready or self.staged.sha256 != step.bundle:
            return "it is not staged"
        found = self.installed
        if not (found and found.done and not found.failure and found.sha256 == step.bundle):
            self._installing = Work(replace(step, slot=self.other), self.now_s(), failure=self.fails)
        self.other_version = step.release
        self.other_config = self._staging.step.config_digest if self._staging else ""
        self.other_config = self.other_config or config
        return ""

    def boot(self, slot: str, config: str) -> str:
        """Boot a slot, and return the config that its system finds; a power cut boots the one that runs."""
        self.cut_short()
        if slot in {"", self.booted}:
            return config
        found = self.installed
        assert self._tried or (found and found.done and found.slot == slot), (
            f"slot {slot} was booted with nothing in it"
        )
        if self.falls_back and not self._tried:
            assert self._installing is not None
            self._tried = self._installing.failure = f"it was tried, and the unit fell back to {self.booted}"
            return config
        self._tried = self._tried or "it was left"
        new_version, new_config = self.other_version, self.other_config
        self.other_version, self.other_config = self.version, config
        self.version, self.booted = new_version, slot
        self.is_good = not self.never_good or slot == "A"
        return new_config

    def cut_short(self) -> None:
        """Lose whatever was going on."""
        if self._staging and self.staged and not self.staged.ready:
            self._staging = Work(self._staging.step, self.now_s(), self._received(self._staging), "it was cut short")
        if self._installing and self.installed and not self.installed.done:
            self._installing.failure = self._installing.failure or "it was cut short"

    def _received(self, work: Work) -> int:
        if work.failure:
            return int(work.base)
        size = work.step.bundle_bytes
        came = (self.now_s() - work.since_s) * self.bytes_per_s if self.bytes_per_s else size
        return int(min(size, work.base + came))
