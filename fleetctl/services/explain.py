"""Why a unit is where it is, asked from any process: the board from the state's rows, the reasons of the scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from fleetctl.core.clock import Now
from fleetctl.core.facts import Observation, Unobserved
from fleetctl.core.names import did_you_mean, unit_name
from fleetctl.core.problems import InvalidInput, Problem
from fleetctl.core.releases.freshness import Signed
from fleetctl.core.rollout.admission import why
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board, held_by_others
from fleetctl.core.rollout.state import Rollout
from fleetctl.ports import State
from fleetctl.services.drive import Surroundings
from fleetctl.services.known_facts import KnownFacts
from fleetctl.services.marks import standing_holds


def explain(state: State, surroundings: Surroundings, rollout: Rollout, unit: str, now: Now) -> str:
    """Return the reason in words.

    Raises:
        InvalidInput: if the rollout has no such unit.
    """
    if unit in rollout.left_out:
        return f"left out: {rollout.left_out[unit]}"
    board = Board(rollout, state.journal.progress(rollout.id))
    if unit not in board.units:
        hint = did_you_mean(unit, board.units)
        raise InvalidInput([Problem("unknown-unit", f"rollout {rollout.id} has no unit '{unit}'", hint=hint)])
    board.gateways_down = _silent_gateways(state, board, unit)
    signed = surroundings.signed(rollout.id, now) if board.updates else Signed()
    around = replace(_around(state, surroundings, rollout, now), stale=signed.stale, withdrawn=signed.withdrawn)
    reason = why(board, unit, now, around)
    progress = board.units[unit]
    return f"{progress.phase.value}: {reason}" if not reason.startswith(progress.phase.value) else reason


def _silent_gateways(state: State, board: Board, unit: str) -> dict[str, float]:
    progress = board.units[unit]
    if not progress.gateway:
        return {}
    gateway = unit_name(progress.site, progress.gateway)
    return {gateway: 0.0} if isinstance(state.units.facts([gateway]).get(gateway), Unobserved) else {}


def _around(state: State, surroundings: Surroundings, rollout: Rollout, now: Now) -> Around:
    premises = partial(surroundings.premises, rollout.id)

    def remembered(site: str) -> Mapping[str, Observation]:
        known = premises(site)
        return state.units.facts([*known.heaters, *known.gateways]) if known else {}

    return Around(
        held=_held(state, rollout),
        holds=standing_holds(state),
        overrides=tuple(state.orders.overrides(at=now.utc)),
        facts=KnownFacts(remembered),
        premises=premises,
        forecast=partial(surroundings.forecast, rollout.id),
        zone=partial(surroundings.zone, rollout.id),
    )


def _held(state: State, rollout: Rollout) -> Mapping[str, str]:
    others = [
        r for r in state.journal.rollouts(active=True) if r.id != rollout.id and set(r.sites) & set(rollout.sites)
    ]
    return held_by_others([Board(r, state.journal.progress(r.id)) for r in others], rollout.id)
