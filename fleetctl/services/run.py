"""Run a rollout to its end, here or by whoever leads, and yield what happens as log entries.

One controller drives at a time. If there is one, this process follows it; if it goes away, this process takes over.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from fleetctl.core.problems import CouldNot
from fleetctl.core.rollout.leaving import owes_revert
from fleetctl.core.rollout.state import CommandKind, Noted, Phase, Rollout, Status
from fleetctl.ports import Clock, Fenced, Led, Lost, State
from fleetctl.services.drive import IDLE_S, Driver, Hands, Moved
from fleetctl.services.patience import Patience

FOLLOW_EVERY_S = 0.5
_INTERRUPTED = "interrupted"
"""Reason of the pause that an interrupt asks for."""


@dataclass(frozen=True)
class Seat:
    """Where a rollout is run from.

    Attributes:
        lead: takes leadership and yields a driver's hands with the epoch; raises `Led` if somebody else leads.
        interrupted: says whether the person wants to stop; asked at every tick.
        witness: is told of every decision that was committed; it returns soon, and raises at most `Lost`.
        say: tells the operator what no event tells: that the state is away.
    """

    state: State
    clock: Clock
    actor: str
    lead: Callable[[], AbstractContextManager[tuple[Hands, int]]]
    interrupted: Callable[[], bool] = lambda: False
    witness: Callable[[Moved], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None

    def patience(self) -> Patience:
        """Return what waits for the state, should it be lost."""
        return Patience(self.state, self.clock, self.say)


def run(seat: Seat, rollout: str, *, after: int = 0) -> Iterator[Noted]:
    """Drive or follow one rollout until nothing more happens by itself.

    Args:
        seat: where it is run from.
        rollout: its id.
        after: number of the last event that is known already.

    Raises:
        Fenced: if another controller took over while this one drove.
        Lost: if the state went away, and did not come back for a long time.
    """
    follower, patience = _Follower(seat, rollout, after), seat.patience()
    while True:
        try:
            if (yield from _turn(seat, follower, patience)):
                return
        except Lost as lost:
            if seat.interrupted():
                raise
            patience.wait(lost)


def _turn(seat: Seat, follower: _Follower, patience: Patience) -> Generator[Noted, None, bool]:
    """Drive a rollout, or follow for a moment whoever does; return whether nothing more happens by itself."""
    if not follower.settled():
        try:
            with patience.led(seat.lead) as (hands, epoch):
                yield from follower.catch_up()
                yield from follower.tell(_drive(seat, Driver(hands, epoch), follower.rollout))
                return True
        except Led:
            yield from follower.catch_up()
            follower.pass_on()
            seat.clock.wait(FOLLOW_EVERY_S)
            return False
    yield from follower.catch_up()
    return True


def serve(seat: Seat) -> Iterator[Noted]:
    """Drive every active rollout, and those to come, until interrupted (the `controller run` command).

    Raises:
        Led: if another controller led when this one came.
        Fenced: if another one has taken over since.
        Lost: if the state went away, and did not come back for a long time.
    """
    patience, has_led = seat.patience(), False
    while True:
        try:
            with patience.led(seat.lead) as (hands, epoch):
                has_led = True
                yield from _serve(seat, Driver(hands, epoch))
                return
        except Led as led:
            if not has_led:
                raise
            raise Fenced(f"another controller took over while the state was away: {led}", hint=led.hint) from led
        except Lost as lost:
            if seat.interrupted():
                raise
            patience.wait(lost)


def _serve(seat: Seat, driver: Driver) -> Iterator[Noted]:
    while not (driver.closed and driver.is_idle):
        if seat.interrupted():
            driver.closed = "the controller is stopping"
        else:
            yield from _told(seat, driver.take_over_new())
        yield from _told(seat, driver.tick(IDLE_S))
        driver.drop_ended()


def _drive(seat: Seat, driver: Driver, rollout: str) -> Iterator[Noted]:
    yield from _told(seat, [driver.take_over(rollout)])
    yield from _obey_first(seat, driver, rollout)
    paused = False
    while not driver.settled(rollout):
        if seat.interrupted() and not paused:
            _pause(seat, rollout)
            paused = True
        yield from _told(seat, driver.tick())


def _obey_first(seat: Seat, driver: Driver, rollout: str) -> Iterator[Noted]:
    """Take the commands that wait into account before asking whether the rollout is settled: a retry revives it."""
    if driver.hands.state.journal.commands(rollout):
        yield from _told(seat, driver.tick(0.0))


def _told(seat: Seat, moves: Iterable[Moved]) -> Iterator[Noted]:
    """Tell the witness of what was committed, and yield its log entries."""
    for moved in moves:
        seat.witness(moved)
        yield from (change for change in moved.decision.changes if isinstance(change, Noted))


def _pause(seat: Seat, rollout: str) -> None:
    at = seat.clock.now().utc
    seat.state.rollouts.command(rollout, CommandKind.PAUSE, actor=seat.actor, at=at, reason=_INTERRUPTED)


def was_left(rollout: Rollout) -> bool:
    """Say whether a rollout is paused only because whoever drove it was interrupted."""
    return rollout.status is Status.PAUSED and rollout.reason.endswith(f": {_INTERRUPTED}")


class _Follower:
    """Reads a rollout that somebody else drives."""

    def __init__(self, seat: Seat, rollout: str, seen: int) -> None:
        self.journal = seat.state.journal
        self.rollout = rollout
        self.seen = seen
        self._seat = seat
        self._passed_on = False
        self._told = 0
        """Events of the rollout that were told as they were committed, after the last one that was read."""

    def settled(self) -> bool:
        row = self._row()
        if self.journal.commands(self.rollout):
            return False
        if row.status.is_end:
            return True
        if row.status not in {Status.PAUSED, Status.HALTED} and not row.awaiting:
            return False
        units = self.journal.progress(self.rollout)
        return all(p.phase is Phase.PENDING or p.phase.is_end for p in units) and not owes_revert(row, units)

    def catch_up(self) -> Iterator[Noted]:
        """Yield the events that were not told yet; only who leads writes any, so those told come first."""
        for number, note in self.journal.events(self.rollout, after=self.seen):
            self.seen = number
            if self._told:
                self._told -= 1
            else:
                yield note

    def tell(self, notes: Iterable[Noted]) -> Iterator[Noted]:
        """Yield events that this process has committed itself."""
        for note in notes:
            self._told += 1
            yield note

    def pass_on(self) -> None:
        """Tell whoever leads, once, that the person wants to stop."""
        if self._seat.interrupted() and not self._passed_on:
            _pause(self._seat, self.rollout)
            self._passed_on = True

    def _row(self) -> Rollout:
        row = self.journal.rollout(self.rollout)
        if row is None:
            raise CouldNot(f"there is no rollout {self.rollout}", hint="'fleetctl rollout list' shows what there is")
        return row


def watch(seat: Seat, rollout: str) -> Iterator[Noted]:
    """Yield what happens to a rollout until nothing more does, without driving it."""
    follower = _Follower(seat, rollout, 0)
    while not seat.interrupted():
        settled = follower.settled()
        yield from follower.catch_up()
        if settled:
            return
        seat.clock.wait(FOLLOW_EVERY_S)
