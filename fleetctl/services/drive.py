"""Drive rollouts: the loop around `decide`. It decides nothing itself.

    collect -> decide -> commit -> act, again and again

Every effect is committed as an intent before it is done. The epoch fences: once another controller has taken over, the
commit raises `Fenced` and the loop ends without touching a unit again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Protocol

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.problems import CouldNot
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board, held_by_others
from fleetctl.core.rollout.decide import decide, recover, take_note
from fleetctl.core.rollout.holds import Hold, Override
from fleetctl.core.rollout.leaving import owes_revert
from fleetctl.core.rollout.readings import Reading, reading_of
from fleetctl.core.rollout.state import Decision, Inputs, Rollout, Status, StepResult
from fleetctl.core.route import Route
from fleetctl.ports import Clock, Executor, Lost, Prober, State, Target
from fleetctl.services.known_facts import KnownFacts
from fleetctl.services.marks import standing_holds

LEASE_S = 30.0
"""How long a silent controller keeps its lease."""
IDLE_S = 1.0
"""Longest wait between two looks at the commands of people."""
SLICE_S = 0.05
"""How long one source of news is waited for before the other is asked."""
ORDERS_EVERY_S = 0.5
"""How old holds and overrides may be when a decision is made."""


class Surroundings(Protocol):
    """What a rollout's fleet says of itself: ways to units, what is heated with what, the weather, the time zone."""

    def route(self, rollout: str, unit: str) -> Route:
        """Return the way to a unit.

        Raises:
            CouldNot: if there is none, for instance because the unit is not in the inventory any more.
        """
        ...

    def premises(self, rollout: str, site: str) -> SitePremises | None:
        """Return what a site heats with what; None if the inventory has it no more."""
        ...

    def forecast(self, rollout: str, site: str) -> Forecast | None:
        """Return the weather to come at a site; None if nothing is known."""
        ...

    def zone(self, rollout: str, site: str) -> tzinfo:
        """Return a site's time zone."""
        ...

    def signed(self, rollout: str, now: Now) -> Signed:
        """Return what the signed releases say; only asked for a rollout that updates units, and often."""
        ...


@dataclass(frozen=True, slots=True)
class Moved:
    """What one decision changed, or why it changed nothing; for whoever watches."""

    board: Board
    decision: Decision

    @property
    def rollout(self) -> Rollout:
        """Return the rollout's current row."""
        return self.board.rollout


@dataclass(frozen=True)
class Hands:
    """What a controller works with."""

    state: State
    executor: Executor
    prober: Prober
    clock: Clock
    surroundings: Surroundings


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
        self._facts = KnownFacts(self._remembered)
        self._orders_s = 0.0
        self._holds: tuple[Hold, ...] = ()
        self._overrides: tuple[Override, ...] = ()

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
            Lost: if the state went away.
        """
        results, observations = self._collect(wait_s)
        self._renew()
        self.hands.state.units.save_facts(observations, self._readings(observations))
        self._facts.tell_time(self.hands.clock.now())
        self._facts.add(observations)
        self._read_orders()
        self._wake_s = 0.0
        for board in list(self.boards.values()):
            decision = self._decide(board, results, observations)
            if decision.changes or decision.reasons:
                yield Moved(board, decision)

    @property
    def is_idle(self) -> bool:
        """Say whether no unit of any rollout is under way."""
        return not any(board.active for board in self.boards.values())

    def drop_ended(self) -> None:
        """Take rollouts that have ended off the boards."""
        self.boards = {id: board for id, board in self.boards.items() if not board.rollout.status.is_end}

    def settled(self, rollout: str) -> bool:
        """Say whether nothing more happens by itself: it ended, or it stands still with nobody under way."""
        board = self.boards[rollout]
        stands_still = board.rollout.status in {Status.HALTED, Status.PAUSED} or board.rollout.awaiting
        waits = stands_still and not board.active and not owes_revert(board.rollout, board.units.values())
        return board.rollout.status.is_end or waits

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
        take_note(board, inputs.observations, now)
        decision = decide(board, inputs, now, self.epoch, self._around(board))
        self._commit(board, decision)
        board.remember(decision, now)
        self._act(board, decision)
        self._wake_s = min(filter(None, (self._wake_s, decision.wake_s)), default=0.0)
        return decision

    def _around(self, board: Board) -> Around:
        others = [other for other in self.boards.values() if other is not board]
        surroundings, rollout = self.hands.surroundings, board.rollout.id
        signed = surroundings.signed(rollout, self.hands.clock.now()) if board.updates else Signed()
        return Around(
            held=held_by_others(others, rollout),
            down_elsewhere=sum(other.down for other in others),
            closed=self.closed,
            stale=signed.stale,
            withdrawn=signed.withdrawn,
            holds=self._holds,
            overrides=self._overrides,
            facts=self._facts,
            before=self._facts.before,
            premises=partial(surroundings.premises, rollout),
            forecast=partial(surroundings.forecast, rollout),
            zone=partial(surroundings.zone, rollout),
        )

    def _readings(self, seen: Iterable[Observation]) -> Iterator[Reading]:
        """Yield what the rollouts keep of what they asked to be observed."""
        facts = [observation for observation in seen if isinstance(observation, Facts)]
        for board in self.boards.values():
            for each in facts:
                if each.unit in board.observing:
                    premises = self.hands.surroundings.premises(board.rollout.id, each.unit.partition("/")[0])
                    yield reading_of(board.rollout, each, premises)

    def _read_orders(self) -> None:
        """Read what people ordered, unless it was read just now."""
        now_s = self.hands.clock.now().monotonic_s
        if now_s - self._orders_s >= ORDERS_EVERY_S:
            state = self.hands.state
            self._holds, self._overrides = standing_holds(state), tuple(state.orders.overrides())
            self._orders_s = now_s

    def _remembered(self, site: str) -> Mapping[str, Observation]:
        """Return what the state remembers of a site that a rollout works on."""
        found = (self.hands.surroundings.premises(board.rollout.id, site) for board in self.boards.values())
        premises = next(filter(None, found), None)
        return self.hands.state.units.facts([*premises.heaters, *premises.gateways]) if premises else {}

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
                yield Target(unit, self.hands.surroundings.route(rollout.id, unit))
            except Lost:
                raise
            except CouldNot as reason:  # there is no way to it, so nothing can be observed: an observation of its own
                at = self.hands.clock.now().utc
                self._unroutable.append(Unobserved(unit, at, Cause.REFUSED, str(reason), reason.hint))

    def _renew(self) -> None:
        now = self.hands.clock.now()
        if now.monotonic_s - self._renewed_s >= LEASE_S / 3:
            self.hands.state.controllers.renew(self.epoch, now=now.utc, lease_s=LEASE_S)
            self._renewed_s = now.monotonic_s
