"""The working set of one rollout: every unit's progress, indexed so that a tick costs what is active, not the fleet.

The board is loaded once and then follows the committed changes; a test holds it equal to one that is loaded anew.
It decides nothing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout.state import (
    COUNTED_AS_FAILED,
    Change,
    Phase,
    Progress,
    Rollout,
    RolloutChanged,
    UnitChanged,
)


class SiteQueue:
    """The units of one site: who waits, who is under way, who is in doubt."""

    __slots__ = ("active", "doubtful", "gateways_active", "order", "pending", "started")

    def __init__(self) -> None:
        self.order: dict[str, int] = {}
        self.pending: list[tuple[int, str]] = []
        """Sorted by the plan's order, so that a retried unit takes its own place again."""
        self.active: set[str] = set()
        self.gateways_active: set[str] = set()
        self.doubtful: set[str] = set()
        self.started = 0

    @property
    def holds(self) -> bool:
        """Say whether the rollout works on the site: something was started there and something is not ended."""
        return self.started > 0 and bool(self.pending or self.active)


class Board:
    """A rollout and its units.

    Invariants (checked by `check`):
        - at most `policy.max_in_progress` units are under way;
        - a gateway is under way only while no other unit of its site is;
        - every unit is pending, under way, or at an end: none is forgotten, none is counted twice;
        - an open step belongs to a unit that is under way.
    """

    def __init__(self, rollout: Rollout, units: Sequence[Progress]) -> None:
        self.rollout = rollout
        self.units: dict[str, Progress] = {}
        self.sites: dict[str, SiteQueue] = {site: SiteQueue() for site in rollout.sites}
        self.active: dict[str, None] = {}
        self.phases: Counter[Phase] = Counter()
        self.observing: set[str] = set()
        """Units that are being probed right now; known to the running controller only."""
        self.gateways_down: dict[str, float] = {}
        """Gateways that did not answer, with the monotonic time of the next look."""
        for progress in units:
            self._place(progress)

    @property
    def in_progress(self) -> int:
        """Return how many units are under way."""
        return len(self.active)

    @property
    def failed(self) -> int:
        """Return how many units count as failed: failed or rolled back."""
        return sum(self.phases[phase] for phase in COUNTED_AS_FAILED)

    @property
    def executed(self) -> int:
        """Return how many units were tried to an end, well or not."""
        return self.failed + self.phases[Phase.SUCCEEDED]

    @property
    def open_sites(self) -> Iterable[tuple[str, SiteQueue]]:
        """Yield the sites where somebody waits, in the rollout's order."""
        return ((site, queue) for site, queue in self.sites.items() if queue.pending)

    @property
    def held_sites(self) -> Iterable[str]:
        """Yield the sites that this rollout works on; another rollout waits for them."""
        return (site for site, queue in self.sites.items() if queue.holds)

    def apply(self, changes: Iterable[Change]) -> None:
        """Follow changes that were committed."""
        for change in changes:
            if isinstance(change, UnitChanged):
                self._remove(self.units[change.progress.unit])
                self._place(change.progress)
            elif isinstance(change, RolloutChanged):
                self.rollout = replace(
                    self.rollout, status=change.status, reason=change.reason, tolerated=change.tolerated
                )

    def check(self) -> None:
        """Raise AssertionError if an invariant of the class does not hold; costs what is active."""
        limit = self.rollout.policy.max_in_progress
        assert self.in_progress <= limit, f"{self.in_progress} units under way, limit {limit}"  # noqa: S101
        assert sum(self.phases.values()) == len(self.units), "a unit is forgotten or counted twice"  # noqa: S101
        for unit in self.active:
            queue = self.sites[self.units[unit].site]
            alone = not queue.gateways_active or len(queue.active) == 1
            assert alone, f"{unit} is under way together with the gateway of its site"  # noqa: S101

    def _place(self, progress: Progress) -> None:
        self.units[progress.unit] = progress
        self.phases[progress.phase] += 1
        queue = self.sites.setdefault(progress.site, SiteQueue())
        order = queue.order.setdefault(progress.unit, len(queue.order))
        queue.started += progress.attempt > 0
        if progress.phase is Phase.PENDING:
            insort(queue.pending, (order, progress.unit))
        elif not progress.phase.is_end:
            self._place_active(queue, progress)

    def _place_active(self, queue: SiteQueue, progress: Progress) -> None:
        self.active[progress.unit] = None
        queue.active.add(progress.unit)
        if progress.kind is Kind.GATEWAY:
            queue.gateways_active.add(progress.unit)
        if progress.in_doubt:
            queue.doubtful.add(progress.unit)

    def _remove(self, progress: Progress) -> None:
        self.phases[progress.phase] -= 1
        queue = self.sites[progress.site]
        queue.started -= progress.attempt > 0
        if progress.phase is Phase.PENDING:
            del queue.pending[bisect_left(queue.pending, (queue.order[progress.unit], progress.unit))]
        self.active.pop(progress.unit, None)
        queue.active.discard(progress.unit)
        queue.gateways_active.discard(progress.unit)
        queue.doubtful.discard(progress.unit)


def held_by_others(boards: Iterable[Board], mine: str) -> Mapping[str, str]:
    """Map each site that another rollout works on to that rollout's id."""
    return {site: board.rollout.id for board in boards if board.rollout.id != mine for site in board.held_sites}
