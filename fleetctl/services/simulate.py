"""Play a rollout on a modelled fleet, in virtual time: the very same `decide`, board and guards, no effect on anything.

The loop is that of `drive` without a database: decide, let the board follow, act, and let time pass to the next thing
that becomes known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetctl.core.facts import Observation
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.decide import decide, note_gateways
from fleetctl.core.rollout.state import Decision, Inputs, Progress, Rollout, Status
from fleetctl.core.simulate.record import Record
from fleetctl.core.simulate.world import News, World

EPOCH = 1


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


def play(world: World, rollout: Rollout, units: Sequence[Progress], most_s: float) -> Played:
    """Play a rollout.

    Args:
        world: the modelled fleet, at its beginning.
        rollout: its row.
        units: its units, in order.
        most_s: when to stop at the latest, in seconds of virtual time.
    """
    board, record = Board(rollout, units), Record()
    news = News()
    while True:
        decision = _decided(board, world, news)
        board.apply(decision.changes)
        board.check()
        record.note(world, board, decision)
        _act(board, world, decision)
        over = _over(board, world, decision, most_s)
        if over is not None:
            record.sample(world, board)
            return Played(world, board, record, over)
        news = world.advance(_until_s(world, decision, most_s))


def _decided(board: Board, world: World, news: News) -> Decision:
    """Ask `decide`, as the controller does."""
    now = world.now()
    seen = _mine(board, news.observations)
    note_gateways(board, seen, now)
    return decide(board, Inputs(tuple(news.results), seen), now, EPOCH)


def _mine(board: Board, observations: Sequence[Observation]) -> tuple[Observation, ...]:
    board.observing.difference_update(seen.unit for seen in observations)
    return tuple(observations)


def _act(board: Board, world: World, decision: Decision) -> None:
    for step in decision.cancel:
        world.cancel(step)
    world.start(decision.steps)
    board.observing.update(decision.observe)
    world.look(decision.observe)


def _over(board: Board, world: World, decision: Decision, most_s: float) -> str | None:
    """Return why nothing more is played, empty if the rollout ended, or None to go on."""
    status = board.rollout.status
    if status.is_end:
        return ""
    if status in {Status.HALTED, Status.PAUSED} and not board.in_progress:
        return f"it {status.value}: {board.rollout.reason}"
    if world.at_s >= most_s:
        return f"stopped after {most_s / 3600:g} h of simulated time"
    if not decision.wake_s and world.next_s == float("inf"):
        return "nothing more happens by itself"
    return None


def _until_s(world: World, decision: Decision, most_s: float) -> float:
    """Return up to when nothing needs to be decided unless something becomes known."""
    if not decision.wake_s:
        return min(world.next_s, most_s)
    wake_s = world.time.seconds(decision.wake_s)
    return min(max(wake_s, world.at_s + world.grain_s), most_s)
