"""Rollouts in which every unit goes a way of its own, each with an observer: what crashes are tried on.

Together they go through all that a rollout can come to; a test holds them to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import AtMost, Drain, Policy, Staging, Wave
from fleetctl.core.rollout.state import Action, CommandKind, Phase, Progress, Rollout, Status
from fleetctl.ports import State
from tests.builders.crashes import Plant
from tests.builders.observer import Observer
from tests.builders.play import progress, rollout_of, update
from tests.builders.world import FakeUnit, FakeWorld

REBOOTS = (Action.CONFIGURE, Action.REBOOT)
POLICY = Policy(
    "p",
    max_in_progress=3,
    max_failed=9,
    max_sites_halted=9,
    max_unavailable=AtMost(dwelling=1, fleet=2),
    step_timeout_s=30,
    reboot_timeout_s=60,
    heat_timeout_s=60,
    unreachable="defer",
    defer_for_s=60,
    defer_every_s=20,
    soak_samples=1,
    soak_every_s=5,
    backoff_s=1,
)
UPDATING = replace(POLICY, staging=Staging(max_in_progress=2, timeout_s=60.0), unreachable="fail", defer_for_s=3600)
WAVES = (Wave("canary", units=1), Wave("rest"))


class Watched:
    """A rollout in a world that an observer of its own watches."""

    def __init__(
        self, state: State, units: Sequence[FakeUnit], rows: Sequence[Progress], policy: Policy, *waves: Wave
    ) -> None:
        self.world = FakeWorld(units)
        self.world.least_s = 0.5
        self.plant = Plant(state, self.world, rollout_of(rows, policy, waves), rows)
        self.observer = Observer(self.world, self.plant.surroundings, policy)

    @property
    def row(self) -> Rollout:
        row = self.plant.state.journal.rollout(self.plant.id)
        assert row is not None
        return row

    def phase(self, unit: str) -> Phase:
        return next(row.phase for row in self.plant.state.journal.progress(self.plant.id) if row.unit == unit)

    def tell(self, kind: CommandKind) -> None:
        at = self.world.clock.now().utc
        self.plant.state.rollouts.command(self.plant.id, kind, actor="another", at=at, wave="")

    def has_told(self, kind: CommandKind) -> bool:
        """Say whether a command of a kind was given, be it that nobody has read it yet."""
        journal = self.plant.state.journal
        waits = any(command.kind is kind for command in journal.commands(self.plant.id))
        return waits or any(note.what == f"command-{kind.value}" for _, note in journal.events(self.plant.id))

    def end(self) -> Mapping[str, Any]:
        """Return what can be seen of the end, in the state and on the units themselves."""
        rows = {row.unit: row for row in self.plant.state.journal.progress(self.plant.id)}
        return {
            **{name: _seen(rows[name], unit) for name, unit in self.world.units.items()},
            "rollout": self.row.status,
        }

    def check(self) -> None:
        assert self.observer.broken == []
        assert self.world.done_twice() == []
        assert [unit.name for unit in self.world.units.values() if unit.drained_by] == []


def _seen(row: Progress, unit: FakeUnit) -> tuple[Any, ...]:
    system = unit.slots.version, unit.slots.booted
    others = dict(unit.components), unit.registration
    return (row.phase, row.applied, unit.config, unit.boot, unit.drained_by, unit.heats, *system, *others)


def _rebooting(name: str, gateway: str = "", **known: Any) -> FakeUnit:
    """Return a unit whose new config asks for a reboot of 20 s."""
    return FakeUnit(name, gateway, config="old", reboots_after_configure=True, reboot_s=20.0, **known)


class Scene(Watched):
    """Configurations: drained and rebooted, reloaded, rolled back, out of reach."""

    def __init__(self, state: State) -> None:
        units = [
            FakeUnit("s/gw"),
            _rebooting("s/drained", "s/gw", jobs=0),
            FakeUnit("s/reloaded", "s/gw", agent_s=20.0, config="old"),
            _rebooting("s/rebooted", "s/gw"),
            _rebooting("t/sick", jobs=0, cold_after_reboot=True),
            FakeUnit("u/silent", reachable=False, config="old"),
        ]
        rows = [
            replace(progress("s/drained", gateway="gw", actions=REBOOTS), wave=0),
            replace(progress("s/gw", kind=Kind.GATEWAY), wave=1),
            replace(progress("s/reloaded", gateway="gw"), wave=1, interrupts=True),
            replace(progress("s/rebooted", gateway="gw", actions=REBOOTS), wave=1),
            replace(progress("t/sick", actions=REBOOTS), wave=1),
            replace(progress("u/silent"), wave=1),
        ]
        super().__init__(state, units, rows, POLICY, *WAVES)
        home = {f"s/{name}": "home" for name in ("drained", "reloaded", "rebooted")}
        self.plant.surroundings.dwelling_of = home


class Updates(Watched):
    """Releases: at once, slowly, with a fall-back, sick, and one that is there already."""

    def __init__(self, state: State) -> None:
        units = [
            FakeUnit("s/gw", config="old", reboot_s=10.0),
            FakeUnit("s/drained", "s/gw", config="old", jobs=0, reboot_s=20.0),
            FakeUnit("s/slow", "s/gw", config="old", reboot_s=20.0),
            FakeUnit("t/fallen", config="old", reboot_s=20.0),
            FakeUnit("t/sick", config="old", jobs=0, reboot_s=20.0),
            FakeUnit("t/has-it", config="old"),
        ]
        rows = [
            update("s/gw", kind=Kind.GATEWAY),
            update("s/drained", gateway="gw", config=True),
            update("s/slow", gateway="gw"),
            update("t/fallen", config=True),
            update("t/sick"),
            update("t/has-it"),
        ]
        super().__init__(state, units, rows, UPDATING)
        slots = {name: unit.slots for name, unit in self.world.units.items()}
        slots["s/slow"].bytes_per_s, slots["s/slow"].install_s = 20.0, 10.0
        slots["t/fallen"].falls_back = slots["t/sick"].sick = True
        slots["t/has-it"].version, slots["t/has-it"].booted = "2", "B"


class Components(Watched):
    """A component that is flashed, a unit that is registered, and one whose power is cut while its bundle comes."""

    def __init__(self, state: State) -> None:
        units = [
            FakeUnit("s/flashed", config="old", agent_s=20.0, components={"controller": "1"}, jobs=0),
            _rebooting("t/registered"),
            FakeUnit("u/cut", config="old", reboot_s=20.0),
        ]
        flashed = replace(update("s/flashed"), component="controller")
        registered = progress("t/registered", actions=(*REBOOTS, Action.REGISTER))
        rows = [flashed, replace(registered, registration="wanted"), update("u/cut")]
        super().__init__(state, units, rows, UPDATING)
        self.world.units["u/cut"].slots.bytes_per_s = 10.0
        self.plant.beside = self._cut

    def _cut(self) -> None:
        cut = self.world.units["u/cut"]
        if cut.boot == 1 and cut.slots.staged is not None and 0 < cut.slots.staged.received_bytes < 100:
            cut.lose_power()


class Trouble(Watched):
    """Jobs that are ended, an outcome and a step that are lost, a site that is gone, a unit that waits for a hold."""

    def __init__(self, state: State) -> None:
        units = [
            _rebooting("s/busy", jobs=2),
            _rebooting("t/unheard", lose_outcomes=1),
            FakeUnit("u/unmet", config="old", drop_steps=1),
            _rebooting("v/gone"),
            FakeUnit("w/held", config="old"),
        ]
        rows = [
            *(progress(name, actions=REBOOTS) for name in ("s/busy", "t/unheard", "v/gone")),
            *(progress(name) for name in ("u/unmet", "w/held")),
        ]
        policy = replace(POLICY, drain=Drain(deadline_s=60, jobs="cancel"), defer_for_s=3600, retries=2)
        super().__init__(state, units, rows, policy)
        self.plant.surroundings.lost = {"v"}
        self._hold = state.orders.add_hold("w/held", actor="ada", at=self.world.clock.now().utc, reason="ill").id
        self.plant.beside = self._let_go

    def _let_go(self) -> None:
        """Take the hold away once it was noted for how long its site waits, and nobody else is left."""
        rows = self.plant.state.journal.progress(self.plant.id)
        if self._hold and self.row.waited_s and all(row.phase.is_end for row in rows if row.unit != "w/held"):
            self.plant.state.orders.remove_hold(self._hold, actor="ada", at=self.world.clock.now().utc)
            self._hold = 0


class People(Watched):
    """A person resumes what is halted, approves, pauses, and tries again what failed."""

    def __init__(self, state: State) -> None:
        units = [
            FakeUnit("s/silent", reachable=False, config="old"),
            _rebooting("t/busy", jobs=2),
            FakeUnit("u/plain", config="old"),
        ]
        rows = [
            progress("s/silent"),
            *(replace(row, wave=1) for row in (progress("t/busy", actions=REBOOTS), progress("u/plain"))),
        ]
        policy = replace(POLICY, max_failed=0, unreachable="fail", defer_for_s=0, retries=0)
        super().__init__(state, units, rows, policy, Wave("canary", units=1), Wave("rest", approval=True))
        self.plant.beside = self._speak

    def _speak(self) -> None:
        row = self.row
        if self.plant.state.journal.commands(self.plant.id):
            return
        match row.status:
            case Status.HALTED:
                self.tell(CommandKind.RESUME)
            case Status.RUNNING if row.awaiting:
                self.tell(CommandKind.APPROVE)
            case Status.RUNNING if self.phase("t/busy") is Phase.DRAINING and not self.has_told(CommandKind.PAUSE):
                self.tell(CommandKind.PAUSE)
            case Status.PAUSED if self.phase("t/busy") is Phase.PENDING:
                self.world.units["t/busy"].jobs = 0
                self.tell(CommandKind.RESUME)
            case Status.FAILED if not self.has_told(CommandKind.RETRY):
                self.world.units["s/silent"].reachable = True
                self.tell(CommandKind.RETRY)


class Aborted(Watched):
    """A person aborts what waits for an approval."""

    def __init__(self, state: State) -> None:
        units = [_rebooting("s/first"), FakeUnit("s/second", config="old"), FakeUnit("t/third", config="old")]
        rows = [
            progress("s/first", actions=REBOOTS),
            *(replace(progress(name), wave=1) for name in ("s/second", "t/third")),
        ]
        super().__init__(state, units, rows, POLICY, Wave("canary", units=1), Wave("rest", approval=True))
        self.plant.beside = self._speak

    def _speak(self) -> None:
        if self.row.awaiting and not self.has_told(CommandKind.ABORT):
            self.tell(CommandKind.ABORT)


SCENES: Mapping[str, Callable[[State], Watched]] = {
    "configurations": Scene,
    "updates": Updates,
    "components": Components,
    "trouble": Trouble,
    "people": People,
    "aborted": Aborted,
}
