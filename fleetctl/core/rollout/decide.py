"""`decide`: what a rollout does next.

    decide(board, inputs, now) -> changes, steps, reasons

A pure function that is asked again and again (level-triggered): it looks at what is, not at what just happened. The
controller commits the changes, then submits the steps, then lets the board follow. The invariants of `Board` hold after
every decision: never over the window, a gateway never together with its units, never two open steps on a unit, no unit
forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.facts import Cause, Facts, Observation, Unobserved
from fleetctl.core.inventory.fleet import Kind
from fleetctl.core.names import unit_name
from fleetctl.core.rollout import admission, transitions
from fleetctl.core.rollout.board import Board, SiteQueue
from fleetctl.core.rollout.commands import obey
from fleetctl.core.rollout.state import (
    COUNTED_AS_FAILED,
    Change,
    Decision,
    Inputs,
    Noted,
    Phase,
    Progress,
    RolloutChanged,
    Status,
    Step,
    StepEnded,
    StepIntended,
    UnitChanged,
)
from fleetctl.core.rollout.transitions import Move, Rules

GATEWAY_LOOK_EVERY_S = 10.0
"""Pause between two looks at a gateway that did not answer."""
NOBODY_HOLDS: Mapping[str, str] = {}


def decide(
    board: Board,
    inputs: Inputs,
    now: Now,
    epoch: int,
    held: Mapping[str, str] = NOBODY_HOLDS,
    closed: str = "",
) -> Decision:
    """Say what changes, which steps start, whom to observe, and why the rest waits.

    Args:
        board: the rollout's working set; it is read, not changed.
        inputs: results, observations and commands since the last decision.
        now: the clocks.
        epoch: the controller's.
        held: sites that other rollouts work on, with their ids.
        closed: why nothing may start although the rollout runs, for instance that the controller stops; or empty.
    """
    return _Tick(board, now, epoch, held).run(inputs, closed)


def recover(board: Board, now: Now, epoch: int) -> Decision:
    """Take a rollout over from a controller that is gone: everything open becomes in doubt, deadlines start anew."""
    tick = _Tick(board, now, epoch, NOBODY_HOLDS)
    for progress in list(board.units.values()):
        if not progress.phase.is_end and (progress.phase is not Phase.PENDING or progress.not_before_s):
            tick.move(transitions.recovered(progress, tick.rules, now))
    return tick.decision()


class _Tick:
    """One decision in the making: the board plus what this tick has decided so far."""

    def __init__(self, board: Board, now: Now, epoch: int, held: Mapping[str, str]) -> None:
        self.board, self.now, self.held = board, now, held
        self.rollout = board.rollout
        self.epoch = epoch
        self.moved: dict[str, Progress] = {}
        self.changes: list[Change] = []
        self.steps: list[Step] = []
        self.cancel: list[Step] = []
        self.reasons: dict[str, str] = {}
        self.wakes: list[float] = []
        self.in_progress = board.in_progress
        self.failed = board.failed
        self.pending = board.phases[Phase.PENDING]
        self.site_active: Counter[str] = Counter()
        self.site_gateways: Counter[str] = Counter()

    @property
    def rules(self) -> Rules:
        aborting = self.rollout.status is Status.ABORTING
        return Rules(self.rollout.id, self.epoch, self.rollout.policy, aborting)

    def run(self, inputs: Inputs, closed: str) -> Decision:
        for command in inputs.commands:
            self._obey(obey(self.board, self.rollout, command, self.now))
        for result in inputs.results:
            progress = self.progress(result.step.unit)
            if progress is not None and progress.open and progress.step == result.step:
                self.changes.append(StepEnded(result, self.now.utc))
                self.move(transitions.on_result(progress, result, self.rules, self.now))
        for seen in inputs.observations:
            self._take(seen)
        self._watch_deadlines()
        self._gate()
        self._cancel_pending()
        self._start(closed)
        self._finish()
        return self.decision()

    def progress(self, unit: str) -> Progress | None:
        return self.moved.get(unit) or self.board.units.get(unit)

    def move(self, move: Move) -> None:
        """Take a unit's next progress over, and keep count of what is under way and what failed."""
        before, after = self.progress(move.progress.unit), move.progress
        assert before is not None  # noqa: S101 - moves are made from a unit's own progress
        if after == before:
            return
        self.moved[after.unit] = after
        self._count(before, -1)
        self._count(after, +1)
        self.changes.append(UnitChanged(self.rollout.id, after))
        if move.step is not None and not (before.open and before.step == move.step):
            self.changes.append(StepIntended(move.step, self.now.utc))
            self.steps.append(move.step)
        if move.what:
            self.changes.append(Noted(self.rollout.id, after.unit, self.now.utc, move.what, move.text))

    def decision(self) -> Decision:
        observe = tuple(self._observe())
        return Decision(
            changes=tuple(self.changes),
            steps=tuple(self.steps),
            cancel=tuple(self.cancel),
            observe=observe,
            reasons=self.reasons,
            wake_s=min(self.wakes, default=0.0),
        )

    def _count(self, progress: Progress, by: int) -> None:
        pending = progress.phase is Phase.PENDING
        self.failed += by * (progress.phase in COUNTED_AS_FAILED)
        self.pending += by * pending
        if not pending and not progress.phase.is_end:
            self.in_progress += by
            self.site_active[progress.site] += by
            self.site_gateways[progress.site] += by * (progress.kind is Kind.GATEWAY)

    def _take(self, seen: Observation) -> None:
        progress = self.progress(seen.unit)
        waits = progress is not None and not progress.phase.is_end and progress.phase is not Phase.PENDING
        if progress is not None and waits and not progress.open:
            self.move(transitions.on_observation(progress, seen, self.rules, self.now))

    def _watch_deadlines(self) -> None:
        for unit in self.board.active:
            progress = self.moved.get(unit) or self.board.units[unit]
            if progress.phase.is_end or progress.phase is Phase.PENDING:
                continue
            deadline_s = min(progress.deadline_s, progress.attempt_deadline_s or progress.deadline_s)
            if self.now.monotonic_s < deadline_s:
                self.wakes.append(deadline_s)
                continue
            if progress.open and progress.step is not None:
                self.cancel.append(progress.step)
            self.move(transitions.on_deadline(progress, self.rules, self.now))

    def _gate(self) -> None:
        if self.rollout.status is Status.RUNNING:
            reached = admission.limit_reached(self.board, self.failed, self.rollout)
            if reached is not None:
                self._set_status(Status.HALTED, reached, "rollout-halted")

    def _cancel_pending(self) -> None:
        if self.rollout.status is not Status.ABORTING:
            return
        for progress in self._all_pending():
            cancelled = replace(progress, phase=Phase.CANCELLED, reason="aborted", since=self.now.utc)
            self.move(Move(cancelled, "unit-cancelled", "aborted before it started"))

    def _all_pending(self) -> Iterator[Progress]:
        for _, queue in list(self.board.open_sites):
            for _, unit in list(queue.pending):
                progress = self.moved.get(unit) or self.board.units[unit]
                if progress.phase is Phase.PENDING:
                    yield progress
        yield from [p for p in self.moved.values() if p.phase is Phase.PENDING]

    def _start(self, closed: str) -> None:
        for site, queue in self.board.open_sites:
            blocked = closed or admission.rollout_blocked(self.board, self.rollout, self.in_progress, self.failed)
            if blocked:
                self.reasons[site] = blocked
                return
            blocked = admission.site_blocked(site, queue, self.held)
            if blocked is not None:
                self.reasons[site] = blocked
                continue
            self._start_in(site, queue)

    def _start_in(self, site: str, queue: SiteQueue) -> None:
        for _, unit in queue.pending:
            progress = self.moved.get(unit) or self.board.units[unit]
            if progress.phase is not Phase.PENDING:
                continue
            blocked = self._unit_blocked(progress, queue)
            if blocked is not None:
                self.reasons[site] = blocked
                if progress.not_before_s > self.now.monotonic_s:
                    self.wakes.append(progress.not_before_s)
                    continue
                return  # units start in order; the next one would only overtake
            full = admission.rollout_blocked(self.board, self.rollout, self.in_progress, self.failed)
            if full is not None:
                self.reasons[site] = full
                return
            self.move(transitions.start(progress, self.rules, self.now))

    def _unit_blocked(self, progress: Progress, queue: SiteQueue) -> str | None:
        active = len(queue.active) + self.site_active[progress.site]
        gateways = len(queue.gateways_active) + self.site_gateways[progress.site]
        return admission.unit_blocked(self.board, progress, active, gateways, self.now.monotonic_s)

    def _finish(self) -> None:
        if self.in_progress or self.rollout.status.is_end:
            return
        if self.rollout.status is Status.ABORTING:
            self._set_status(Status.ABORTED, self.rollout.reason, "rollout-aborted")
        elif not self.pending:
            counted = f"{self.failed} of {len(self.board.units)} failed"
            end = Status.FAILED if self.failed else Status.SUCCEEDED
            self._set_status(end, counted, f"rollout-{end.value}")

    def _observe(self) -> Iterator[str]:
        """Yield whom to look at: units that wait for a proof, and gateways that did not answer."""
        for unit in {**self.board.active, **self.moved}:
            progress = self.moved.get(unit) or self.board.units[unit]
            if progress.open or progress.phase.is_end or progress.phase is Phase.PENDING:
                continue
            if progress.not_before_s > self.now.monotonic_s:
                self.wakes.append(progress.not_before_s)
            elif unit not in self.board.observing:
                yield unit
        for gateway, look_s in self.board.gateways_down.items():
            if look_s > self.now.monotonic_s:
                self.wakes.append(look_s)
            elif gateway not in self.board.observing:
                yield gateway

    def _obey(self, changes: tuple[Change, ...]) -> None:
        for change in changes:
            if isinstance(change, UnitChanged):
                self.move(Move(change.progress))
                continue
            self.changes.append(change)
            if isinstance(change, RolloutChanged):
                self.rollout = replace(
                    self.rollout, status=change.status, reason=change.reason, tolerated=change.tolerated
                )

    def _set_status(self, status: Status, reason: str, what: str) -> None:
        self.rollout = replace(self.rollout, status=status, reason=reason)
        self.changes.append(RolloutChanged(self.rollout.id, status, reason, self.rollout.tolerated))
        self.changes.append(Noted(self.rollout.id, "", self.now.utc, what, reason))


def note_gateways(board: Board, observations: tuple[Observation, ...], now: Now) -> None:
    """Let the board know which gateways answer.

    One dead gateway is one failure: the units behind it are blocked with that reason, and it is looked at again until
    it answers.
    """
    for seen in observations:
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
