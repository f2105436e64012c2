"""Keeps what metrics are made of while a controller drives, and makes them when somebody asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from fleetctl import __version__
from fleetctl.core import metrics
from fleetctl.core.identity import figures
from fleetctl.core.metrics import ActiveRollout, Whole
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import Decision, Noted, SitesWaited, UnitChanged
from fleetctl.ports import Clock, State
from fleetctl.services.drive import Moved, Surroundings

FAILURES = frozenset({"attempt-failed", "unit-failed", "unit-rolled-back"})
"""Entries of the event log that end an attempt badly."""


class Tally:
    """How the active rollouts stand. Told by the thread that drives, asked by any other."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._standings: dict[str, ActiveRollout] = {}
        self._reasons: dict[str, dict[str, str]] = {}
        self._failures: Counter[str] = Counter()

    def tell(self, moved: Moved, surroundings: Surroundings) -> None:
        """Take a decision into account; its rollout's board has followed it."""
        self._failures.update(_failures(moved.decision))
        rollout = moved.rollout
        if rollout.status.is_end:
            self._standings.pop(rollout.id, None)
            self._reasons.pop(rollout.id, None)
            return
        self._reasons.setdefault(rollout.id, {}).update(moved.decision.reasons)
        self._standings[rollout.id] = self._standing(moved, surroundings, self._clock.now().utc)

    def text(self) -> str:
        """Return the metrics in Prometheus's text format."""
        now, controller = self._clock.now().utc, self._state.controllers.current()
        whole = Whole(
            version=__version__,
            epoch=controller.epoch if controller else 0,
            lease_until=controller.lease_until if controller else None,
            statuses=Counter(rollout.status for rollout in self._state.journal.rollouts()),
            failures=self._failures.copy(),
            holds=len(self._state.orders.holds()),
            overrides=sum(override.counts(now) for override in self._state.orders.overrides(at=now)),
            events=self._state.chain_head().number,
        )
        registry = self._state.registry
        identities = figures.families(registry.registrations().values(), registry.certificates(), now)
        return metrics.text([*metrics.families(whole, list(self._standings.values())), *identities])

    def _standing(self, moved: Moved, surroundings: Surroundings, now: datetime) -> ActiveRollout:
        board, rollout = moved.board, moved.rollout
        before = self._standings.get(rollout.id)
        return ActiveRollout(
            rollout=rollout.id,
            status=rollout.status,
            created=rollout.created,
            changed=now if _is_change(moved.decision) or before is None else before.changed,
            phases=board.phases.copy(),
            blocked=metrics.blocked(self._reasons[rollout.id], board),
            down=board.down,
            down_w=_down_w(board, surroundings),
            awaiting=rollout.awaiting,
            halted_sites=len(rollout.halted_sites),
            oldest=min(filter(None, (board.units[unit].since for unit in board.active)), default=None),
        )


def _is_change(decision: Decision) -> bool:
    """Say whether a decision changed anything but how long sites have waited."""
    return any(not isinstance(change, SitesWaited) for change in decision.changes)


def _failures(decision: Decision) -> Iterator[str]:
    """Yield the cause of each attempt that failed."""
    causes = {c.progress.unit: c.progress.cause for c in decision.changes if isinstance(c, UnitChanged)}
    for change in decision.changes:
        if isinstance(change, Noted) and change.what in FAILURES:
            cause = causes.get(change.unit)
            yield cause.value if cause else "other"


def _down_w(board: Board, surroundings: Surroundings) -> float:
    """Return the heating power of the units that are without heat because of a rollout, in W."""
    total = 0.0
    for site, queue in board.sites.items():
        premises = surroundings.premises(board.rollout.id, site) if queue.down else None
        if premises is not None:
            total += sum(premises.heaters[unit].power_w for unit in queue.down if unit in premises.heaters)
    return total
