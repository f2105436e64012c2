"""Drive rollouts: the loop around `decide`. It decides nothing itself.

    collect -> decide -> commit -> act, again and again

Every effect is committed as an intent before it is done. The epoch fences: once another controller has taken over, the
commit raises `Fenced` and the loop ends without touching a unit again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fleetctl.core.facts import Cause, Observation, Unobserved
from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.board import Board, held_by_others
from fleetctl.core.rollout.decide import decide, note_gateways, recover
from fleetctl.core.rollout.state import Decision, Inputs, Rollout, Status, StepResult
from fleetctl.core.route import Route
from fleetctl.ports import Clock, Executor, Prober, State, Target

LEASE_S = 30.0
"""How long a silent controller keeps its lease."""
IDLE_S = 1.0
"""Longest wait between two looks at the commands of people."""
SLICE_S = 0.05
"""How long one source of news is waited for before the other is asked."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one decision changed; for whoever watches."""

    board: Board
    decision: Decision

    @property
    def rollout(self) -> Rollout:
        """Return the rollout's current row."""
        return self.board.rollout


@dataclass(frozen=True)
class Hands:
    """What a controller works with.

    Attributes:
        route: returns the way to a unit, from the rollout's id and the unit's name.
    """

    state: State
    executor: Executor
    prober: Prober
    clock: Clock
    route: Callable[[str, str], Route]


class Driver:
    """Drives rollouts under one epoch; every rollout that it has taken over is on a board."""

    def __init__(self, hands: Hands, epoch: int) -> None:
        self.hands = hands
        self.epoch = epoch
        self.boards: dict[str, Board] = {}
        self.closed = ""
        """Why nothing new may start; empty while this controller means to stay."""
        self._renewed_s = hands.clock.now().monotonic_s
        self._wake_s = 0.0
        self._unroutable: list[Observation] = []

    def take_over(self, rollout_id: str) -> Moved:
        """Load a rollout; whatever a controller before left open is in doubt from here on.

        Raises:
            Fenced: if another controller has taken over.
        """
        journal = self.hands.state.journal
        rollout = journal.rollout(rollout_id)
        assert rollout is not None  # noqa: S101 - callers name rollouts that the journal listed
        board = Board(rollout, journal.progress(rollout.id))
        self.boards[rollout.id] = board
        decision = recover(board, self.hands.clock.now(), self.epoch)
        self._commit(board, decision)
        return Moved(board, decision)

    def take_over_new(self) -> Iterator[Moved]:
        """Take over every active rollout that is not on a board yet, oldest first."""
        for rollout in reversed(self.hands.state.journal.rollouts(active=True)):
            if rollout.id not in self.boards:
                yield self.take_over(rollout.id)

    def tick(self, wait_s: float = IDLE_S) -> Iterator[Moved]:
        """Collect what happened, waiting up to `wait_s` for something, and let every rollout decide.

        Raises:
            Fenced: if another controller has taken over.
        """
        results, observations = self._collect(wait_s)
        self._renew()
        self.hands.state.units.save_facts(observations)
        self._wake_s = 0.0
        for board in list(self.boards.values()):
            decision = self._decide(board, results, observations)
            if decision.changes:
                yield Moved(board, decision)

    @property
    def is_idle(self) -> bool:
        """Say whether no unit of any rollout is under way."""
        return all(board.in_progress == 0 for board in self.boards.values())

    def drop_ended(self) -> None:
        """Take rollouts that have ended off the boards."""
        self.boards = {id: board for id, board in self.boards.items() if not board.rollout.status.is_end}

    def settled(self, rollout: str) -> bool:
        """Say whether nothing more happens by itself: it ended, or it stands still with nobody under way."""
        board = self.boards[rollout]
        stands_still = board.rollout.status in {Status.HALTED, Status.PAUSED} and board.in_progress == 0
        return board.rollout.status.is_end or stands_still

    def _collect(self, wait_s: float) -> tuple[Sequence[StepResult], Sequence[Observation]]:
        """Ask both sources of news in turn until one has some, the next deadline is due, or the wait is over."""
        until_s = self.hands.clock.now().monotonic_s + wait_s
        if self._wake_s:
            until_s = min(until_s, self._wake_s)
        while True:
            observations = [*self._unroutable, *self.hands.prober.poll(0.0)]
            self._unroutable.clear()
            results = self.hands.executor.poll(0.0 if observations else SLICE_S)
            if results or observations or self.hands.clock.now().monotonic_s >= until_s:
                return results, observations

    def _decide(self, board: Board, results: Sequence[StepResult], seen: Sequence[Observation]) -> Decision:
        now = self.hands.clock.now()
        inputs = self._inputs(board, results, seen)
        note_gateways(board, inputs.observations, now)
        held = held_by_others(self.boards.values(), board.rollout.id)
        decision = decide(board, inputs, now, self.epoch, held, self.closed)
        self._commit(board, decision)
        self._act(board, decision)
        self._wake_s = min(filter(None, (self._wake_s, decision.wake_s)), default=0.0)
        return decision

    def _inputs(self, board: Board, results: Sequence[StepResult], seen: Sequence[Observation]) -> Inputs:
        mine = tuple(o for o in seen if o.unit in board.observing)
        board.observing.difference_update(o.unit for o in mine)
        return Inputs(
            results=tuple(r for r in results if r.step.rollout == board.rollout.id),
            observations=mine,
            commands=tuple(self.hands.state.journal.commands(board.rollout.id)),
        )

    def _commit(self, board: Board, decision: Decision) -> None:
        if decision.changes:
            self.hands.state.journal.commit(self.epoch, decision.changes)
            board.apply(decision.changes)
            board.check()

    def _act(self, board: Board, decision: Decision) -> None:
        for step in decision.cancel:
            self.hands.executor.cancel(step)
        if decision.steps:
            self.hands.executor.submit(decision.steps)
        if decision.observe:
            board.observing.update(decision.observe)
            self.hands.prober.submit(list(self._targets(board.rollout, decision.observe)))

    def _targets(self, rollout: Rollout, units: Iterable[str]) -> Iterator[Target]:
        for unit in units:
            try:
                yield Target(unit, self.hands.route(rollout.id, unit))
            except CouldNot as reason:  # there is no way to it, so nothing can be observed: an observation of its own
                at = self.hands.clock.now().utc
                self._unroutable.append(Unobserved(unit, at, Cause.REFUSED, str(reason), reason.hint))

    def _renew(self) -> None:
        now = self.hands.clock.now()
        if now.monotonic_s - self._renewed_s >= LEASE_S / 3:
            self.hands.state.controllers.renew(self.epoch, now=now.utc, lease_s=LEASE_S)
            self._renewed_s = now.monotonic_s
