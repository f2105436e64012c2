"""Controllers that are killed at a step of their journal, and those that take over from them.

A killed controller runs nothing any more, not even what stands in a `finally`: its lease and its open steps stay as
they are until a successor finds it dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from fleetctl.core.rollout.state import Change, Progress, Rollout, Status, Step
from fleetctl.ports import Executor, Journal, State
from fleetctl.services.drive import Driver, Hands
from fleetctl.services.lead import Identity, Succession, leading
from fleetctl.services.run import Seat
from tests.builders.play import Crash
from tests.builders.world import FakeProcesses, FakeSurroundings, FakeWorld

MOST_TICKS = 20_000
"""More than any rollout of these takes, by far."""


@dataclass
class Tripwire:
    """Counts the steps of journals, and strikes at one of them.

    Attributes:
        at: number of the step, from 1; 0 never strikes.
        failure: what is raised there.
        committed: every change that went over it.
    """

    at: int = 0
    failure: Callable[[], Exception] = Crash
    count: int = 0
    committed: list[Change] = field(default_factory=list)

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise self.failure()


class _Wired:
    """Does what another object does, with wires in between."""

    def __init__(self, inner: object, wire: Tripwire) -> None:
        self._inner, self._wire = inner, wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _WiredJournal(_Wired):
    def commit(self, epoch: int, changes: Sequence[Change]) -> None:
        self._wire.step()
        cast(Journal, self._inner).commit(epoch, changes)
        self._wire.committed += changes
        self._wire.step()


class _WiredState(_Wired):
    @property
    def journal(self) -> Journal:
        return cast(Journal, _WiredJournal(cast(State, self._inner).journal, self._wire))


class _WiredExecutor(_Wired):
    def submit(self, steps: Sequence[Step]) -> None:
        cast(Executor, self._inner).submit(steps)
        self._wire.step()


@dataclass
class _Machine(FakeProcesses):
    """Processes that end the playbooks of a dead controller with it."""

    world: FakeWorld = field(default_factory=lambda: FakeWorld(()))

    def end_marked(self, marker: str) -> int:
        self.world.executor.close()
        return super().end_marked(marker)


class Plant:
    """A machine on which controllers of one rollout live and die."""

    def __init__(self, state: State, world: FakeWorld, rollout: Rollout, rows: Sequence[Progress]) -> None:
        self.state, self.world, self.id = state, world, rollout.id
        self.surroundings = FakeSurroundings(world)
        self.processes = _Machine(world=world)
        self.wire = Tripwire()
        self.beside: Callable[[], None] = lambda: None
        """What people and the world do meanwhile; asked again and again, whoever leads."""
        self._killed: list[AbstractContextManager[int]] = []
        state.rollouts.add(rollout, rows, {})

    def drive(self, until: Callable[[Driver], bool] = lambda _: False) -> None:
        """Lead with a new epoch, and drive until the rollout is settled, or `until` says so, or the wire strikes."""
        driver, ticks = self.start(), 0
        while self._goes_on(driver) and not until(driver):
            list(driver.tick())
            ticks += 1
            assert ticks < MOST_TICKS, "no end"
        self.kill()

    def _goes_on(self, driver: Driver) -> bool:
        self.beside()
        return bool(self.state.journal.commands(self.id)) or not driver.settled(self.id)

    def start(self) -> Driver:
        """Start a controller of its own process."""
        succession = Succession(self.state.controllers, self.processes, self.world.clock, self.state.uuid)
        life = leading(succession, Identity("operator", "here", "fleetctl apply"))
        self._killed.append(life)
        driver = Driver(self.hands(), life.__enter__())
        driver.take_over(self.id)
        return driver

    def hands(self) -> Hands:
        state = cast(State, _WiredState(self.state, self.wire))
        executor = cast(Executor, _WiredExecutor(self.world.executor, self.wire))
        return Hands(state, executor, self.world.prober, self.world.clock, self.surroundings)

    def seat(self, say: Callable[[str], None] = lambda _: None) -> Seat:
        """Return where the rollout is run from by a process that lives on, whatever becomes of its state."""

        @contextmanager
        def lead() -> Iterator[tuple[Hands, int]]:
            succession = Succession(self.state.controllers, self.processes, self.world.clock, self.state.uuid)
            with leading(succession, Identity("operator", "here", "fleetctl apply")) as epoch:
                try:
                    yield self.hands(), epoch
                finally:
                    self.world.prober.close()

        return Seat(self.state, self.world.clock, "operator", lead, say=say)

    def kill(self) -> None:
        """Kill the running controller: what it started runs on until somebody ends it."""
        self.world.prober.close()
        self.processes.pid += 1
        self.processes.alive = {self.processes.pid}

    def drive_killed_at(self, step: int) -> bool:
        """Drive until the journal reaches a step, kill the controller there; say whether it got so far."""
        self.wire = Tripwire(step)
        try:
            self.drive()
        except Crash:
            self.kill()
        struck, self.wire = self.wire.count >= step, Tripwire()
        return struck

    @property
    def status(self) -> Status:
        row = self.state.journal.rollout(self.id)
        assert row is not None
        return row.status
