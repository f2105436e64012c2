"""The loop of a simulation: that of `drive` without a database, and without a wall clock.

decide, let the board follow, act, and let time pass to the next thing that becomes known. A wave that waits for a
person is approved after a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from fleetctl.core.facts import Observation
from fleetctl.core.heat.forecast import Forecast
from fleetctl.core.heat.premises import SitePremises
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide, take_note
from fleetctl.core.rollout.leaving import owes_revert
from fleetctl.core.rollout.state import Command, CommandKind, Decision, Inputs, Progress, Rollout, Status
from fleetctl.core.simulate.record import Record
from fleetctl.core.simulate.world import News, World
from fleetctl.services.known_facts import KnownFacts

EPOCH = 1
APPROVER = "a simulated person"


@dataclass(frozen=True)
class Terms:
    """What a simulated rollout is played under.

    Attributes:
        premises: of every site.
        forecast: what the controller believes of the weather to come; None if it knows nothing.
        zone: returns a site's time zone.
        approval_s: how long a wave waits for its approval.
        most_s: when to stop at the latest, in seconds of virtual time.
    """

    premises: Mapping[str, SitePremises]
    forecast: Forecast | None
    zone: Callable[[str], tzinfo]
    approval_s: float
    most_s: float


@dataclass(frozen=True, slots=True)
class Played:
    """A rollout that was played to its end, or to where nothing more happens.

    Attributes:
        over: why it was stopped before an end, in words; empty if it ended.
    """

    world: World
    board: Board
    record: Record
    over: str


def play(world: World, rollout: Rollout, units: Sequence[Progress], terms: Terms) -> Played:
    """Play a rollout on a world that is at its beginning."""
    player, record = Player(world, Board(rollout, units), terms), Record()
    news = News()
    while True:
        decision = player.tick(news)
        record.note(world, player.board, decision)
        over = player.over(decision)
        if over is not None:
            record.sample(world, player.board)
            return Played(world, player.board, record, over)
        news = world.advance(player.until_s(decision))


class Player:
    """Takes the controller's place."""

    def __init__(self, world: World, board: Board, terms: Terms) -> None:
        self.world, self.board, self.terms = world, board, terms
        self._facts = KnownFacts(self._observed_before)
        self._approve_s = float("inf")

    def tick(self, news: News) -> Decision:
        """Decide on what became known, and act."""
        now, seen = self.world.now(), tuple(news.observations)
        self.board.observing.difference_update(each.unit for each in seen)
        self._facts.tell_time(now)
        self._facts.add(seen)
        take_note(self.board, seen, now)
        inputs = Inputs(tuple(news.results), seen, self._approval())
        decision = decide(self.board, inputs, now, EPOCH, self._around())
        self.board.apply(decision.changes)
        self.board.check()
        self.board.remember(decision, now)
        self._act(decision)
        return decision

    def over(self, decision: Decision) -> str | None:
        """Return why nothing more is played, empty if the rollout ended, or None to go on."""
        row = self.board.rollout
        if row.status.is_end:
            return ""
        owed = owes_revert(row, self.board.units.values())
        if row.status in {Status.HALTED, Status.PAUSED} and not self.board.active and not owed:
            return f"{row.status.value}: {row.reason}"
        if self.world.at_s >= self.terms.most_s:
            return f"stopped after {self.terms.most_s / 3600:g} h of simulated time"
        if self.until_s(decision) == float("inf"):
            return "nothing more happens by itself"
        return None

    def until_s(self, decision: Decision) -> float:
        """Return up to when nothing needs to be decided unless something becomes known; infinite for ever."""
        wake_s = self.world.time.seconds(decision.wake_s) if decision.wake_s else float("inf")
        next_s = min(wake_s, self._approve_s)
        if next_s == float("inf") and self.world.next_s == float("inf"):
            return next_s
        return min(max(next_s, self.world.at_s + self.world.grain_s), self.terms.most_s)

    def _act(self, decision: Decision) -> None:
        for step in decision.cancel:
            self.world.cancel(step)
        self.world.start(decision.steps)
        self.board.observing.update(decision.observe)
        self.world.look(decision.observe)
        if not self.board.rollout.awaiting:
            self._approve_s = float("inf")
        elif self._approve_s == float("inf"):
            self._approve_s = self.world.at_s + self.terms.approval_s

    def _approval(self) -> tuple[Command, ...]:
        """Return the command of the person who approves the wave that waits, when it is time."""
        row = self.board.rollout
        if not row.awaiting or self.world.at_s < self._approve_s:
            return ()
        at, wave = self.world.now().utc, row.waves[row.wave].name
        return (Command(0, row.id, CommandKind.APPROVE, APPROVER, at, wave=wave),)

    def _around(self) -> Around:
        return Around(
            facts=self._facts,
            before=self._facts.before,
            premises=self.terms.premises.get,
            forecast=lambda _: self.terms.forecast,
            zone=self.terms.zone,
        )

    def _observed_before(self, site: str) -> Mapping[str, Observation]:
        """Return what the plan's probe saw of a site, right before the rollout."""
        premises = self.terms.premises[site]
        return {unit: self.world.observe(unit) for unit in [*premises.heaters, *premises.gateways]}
