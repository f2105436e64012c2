"""The working set of one rollout: every unit's progress, indexed so that a tick costs what is active, not the fleet.

The board is loaded once and then follows the committed changes; a test holds it equal to one that is loaded anew.
It decides nothing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fleetctl.core.clock import Now
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout.aftercare import Aftercare
from fleetctl.core.rollout.state import (
    COUNTED_AS_FAILED,
    Change,
    Decision,
    Phase,
    Progress,
    Rollout,
    RolloutChanged,
    SitesHalted,
    SitesWaited,
    UnitChanged,
    WaveChanged,
    followed,
)
from fleetctl.core.rollout.waits import Waits


class SiteQueue:
    """The units of one site: who waits, who is under way, who is in doubt, whose heat is interrupted."""

    __slots__ = ("active", "doubtful", "down", "gateways_active", "order", "pending", "started", "touched", "unstaged")

    def __init__(self) -> None:
        self.order: dict[str, int] = {}
        self.pending: list[tuple[int, int, str]] = []
        """Wave, the plan's order, name; sorted, so that a retried unit takes its own place again."""
        self.unstaged: list[tuple[int, int, str]] = []
        """Likewise, of those whose release has to be staged and installed before they may start."""
        self.active: set[str] = set()
        self.gateways_active: set[str] = set()
        """Gateways under way; one that only stages or installs serves its units as ever."""
        self.doubtful: set[str] = set()
        self.down: set[str] = set()
        """Units whose heat was interrupted and not observed again since; also of those that have ended so."""
        self.touched: set[str] = set()
        """Units that passed the down gate at least once."""
        self.started = 0

    @property
    def holds(self) -> bool:
        """Say whether the rollout works on the site: something was started there and something is not ended."""
        return self.started > 0 and bool(self.pending or self.unstaged or self.active)

    def waiting(self, wave: int) -> Iterator[str]:
        """Yield who waits of the waves up to `wave`, in order."""
        return (unit for _, _, unit in self.pending[: bisect_left(self.pending, (wave + 1,))])

    def to_stage(self, wave: int) -> Iterator[str]:
        """Yield whose release is to be staged of the waves up to `wave`, in order."""
        return (unit for _, _, unit in self.unstaged[: bisect_left(self.unstaged, (wave + 1,))])

    def has_unstaged(self, wave: int) -> bool:
        """Say whether a release is to be staged to somebody of the waves up to `wave`."""
        return bool(self.unstaged) and self.unstaged[0][0] <= wave

    def queue_of(self, progress: Progress) -> list[tuple[int, int, str]]:
        """Return the queue that a pending unit waits in."""
        return self.unstaged if progress.release and not progress.installed else self.pending


class Board:
    """A rollout and its units.

    Invariants (checked by `check`):
        - at most `policy.max_in_progress` units are under way, those not counted that only stage, soak or go back;
        - at most `policy.staging.max_in_progress` units stage or install;
        - nobody of a later wave is under way;
        - a gateway is under way only while no other unit of its site is;
        - every unit is pending, under way, or at an end: none is forgotten, none is counted twice;
        - an open step belongs to a unit that is under way.
    """

    def __init__(self, rollout: Rollout, units: Sequence[Progress]) -> None:
        self.rollout = rollout
        self.aftercare = Aftercare(rollout.policy)
        self.units: dict[str, Progress] = {}
        self.sites: dict[str, SiteQueue] = {site: SiteQueue() for site in rollout.sites}
        self.active: dict[str, Progress] = {}
        self.phases: Counter[Phase] = Counter()
        self.by_wave: list[Counter[Phase]] = [Counter() for _ in rollout.waves or (None,)]
        self.deferred: set[str] = set()
        self.observing: set[str] = set()
        """Units that are being probed right now; known to the running controller only."""
        self.gateways_down: dict[str, float] = {}
        """Gateways that did not answer, with the monotonic time of the next look."""
        self.parked: dict[str, float] = {}
        """Sites where nobody may start for now, with the monotonic time of the next look; forgotten on any change."""
        self.at_gate: dict[str, dict[str, float]] = {}
        """Units that the down gate refused, by site, with the monotonic time of the next question."""
        self.waits = Waits(rollout.waited_s)
        """Sites where nobody could start, for reasons of their units."""
        self.unstaged_sites: set[str] = set()
        """Sites where somebody's release has to be staged."""
        self.staging_parked: dict[str, float] = {}
        self.staging_waits = Waits(rollout.staging_waited_s)
        """The same two for whoever has to stage."""
        self.open_releases: Counter[str] = Counter()
        """How many units that have not ended are to get each release."""
        for progress in units:
            self._place(progress)
        self.updates = any(progress.release for progress in units)
        """Somebody is to get another release."""

    @property
    def in_progress(self) -> int:
        """Return how many units are under way; those that only stage or soak take no place in the window."""
        return len(self.active) - self.phases[Phase.SOAKING] - self.staging

    @property
    def staging(self) -> int:
        """Return how many units stage or install."""
        return self.phases[Phase.STAGING] + self.phases[Phase.INSTALLING]

    @property
    def failed(self) -> int:
        """Return how many units count as failed: failed or rolled back."""
        return sum(self.phases[phase] for phase in COUNTED_AS_FAILED)

    @property
    def executed(self) -> int:
        """Return how many units were tried to an end, well or not."""
        return self.failed + self.phases[Phase.SUCCEEDED]

    @property
    def down(self) -> int:
        """Return how many units are without heat because of this rollout."""
        return sum(len(queue.down) for queue in self.sites.values() if queue.down)

    @property
    def open_sites(self) -> Iterable[tuple[str, SiteQueue]]:
        """Yield the sites where somebody of the open wave waits, in the rollout's order."""
        wave = self.rollout.wave
        return ((site, queue) for site, queue in self.sites.items() if queue.pending and queue.pending[0][0] <= wave)

    def wave_size(self, wave: int) -> int:
        """Return how many units a wave has, whatever became of them."""
        return sum(self.by_wave[wave].values())

    def wave_left(self, wave: int) -> int:
        """Return how many units of a wave have not ended."""
        return sum(count for phase, count in self.by_wave[wave].items() if not phase.is_end)

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
            elif isinstance(change, RolloutChanged | WaveChanged | SitesHalted):
                self.rollout = followed(self.rollout, change)
                self.parked.clear()
                self.staging_parked.clear()
                self.at_gate.clear()
            elif isinstance(change, SitesWaited):
                self.rollout = followed(self.rollout, change)

    def remember(self, decision: Decision, now: Now) -> None:
        """Keep in mind what only the running controller knows of a decision, once its changes are committed.

        A site where the decision itself moved a unit is not parked: the gates were asked with that unit still down.
        """
        moved = {change.progress.site for change in decision.changes if isinstance(change, UnitChanged)}
        for unit, look_s in decision.at_gate.items():
            if (site := self.units[unit].site) not in moved:
                self.at_gate.setdefault(site, {})[unit] = look_s
        self.parked.update({site: look_s for site, look_s in decision.parked.items() if site not in moved})
        self.waits.refused(decision.parked, now)
        still = {site: look_s for site, look_s in decision.staging_parked.items() if site not in moved}
        self.staging_parked.update(still)
        self.staging_waits.refused(decision.staging_parked, now)

    def news_at(self, site: str) -> None:
        """Forget who was refused at a site: the answer may be another one now."""
        self.parked.pop(site, None)
        self.staging_parked.pop(site, None)
        self.at_gate.pop(site, None)

    @property
    def _going_back(self) -> int:
        """Return how many units roll back or are released: one that leaves its soak so does not wait for a place."""
        return self.phases[Phase.ROLLING_BACK] + self.phases[Phase.RELEASING]

    def check(self) -> None:
        """Raise AssertionError if an invariant of the class does not hold; costs what is active."""
        limit, going_back = self.rollout.policy.max_in_progress, self._going_back
        assert self.in_progress - going_back <= limit, f"{self.in_progress} units under way, limit {limit}"  # noqa: S101
        cap = self.rollout.policy.staging.max_in_progress
        assert self.staging <= cap, f"{self.staging} units stage or install, limit {cap}"  # noqa: S101
        assert sum(self.phases.values()) == len(self.units), "a unit is forgotten or counted twice"  # noqa: S101
        for unit in self.active:
            queue = self.sites[self.units[unit].site]
            assert self.units[unit].wave <= self.rollout.wave, f"{unit} is under way before its wave"  # noqa: S101
            alone = not queue.gateways_active or len(queue.active) == 1
            assert alone, f"{unit} is under way together with the gateway of its site"  # noqa: S101

    def _place(self, progress: Progress) -> None:
        self.units[progress.unit] = progress
        self.aftercare.follow(progress)
        self._count(progress, +1)
        queue = self.sites.setdefault(progress.site, SiteQueue())
        order = queue.order.setdefault(progress.unit, len(queue.order))
        queue.started += progress.attempt > 0
        if progress.release:
            self._place_update(progress)
        if progress.phase is Phase.PENDING:
            insort(queue.queue_of(progress), (progress.wave, order, progress.unit))
        elif not progress.phase.is_end:
            self._place_active(queue, progress)
        elif progress.phase is Phase.DEFERRED:
            self.deferred.add(progress.unit)
        if progress.down:
            queue.down.add(progress.unit)
        if progress.zone_before_c is not None:
            queue.touched.add(progress.unit)

    def _place_update(self, progress: Progress) -> None:
        self.open_releases[progress.release] += not progress.phase.is_end
        if progress.phase is Phase.PENDING and not progress.installed:
            self.unstaged_sites.add(progress.site)

    def _place_active(self, queue: SiteQueue, progress: Progress) -> None:
        self.active[progress.unit] = progress
        queue.active.add(progress.unit)
        if progress.kind is Kind.GATEWAY and not progress.phase.is_ahead:
            queue.gateways_active.add(progress.unit)
        if progress.in_doubt:
            queue.doubtful.add(progress.unit)

    def _remove(self, progress: Progress) -> None:
        self._count(progress, -1)
        queue = self.sites[progress.site]
        queue.started -= progress.attempt > 0
        if progress.phase is Phase.PENDING:
            place, waiting = (progress.wave, queue.order[progress.unit], progress.unit), queue.queue_of(progress)
            del waiting[bisect_left(waiting, place)]
            if not queue.unstaged:
                self.unstaged_sites.discard(progress.site)
        if progress.release and not progress.phase.is_end:
            self.open_releases[progress.release] -= 1
        self.active.pop(progress.unit, None)
        self.deferred.discard(progress.unit)
        for group in (queue.active, queue.gateways_active, queue.doubtful, queue.down):
            group.discard(progress.unit)
        self.news_at(progress.site)
        self.waits.end(progress.site)
        self.staging_waits.end(progress.site)

    def _count(self, progress: Progress, by: int) -> None:
        self.phases[progress.phase] += by
        self.by_wave[progress.wave][progress.phase] += by


def held_by_others(boards: Iterable[Board], mine: str) -> Mapping[str, str]:
    """Map each site that another rollout works on to that rollout's id."""
    return {site: board.rollout.id for board in boards if board.rollout.id != mine for site in board.held_sites}
