"""Play a rollout in the fake world: `decide` in a loop, a journal in memory, and crashes where a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.policy import Policy, Wave
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide, recover, take_note
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.leaving import owes_revert
from fleetctl.core.rollout.state import (
    Action,
    Change,
    Command,
    CommandKind,
    Decision,
    Inputs,
    Progress,
    Rollout,
    Status,
    UnitChanged,
)
from fleetctl.core.route import Route
from fleetctl.ports import Target
from fleetctl.services.known_facts import KnownFacts
from tests.builders.world import START, FakeSurroundings, FakeUnit, FakeWorld

NO_ROUTE = Route(dial=(), hops=())


class Crash(Exception):
    """Raised by a test to kill the controller at some point."""


def progress(unit: str, *, kind: Kind = Kind.RADIATOR, gateway: str = "", actions: Sequence[Action] = ()) -> Progress:
    return Progress(
        unit=unit,
        site=unit.partition("/")[0],
        kind=kind,
        gateway=gateway,
        actions=tuple(actions) or (Action.CONFIGURE,),
        config_digest="new",
    )


def update(unit: str, *, kind: Kind = Kind.RADIATOR, gateway: str = "", config: bool = False) -> Progress:
    """Return a unit that is to get release 2; its config comes along if it differs, and is "old" already if not."""
    actions = (Action.UPDATE, Action.CONFIGURE) if config else (Action.UPDATE,)
    row = progress(unit, kind=kind, gateway=gateway, actions=actions)
    return replace(row, config_digest="new" if config else "old", release="2", bundle="b" * 64, bundle_bytes=100)


def rollout_of(units: Sequence[Progress], policy: Policy | None = None, waves: Sequence[Wave] = ()) -> Rollout:
    return Rollout(
        id="r1",
        fleet="f",
        plan="p1",
        policy=policy or Policy("default", max_in_progress=4, max_failed=1),
        inventory="/fleet",
        actor="operator",
        created=START,
        sites=tuple(dict.fromkeys(unit.site for unit in units)),
        waves=tuple(waves),
    )


QUIET_TICKS = 500
"""Longer than anything that ends by itself: retries, parked sites and soaks are minutes, a tick is a second or more."""


class Play:
    """A rollout being played: the rows that a database would hold, and the board of the running controller."""

    def __init__(
        self, world: FakeWorld, units: Sequence[Progress], policy: Policy | None = None, waves: Sequence[Wave] = ()
    ) -> None:
        self.world = world
        self.row = rollout_of(units, policy, waves)
        self.rows: dict[str, Progress] = {unit.unit: unit for unit in units}
        self.log: list[Change] = []
        self.commands: list[Command] = []
        self.epoch = 0
        self.at_commit: Callable[[int], None] = lambda _: None
        self.at_act: Callable[[int], None] = lambda _: None
        self.ticks = 0
        self.surroundings = FakeSurroundings(world)
        self.holds: list[Hold] = []
        self.overrides: list[Override] = []
        self.start_controller()

    def start_controller(self) -> None:
        """Start a controller with a new epoch from the rows, as after a crash."""
        self.epoch += 1
        self.world.executor.close()
        self.world.prober.close()
        self.board = Board(self.row, list(self.rows.values()))
        self.facts = KnownFacts(lambda _site: {})
        self._commit(recover(self.board, self.world.clock.now(), self.epoch))

    def tick(self) -> Decision:
        self.ticks += 1
        seen = self.world.prober.poll(0.0)
        results = self.world.executor.poll(0.0 if seen else 1.0)
        commands, self.commands = tuple(self.commands), []
        now = self.world.clock.now()
        self.board.observing.difference_update(o.unit for o in seen)
        self.facts.add(seen)
        take_note(self.board, tuple(seen), now)
        decision = decide(self.board, Inputs(tuple(results), tuple(seen), commands), now, self.epoch, self.around())
        self.at_commit(self.ticks)
        self._commit(decision)
        self.at_act(self.ticks)
        for step in decision.cancel:
            self.world.executor.cancel(step)
        self.world.executor.submit(decision.steps)
        self.board.observing.update(decision.observe)
        self.world.prober.submit([Target(unit, NO_ROUTE) for unit in decision.observe])
        return decision

    def around(self) -> Around:
        return Around(
            stale=self.surroundings.releases.stale,
            withdrawn=self.surroundings.releases.withdrawn,
            holds=tuple(self.holds),
            overrides=tuple(self.overrides),
            facts=self.facts,
            before=self.facts.before,
            premises=partial(self.surroundings.premises, self.row.id),
            forecast=partial(self.surroundings.forecast, self.row.id),
            zone=partial(self.surroundings.zone, self.row.id),
        )

    def run(self, limit: int = 4000) -> Status:
        """Tick until nothing more happens by itself.

        One that stands may owe a revert that the guard refuses for as long as a neighbour is down: that is up to a
        person too, and shows as many ticks of which nothing comes.
        """
        quiet, told = 0, len(self.log)
        for _ in range(limit):
            stands = self.row.status in {Status.HALTED, Status.PAUSED} and not self.board.active
            owes = stands and owes_revert(self.row, self.rows.values())
            if self.row.status.is_end or (stands and (not owes or quiet > QUIET_TICKS)):
                return self.row.status
            self.tick()
            quiet, told = (quiet + 1 if len(self.log) == told else 0), len(self.log)
        raise AssertionError(f"no end after {limit} ticks: {self.unfinished()}")

    def unfinished(self) -> Mapping[str, str]:
        return {p.unit: f"{p.phase} {p.reason}" for p in self.rows.values() if not p.phase.is_end}

    def tell(self, kind: CommandKind, *units: str) -> None:
        at = self.world.clock.now().utc
        self.commands.append(Command(len(self.log) + 1, self.row.id, kind, "operator", at, units=units))

    def _commit(self, decision: Decision) -> None:
        self.log += decision.changes
        self.board.apply(decision.changes)
        self.board.check()
        for change in decision.changes:
            if isinstance(change, UnitChanged):
                self.rows[change.progress.unit] = change.progress
        self.row = self.board.rollout
        self.board.remember(decision, self.world.clock.now())


def building(units: int = 6, *, site: str = "s", policy: Policy | None = None) -> Play:
    """Return a rollout of a gateway and its radiators, nothing started."""
    gateway = f"{site}/gw"
    names = [f"{site}/r{n:02}" for n in range(1, units + 1)]
    world = FakeWorld([FakeUnit(gateway), *(FakeUnit(name, gateway=gateway) for name in names)])
    rows = [progress(gateway, kind=Kind.GATEWAY), *(progress(name, gateway="gw") for name in names)]
    return Play(world, rows, policy)


def updating(
    units: int = 3, *, site: str = "s", policy: Policy | None = None, config: bool = False, waves: Sequence[Wave] = ()
) -> Play:
    """Return a rollout that brings release 2 to radiators behind a gateway that has it, nothing started."""
    names = [f"{site}/r{n:02}" for n in range(1, units + 1)]
    world = FakeWorld([FakeUnit(f"{site}/gw"), *(FakeUnit(name, gateway=f"{site}/gw", config="old") for name in names)])
    return Play(world, [update(name, gateway="gw", config=config) for name in names], policy, waves)
