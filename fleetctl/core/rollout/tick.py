"""One decision in the making: the board, plus what this decision has decided so far."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Observation
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.rollout import transitions
from fleetctl.core.rollout.around import Around
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.gates import Gates
from fleetctl.core.rollout.moves import Move, Rules
from fleetctl.core.rollout.state import (
    COUNTED_AS_FAILED,
    Change,
    Decision,
    Event,
    Noted,
    Phase,
    Progress,
    RolloutChanged,
    RowChange,
    SitesHalted,
    Status,
    Step,
    StepEnded,
    StepIntended,
    StepResult,
    UnitChanged,
    WaveChanged,
    followed,
)


class Tick:
    """What a decision has come to so far, and the counts that follow from it."""

    def __init__(self, board: Board, now: Now, epoch: int, around: Around) -> None:
        self.board, self.now, self.epoch, self.around = board, now, epoch, around
        self.rollout = board.rollout
        self.gates = Gates(board, around, now)
        self.moved: dict[str, Progress] = {}
        self._under_way = board.active.copy()
        self.phases: Counter[Phase] = Counter()
        """How many more units are in each phase than on the board."""
        self.by_wave: defaultdict[int, Counter[Phase]] = defaultdict(Counter)
        self.site_active: Counter[str] = Counter()
        self.site_gateways: Counter[str] = Counter()
        self.down_in: defaultdict[str, set[str]] = defaultdict(set)
        """Units that passed the down gate in this decision, by site."""
        self.reasons: dict[str, str] = {}
        self.parked: dict[str, float] = {}
        self.staging_parked: dict[str, float] = {}
        self.at_gate: dict[str, float] = {}
        self.look_at: dict[str, None] = {}
        """Units to be observed because a gate knows too little of them."""
        self.wakes: list[float] = []
        self._changes: list[Change] = []
        self._steps: list[Step] = []
        self._cancel: list[Step] = []

    @property
    def rules(self) -> Rules:
        """Return what transitions need to know."""
        return Rules(
            rollout=self.rollout.id,
            epoch=self.epoch,
            policy=self.rollout.policy,
            proof=self.gates.proof,
            times=self.gates.times,
            waves=self.rollout.waves,
            aborting=self.rollout.status is Status.ABORTING,
        )

    # --- counts -------------------------------------------------------------------------------------------------

    @property
    def in_progress(self) -> int:
        """Return how many places of the window are taken."""
        moved = sum(count for phase, count in self.phases.items() if phase.takes_place)
        return self.board.in_progress + moved

    @property
    def staging(self) -> int:
        """Return how many units stage or install."""
        return self.count(Phase.STAGING) + self.count(Phase.INSTALLING)

    @property
    def active(self) -> int:
        """Return how many units are under way, those that stage or soak included."""
        return self.in_progress + self.staging + self.count(Phase.SOAKING)

    @property
    def failed(self) -> int:
        """Return how many units count as failed."""
        return sum(self.count(phase) for phase in COUNTED_AS_FAILED)

    def count(self, phase: Phase) -> int:
        """Return how many units are in a phase."""
        return self.board.phases[phase] + self.phases[phase]

    def count_in_wave(self, wave: int, phase: Phase) -> int:
        """Return how many units of a wave are in a phase."""
        return self.board.by_wave[wave][phase] + self.by_wave[wave][phase]

    def wave_left(self, wave: int) -> int:
        """Return how many units of a wave have not ended."""
        return sum(self.count_in_wave(wave, phase) for phase in Phase if not phase.is_end)

    # --- units --------------------------------------------------------------------------------------------------

    def progress(self, unit: str) -> Progress | None:
        """Return a unit's progress as this decision has it."""
        return self.moved.get(unit) or self.board.units.get(unit)

    def under_way(self) -> Sequence[Progress]:
        """Return the units that are under way, as this decision has them."""
        return list(self._under_way.values())

    def move(self, move: Move) -> None:
        """Take a unit's next progress over, and keep count of what is under way and what failed."""
        before, after = self.progress(move.progress.unit), move.progress
        assert before is not None  # noqa: S101 - moves are made from a unit's own progress
        if after == before:
            return
        self.moved[after.unit] = after
        self._under_way.pop(after.unit, None)
        self._count(before, -1)
        self._count(after, +1)
        self._changes.append(UnitChanged(self.rollout.id, after))
        if move.step is not None and not (before.open and before.step == move.step):
            self._changes.append(StepIntended(move.step, self.now.utc))
            self._steps.append(move.step)
        if move.what is not None:
            self.note(after.unit, move.what, move.text)

    def take_result(self, result: StepResult) -> None:
        """Take the outcome of a step into account, if it is the one that is open."""
        progress = self.progress(result.step.unit)
        if progress is not None and progress.open and progress.step == result.step:
            self._changes.append(StepEnded(result, self.now.utc))
            self.move(transitions.on_result(progress, result, self.rules, self.now))

    def take_observation(self, seen: Observation) -> None:
        """Take what a probe saw into account, if the unit waits for it."""
        progress = self.progress(seen.unit)
        waits = progress is not None and not progress.phase.is_end and progress.phase is not Phase.PENDING
        if progress is not None and waits and not progress.open:
            self.move(transitions.on_observation(progress, seen, self.rules, self.now))

    def watch_deadlines(self) -> None:
        """Give up what lasted too long, and remember when the next deadline is."""
        next_s = math.inf
        for progress in self.under_way():
            deadline_s = min(progress.deadline_s, progress.attempt_deadline_s or progress.deadline_s)
            if self.now.monotonic_s < deadline_s:
                next_s = min(next_s, deadline_s)
                continue
            if progress.open and progress.step is not None:
                self._cancel.append(progress.step)
            self.move(transitions.on_deadline(progress, self.rules, self.now))
        self.wakes += [next_s] if next_s < math.inf else []

    def down_at(self, site: str) -> set[str]:
        """Return the units of a site that are without heat because of us, those admitted just now included."""
        return self.gates.really_down(site, self.down_in[site])

    def admit(self, progress: Progress) -> None:
        """Count a unit that was let through the down gate."""
        self.gates.admitted += not progress.down and progress.unit not in self.down_in[progress.site]
        self.down_in[progress.site].add(progress.unit)

    # --- the rollout's row ----------------------------------------------------------------------------------------

    def obey(self, changes: Iterable[Change]) -> None:
        """Take over what a command changes."""
        for change in changes:
            if isinstance(change, UnitChanged):
                self.move(Move(change.progress))
            elif isinstance(change, RolloutChanged | WaveChanged | SitesHalted):
                self.change(change)
            else:
                self._changes.append(change)

    def change(self, change: RowChange) -> None:
        """Change the rollout's row."""
        self.rollout = followed(self.rollout, change)
        self._changes.append(change)

    def set_status(self, status: Status, reason: str, what: Event) -> None:
        """Change the rollout's status, and say so in the log."""
        self.change(RolloutChanged(self.rollout.id, status, reason, self.rollout.tolerated))
        self.note("", what, reason)

    def note(self, unit: str, what: Event, text: str) -> None:
        """Add a line to the event log."""
        self._changes.append(Noted(self.rollout.id, unit, self.now.utc, what, text))

    # --- the end --------------------------------------------------------------------------------------------------

    def decision(self) -> Decision:
        """Return what was decided."""
        observe = tuple(self._observe())
        return Decision(
            changes=tuple(self._changes),
            steps=tuple(self._steps),
            cancel=tuple(self._cancel),
            observe=observe,
            reasons=self.reasons,
            parked=self.parked,
            staging_parked=self.staging_parked,
            at_gate=self.at_gate,
            wake_s=min(self.wakes, default=0.0),
        )

    def _observe(self) -> Iterator[str]:
        """Yield whom to look at: who waits for a proof, whom a gate asked about, gateways that did not answer."""
        wanted: dict[str, float] = {p.unit: p.not_before_s for p in self.under_way() if not p.open}
        wanted |= self.board.gateways_down
        wanted |= {unit: 0.0 for unit in self.look_at if not self._is_open(unit)}
        later = [look_s for look_s in wanted.values() if look_s > self.now.monotonic_s]
        self.wakes += [min(later)] if later else []
        for unit, look_s in wanted.items():
            if look_s <= self.now.monotonic_s and unit not in self.board.observing:
                yield unit

    def _is_open(self, unit: str) -> bool:
        progress = self.progress(unit)
        return progress is not None and progress.open

    def _count(self, progress: Progress, by: int) -> None:
        self.phases[progress.phase] += by
        self.by_wave[progress.wave][progress.phase] += by
        if not (progress.phase.is_end or progress.phase is Phase.PENDING):
            if by > 0:
                self._under_way[progress.unit] = progress
            self.site_active[progress.site] += by
            self.site_gateways[progress.site] += by * (progress.kind is Kind.GATEWAY and not progress.phase.is_ahead)


def pending_again(progress: Progress) -> Progress:
    """Return a unit that goes back to the start without having used up a try."""
    return replace(progress, tries=max(0, progress.tries - 1), cause=None, reason="")
