"""A fake world: units that behave as `fleet-unit` does, an executor and a prober over them, and a clock that jumps.

It can be told to misbehave, unit by unit. It keeps the books itself: what was really done, how many units were
touched at once, whether a step was ever done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, JournalEntry, Observation, Unobserved
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.route import Route
from fleetctl.ports import Process, Target

START = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)


class FakeClock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def now(self) -> Now:
        return Now(START + timedelta(seconds=self.at_s - 1000.0), self.at_s, "boot-of-the-controller")

    def advance(self, seconds: float) -> None:
        self.at_s += seconds

    def wait(self, seconds: float) -> None:
        self.advance(seconds)


@dataclass
class FakeProcesses:
    """Processes of a machine: which pids live, and what was ended."""

    pid: int = 100
    alive: set[int] = field(default_factory=lambda: {100})
    ended: list[str] = field(default_factory=list)

    def me(self) -> Process:
        return Process(self.pid, f"mark-{self.pid}")

    def is_alive(self, process: Process) -> bool:
        return process.pid in self.alive

    def end_marked(self, marker: str) -> int:
        self.ended.append(marker)
        return 0


@dataclass
class FakeUnit:
    """One unit of the world.

    Attributes:
        lose_outcomes: so many of the next steps are done, but nobody hears of it.
        drop_steps: so many of the next steps never reach the unit, and nobody hears of it.
        endings: how the next `configure` steps end, instead of well.
        reboots_after_configure: the config holds a file that needs a reboot.
    """

    name: str
    gateway: str = ""
    config: str = ""
    boot: int = 1
    reachable: bool = True
    host_key: str = "SHA256:right"
    lose_outcomes: int = 0
    drop_steps: int = 0
    endings: list[Ending] = field(default_factory=list)
    reboots_after_configure: bool = False
    reboot_needed: bool = False
    stays_down: bool = False
    seen_epoch: int = 0
    journal: JournalEntry | None = None
    done: Counter[str] = field(default_factory=Counter)

    def facts(self, at: datetime) -> Facts:
        return Facts(
            unit=self.name,
            at=at,
            boot_id=f"boot-{self.boot}",
            serial=f"S-{self.name}",
            model="m",
            kind="radiator",
            version="1",
            booted="A",
            primary="A",
            config_digest=self.config,
            host_key=self.host_key,
            journal=self.journal,
            reboot_needed=self.reboot_needed,
        )

    def do(self, step: Step) -> StepResult:
        """Do a step as `fleet-unit` would: fenced, and a repeated step is answered from the journal."""
        if step.epoch < self.seen_epoch:
            return StepResult(step, Ending.REFUSED, f"epoch {step.epoch} is older than {self.seen_epoch}", Cause.FENCED)
        self.seen_epoch = step.epoch
        if self.journal and (self.journal.attempt, self.journal.step) == (step.attempt_id, str(step.number)):
            return StepResult(step, Ending(self.journal.outcome), "repeated")
        self.done[step.id] += 1
        ending = self._effect(step)
        self.journal = JournalEntry(step.epoch, step.attempt_id, str(step.number), ending.value)
        return StepResult(step, ending, reboot_needed=self.reboot_needed, active_digest=self.config)

    def _effect(self, step: Step) -> Ending:
        if step.kind is StepKind.CONFIGURE:
            ending = self.endings.pop(0) if self.endings else Ending.OK
            if ending is Ending.OK:
                self.config = step.config_digest
                self.reboot_needed = self.reboots_after_configure
            return ending
        if step.kind is StepKind.REBOOT:
            self.boot += 1
            self.reboot_needed = False
            self.reachable = not self.stays_down
        if step.kind is StepKind.VERIFY and step.config_digest and step.config_digest != self.config:
            return Ending.FAILED
        return Ending.OK


class FakeWorld:
    """Units, and an executor and a prober over them. Fills the ports `Executor` and `Prober`."""

    def __init__(self, units: Iterable[FakeUnit], clock: FakeClock | None = None) -> None:
        self.units = {unit.name: unit for unit in units}
        self.clock = clock or FakeClock()
        self.gateways_down: set[str] = set()
        self.open_steps: dict[str, Step] = {}
        self.most_at_once = 0
        self.submitted: list[Step] = []
        self.probed: Counter[str] = Counter()
        self.before_step: Callable[[Step], None] = lambda _: None
        self._observations: list[Observation] = []
        self.executor = FakeExecutor(self)
        self.prober = FakeProber(self)

    def observe(self, name: str) -> Observation:
        unit, at = self.units[name], self.clock.now().utc
        self.probed[name] += 1
        if name in self.gateways_down:
            return Unobserved(name, at, Cause.UNREACHABLE, f"{name} does not answer")
        if unit.gateway in self.gateways_down:
            return Unobserved(name, at, Cause.GATEWAY_DOWN, f"gateway {unit.gateway} does not answer")
        if not unit.reachable:
            return Unobserved(name, at, Cause.UNREACHABLE, f"{name} does not answer")
        return unit.facts(at)

    def done_twice(self) -> list[str]:
        """Return the steps whose effect happened more than once."""
        return [step for unit in self.units.values() for step, count in unit.done.items() if count > 1]


class FakeExecutor:
    """Does what was submitted when it is polled; a poll with nothing to tell lets time pass."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world

    def submit(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.world.before_step(step)
            assert step.unit not in {s.unit for s in self.world.open_steps.values()}, f"two open steps on {step.unit}"
            self.world.open_steps[step.id] = step
        self.world.submitted += steps
        self.world.most_at_once = max(self.world.most_at_once, len(self.world.open_steps))

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        results = [result for step in list(self.world.open_steps.values()) if (result := self._do(step)) is not None]
        for result in results:
            self.world.open_steps.pop(result.step.id)
        if not results:
            self.world.clock.advance(max(timeout_s, 0.01))
        return results

    def cancel(self, step: Step) -> None:
        self.world.open_steps.pop(step.id, None)

    def close(self) -> None:
        self.world.open_steps.clear()

    def _do(self, step: Step) -> StepResult | None:
        unit = self.world.units[step.unit]
        cut_off = unit.gateway in self.world.gateways_down or not unit.reachable
        if cut_off or unit.drop_steps > 0:
            unit.drop_steps -= unit.drop_steps > 0
            return StepResult(step, Ending.NO_OUTCOME, "the connection was lost")
        result = unit.do(step)
        if unit.lose_outcomes > 0:
            unit.lose_outcomes -= 1
            return StepResult(step, Ending.NO_OUTCOME, "the connection was lost")
        return result


class FakeProber:
    """Answers at the next poll."""

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self._targets: list[str] = []

    def submit(self, targets: Iterable[Target]) -> None:
        self._targets += [target.unit for target in targets]

    def poll(self, timeout_s: float) -> Sequence[Observation]:
        del timeout_s
        names, self._targets = self._targets, []
        return [self.world.observe(name) for name in names]

    def close(self) -> None:
        self._targets.clear()


def no_route(_rollout: str, _unit: str) -> Route:
    """Return a way to nowhere; the fake world needs none."""
    return Route(dial=(), hops=())
