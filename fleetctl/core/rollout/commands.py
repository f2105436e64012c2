"""What a person tells a rollout, and what becomes of it: pure functions from a command to changes.

Every command gets an answer in words, also one that cannot be followed.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.core.clock import Now
from fleetctl.core.rollout.board import Board
from fleetctl.core.rollout.state import (
    Change,
    Command,
    CommandHandled,
    CommandKind,
    Event,
    Noted,
    Phase,
    Progress,
    Rollout,
    RolloutChanged,
    SitesHalted,
    Status,
    UnitChanged,
    WaveChanged,
)

RETRIABLE = frozenset({Phase.FAILED, Phase.ROLLED_BACK, Phase.DEFERRED, Phase.SKIPPED, Phase.CANCELLED})


def obey(board: Board, rollout: Rollout, command: Command, now: Now) -> tuple[Change, ...]:
    """Return the changes that a command makes, its answer included.

    Args:
        board: the working set; `rollout` may be ahead of it within a tick.
        rollout: the rollout's current row.
        command: what was asked.
        now: the clocks.
    """
    if command.kind is CommandKind.RETRY:
        return _retry(board, rollout, command, now)
    if command.kind is CommandKind.APPROVE:
        return _approve(rollout, command, now)
    wanted = _next_status(rollout, command)
    if wanted is None:
        answer = f"cannot {command.kind.value} a rollout that is {rollout.status.value}"
        return (CommandHandled(command.id, answer),)
    reason = f"by {command.actor}" + (f": {command.reason}" if command.reason else "")
    text = f"{command.kind.value} {reason}"
    tolerated = board.failed if command.kind is CommandKind.RESUME else rollout.tolerated
    reopened = (SitesHalted(rollout.id, {}),) if wanted is Status.RUNNING and rollout.halted_sites else ()
    return (
        RolloutChanged(rollout.id, wanted, "" if wanted is Status.RUNNING else reason, tolerated),
        *reopened,
        Noted(rollout.id, "", now.utc, Event(f"command-{command.kind.value}"), text),
        CommandHandled(command.id, f"rollout is {wanted.value}"),
    )


def _next_status(rollout: Rollout, command: Command) -> Status | None:
    if rollout.status.is_end:
        return None
    if command.kind is CommandKind.ABORT:
        return Status.ABORTING if rollout.status is not Status.ABORTING else None
    if command.kind is CommandKind.PAUSE:
        return Status.PAUSED if rollout.status is Status.RUNNING else None
    return Status.RUNNING if rollout.status in {Status.PAUSED, Status.HALTED} else None


def _approve(rollout: Rollout, command: Command, now: Now) -> tuple[Change, ...]:
    refused = _approval_refused(rollout, command)
    if refused is not None:
        return (CommandHandled(command.id, refused),)
    name = rollout.waves[rollout.wave].name
    text = f"wave {name} is approved by {command.actor}" + (f": {command.reason}" if command.reason else "")
    return (
        WaveChanged(rollout.id, rollout.wave, awaiting=False),
        Noted(rollout.id, "", now.utc, Event.COMMAND_APPROVE, text),
        CommandHandled(command.id, text),
    )


def _approval_refused(rollout: Rollout, command: Command) -> str | None:
    """Return why an approval does not count, or None."""
    if not rollout.awaiting or rollout.status.is_end:
        return "no wave waits for approval"
    name = rollout.waves[rollout.wave].name
    if command.wave and command.wave != name:
        return f"wave {command.wave} does not wait for approval, wave {name} does"
    if rollout.policy.separate_approver and command.actor == rollout.actor:
        return f"{command.actor} started the rollout; policy {rollout.policy.name} wants another person's approval"
    return None


def _retry(board: Board, rollout: Rollout, command: Command, now: Now) -> tuple[Change, ...]:
    if rollout.status is Status.ABORTING:
        return (CommandHandled(command.id, "cannot retry while the rollout aborts; wait for its end"),)
    chosen = [p for p in _candidates(board, command) if p.phase in RETRIABLE]
    if not chosen:
        return (CommandHandled(command.id, "no unit of the rollout has failed, nothing to retry"),)
    changes: list[Change] = [UnitChanged(rollout.id, _pending_again(p, now)) for p in chosen]
    text = f"retry of {len(chosen)} of {len(board.units)} units by {command.actor}"
    return (
        *changes,
        RolloutChanged(rollout.id, Status.RUNNING, "", 0),
        Noted(rollout.id, "", now.utc, Event.COMMAND_RETRY, text),
        CommandHandled(command.id, text),
    )


def _candidates(board: Board, command: Command) -> list[Progress]:
    """Return the units that a retry means: those named, or all that failed."""
    if command.units:
        return [board.units[unit] for unit in command.units if unit in board.units]
    return [p for p in board.units.values() if p.phase is not Phase.CANCELLED]


def _pending_again(progress: Progress, now: Now) -> Progress:
    return replace(
        progress,
        phase=Phase.PENDING,
        tries=0,
        reason="",
        cause=None,
        since=now.utc,
        deadline_s=0.0,
        attempt_deadline_s=0.0,
        not_before_s=0.0,
        deferred_at=None,
        samples=0,
        ending=None,
        installed=False,
    )
