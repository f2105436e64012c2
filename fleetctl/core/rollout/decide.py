"""`decide`: what a rollout does next.

    decide(board, inputs, now, epoch, around) -> changes, steps, reasons

A pure function that is asked again and again (level-triggered): it looks at what is, not at what just happened. The
controller commits the changes, then submits the steps, then lets the board follow. The invariants of `Board` hold after
every decision, and besides:
    - never over the window, over a cap, or in a later wave than the open one;
    - a gateway never together with its units, never two open steps on a unit, no unit forgotten;
    - heat is interrupted only by a unit that passed the down gate in the same decision;
    - what we drained is undrained on every way out, or listed as still drained.
"""

from __future__ import annotations

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.names import unit_name
from fleetctl.core.rollout import deferring, heat_watch, leaving, staging, starting, takeover, wave_gate
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.commands import obey
from fleetctl.core.rollout.state import Decision, Inputs, Phase
from fleetctl.core.rollout.tick import Tick

GATEWAY_LOOK_EVERY_S = 10.0
"""Pause between two looks at a gateway that did not answer."""
NOTHING = Around()


def decide(board: Board, inputs: Inputs, now: Now, epoch: int, around: Around = NOTHING) -> Decision:
    """Say what changes, which steps start, whom to observe, and why the rest waits.

    Args:
        board: the rollout's working set; it is read, not changed.
        inputs: results, observations and commands since the last decision.
        now: the clocks.
        epoch: the controller's.
        around: what is known besides the rollout.
    """
    tick = Tick(board, now, epoch, around)
    for command in inputs.commands:
        tick.obey(obey(board, tick.rollout, command, now))
    for result in inputs.results:
        tick.take_result(result)
    for seen in inputs.observations:
        tick.take_observation(seen)
    tick.watch_deadlines()
    heat_watch.watch(tick, inputs.observations)
    wave_gate.halt_if_over_limit(tick)
    wave_gate.halt_if_withdrawn(tick)
    leaving.stand_down(tick)
    leaving.revert(tick)
    starting.pass_down_gate(tick)
    wave_gate.open_next(tick)
    starting.start(tick)
    if board.unstaged_sites:
        staging.stage(tick)
    deferring.note_waits(tick)
    wave_gate.finish(tick)
    return tick.decision()


def recover(board: Board, now: Now, epoch: int) -> Decision:
    """Take a rollout over from a controller that is gone: what is open becomes in doubt, see `takeover`."""
    tick = Tick(board, now, epoch, NOTHING)
    for progress in list(board.units.values()):
        waits = progress.phase is Phase.PENDING or progress.phase is Phase.DEFERRED
        if (waits and progress.not_before_s) or not (waits or progress.phase.is_end):
            tick.move(takeover.recovered(progress, tick.rules, now))
    return tick.decision()


def take_note(board: Board, observations: tuple[Observation, ...], now: Now) -> None:
    """Let the board know which gateways answer, and where there is news.

    One dead gateway is one failure: the units behind it are blocked with that reason, and it is looked at again until
    it answers.
    """
    board.aftercare.come_due(now.utc, board.units)
    board.aftercare.seen(seen.unit for seen in observations)
    for seen in observations:
        board.news_at(seen.unit.partition("/")[0])
        if isinstance(seen, Facts):
            board.gateways_down.pop(seen.unit, None)
        elif isinstance(seen, Unobserved):
            gateway = _gateway_behind(board, seen)
            if gateway:
                board.gateways_down[gateway] = now.monotonic_s + GATEWAY_LOOK_EVERY_S


def _gateway_behind(board: Board, seen: Unobserved) -> str:
    """Return the gateway that an observation says is down, or an empty text."""
    if seen.unit in board.gateways_down:
        return seen.unit
    progress = board.units.get(seen.unit)
    if progress is None or seen.cause is not Cause.GATEWAY_DOWN or not progress.gateway:
        return ""
    return unit_name(progress.site, progress.gateway)
