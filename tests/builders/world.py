"""A fake world: units that behave as `fleet-unit` does, an executor and a prober over them, and a clock that jumps.

It can be told to misbehave, unit by unit. It keeps the books itself: what was really done, how many units were
touched at once, whether a step was ever done twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Compute, Facts, Heat, JournalEntry, Observation, Unobserved, drain_reason
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.rollout.state import Ending, Step, StepKind, StepResult
from fleetctl.core.route import Route
from fleetctl.ports import Process, Target
from tests.builders.premises import premises
from tests.builders.slots import FakeSlots

START = datetime(2026, 1, 15, 18, 0, tzinfo=UTC)


class FakeClock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.at_s = 1000.0
        self.wrong_s = 0.0
        self.boots = 0
        self._booted_s = 0.0

    def now(self) -> Now:
        utc = START + timedelta(seconds=self.at_s - 1000.0 + self.wrong_s)
        return Now(utc, self.at_s - self._booted_s, f"boot-of-the-controller-{self.boots}")

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back."""
        self.wrong_s += seconds

    def restart(self, seconds: float) -> None:
        """Boot the controller's machine anew; the wall clock comes up so far off."""
        self.boots += 1
        self._booted_s = self.at_s
        self.jump(seconds)

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
        cold_after_reboot: it comes back, and does not heat.
        jobs: that run on it; None for a unit without a compute daemon.
        drained_by: the reason of the drain that stands on it.
        previous: the config before this one.
        reboot_s: how long it is away when it reboots.
        agent_s: for how long it gives no heat when a config is applied that touches its heat agent.
        robbed: it heated when we took its heat away, and has not heated since.
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
    cold_after_reboot: bool = False
    temperature_c: float = 20.0
    water_c: float | None = None
    commanded_w: float = 600.0
    power_w: float = 600.0
    jobs: int | None = None
    drained_by: str = ""
    jobs_lost: int = 0
    previous: str = ""
    config_changed: tuple[str, ...] = ()
    reboot_s: float = 0.0
    agent_s: float = 0.0
    robbed: bool = False
    away_until_s: float = 0.0
    cold_until_s: float = 0.0
    clock: FakeClock = field(default_factory=FakeClock)
    components: dict[str, str] = field(default_factory=dict)
    slots: FakeSlots = field(init=False)
    seen_epoch: int = 0
    journal: JournalEntry | None = None
    registration: str = ""
    register_endings: list[Ending] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.slots = FakeSlots(lambda: self.clock.at_s)

    @property
    def answers(self) -> bool:
        return self.reachable and self.clock.at_s >= self.away_until_s

    @property
    def gives_w(self) -> float:
        """Return the heat that it gives now."""
        gone = self.stays_down and self.boot > 1
        cold = gone or self.clock.at_s < max(self.away_until_s, self.cold_until_s)
        return 0.0 if cold else self.power_w

    @property
    def heats(self) -> bool:
        return self.gives_w >= 0.9 * self.commanded_w

    def facts(self, at: datetime) -> Facts:
        return Facts(
            unit=self.name,
            at=at,
            boot_id=f"boot-{self.boot}",
            serial=f"S-{self.name}",
            model="m",
            kind="radiator",
            version=self.slots.version,
            booted=self.slots.booted,
            primary=self.slots.booted,
            slots={self.slots.booted: "good" if self.slots.is_good else "bad"},
            staged=self.slots.staged,
            installed=self.slots.installed,
            config_digest=self.config,
            config_changed=self.config_changed,
            host_key=self.host_key,
            registration=self.registration,
            journal=self.journal,
            reboot_needed=self.reboot_needed,
            previous_digest=self.previous,
            components=dict(self.components),
            heat=Heat(1.0, self.gives_w, self.commanded_w, 20.0, self.temperature_c, water_out_c=self.water_c),
            compute=None if self.jobs is None else Compute(bool(self.drained_by), self.drained_by, self.jobs),
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
        match step.kind:
            case StepKind.CONFIGURE:
                return self._configure(step)
            case StepKind.REGISTER:
                return self._register(step)
            case StepKind.STAGE if self.slots.stage(step):
                return Ending.REFUSED
            case StepKind.INSTALL if self.slots.install(step, self.config):
                return Ending.REFUSED
            case StepKind.FLASH:
                return self._flash(step)
            case StepKind.REBOOT:
                self._reboot(step.slot)
            case StepKind.DRAIN:
                self._drain(step)
            case StepKind.UNDRAIN:
                self.drained_by = "" if self.drained_by == drain_reason(step.rollout) else self.drained_by
            case StepKind.ROLL_BACK:
                if self.previous and self.config == step.config_digest:
                    self._rob(self.agent_s)
                    self.config, self.previous, self.config_changed = self.previous, "", ()
                    self.cold_after_reboot = False
                    self.power_w = self.commanded_w
            case StepKind.VERIFY if step.config_digest and step.config_digest != self.config:
                return Ending.FAILED
            case StepKind.VERIFY if self.slots.sick and self.slots.booted == "B":
                return Ending.FAILED
        return Ending.OK

    def _configure(self, step: Step) -> Ending:
        ending = self.endings.pop(0) if self.endings else Ending.OK
        if ending is Ending.OK and self.config != step.config_digest:
            self._rob(self.agent_s)
            self.config, self.previous = step.config_digest, self.config
            self.reboot_needed = self.reboots_after_configure
        return ending

    def _register(self, step: Step) -> Ending:
        ending = self.register_endings.pop(0) if self.register_endings else Ending.OK
        self.registration = step.registration if ending is Ending.OK else self.registration
        return ending

    def _flash(self, step: Step) -> Ending:
        ending = self.endings.pop(0) if self.endings else Ending.OK
        self._rob(self.agent_s)
        self.components[step.component] = step.release if ending is Ending.OK else ""
        if self.cold_after_reboot:
            self.power_w = 0.0
        return ending

    def _rob(self, seconds: float) -> None:
        """Give no heat for so long, because of us."""
        self.robbed = self.heats if seconds and not self.robbed else self.robbed
        self.cold_until_s = max(self.cold_until_s, self.clock.at_s + seconds)

    def lose_power(self) -> None:
        """Come back with a new boot id; what was going on is cut short, and the heat that is lost is not our doing."""
        self.away_until_s = max(self.away_until_s, self.clock.at_s + self.reboot_s)
        self.boot += 1
        self.slots.cut_short()

    def _reboot(self, slot: str = "") -> None:
        self._rob(self.reboot_s)
        self.away_until_s = self.clock.at_s + self.reboot_s
        self.boot += 1
        self.config = self.slots.boot(slot, self.config)
        self.reboot_needed = False
        self.reachable = not self.stays_down
        self.jobs_lost += self.jobs or 0
        self.jobs = None if self.jobs is None else 0
        if self.cold_after_reboot:
            self.power_w = 0.0 if self.slots.booted == "B" or not slot else self.commanded_w

    def _drain(self, step: Step) -> None:
        self.drained_by = self.drained_by or drain_reason(step.rollout)
        if step.cancel_jobs and self.drained_by == drain_reason(step.rollout):
            self.jobs_lost += self.jobs or 0
            self.jobs = 0


class FakeWorld:
    """Units, and an executor and a prober over them. Fills the ports `Executor` and `Prober`."""

    def __init__(self, units: Iterable[FakeUnit], clock: FakeClock | None = None) -> None:
        self.units = {unit.name: unit for unit in units}
        self.clock = clock or FakeClock()
        for unit in self.units.values():
            unit.clock = self.clock
        self.gateways_down: set[str] = set()
        self.swallows: set[StepKind] = set()
        """Steps that never arrive; it takes 5 s until they are given up."""
        self.open_steps: dict[str, Step] = {}
        self.least_s = 0.01
        """How much time passes at least when the executor has nothing to tell."""
        self.most_at_once = 0
        """Units on which steps were open at once, those not counted that only stage or install."""
        self.submitted: list[Step] = []
        self.probed: Counter[str] = Counter()
        self.before_step: Callable[[Step], None] = lambda _: None
        self.after_effect: Callable[[Step], None] = lambda _: None
        self.after_look: Callable[[Observation], None] = lambda _: None
        self.lost_outcome: Callable[[str], None] = lambda _: None
        self._observations: list[Observation] = []
        self.executor = FakeExecutor(self)
        self.prober = FakeProber(self)

    def observe(self, name: str) -> Observation:
        seen = self._seen(name)
        self.probed[name] += 1
        self.after_look(seen)
        return seen

    def _seen(self, name: str) -> Observation:
        unit, at = self.units[name], self.clock.now().utc
        if name in self.gateways_down:
            return Unobserved(name, at, Cause.UNREACHABLE, f"{name} does not answer")
        if unit.gateway in self.gateways_down:
            return Unobserved(name, at, Cause.GATEWAY_DOWN, f"gateway {unit.gateway} does not answer")
        if not unit.answers:
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
        ahead = sum(step.kind in {StepKind.STAGE, StepKind.INSTALL} for step in self.world.open_steps.values())
        self.world.most_at_once = max(self.world.most_at_once, len(self.world.open_steps) - ahead)

    def poll(self, timeout_s: float) -> Sequence[StepResult]:
        results = [result for step in list(self.world.open_steps.values()) if (result := self._do(step)) is not None]
        for result in results:
            self.world.open_steps.pop(result.step.id)
            if result.ending is Ending.NO_OUTCOME:
                self.world.lost_outcome(result.step.unit)
        if not results:
            self.world.clock.advance(max(timeout_s, self.world.least_s))
        return results

    def cancel(self, step: Step) -> None:
        if self.world.open_steps.pop(step.id, None) is not None:
            self.world.lost_outcome(step.unit)

    def close(self) -> None:
        for step in list(self.world.open_steps.values()):
            self.cancel(step)

    def _do(self, step: Step) -> StepResult | None:
        unit = self.world.units[step.unit]
        if step.kind in self.world.swallows:
            self.world.clock.advance(5.0)
        cut_off = bool({unit.name, unit.gateway} & self.world.gateways_down) or not unit.answers
        if cut_off or unit.drop_steps > 0 or step.kind in self.world.swallows:
            unit.drop_steps -= unit.drop_steps > 0
            return StepResult(step, Ending.NO_OUTCOME, "the connection was lost")
        result = unit.do(step)
        self.world.after_effect(step)
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


class FakeSurroundings:
    """Premises of the world's units: each radiator heats a dwelling of its own, unless told otherwise.

    Attributes:
        dwelling_of: units that share a dwelling with others.
        lost: sites that the inventory has no more.
    """

    def __init__(self, world: FakeWorld) -> None:
        self.world = world
        self.dwelling_of: dict[str, str] = {}
        self.lost: set[str] = set()
        self.weather: Forecast | None = None
        self.time_zone: tzinfo = UTC
        self.releases = Signed()
        self.routes: Callable[[str, str], Route] = lambda _rollout, _unit: Route(dial=(), hops=())
        self.change: Callable[[SitePremises], SitePremises] = lambda premises: premises
        self._known: dict[str, SitePremises] = {}

    def route(self, rollout: str, unit: str) -> Route:
        return self.routes(rollout, unit)

    def premises(self, _rollout: str, site: str) -> SitePremises | None:
        if site not in self._known:
            self._known[site] = self._built(site)
        return None if site in self.lost else self._known[site]

    def _built(self, site: str) -> SitePremises:
        units = [unit for unit in self.world.units if unit.startswith(f"{site}/")]
        radiators = [unit for unit in units if not unit.endswith("/gw")]
        dwellings = {unit: self.dwelling_of.get(unit, f"d-{unit.partition('/')[2]}") for unit in radiators}
        return self.change(premises(site, dwellings, [unit for unit in units if unit.endswith("/gw")]))

    def forecast(self, _rollout: str, _site: str) -> Forecast | None:
        return self.weather

    def zone(self, _rollout: str, _site: str) -> tzinfo:
        return self.time_zone

    def signed(self, _rollout: str, _now: Now) -> Signed:
        return self.releases
